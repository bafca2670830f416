/** Writes gen/ts/descriptors.ts: what the messages look like in JSON, as data, for a mapper between the two. */
import { camelCase, lookup, nullable, type AvroType, type Field, type Model } from './model.ts';

export function descriptorTable(model: Model): string {
  const records = [...model.types.values()].filter((type) => type.area === 'api' && type.kind === 'record');
  const lines = records.map((type) => {
    if (type.kind !== 'record') return '';
    const fields = type.fields.map((field) => `\n      { ${descriptor(model, field)} },`).join('');
    return `  ${type.name}: { name: '${type.name}', json: ${quote(type.json)}, fields: [${fields}${fields === '' ? '' : '\n    '}] },\n`;
  });
  return `// Generated from avro/ by src/generator/main.ts: do not edit.
import type { MessageDescriptor } from '../../src/descriptor.ts';
import type { Messages } from './api.ts';

export const descriptors: { readonly [Name in keyof Messages]: MessageDescriptor } = {
${lines.join('')}};
`;
}

function descriptor(model: Model, field: Field): string {
  const isNullable = nullable(field.type) !== null || field.oneof !== null;
  const members = field.oneof?.map((member) => `{ kind: '${camelCase(member.name)}', type: ${shape(model, member.type)} }`);
  const type = members !== undefined ? `{ kind: 'oneof', members: [${members.join(', ')}] }` : shape(model, nullable(field.type) ?? field.type);
  return `key: '${camelCase(field.name)}', jsonName: '${field.jsonName}', json: ${quote(field.json)}, nullable: ${isNullable}, `
    + `optional: ${isNullable || field.jsonOptional}, type: ${type}`;
}

function shape(model: Model, type: AvroType): string {
  switch (type.kind) {
    case 'primitive': return `{ kind: '${type.name}' }`;
    case 'array':
      if (type.items.kind === 'primitive' && type.items.name === 'float') return `{ kind: 'floats' }`;
      return `{ kind: 'array', items: ${shape(model, type.items)} }`;
    case 'map': return `{ kind: 'map' }`;
    case 'named': {
      const named = lookup(model, type.fullName);
      if (named.kind === 'record') return `{ kind: 'message', name: '${named.name}' }`;
      return `{ kind: 'enum', name: '${named.name}', symbols: [${named.symbols.map(quote).join(', ')}] }`;
    }
    case 'union': throw new Error('a union in the API is null and one type, or has the attribute oneof');
  }
}

function quote(text: string | null): string {
  return text === null ? 'null' : `'${text}'`;
}
