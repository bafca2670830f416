/** Writes gen/proto/proximadb/v1/: the messages from Avro, the services from the tables of methods. */
import { lookup, nullable, type AvroType, type EnumType, type Field, type MessageArea, type Model, type OneofMember, type RecordType } from './model.ts';
import type { RpcRow } from '../table.ts';

interface ProtoFile {
  readonly path: string;
  readonly package: string;
  readonly service: string;
  readonly imports: readonly string[];
}

export const protoFiles: Readonly<Record<MessageArea, ProtoFile>> = {
  api: { path: 'proximadb/v1/proximadb.proto', package: 'proximadb.v1', service: 'ProximaDB', imports: [] },
  cluster: { path: 'proximadb/v1/cluster.proto', package: 'proximadb.v1.cluster', service: 'Shards', imports: ['proximadb/v1/proximadb.proto'] },
};

export function protoText(model: Model, area: MessageArea, methods: readonly RpcRow[]): string {
  const file = protoFiles[area];
  const types = [...model.types.values()].filter((type) => type.area === area);
  const blocks = types.map((type) => (type.kind === 'enum' ? enumBlock(type) : messageBlock(model, area, type)));
  return `// Generated from avro/ by src/generator/main.ts: do not edit.
syntax = "proto3";

package ${file.package};

${file.imports.map((path) => `import "${path}";\n\n`).join('')}service ${file.service} {
${methods.map(rpc).join('')}}

${blocks.join('\n')}`;
}

/** The name of an enum's value; all values of a package share one scope, so it carries the enum's name. */
export function protoSymbol(type: EnumType, symbol: string): string {
  return `${type.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}_${symbol.toUpperCase()}`;
}

function rpc(method: RpcRow): string {
  const stream = method.stream === 'bidirectional' ? 'stream ' : '';
  return `${comment(method.summary, '  ')}  rpc ${method.name}(${stream}${method.requestName}) returns (${stream}${method.responseName});\n`;
}

function enumBlock(type: EnumType): string {
  const symbols = [...type.symbols].sort((a, b) => (type.numbers[a] ?? 0) - (type.numbers[b] ?? 0));
  return `${comment(type.doc, '')}enum ${type.name} {
${reserved(type.reserved)}${symbols.map((symbol) => `  ${protoSymbol(type, symbol)} = ${type.numbers[symbol]};\n`).join('')}}
`;
}

function messageBlock(model: Model, area: MessageArea, type: RecordType): string {
  const body = reserved(type.reserved) + type.fields.map((field) => comment(field.doc, '  ') + fieldLines(model, area, field)).join('');
  return `${comment(type.doc, '')}message ${type.name} {${body === '' ? '' : `\n${body}`}}\n`;
}

function reserved(numbers: readonly number[]): string {
  return numbers.length === 0 ? '' : `  reserved ${numbers.join(', ')};\n`;
}

function fieldLines(model: Model, area: MessageArea, field: Field): string {
  if (field.oneof !== null) {
    const member = (one: OneofMember): string => `    ${typeName(model, area, one.type)} ${one.name} = ${one.number};\n`;
    return `  oneof ${field.name} {\n${field.oneof.map(member).join('')}  }\n`;
  }
  const inner = nullable(field.type);
  // A message has presence by itself.
  const label = inner !== null && !isMessage(model, inner) ? 'optional ' : '';
  return `  ${label}${typeName(model, area, inner ?? field.type)} ${field.name} = ${field.number};\n`;
}

function isMessage(model: Model, type: AvroType): boolean {
  return type.kind === 'named' && lookup(model, type.fullName).kind === 'record';
}

function typeName(model: Model, area: MessageArea, type: AvroType): string {
  switch (type.kind) {
    case 'array': return `repeated ${typeName(model, area, type.items)}`;
    case 'map': return `map<string, ${typeName(model, area, type.values)}>`;
    case 'named': {
      const named = lookup(model, type.fullName);
      return named.area === area ? named.name : `.${protoFiles.api.package}.${named.name}`;
    }
    case 'union': throw new Error('a union in the API is null and one type, or has the attribute oneof');
    case 'primitive': {
      if (type.name === 'null') throw new Error('protobuf has no null');
      return { boolean: 'bool', int: 'int32', long: 'int64', float: 'float', double: 'double', string: 'string', bytes: 'bytes' }[type.name];
    }
  }
}

function comment(doc: string | null, indent: string): string {
  return doc === null ? '' : `${doc.split('\n').map((line) => `${indent}// ${line}\n`).join('')}`;
}
