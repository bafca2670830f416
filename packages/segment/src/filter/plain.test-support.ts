/** Metadata as tests write it down: objects for maps. */
import type { Metadata, MetadataValue } from '@proximadb/record';

export interface Plain {
  readonly [key: string]: PlainValue;
}
type PlainValue = null | boolean | bigint | number | string | Uint8Array | readonly PlainValue[] | Plain;

export function toMap(plain: Plain): Metadata {
  return new Map(Object.entries(plain).map(([key, value]) => [key, toValue(value)]));
}

function toValue(value: PlainValue): MetadataValue {
  if (isList(value)) return value.map(toValue);
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? toMap(value) : value;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}
