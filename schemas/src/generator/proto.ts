/** Writes gen/proto/proximadb/v1/proximadb.proto: the messages from Avro, the service from the table of methods. */
import { lookup, nullable, type AvroType, type EnumType, type Field, type Model, type OneofMember, type RecordType } from './model.ts';
import type { MethodRow } from '../table.ts';

export const protoPath = 'proximadb/v1/proximadb.proto';

export function protoText(model: Model, methods: readonly MethodRow[]): string {
  const types = [...model.types.values()].filter((type) => type.area === 'api');
  const blocks = types.map((type) => (type.kind === 'enum' ? enumBlock(type) : messageBlock(model, type)));
  return `// Generated from avro/ by src/generator/main.ts: do not edit.
syntax = "proto3";

package proximadb.v1;

service ProximaDB {
${methods.map(rpc).join('')}}

${blocks.join('\n')}`;
}

/** The name of an enum's value; all values of a package share one scope, so it carries the enum's name. */
export function protoSymbol(type: EnumType, symbol: string): string {
  return `${type.name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}_${symbol.toUpperCase()}`;
}

function rpc(method: MethodRow): string {
  const stream = method.stream === 'bidirectional' ? 'stream ' : '';
  return `${comment(method.summary, '  ')}  rpc ${method.name}(${stream}${method.requestName}) returns (${stream}${method.responseName});\n`;
}

function enumBlock(type: EnumType): string {
  const symbols = [...type.symbols].sort((a, b) => (type.numbers[a] ?? 0) - (type.numbers[b] ?? 0));
  return `${comment(type.doc, '')}enum ${type.name} {
${reserved(type.reserved)}${symbols.map((symbol) => `  ${protoSymbol(type, symbol)} = ${type.numbers[symbol]};\n`).join('')}}
`;
}

function messageBlock(model: Model, type: RecordType): string {
  const body = reserved(type.reserved) + type.fields.map((field) => comment(field.doc, '  ') + fieldLines(model, field)).join('');
  return `${comment(type.doc, '')}message ${type.name} {${body === '' ? '' : `\n${body}`}}\n`;
}

function reserved(numbers: readonly number[]): string {
  return numbers.length === 0 ? '' : `  reserved ${numbers.join(', ')};\n`;
}

function fieldLines(model: Model, field: Field): string {
  if (field.oneof !== null) {
    const member = (one: OneofMember): string => `    ${typeName(model, one.type)} ${one.name} = ${one.number};\n`;
    return `  oneof ${field.name} {\n${field.oneof.map(member).join('')}  }\n`;
  }
  const inner = nullable(field.type);
  // A message has presence by itself.
  const label = inner !== null && !isMessage(model, inner) ? 'optional ' : '';
  return `  ${label}${typeName(model, inner ?? field.type)} ${field.name} = ${field.number};\n`;
}

function isMessage(model: Model, type: AvroType): boolean {
  return type.kind === 'named' && lookup(model, type.fullName).kind === 'record';
}

function typeName(model: Model, type: AvroType): string {
  switch (type.kind) {
    case 'array': return `repeated ${typeName(model, type.items)}`;
    case 'map': return `map<string, ${typeName(model, type.values)}>`;
    case 'named': return lookup(model, type.fullName).name;
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
