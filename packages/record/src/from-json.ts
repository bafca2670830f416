/** Records from JSON: encoded once, at the edge, to the same bytes that a client would have written. */
import { invalid, type AppError } from '@proximadb/errors';
import { encodePatchRecord, encodeVectorRecord, type PatchFields, type RecordFields } from './encode.ts';
import { isJsonObject, JsonNumber, longOf, type JsonObject, type JsonValue } from './parse-json.ts';
import type { Metadata, MetadataValue } from './types.ts';

/** Where in a request the record stands; errors name it. */
export interface RecordPlace {
  readonly record?: number;
  /** A field that the record is in; the record's own fields are named below it. */
  readonly field?: string;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/**
 * @param json - `{id, vector, metadata?, timestamp?, expiresAt?}`; instants are integers, or strings of their digits, in µs
 * @returns the record in today's schema with its wire header. Its types are checked, its limits are left to `Walker.check`
 * @throws AppError INVALID_ARGUMENT naming the place; a key that no record has is refused, too
 */
export function recordFromJson(json: JsonValue, schemaId: number, place: RecordPlace = {}): Uint8Array {
  const reader = new JsonRecordReader(place);
  const fields = reader.object(json, new Set(['id', 'vector', 'metadata', 'timestamp', 'expiresAt']));
  const record: Mutable<RecordFields> = { id: reader.text(fields.get('id'), 'id'), vector: reader.vector(fields.get('vector')) };
  if (fields.has('metadata')) record.metadata = reader.metadata(fields.get('metadata'), 'metadata');
  if (fields.has('timestamp')) record.timestamp = reader.instant(fields.get('timestamp'), 'timestamp');
  if (fields.has('expiresAt')) record.expiresAt = reader.instantOrNull(fields.get('expiresAt'), 'expiresAt');
  return encodeVectorRecord(schemaId, record);
}

/** As {@link recordFromJson}, of `{id, vector?, set?, unset?, timestamp?, expiresAt?}`; `expiresAt: null` means never, left out: as it is. */
export function patchFromJson(json: JsonValue, schemaId: number, place: RecordPlace = {}): Uint8Array {
  const reader = new JsonRecordReader(place);
  const fields = reader.object(json, new Set(['id', 'vector', 'set', 'unset', 'timestamp', 'expiresAt']));
  const patch: Mutable<PatchFields> = { id: reader.text(fields.get('id'), 'id') };
  if (fields.has('vector')) patch.vector = reader.vector(fields.get('vector'));
  if (fields.has('set')) patch.set = reader.metadata(fields.get('set'), 'set');
  if (fields.has('unset')) patch.unset = reader.array(fields.get('unset'), 'unset').map((key, index) => reader.text(key, `unset[${index}]`));
  if (fields.has('timestamp')) patch.timestamp = reader.instant(fields.get('timestamp'), 'timestamp');
  if (fields.has('expiresAt')) patch.expiresAt = reader.instantOrNull(fields.get('expiresAt'), 'expiresAt');
  return encodePatchRecord(schemaId, patch);
}

class JsonRecordReader {
  readonly #place: RecordPlace;

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  #fault(reason: string, field?: string): AppError {
    const parts = [this.#place.field, field].filter((part) => part !== undefined);
    return invalid(reason, parts.length === 0 ? this.#place : { ...this.#place, field: parts.join('.') });
  }

  object(json: JsonValue, known: ReadonlySet<string>): JsonObject {
    if (!isJsonObject(json)) throw this.#fault('a record is an object');
    for (const key of json.keys()) {
      if (!known.has(key)) throw this.#fault(`no such field; there are ${[...known].join(', ')}`, key.slice(0, 100));
    }
    return json;
  }

  text(value: JsonValue | undefined, field: string): string {
    if (typeof value !== 'string') throw this.#fault(value === undefined ? 'is missing' : 'must be a string', field);
    return value;
  }

  array(value: JsonValue | undefined, field: string): readonly JsonValue[] {
    if (!Array.isArray(value)) throw this.#fault(value === undefined ? 'is missing' : 'must be an array', field);
    return value as readonly JsonValue[];
  }

  vector(value: JsonValue | undefined): number[] {
    return this.array(value, 'vector').map((item, index) => {
      if (!(item instanceof JsonNumber)) throw this.#fault('must be a number', `vector[${index}]`);
      const number = item.toNumber();
      if (!Number.isFinite(Math.fround(number))) throw this.#fault('is beyond the range of 32-bit floats', `vector[${index}]`);
      return number;
    });
  }

  instant(value: JsonValue | undefined, field: string): bigint {
    const text = value instanceof JsonNumber ? value.text : value;
    const instant = typeof text === 'string' ? longOf(text) : null;
    if (instant === null) throw this.#fault('must be an integer of 64 bits, microseconds since 1970-01-01 UTC', field);
    return instant;
  }

  instantOrNull(value: JsonValue | undefined, field: string): bigint | null {
    return value === null ? null : this.instant(value, field);
  }

  metadata(value: JsonValue | undefined, field: string): Metadata {
    if (!isJsonObject(value)) throw this.#fault('must be an object', field);
    return this.#map(value, field);
  }

  #map(object: JsonObject, field: string): Metadata {
    const map = new Map<string, MetadataValue>();
    for (const [key, value] of object) map.set(key, this.#value(value, `${field}.${key}`));
    return map;
  }

  #value(value: JsonValue, field: string): MetadataValue {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (value instanceof JsonNumber) return this.#number(value, field);
    if (!isJsonObject(value)) return value.map((item, index) => this.#value(item, `${field}[${index}]`));
    if (value.size === 1 && value.has('$bytes')) return this.#bytes(value.get('$bytes'), field);
    return this.#map(unescaped(value), field);
  }

  #number(number: JsonNumber, field: string): bigint | number {
    if (number.isInteger) {
      const long = number.toLong();
      if (long === null) throw this.#fault('an integer takes more than 64 bits; write it with a fraction (1.0) or as a string', field);
      return long;
    }
    const double = number.toNumber();
    if (!Number.isFinite(double)) throw this.#fault('is beyond the range of 64-bit floats', field);
    return double;
  }

  #bytes(value: JsonValue | undefined, field: string): Uint8Array {
    if (typeof value === 'string') {
      const bytes = Buffer.from(value, 'base64');
      if (bytes.toString('base64') === value) return bytes;
    }
    throw this.#fault('$bytes has base64 with its padding', field);
  }
}

/** A map that would be taken for bytes is written as `{"$map": {"$bytes": …}}`. */
function unescaped(object: JsonObject): JsonObject {
  const inner = object.size === 1 ? object.get('$map') : undefined;
  return isJsonObject(inner) && inner.size === 1 && (inner.has('$bytes') || inner.has('$map')) ? inner : object;
}
