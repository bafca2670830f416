/**
 * Writes gen/json-schema/*.json, one self-contained JSON Schema 2020-12 for each request and answer, and gives OpenAPI its components.
 *
 * Names are camelCase. What may be absent may also be null in a request; an answer leaves it out.
 */
import { jsonForms, type Json } from './json-forms.ts';
import { camelCase, lookup, nullable, type AvroType, type Field, type Model, type RecordType } from './model.ts';
import type { MethodRow } from '../table.ts';

/** Schemas of all definitions, by name; each mentions others as `{ $ref: <prefix><name> }`. */
export class JsonSchemas {
  readonly #model: Model;
  readonly #requests: ReadonlySet<string>;
  readonly #prefix: string;

  constructor(model: Model, methods: readonly MethodRow[], prefix: string) {
    this.#model = model;
    this.#prefix = prefix;
    this.#requests = reachable(model, methods.map((method) => method.requestName));
  }

  /** @param name a message, an enum, or a form that only JSON has. */
  definition(name: string): Json {
    const form = jsonForms[name];
    if (form !== undefined) return form((other) => this.reference(other));
    const type = lookup(this.#model, `proximadb.v1.api.${name}`);
    if (type.kind === 'enum') return describe({ type: 'string', enum: [...type.symbols] }, type.doc);
    return this.#object(type);
  }

  reference(name: string): Json {
    return { $ref: `${this.#prefix}${name}` };
  }

  /** A definition with everything that it mentions, itself under `root`. */
  closure(root: string): ReadonlyMap<string, Json> {
    const found = new Map<string, Json>();
    const visit = (name: string): void => {
      if (found.has(name)) return;
      const definition = this.definition(name);
      found.set(name, definition);
      for (const other of mentioned(definition, this.#prefix)) visit(other);
    };
    visit(root);
    return found;
  }

  /** The JSON properties of a message, those of flattened messages among them. */
  properties(type: RecordType): { readonly properties: Readonly<Record<string, Json>>; readonly required: readonly string[] } {
    const properties: Record<string, Json> = {}, required: string[] = [];
    for (const field of type.fields) {
      if (field.json === 'path' || field.json === 'none') continue;
      const inner = nullable(field.type) ?? field.type;
      const target = inner.kind === 'named' ? lookup(this.#model, inner.fullName) : null;
      if (target?.kind === 'record' && target.json === 'flatten') {
        Object.assign(properties, this.properties(target).properties);
        continue;
      }
      const optional = nullable(field.type) !== null || field.jsonOptional;
      const schema = this.#field(field, inner);
      properties[field.jsonName] = describe(optional && this.#requests.has(type.name) ? orNull(schema) : schema, field.doc);
      if (!optional) required.push(field.jsonName);
    }
    return { properties, required };
  }

  #object(type: RecordType): Json {
    if (type.json === 'inline') {
      const [field] = type.fields;
      if (field === undefined) throw new Error(`${type.name}: inline needs a field`);
      return describe(this.#field(field, field.type), type.doc);
    }
    if (type.json !== null && type.json !== 'flatten') throw new Error(`${type.name}: JSON has no form ${type.json}`);
    const { properties, required } = this.properties(type);
    // An answer may grow new fields; a request names an unknown one back to its caller.
    const closed = this.#requests.has(type.name) ? { additionalProperties: false } : {};
    return describe({ type: 'object', properties, ...(required.length === 0 ? {} : { required: [...required] }), ...closed }, type.doc);
  }

  #field(field: Field, type: AvroType): Json {
    if (field.oneof !== null) throw new Error(`${field.name}: a oneof needs a form of its own in JSON`);
    if (field.json === null) return this.#type(type);
    // A form stands for the whole list (Conditions), or for each of its items.
    if (type.kind === 'array' && field.json !== 'Conditions') return { type: 'array', items: this.reference(field.json) };
    return this.reference(field.json);
  }

  #type(type: AvroType): Json {
    switch (type.kind) {
      case 'array': return { type: 'array', items: this.#type(type.items) };
      case 'map': return { type: 'object', additionalProperties: this.#type(type.values) };
      case 'named': return this.reference(lookup(this.#model, type.fullName).name);
      case 'union': throw new Error('a union in the API is null and one type, or has the attribute oneof');
      case 'primitive':
        switch (type.name) {
          case 'boolean': return { type: 'boolean' };
          case 'int': return { type: 'integer', minimum: -2147483648, maximum: 2147483647 };
          case 'long': return this.reference('Long');
          case 'float': case 'double': return { type: 'number' };
          case 'string': return { type: 'string' };
          case 'bytes': case 'null': throw new Error(`${type.name} has no form in JSON`);
        }
    }
  }
}

/** gen/json-schema/<Message>.json as name → text. */
export function schemaFiles(model: Model, methods: readonly MethodRow[]): ReadonlyMap<string, string> {
  const schemas = new JsonSchemas(model, methods, '#/$defs/');
  const files = new Map<string, string>();
  for (const name of new Set(methods.flatMap((method) => [method.requestName, method.responseName]).concat('ErrorBody'))) {
    const closure = schemas.closure(name);
    const definitions = Object.fromEntries([...closure].filter(([other]) => other !== name));
    const recursive = [...closure.values()].some((definition) => mentioned(definition, '#/$defs/').has(name));
    if (recursive) throw new Error(`${name} mentions itself: give it a definition of its own`);
    files.set(name, pretty({
      $schema: 'https://json-schema.org/draft/2020-12/schema', title: name, ...closure.get(name),
      ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
    }));
  }
  return files;
}

export function pretty(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function describe(schema: Json, doc: string | null): Json {
  return doc === null ? schema : { ...schema, description: doc };
}

function orNull(schema: Json): Json {
  // One type with null gives a validator's clearest message.
  return typeof schema['type'] === 'string' ? { ...schema, type: [schema['type'], 'null'] } : { anyOf: [schema, { type: 'null' }] };
}

function mentioned(schema: unknown, prefix: string): Set<string> {
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, value] of Object.entries(part)) {
      if (key === '$ref' && typeof value === 'string') found.add(value.slice(prefix.length));
      else visit(value);
    }
  };
  visit(schema);
  return found;
}

/** Short names of the messages that can be part of a request. */
function reachable(model: Model, roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visitType = (type: AvroType): void => {
    switch (type.kind) {
      case 'array': return visitType(type.items);
      case 'map': return visitType(type.values);
      case 'union': return type.branches.forEach(visitType);
      case 'named': return visit(lookup(model, type.fullName).name);
      case 'primitive': return;
    }
  };
  const visit = (name: string): void => {
    const type = lookup(model, `proximadb.v1.api.${name}`);
    if (found.has(name) || type.kind !== 'record') return;
    found.add(name);
    for (const field of type.fields) visitType(field.type);
  };
  roots.forEach(visit);
  return found;
}

/** Names of the path parameters of a route: `{collection}` → collection. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => camelCase(match[1] ?? ''));
}
