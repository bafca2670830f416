/** Requests from JSON, by the descriptors of their messages. Records become Avro bytes here, once. */
import { assert, AssertionError, invalid, type AppError } from '@proximadb/errors';
import { isJsonObject, JsonNumber, longOf, patchFromJson, recordFromJson, type JsonObject, type JsonValue } from '@proximadb/record';
import { descriptors, type FieldDescriptor, type MessageDescriptor, type TypeDescriptor } from '@proximadb/schemas';
import { conditionsFromJson, takeConditions } from './conditions.ts';
import { filterFromJson, kindOf } from './filter.ts';

/** Ids of the schemas in which records from JSON are written. */
export interface SchemaIds {
  readonly VectorRecord: number;
  readonly PatchRecord: number;
}

export type MessageName = keyof typeof descriptors;

/**
 * @param json the body.
 * @param path fields that come from the route, by name.
 * @returns a message of that name, every field of it there.
 * @throws AppError INVALID_ARGUMENT naming record and field: a wrong type, a number out of range, something missing, a name unknown.
 */
export function messageFromJson(name: MessageName, json: JsonValue, path: Readonly<Record<string, string>>, schemaIds: SchemaIds): object {
  if (!isJsonObject(json)) throw invalid(`the body must be a JSON object, not ${kindOf(json)}`);
  return new RequestReader(schemaIds).message(descriptors[name], json, '', path);
}

type Fields = Record<string, unknown>;

/** A message that is being read. */
interface Reading {
  readonly owner: MessageDescriptor;
  readonly json: JsonObject;
  readonly place: string;
  readonly path: Readonly<Record<string, string>>;
  readonly fields: Fields;
  /** Names that JSON may have here. */
  readonly known: Set<string>;
}

class RequestReader {
  readonly #schemaIds: SchemaIds;

  constructor(schemaIds: SchemaIds) {
    this.#schemaIds = schemaIds;
  }

  message(descriptor: MessageDescriptor, json: JsonObject, place: string, path: Readonly<Record<string, string>> = {}): Fields {
    const reading: Reading = { owner: descriptor, json, place, path, fields: {}, known: new Set() };
    for (const field of descriptor.fields) this.#field(field, reading);
    for (const key of json.keys()) if (!reading.known.has(key)) throw unknownField(reading, key);
    return reading.fields;
  }

  #field(field: FieldDescriptor, at: Reading): void {
    const { fields, json, place, known } = at;
    if (field.json === 'path') {
      fields[field.key] = at.path[field.jsonName] ?? '';
      return;
    }
    // Not in JSON: it is filled by the field that it belongs to, before or after.
    if (field.json === 'none') {
      fields[field.key] ??= [];
      return;
    }
    const flat = flattened(field);
    if (flat !== null) {
      fields[field.key] = this.#flattened(flat, json, place, known);
      return;
    }
    known.add(field.jsonName);
    const value = json.get(field.jsonName);
    const here = place === '' ? field.jsonName : `${place}.${field.jsonName}`;
    if (value === undefined || value === null) {
      if (!field.optional) throw invalid(value === undefined ? 'is missing' : 'must not be null', { field: here });
      fields[field.key] = field.nullable ? null : defaultOf(field.type);
      return;
    }
    switch (field.json) {
      case null: fields[field.key] = this.#value(field.type, value, here); return;
      case 'Conditions': fields[field.key] = conditionsFromJson(value, here); return;
      case 'VectorRecord': case 'PatchRecord': {
        const { records, conditions } = this.#records(field.json, value, here);
        fields[field.key] = records;
        fields['conditions'] = conditions;
        return;
      }
      default: throw new AssertionError(`${at.owner.name}.${field.key}: JSON has no form ${field.json}`);
    }
  }

  /** A message whose fields stand in the one around it; null if none of them is there. */
  #flattened(descriptor: MessageDescriptor, json: JsonObject, place: string, known: Set<string>): Fields | null {
    const own = new Map<string, JsonValue>();
    for (const { jsonName } of descriptor.fields) {
      known.add(jsonName);
      const value = json.get(jsonName);
      if (value !== undefined && value !== null) own.set(jsonName, value);
    }
    return own.size === 0 ? null : this.message(descriptor, own, place);
  }

  #records(form: 'VectorRecord' | 'PatchRecord', json: JsonValue, field: string): { records: Uint8Array[]; conditions: unknown[] } {
    const encode = form === 'VectorRecord' ? recordFromJson : patchFromJson;
    const conditions: unknown[] = [];
    let conditional = false;
    const records = list(json, field).map((item, record) => {
      const { condition, rest } = takeConditions(item, record);
      conditional ||= condition.condition !== null;
      conditions.push(condition);
      return encode(rest, this.#schemaIds[form], { record });
    });
    return { records, conditions: conditional ? conditions : [] };
  }

  #value(type: TypeDescriptor, json: JsonValue, place: string): unknown {
    switch (type.kind) {
      case 'boolean': return typeof json === 'boolean' ? json : wrong('a boolean', json, place);
      case 'string': return typeof json === 'string' ? json : wrong('a string', json, place);
      case 'int': return intOf(json, place);
      case 'long': return longFromJson(json, place);
      case 'float': case 'double': return finite(json, place, Number.isFinite);
      case 'floats': return floats(json, place);
      case 'array': return list(json, place).map((item, index) => this.#value(type.items, item, `${place}[${index}]`));
      case 'map': return mapOf(json, place);
      case 'enum':
        if (typeof json === 'string' && type.symbols.includes(json)) return json;
        throw invalid(`must be one of ${type.symbols.join(', ')}`, { field: place });
      case 'message': return this.#nested(descriptors[type.name], json, place);
      case 'bytes': case 'null': case 'oneof': throw new AssertionError(`${place}: no request has ${type.kind} in JSON`);
    }
  }

  #nested(descriptor: MessageDescriptor, json: JsonValue, place: string): unknown {
    if (descriptor.json === 'Filter') return filterFromJson(json, place);
    if (descriptor.json === 'inline') {
      const [only] = descriptor.fields;
      assert(only !== undefined, `${descriptor.name} has a field`);
      return { [only.key]: this.#value(only.type, json, place) };
    }
    assert(descriptor.json === null, `no request has ${descriptor.name} in JSON`);
    if (!isJsonObject(json)) return wrong('an object', json, place);
    return this.message(descriptor, json, place);
  }
}

function flattened({ type }: FieldDescriptor): MessageDescriptor | null {
  const descriptor = type.kind === 'message' ? descriptors[type.name] : null;
  return descriptor?.json === 'flatten' ? descriptor : null;
}

function unknownField({ owner, known, place }: Reading, key: string): AppError {
  const name = key.length > 100 ? `${key.slice(0, 100).toWellFormed()}…` : key;
  const field = place === '' ? name : `${place}.${name}`;
  const fixed = owner.name === 'UpdateCollectionRequest' && descriptors.Collection.fields.some(({ jsonName }) => jsonName === key);
  if (fixed) return invalid('cannot be changed: it is fixed when the collection is created', { field });
  return invalid(`no such field; ${known.size === 0 ? 'there is none' : `there are ${[...known].join(', ')}`}`, { field });
}

function defaultOf(type: TypeDescriptor): unknown {
  switch (type.kind) {
    case 'boolean': return false;
    case 'int': case 'float': case 'double': return 0;
    case 'long': return 0n;
    case 'string': return '';
    case 'floats': return new Float32Array(0);
    case 'array': return [];
    case 'map': return {};
    default: throw new AssertionError(`${type.kind} has no default in JSON`);
  }
}

function wrong(expected: string, json: JsonValue, field: string): never {
  throw invalid(`must be ${expected}, not ${kindOf(json)}`, { field });
}

function list(json: JsonValue, place: string): readonly JsonValue[] {
  return Array.isArray(json) ? json as readonly JsonValue[] : wrong('an array', json, place);
}

function intOf(json: JsonValue, field: string): number {
  if (!(json instanceof JsonNumber)) return wrong('a whole number', json, field);
  const number = json.toNumber();
  if (!Number.isInteger(number)) throw invalid('must be a whole number', { field });
  if (number !== (number | 0)) throw invalid('takes more than 32 bits', { field });
  return number | 0;
}

function longFromJson(json: JsonValue, field: string): bigint {
  const long = longOf(json instanceof JsonNumber ? json.text : typeof json === 'string' ? json : '');
  return long ?? wrong('an integer of 64 bits, as a number or a string of its digits', json, field);
}

function finite(json: JsonValue, field: string, fits: (number: number) => boolean): number {
  if (!(json instanceof JsonNumber)) return wrong('a number', json, field);
  const number = json.toNumber();
  if (!fits(number)) throw invalid('is beyond the range of its floating-point type', { field });
  return number;
}

function floats(json: JsonValue, place: string): Float32Array {
  return Float32Array.from(list(json, place), (item, index) => finite(item, `${place}[${index}]`, (number) => Number.isFinite(Math.fround(number))));
}

function mapOf(json: JsonValue, place: string): Readonly<Record<string, string>> {
  if (!isJsonObject(json)) return wrong('an object', json, place);
  return Object.fromEntries([...json].map(([key, value]) => [key, typeof value === 'string' ? value : wrong('a string', value, `${place}.${key}`)]));
}
