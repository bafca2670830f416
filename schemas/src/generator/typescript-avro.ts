/** Writes gen/ts/log.ts and gen/ts/storage.ts: types in the shape in which avsc decodes the records. */
import { lookup, type Area, type AvroType, type Model, type RecordType } from './model.ts';
import { comment } from './typescript-messages.ts';

/**
 * How avsc shows an area's values.
 * - 'exact': i64 as bigint and every union wrapped, as records need it: metadata tells a long from a double.
 * - 'plain': i64 as a safe integer, a union wrapped only where its branches could be taken for one another.
 */
export type Style = 'exact' | 'plain';

/** The write header is ours alone, so it takes the plain style of the storage records. */
export function styleOf(type: { readonly area: Area; readonly name: string }): Style {
  return type.area === 'log' && !['Origin', 'WriteHeader', 'IfAbsent', 'IfPresent', 'IfVersion', 'IfFilter'].includes(type.name) ? 'exact' : 'plain';
}

export function avroTypes(model: Model, area: 'log' | 'storage'): string {
  const records = [...model.types.values()].filter((type) => type.area === area && type.kind === 'record');
  const enums = new Set<string>();
  const blocks = records.map((type) => (type.kind === 'record' ? block(model, type, enums) : ''));
  const imports = enums.size === 0 ? '' : `import type { ${[...enums].sort().join(', ')} } from './api.ts';\n`;
  return `// Generated from avro/ by src/generator/main.ts: do not edit.\n${imports}\n${blocks.join('\n')}`;
}

export interface StoredSchema {
  readonly name: string;
  readonly area: Area;
  readonly style: Style;
  readonly text: string;
  readonly fingerprint: string;
}

/** gen/ts/schemas.ts: the names, texts and fingerprints of the schemas that log and storage are written in. */
export function schemaTable(texts: readonly StoredSchema[]): string {
  const imports = (['log', 'storage'] as const).map((area) => {
    const names = texts.filter((schema) => schema.area === area).map((schema) => schema.name);
    return `import type { ${names.join(', ')} } from './${area}.ts';\n`;
  });
  return `// Generated from avro/ by src/generator/main.ts: do not edit.
${imports.join('')}
/** The type of each schema's values, as avsc decodes them. */
export interface SchemaTypes {
${texts.map(({ name }) => `  ${name}: ${name};\n`).join('')}}

export interface SchemaEntry {
  /** 'exact': i64 as bigint, all unions wrapped. 'plain': i64 as a safe integer, unions wrapped where they are ambiguous. */
  readonly style: 'exact' | 'plain';
  /** SHA-256 of the text, in hex. */
  readonly fingerprint: string;
  readonly text: string;
}

export const schemas: { readonly [Name in keyof SchemaTypes]: SchemaEntry } = {
${texts.map(({ name, style, text, fingerprint }) => `  ${name}: {
    style: '${style}',
    fingerprint: '${fingerprint}',
    text: '${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}',
  },\n`).join('')}};
`;
}

function block(model: Model, type: RecordType, enums: Set<string>): string {
  const style = styleOf(type);
  const fields = type.fields.map((field) => `${comment(field.doc, '  ')}  readonly ${field.name}: ${typeName(model, field.type, style, enums)};\n`).join('');
  if (fields === '') return `${comment(type.doc, '')}export type ${type.name} = Readonly<Record<string, never>>;\n`;
  return `${comment(type.doc, '')}export interface ${type.name} {\n${fields}}\n`;
}

function typeName(model: Model, type: AvroType, style: Style, enums: Set<string>): string {
  switch (type.kind) {
    case 'primitive':
      switch (type.name) {
        case 'null': return 'null';
        case 'boolean': return 'boolean';
        case 'long': return style === 'exact' ? 'bigint' : 'number';
        case 'int': case 'float': case 'double': return 'number';
        case 'string': return 'string';
        // avsc refuses a plain Uint8Array when it writes.
        case 'bytes': return 'Buffer';
      }
      break;
    case 'array': {
      const items = typeName(model, type.items, style, enums);
      return `readonly ${items.includes(' ') ? `(${items})` : items}[]`;
    }
    case 'map': return `Readonly<Record<string, ${typeName(model, type.values, style, enums)}>>`;
    case 'named': {
      const named = lookup(model, type.fullName);
      if (named.kind === 'enum') enums.add(named.name);
      return named.name;
    }
    case 'union': {
      const wrapped = style === 'exact' || isAmbiguous(model, type.branches);
      return type.branches.map((branch) => {
        const name = typeName(model, branch, style, enums);
        return wrapped && name !== 'null' ? `{ readonly '${branchName(branch)}': ${name} }` : name;
      }).join(' | ');
    }
  }
}

/** avsc wraps a union by itself if two of its branches look alike in JavaScript. */
function isAmbiguous(model: Model, branches: readonly AvroType[]): boolean {
  const buckets = branches.map((branch) => {
    if (branch.kind === 'named') return lookup(model, branch.fullName).kind === 'enum' ? 'string' : 'object';
    if (branch.kind === 'map') return 'object';
    if (branch.kind !== 'primitive') return branch.kind;
    return ['int', 'long', 'float', 'double'].includes(branch.name) ? 'number' : branch.name;
  });
  return new Set(buckets).size < buckets.length;
}

function branchName(type: AvroType): string {
  switch (type.kind) {
    case 'named': return type.fullName;
    case 'primitive': return type.name;
    case 'array': case 'map': return type.kind;
    case 'union': throw new Error('a union in a union');
  }
}
