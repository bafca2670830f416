/** Reads avro/**\/*.avsc into one model with all names resolved, and checks what the generators rely on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type AvroType =
  /** `safe`: a long of the cluster, which is a safe integer and so a `number`. */
  | { readonly kind: 'primitive'; readonly name: Primitive; readonly safe?: true }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'named'; readonly fullName: string }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] };

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const;
export const primitiveNames: readonly string[] = primitives;
export type Primitive = (typeof primitives)[number];

export interface OneofMember {
  readonly name: string;
  readonly number: number;
  readonly type: AvroType;
}

export interface Field {
  readonly name: string;
  readonly doc: string | null;
  readonly type: AvroType;
  /** undefined: it has none. */
  readonly default: unknown;
  /** Protobuf field number; null in log and storage records, and for a oneof, whose members have their own numbers. */
  readonly number: number | null;
  readonly oneof: readonly OneofMember[] | null;
  readonly json: string | null;
  readonly jsonName: string;
  readonly jsonOptional: boolean;
}

export type Area = 'api' | 'cluster' | 'log' | 'storage';

/** Areas whose records are messages: protobuf on the wire, numbers on their fields. */
export type MessageArea = 'api' | 'cluster';

interface Named {
  readonly name: string;
  readonly fullName: string;
  readonly area: Area;
  readonly doc: string | null;
}

export interface RecordType extends Named {
  readonly kind: 'record';
  /** Declared at the top of a file, not inside another type. */
  readonly top: boolean;
  readonly json: string | null;
  readonly reserved: readonly number[];
  readonly fields: readonly Field[];
}

export interface EnumType extends Named {
  readonly kind: 'enum';
  readonly symbols: readonly string[];
  readonly default: string;
  readonly reserved: readonly number[];
  /** Protobuf number of each symbol. */
  readonly numbers: Readonly<Record<string, number>>;
}

export type NamedType = RecordType | EnumType;

/** A schema as it stands in a file. */
export type Raw = string | readonly Raw[] | { readonly [key: string]: unknown };

export interface Model {
  /** By full name, in the order of declaration. */
  readonly types: ReadonlyMap<string, NamedType>;
  /** The declaration of each named type as it stands in its file, with the namespace that is in force there. */
  readonly raw: ReadonlyMap<string, { readonly schema: Readonly<Record<string, unknown>>; readonly namespace: string }>;
}

export const apiNamespace = 'proximadb.v1.api';
export const clusterNamespace = 'proximadb.v1.cluster';

const areas: Readonly<Record<string, Area>> = { [apiNamespace]: 'api', [clusterNamespace]: 'cluster', 'proximadb.v1.storage': 'storage' };

export function readModel(directory: string): Model {
  const files = ['log', 'storage', 'api', 'cluster'].flatMap((folder) =>
    readdirSync(join(directory, folder)).filter((name) => name.endsWith('.avsc')).sort().map((name) => join(directory, folder, name)));
  const builder = new ModelBuilder();
  for (const file of files) builder.add(JSON.parse(readFileSync(file, 'utf8')) as Raw);
  return builder.finish();
}

/** For tests: a model of schemas that stand in no file. */
export function modelOf(schemas: readonly Raw[]): Model {
  const builder = new ModelBuilder();
  for (const schema of schemas) builder.add(schema);
  return builder.finish();
}

export function lookup(model: Model, fullName: string): NamedType {
  const type = model.types.get(fullName);
  if (type === undefined) throw new Error(`no type is called ${fullName}`);
  return type;
}

/** The other branch of a union of null and one type; null for any other type. */
export function nullable(type: AvroType): AvroType | null {
  if (type.kind !== 'union' || type.branches.length !== 2) return null;
  const [first, second] = type.branches;
  return first?.kind === 'primitive' && first.name === 'null' && second !== undefined ? second : null;
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

class ModelBuilder {
  readonly #types = new Map<string, NamedType>();
  readonly #raw = new Map<string, { schema: Readonly<Record<string, unknown>>; namespace: string }>();

  add(schema: Raw): void {
    for (const declaration of (Array.isArray(schema) ? schema : [schema]) as readonly Raw[]) this.#type(declaration, '', true);
  }

  finish(): Model {
    const model: Model = { types: this.#types, raw: this.#raw };
    for (const type of this.#types.values()) if (type.kind === 'record') for (const field of type.fields) requireKnown(model, field.type, type);
    const short = new Map<string, string>();
    for (const type of this.#types.values()) {
      const other = short.get(type.name);
      if (other !== undefined) throw new Error(`${type.fullName} and ${other} have the same name`);
      short.set(type.name, type.fullName);
    }
    return model;
  }

  #type(schema: Raw, namespace: string, top = false): AvroType {
    if (typeof schema === 'string') {
      if (schema === 'long' && namespace === clusterNamespace) return { kind: 'primitive', name: 'long', safe: true };
      if ((primitives as readonly string[]).includes(schema)) return { kind: 'primitive', name: schema as Primitive };
      return { kind: 'named', fullName: schema.includes('.') ? schema : `${namespace}.${schema}` };
    }
    if (isList(schema)) return { kind: 'union', branches: schema.map((branch) => this.#type(branch, namespace)) };
    const kind = schema['type'];
    if (kind === 'array') return { kind: 'array', items: this.#type(schema['items'] as Raw, namespace) };
    if (kind === 'map') return { kind: 'map', values: this.#type(schema['values'] as Raw, namespace) };
    if (kind !== 'record' && kind !== 'enum') return this.#type(kind as Raw, namespace);
    return this.#declare(schema, kind, namespace, top);
  }

  #declare(schema: Readonly<Record<string, unknown>>, kind: 'record' | 'enum', outer: string, top: boolean): AvroType {
    const namespace = text(schema['namespace']) ?? outer;
    const name = text(schema['name']);
    if (name === null || namespace === '') throw new Error(`a ${kind} needs a name and a namespace: ${JSON.stringify(schema).slice(0, 80)}`);
    const fullName = `${namespace}.${name}`;
    if (this.#types.has(fullName)) throw new Error(`${fullName} is declared twice`);
    const area = areas[namespace] ?? 'log';
    const named: Named = { name, fullName, area, doc: text(schema['doc']) };
    this.#raw.set(fullName, { schema, namespace });
    if (kind === 'enum') {
      this.#types.set(fullName, enumType(named, schema));
      return { kind: 'named', fullName };
    }
    const type = { kind, ...named, top, json: text(schema['json']), reserved: (schema['reserved'] ?? []) as number[], fields: [] as Field[] };
    this.#types.set(fullName, type);
    for (const field of schema['fields'] as Readonly<Record<string, unknown>>[]) type.fields.push(this.#field(field, namespace, fullName));
    if (area === 'api' || area === 'cluster') checkNumbers(type);
    return { kind: 'named', fullName };
  }

  #field(field: Readonly<Record<string, unknown>>, namespace: string, owner: string): Field {
    const name = text(field['name']);
    if (name === null || !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) throw new Error(`${owner}: ${JSON.stringify(name)} is not a snake_case name`);
    const type = this.#type(field['type'] as Raw, namespace);
    const members = field['oneof'] as readonly { name: string; proto: number }[] | undefined;
    if (members !== undefined && (type.kind !== 'union' || type.branches.length !== members.length)) {
      throw new Error(`${owner}.${name}: one oneof member for each branch of the union`);
    }
    return {
      name, type, doc: text(field['doc']), default: field['default'], number: (field['proto'] as number | undefined) ?? null,
      oneof: members?.map((member, i) => ({ name: member.name, number: member.proto, type: branch(type, i) })) ?? null,
      json: text(field['json']), jsonName: text(field['json_name']) ?? camelCase(name), jsonOptional: field['json_optional'] === true,
    };
  }
}

/** A number given twice, or given again after it was retired, would make old and new messages read each other wrongly. */
function checkNumbers(type: RecordType): void {
  const seen = new Set<number>(type.reserved);
  if (seen.size !== type.reserved.length) throw new Error(`${type.fullName}: a number is reserved twice`);
  for (const field of type.fields) {
    for (const { name, number } of field.oneof ?? [{ name: field.name, number: field.number }]) {
      const place = `${type.fullName}.${name}`;
      if (number === null || !Number.isInteger(number) || number < 1 || number > 536_870_911 || (number >= 19_000 && number <= 19_999)) {
        throw new Error(`${place}: ${String(number)} is not a protobuf field number (attribute proto)`);
      }
      if (type.reserved.includes(number)) throw new Error(`${place}: field number ${number} is retired and must not be used again`);
      if (seen.has(number)) throw new Error(`${place}: field number ${number} is used twice`);
      seen.add(number);
    }
  }
}

function enumType(named: Named, schema: Readonly<Record<string, unknown>>): EnumType {
  const symbols = schema['symbols'] as readonly string[];
  const numbers = schema['proto'] as Readonly<Record<string, number>> | undefined;
  const reserved = (schema['reserved'] ?? []) as readonly number[];
  const fallback = text(schema['default']);
  if (fallback === null || !symbols.includes(fallback)) throw new Error(`${named.fullName}: needs a default that is one of its symbols`);
  if (numbers === undefined || Object.keys(numbers).length !== symbols.length) {
    throw new Error(`${named.fullName}: attribute proto needs a number for each symbol`);
  }
  const seen = new Set<number>();
  for (const symbol of symbols) {
    const number = numbers[symbol];
    if (number === undefined || !Number.isInteger(number) || number < 0) throw new Error(`${named.fullName}.${symbol}: needs a number (attribute proto)`);
    if (reserved.includes(number)) throw new Error(`${named.fullName}.${symbol}: number ${number} is retired and must not be used again`);
    if (seen.has(number)) throw new Error(`${named.fullName}.${symbol}: number ${number} is used twice`);
    seen.add(number);
  }
  // proto3 reads a field that is not on the wire as 0.
  if (numbers[fallback] !== 0) throw new Error(`${named.fullName}: its default must have the number 0`);
  return { kind: 'enum', ...named, symbols, default: fallback, reserved, numbers };
}

function requireKnown(model: Model, type: AvroType, owner: RecordType): void {
  switch (type.kind) {
    case 'primitive': return;
    case 'array': return requireKnown(model, type.items, owner);
    case 'map': return requireKnown(model, type.values, owner);
    case 'union': return type.branches.forEach((one) => requireKnown(model, one, owner));
    case 'named':
      if (!model.types.has(type.fullName)) throw new Error(`${owner.fullName} mentions ${type.fullName}, which is declared nowhere`);
  }
}

function branch(type: AvroType, index: number): AvroType {
  const found = type.kind === 'union' ? type.branches[index] : undefined;
  if (found === undefined) throw new Error(`no branch ${index}`);
  return found;
}

function isList(schema: Raw): schema is readonly Raw[] {
  return Array.isArray(schema);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
