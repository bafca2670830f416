/** Metadata as plain objects, and their types on the way in and on the way out. */
import { invalid } from '@proximadb/errors';
import type { Metadata as MetadataMap, MetadataValue as StoredValue } from '@proximadb/record';

/** Whole numbers are kept as i64 and come back as `bigint`, all others as doubles; a `bigint` keeps all of its 64 bits. */
export type MetadataValue = null | boolean | bigint | number | string | Uint8Array | readonly MetadataValue[] | { readonly [key: string]: MetadataValue };

export type Metadata = Readonly<Record<string, MetadataValue>>;

/** What may be written where `V` is meant: a number of either kind. What is undefined is left out. */
export type Given<V> = [MetadataValue] extends [V] ? V :
  V extends number | bigint ? number | bigint
    : V extends string | boolean | null | undefined | Uint8Array ? V
      : V extends readonly (infer Item)[] ? readonly Given<Item>[]
        : V extends object ? { readonly [Key in keyof V]: Given<V[Key]> } : V;

/** What comes back where `V` was meant: a whole number as a `bigint`. */
export type Stored<V> = [MetadataValue] extends [V] ? V :
  V extends number ? number | bigint
    : V extends string | boolean | bigint | null | undefined | Uint8Array ? V
      : V extends readonly (infer Item)[] ? readonly Stored<Item>[]
        : V extends object ? { readonly [Key in keyof V]: Stored<V[Key]> } : V;

/** As it is encoded in Avro. @throws ProximaError INVALID_ARGUMENT naming the field, for what no metadata can hold. */
export function toStored(metadata: unknown, field: string): MetadataMap {
  if (typeof metadata !== 'object' || metadata === null || !isPlain(metadata)) throw invalid(`is a ${kindOf(metadata)}, and no map`, { field });
  const map = new Map<string, StoredValue>();
  for (const [key, value] of Object.entries(metadata) as [string, unknown][]) {
    if (value !== undefined) map.set(key, valueToStored(value, `${field}.${key}`));
  }
  return map;
}

function valueToStored(value: unknown, field: string): StoredValue {
  switch (typeof value) {
    case 'string': case 'boolean': case 'bigint': return value;
    case 'number': return isLong(value) ? BigInt(value) : finite(value, field);
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return value.map((item: unknown, index) => valueToStored(item, `${field}[${index}]`));
      if (isPlain(value)) return toStored(value, field);
      break;
    default: break;
  }
  throw invalid(`metadata hold no ${kindOf(value)}`, { field });
}

export function fromStored(metadata: MetadataMap): Metadata {
  return Object.fromEntries(Array.from(metadata, ([key, value]) => [key, valueFromStored(value)]));
}

function valueFromStored(value: StoredValue): MetadataValue {
  if (typeof value !== 'object' || value === null) return value;
  // Out of the message that it lies in, which would be kept for it.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return value instanceof Map ? fromStored(value as MetadataMap) : (value as readonly StoredValue[]).map(valueFromStored);
}

/** Whether a number is kept as an i64: a whole one that is exact. */
export function isLong(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

export function finite(value: number, field: string): number {
  if (!Number.isFinite(value)) throw invalid('must be a finite number', { field });
  return value;
}

/** A map of metadata, and no Date, Map or other object, whose entries would silently be none. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

export function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : value === null ? 'null' : typeof value;
}
