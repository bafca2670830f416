/** Writes gen/ts/api.ts and gen/ts/cluster.ts: an interface and a protobuf codec for each message, and a union of literals for each enum. */
import {
  camelCase, lookup, nullable, type AvroType, type EnumType, type Field, type MessageArea, type Model, type NamedType, type OneofMember, type RecordType,
} from './model.ts';

const varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5;

/** Names that the generated readers use for themselves. */
const taken = new Set(['reader', 'end', 'depth', 'tag']);

/** Messages of the cluster may hold messages of the API; not the reverse. */
export function messageTypes(model: Model, area: MessageArea): string {
  const blocks: string[] = [];
  for (const type of model.types.values()) {
    if (type.area !== area) continue;
    blocks.push(type.kind === 'enum' ? enumBlock(type) : messageBlock(model, type));
  }
  const body = blocks.join('\n');
  const runtime = [
    'defineEnum', 'defineMessage', 'endMessage', 'FloatCollector', 'readLong', 'readMapEntry', 'readMessage', 'readPacked', 'readSafeLong', 'readTag',
    'skipField', 'writeFloats', 'writeMap', 'writeMessage',
  ].filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  const foreign = [...model.types.values()].filter((type) => type.area !== area && mentions(model, area, type)).map(({ name }) => name).sort();
  return `// Generated from avro/ by src/generator/main.ts: do not edit.
${foreign.length === 0 ? '' : `import { ${foreign.join(', ')} } from './api.ts';\n`}import {
  ${runtime.join(', ')},
  type EnumCodec, type Message,
} from '../../src/wire.ts';

${body}
${registry(model, area)}`;
}

/** Whether a message of the area has a field of that type. */
function mentions(model: Model, area: MessageArea, wanted: NamedType): boolean {
  const holds = (type: AvroType): boolean => {
    switch (type.kind) {
      case 'primitive': return false;
      case 'array': return holds(type.items);
      case 'map': return holds(type.values);
      case 'union': return type.branches.some(holds);
      case 'named': return type.fullName === wanted.fullName;
    }
  };
  return [...model.types.values()].some((type) => type.area === area && type.kind === 'record' && type.fields.some((field) => holds(field.type)));
}

/** A TypeScript comment, or nothing. */
export function comment(doc: string | null, indent: string): string {
  return doc === null ? '' : `${indent}/** ${doc.replaceAll('*/', '* /')} */\n`;
}

function enumBlock(type: EnumType): string {
  const numbers = type.symbols.map((symbol) => `${symbol}: ${type.numbers[symbol]}`).join(', ');
  return `${comment(type.doc, '')}export type ${type.name} = ${type.symbols.map((symbol) => `'${symbol}'`).join(' | ')};
export const ${type.name}: EnumCodec<${type.name}> = defineEnum('${type.name}', { ${numbers} });
`;
}

function messageBlock(model: Model, type: RecordType): string {
  const { name } = type;
  const fields = type.fields.map((field) => `${comment(field.doc, '  ')}  readonly ${camelCase(field.name)}: ${fieldType(model, field)};\n`).join('');
  const shape = fields === '' ? `export type ${name} = Readonly<Record<string, never>>;\n` : `export interface ${name} {\n${fields}}\n`;
  const defaults = type.fields.map((field) => `${camelCase(field.name)}: ${defaultOf(model, field)}`);
  const writes = type.fields.flatMap((field) => writers(model, field)).sort((a, b) => a.number - b.number).map(({ code }) => code);
  const empty = type.fields.length === 0;
  return `${comment(type.doc, '')}${shape}export const ${name}: Message<${name}> = defineMessage<${name}>({
  defaults: () => (${defaults.length === 0 ? '{}' : `{ ${defaults.join(', ')} }`}),
  write(${empty ? '' : 'writer, message'}) {${writes.map((code) => `\n${indent(code, 4)}`).join('')}${empty ? '' : '\n  '}},
  read(reader, end${empty || !usesDepth(model, type) ? '' : ', depth'}) {
${type.fields.map((field) => indent(declaration(model, field), 4) + '\n').join('')}    while (reader.pos < end) {
      const tag = readTag(reader);
${cases(model, type)}    }
    endMessage(reader, end);
    return {${type.fields.map((field) => ` ${result(model, field)},`).join('').replace(/,$/, ' ')}};
  },
});
`;
}

function cases(model: Model, type: RecordType): string {
  const all = type.fields.flatMap((field) => readers(model, field)).sort((a, b) => a.tag - b.tag);
  if (all.length === 0) return '      skipField(reader, tag);\n';
  return `      switch (tag) {
${all.map(({ tag, code }) => `        case ${tag}: ${code} break;\n`).join('')}        default: skipField(reader, tag);
      }
`;
}

function usesDepth(model: Model, type: RecordType): boolean {
  return type.fields.some((field) => readers(model, field).some(({ code }) => code.includes(', depth)')));
}

// Types and defaults

function fieldType(model: Model, field: Field): string {
  if (field.oneof === null) return typeName(model, field.type);
  const members = field.oneof.map((member) => `\n    | { readonly kind: '${camelCase(member.name)}'; readonly value: ${typeName(model, member.type)} }`);
  return `null${members.join('')}`;
}

function typeName(model: Model, type: AvroType): string {
  const inner = nullable(type);
  if (inner !== null) return `${typeName(model, inner)} | null`;
  switch (type.kind) {
    case 'primitive':
      switch (type.name) {
        case 'boolean': return 'boolean';
        case 'int': case 'float': case 'double': return 'number';
        case 'long': return type.safe ? 'number' : 'bigint';
        case 'string': return 'string';
        case 'bytes': return 'Uint8Array';
        case 'null': return 'null';
      }
      break;
    case 'array': return isFloat(type.items) ? 'Float32Array' : `readonly ${typeName(model, type.items)}[]`;
    case 'map':
      if (type.values.kind !== 'primitive' || type.values.name !== 'string') throw new Error('only maps of strings have a codec');
      return 'Readonly<Record<string, string>>';
    case 'named': return lookup(model, type.fullName).name;
    case 'union': throw new Error('a union in the API is null and one type, or has the attribute oneof');
  }
}

function defaultOf(model: Model, field: Field): string {
  const { type } = field;
  if (field.oneof !== null || nullable(type) !== null) return 'null';
  const code = zero(model, type);
  const declared = field.default;
  // proto3 knows no default but zero.
  if (declared !== undefined && !['0', '""', 'false', '[]', '{}'].includes(JSON.stringify(declared))) {
    throw new Error(`${field.name}: its default is not protobuf's`);
  }
  return code;
}

function zero(model: Model, type: AvroType): string {
  switch (type.kind) {
    case 'array': return isFloat(type.items) ? 'new Float32Array(0)' : '[]';
    case 'map': return '{}';
    case 'named': {
      const named = lookup(model, type.fullName);
      return named.kind === 'enum' ? `'${named.default}'` : `${named.name}.create()`;
    }
    case 'primitive':
      switch (type.name) {
        case 'boolean': return 'false';
        case 'long': return type.safe ? '0' : '0n';
        case 'string': return "''";
        case 'bytes': return 'new Uint8Array(0)';
        default: return '0';
      }
    case 'union': throw new Error('a union has no zero');
  }
}

// Writing

interface Numbered {
  readonly number: number;
  readonly code: string;
}

function writers(model: Model, field: Field): Numbered[] {
  const value = `message.${camelCase(field.name)}`;
  if (field.oneof !== null) return [{ number: Math.min(...field.oneof.map((member) => member.number)), code: oneofWriter(model, field.oneof, value) }];
  const number = numberOf(field);
  const inner = nullable(field.type);
  if (inner !== null) return [{ number, code: `if (${value} !== null) ${single(model, inner, number, value)}` }];
  return [{ number, code: repeatedOrSingle(model, field.type, number, value) }];
}

function oneofWriter(model: Model, members: readonly OneofMember[], value: string): string {
  const lines = members.map((member) => `  case '${camelCase(member.name)}': ${single(model, member.type, member.number, `${value}.value`)} break;`);
  return `switch (${value}?.kind) {\n${lines.join('\n')}\n  case undefined: break;\n}`;
}

function repeatedOrSingle(model: Model, type: AvroType, number: number, value: string): string {
  if (type.kind === 'map') return `writeMap(writer, ${tagOf(number, delimited)}, ${value});`;
  if (type.kind !== 'array') return `${unlessZero(model, type, value)}${single(model, type, number, value)}`;
  if (isFloat(type.items)) return `writeFloats(writer, ${tagOf(number, delimited)}, ${value});`;
  if (wireType(model, type.items) === delimited) return `for (const item of ${value}) ${single(model, type.items, number, 'item')}`;
  return `if (${value}.length > 0) {
  writer.uint32(${tagOf(number, delimited)}).fork();
  for (const item of ${value}) writer.${scalar(model, type.items, 'item')};
  writer.join();
}`;
}

/** A field without presence is left out at its default. */
function unlessZero(model: Model, type: AvroType, value: string): string {
  if (type.kind === 'named') return lookup(model, type.fullName).kind === 'enum' ? `if (${value} !== ${zero(model, type)}) ` : '';
  if (type.kind !== 'primitive') throw new Error(`${value}: no single value`);
  switch (type.name) {
    case 'boolean': return `if (${value}) `;
    case 'bytes': return `if (${value}.length > 0) `;
    // −0 is not the default: it has other bits.
    case 'double': case 'float': return `if (!Object.is(${value}, 0)) `;
    default: return `if (${value} !== ${zero(model, type)}) `;
  }
}

function single(model: Model, type: AvroType, number: number, value: string): string {
  const tag = tagOf(number, wireType(model, type));
  if (type.kind === 'named') {
    const named = lookup(model, type.fullName);
    if (named.kind === 'record') return `writeMessage(writer, ${tag}, ${named.name}, ${value});`;
  }
  return `writer.uint32(${tag}).${scalar(model, type, value)};`;
}

function scalar(model: Model, type: AvroType, value: string): string {
  if (type.kind === 'named') return `int32(${lookup(model, type.fullName).name}.numbers[${value}])`;
  return `${method(type)}(${value})`;
}

// Reading

interface Case {
  readonly tag: number;
  readonly code: string;
}

function local(field: Field): string {
  const name = camelCase(field.name);
  return taken.has(name) ? `${name}Value` : name;
}

function declaration(model: Model, field: Field): string {
  const name = local(field), type = nullable(field.type) ?? field.type;
  if (type.kind === 'array' && isFloat(type.items)) return `const ${name} = new FloatCollector();`;
  if (type.kind === 'array') return `const ${name}: ${element(typeName(model, type.items))}[] = [];`;
  if (type.kind === 'map') return `const ${name}: [string, string][] = [];`;
  if (field.oneof !== null) return `let ${name}: ${ownerType(model, field)} = null;`;
  // Made only if it is not on the wire.
  if (needsMessage(model, field)) return `let ${name}: ${typeName(model, field.type)} | undefined;`;
  return `let ${name}: ${typeName(model, field.type)} = ${nullable(field.type) !== null ? 'null' : zero(model, field.type)};`;
}

function needsMessage(model: Model, field: Field): boolean {
  return field.type.kind === 'named' && lookup(model, field.type.fullName).kind === 'record';
}

function element(name: string): string {
  return name.includes(' ') ? `(${name})` : name;
}

function ownerType(model: Model, field: Field): string {
  const owner = [...model.types.values()].find((type) => type.kind === 'record' && type.fields.includes(field));
  if (owner === undefined) throw new Error(`${field.name} has no owner`);
  return `${owner.name}['${camelCase(field.name)}']`;
}

function result(model: Model, field: Field): string {
  const key = camelCase(field.name), name = local(field), type = nullable(field.type) ?? field.type;
  if (type.kind === 'array' && isFloat(type.items)) return `${key}: ${name}.finish()`;
  if (type.kind === 'map') return `${key}: Object.fromEntries(${name})`;
  if (needsMessage(model, field)) return `${key}: ${name} ?? ${typeName(model, field.type)}.create()`;
  return key === name ? key : `${key}: ${name}`;
}

function readers(model: Model, field: Field): Case[] {
  const name = local(field);
  if (field.oneof !== null) {
    return field.oneof.map((member) => ({
      tag: tagOf(member.number, wireType(model, member.type)),
      code: `${name} = { kind: '${camelCase(member.name)}', value: ${read(model, member.type)} };`,
    }));
  }
  const number = numberOf(field), type = nullable(field.type) ?? field.type;
  if (type.kind === 'map') return [{ tag: tagOf(number, delimited), code: `${name}.push(readMapEntry(reader));` }];
  if (type.kind !== 'array') return [{ tag: tagOf(number, wireType(model, type)), code: `${name} = ${read(model, type)};` }];
  if (isFloat(type.items)) {
    return [{ tag: tagOf(number, delimited), code: `${name}.packed(reader);` }, { tag: tagOf(number, fixed32), code: `${name}.single(reader);` }];
  }
  const push = `${name}.push(${read(model, type.items)});`;
  if (wireType(model, type.items) === delimited) return [{ tag: tagOf(number, delimited), code: push }];
  // Numbers come packed or one by one: a reader takes both.
  return [
    { tag: tagOf(number, delimited), code: `readPacked(reader, () => { ${push} });` },
    { tag: tagOf(number, wireType(model, type.items)), code: push },
  ];
}

function read(model: Model, type: AvroType): string {
  if (type.kind === 'named') {
    const named = lookup(model, type.fullName);
    return named.kind === 'enum' ? `${named.name}.fromNumber(reader.int32())` : `readMessage(reader, ${named.name}, depth)`;
  }
  if (type.kind === 'primitive' && type.name === 'long') return type.safe ? 'readSafeLong(reader)' : 'readLong(reader)';
  // Ill-formed UTF-8 is refused, not mended: two ids must not become one.
  if (type.kind === 'primitive' && type.name === 'string') return 'reader.string(true)';
  return `reader.${method(type)}()`;
}

// The wire

function wireType(model: Model, type: AvroType): number {
  if (type.kind === 'named') return lookup(model, type.fullName).kind === 'enum' ? varint : delimited;
  if (type.kind !== 'primitive') throw new Error(`${type.kind} stands for no single value on the wire`);
  switch (type.name) {
    case 'boolean': case 'int': case 'long': return varint;
    case 'double': return fixed64;
    case 'float': return fixed32;
    case 'string': case 'bytes': return delimited;
    case 'null': throw new Error('null has no wire type');
  }
}

/** The method of BinaryReader and BinaryWriter. */
function method(type: AvroType): string {
  if (type.kind !== 'primitive') throw new Error(`${type.kind} has no method`);
  return { boolean: 'bool', int: 'int32', long: 'int64', float: 'float', double: 'double', string: 'string', bytes: 'bytes', null: '' }[type.name];
}

function tagOf(number: number, wire: number): number {
  return number * 8 + wire;
}

function isFloat(type: AvroType): boolean {
  return type.kind === 'primitive' && type.name === 'float';
}

function numberOf(field: Field): number {
  if (field.number === null) throw new Error(`${field.name} has no field number`);
  return field.number;
}

function indent(code: string, by: number): string {
  return code.split('\n').map((line) => ' '.repeat(by) + line).join('\n');
}

function registry(model: Model, area: MessageArea): string {
  const ofKind = (kind: string): string[] => [...model.types.values()].filter((type) => type.area === area && type.kind === kind).map((type) => type.name);
  const names = ofKind('record'), enums = ofKind('enum');
  const [types, codecs, symbols] = area === 'api' ? ['Messages', 'messages', 'enums'] : ['ClusterMessages', 'clusterMessages', 'clusterEnums'];
  const what = area === 'api' ? 'the API' : 'the cluster';
  return `/** Every message of ${what} by its name. */
export interface ${types} {
${names.map((name) => `  ${name}: ${name};\n`).join('')}}
export const ${codecs}: { readonly [Name in keyof ${types}]: Message<${types}[Name]> } = {
${names.map((name) => `  ${name},\n`).join('')}};

/** Every enum of ${what} by its name. */
export const ${symbols} = { ${enums.join(', ')} } as const;
`;
}
