/**
 * Avro schemas as a graph of types: names are resolved, so a type may reach itself.
 * Only what a reader of bytes needs: docs, defaults, aliases and logical types are left out.
 */
import { invalid } from '@proximadb/errors';

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string' | 'bytes';

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

export type AvroType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'enum'; readonly name: string; readonly symbols: number }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number }
  | { readonly kind: 'record'; readonly name: string; readonly fields: AvroField[] };

export type RecordType = Extract<AvroType, { kind: 'record' }>;

/** A schema comes from outside: its size is bounded before it is compiled. */
const typesMax = 2_000;
const depthMax = 64;
const fixedBytesMax = 1 << 30;

const primitives: ReadonlyMap<string, AvroType> = new Map(
  (['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const).map((kind) => [kind, { kind }]),
);

type Json = Readonly<Record<string, unknown>>;

class SchemaParser {
  readonly #named = new Map<string, AvroType>();
  #types = 0;

  parse(schema: unknown, namespace: string, depth: number): AvroType {
    if (depth > depthMax) throw invalid(`a schema nests deeper than ${depthMax} levels`);
    if (++this.#types > typesMax) throw invalid(`a schema has more than ${typesMax} types`);
    if (typeof schema === 'string') return this.#byName(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace, depth);
    if (typeof schema !== 'object' || schema === null) throw invalid('a schema is a name, an array or an object');
    const json = schema as Json;
    switch (json['type']) {
      case 'array': return { kind: 'array', items: this.parse(json['items'], namespace, depth + 1) };
      case 'map': return { kind: 'map', values: this.parse(json['values'], namespace, depth + 1) };
      case 'enum': {
        if (!Array.isArray(json['symbols'])) throw invalid('an enum has symbols');
        const name = fullName(json, namespace);
        return this.#define(name, { kind: 'enum', name, symbols: json['symbols'].length });
      }
      case 'fixed': {
        const { size } = json;
        if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > fixedBytesMax) throw invalid('a fixed has a size in bytes');
        const name = fullName(json, namespace);
        return this.#define(name, { kind: 'fixed', name, size });
      }
      case 'record': return this.#record(json, namespace, depth);
      default: return this.parse(json['type'], namespace, depth + 1);
    }
  }

  #record(json: Json, namespace: string, depth: number): AvroType {
    if (!Array.isArray(json['fields'])) throw invalid('a record has fields');
    const name = fullName(json, namespace);
    const fields: AvroField[] = [];
    const type = this.#define(name, { kind: 'record', name, fields });
    const inner = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const seen = new Set<string>();
    for (const field of json['fields'] as unknown[]) {
      if (typeof field !== 'object' || field === null) throw invalid(`a field of ${name} is not an object`);
      const fieldName = (field as Json)['name'];
      if (typeof fieldName !== 'string' || seen.has(fieldName)) throw invalid(`a field of ${name} has no name of its own`);
      seen.add(fieldName);
      fields.push({ name: fieldName, type: this.parse((field as Json)['type'], inner, depth + 1) });
    }
    return type;
  }

  #union(schemas: readonly unknown[], namespace: string, depth: number): AvroType {
    const branches = schemas.map((schema) => this.parse(schema, namespace, depth + 1));
    if (branches.length === 0 || branches.some((branch) => branch.kind === 'union')) throw invalid('a union has branches that are no unions');
    return { kind: 'union', branches };
  }

  #byName(name: string, namespace: string): AvroType {
    const type = primitives.get(name) ?? this.#named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? this.#named.get(name);
    if (type === undefined) throw invalid(`the schema names the type "${name.slice(0, 100)}", which it does not define`);
    return type;
  }

  #define(name: string, type: AvroType): AvroType {
    if (this.#named.has(name)) throw invalid(`the schema defines ${name} twice`);
    this.#named.set(name, type);
    return type;
  }
}

function fullName(json: Json, namespace: string): string {
  const { name } = json;
  if (typeof name !== 'string' || name === '') throw invalid('a named type has a name');
  if (name.includes('.')) return name;
  const own = typeof json['namespace'] === 'string' ? json['namespace'] : namespace;
  return own === '' ? name : `${own}.${name}`;
}

/**
 * @param schema - parsed JSON, or a JSON text of an object or array
 * @throws AppError INVALID_ARGUMENT if it is not an Avro schema, or has no finite value
 */
export function parseSchema(schema: unknown): AvroType {
  let json = schema;
  if (typeof schema === 'string' && /^\s*[[{]/.test(schema)) {
    try {
      json = JSON.parse(schema);
    } catch (cause) {
      throw invalid(`the schema is not JSON: ${(cause as Error).message}`);
    }
  }
  return new SchemaParser().parse(json, '', 0);
}
