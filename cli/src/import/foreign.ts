/** Rows of other programs (Parquet, Avro): one field is the id, one the vector, the others are metadata. */
import { invalid } from '@proximadb/errors';
import type { MetadataValue, RecordFields } from '@proximadb/record';
import type { FieldNames } from './source.ts';

/** Names by which the instants of a record are known, µs since 1970-01-01 UTC. */
const timestampNames: ReadonlySet<string> = new Set(['timestamp']);
const expiryNames: ReadonlySet<string> = new Set(['expires_at', 'expiresAt']);

/**
 * @param values by field, converted already; a field that is null is left out.
 * @throws AppError INVALID_ARGUMENT naming the field.
 */
export function recordOf(values: ReadonlyMap<string, MetadataValue>, vector: Float32Array, names: FieldNames): RecordFields {
  const metadata = new Map<string, MetadataValue>();
  let timestamp = 0n;
  let expiresAt: bigint | null = null;
  for (const [key, value] of values) {
    if (key === names.id || key === names.vector || value === null) continue;
    if (timestampNames.has(key) && typeof value === 'bigint') timestamp = value;
    else if (expiryNames.has(key) && typeof value === 'bigint') expiresAt = value;
    else if (key === 'metadata' && value instanceof Map) addAll(metadata, value as ReadonlyMap<string, MetadataValue>);
    else addAll(metadata, new Map([[key, value]]));
  }
  return { id: idOf(values.get(names.id), names.id), vector, metadata, timestamp, expiresAt };
}

function idOf(value: MetadataValue | undefined, field: string): string {
  if (value === undefined || value === null) throw invalid('is missing', { field });
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  throw invalid('must be a string or a whole number', { field });
}

/** @param value a list of numbers as another library read it. */
export function floatsFrom(value: unknown, field: string): Float32Array {
  if (value instanceof Float32Array) return value;
  const isList = Array.isArray(value) || value instanceof Float64Array || value instanceof Int32Array;
  if (!isList) throw invalid(value === undefined || value === null ? 'is missing' : 'must be a list of numbers', { field });
  const floats = new Float32Array(value.length);
  for (let at = 0; at < value.length; at += 1) {
    const item: unknown = value[at];
    if (typeof item !== 'number' && typeof item !== 'bigint') throw invalid('must be a number', { field: `${field}[${at}]` });
    floats[at] = Number(item);
  }
  return floats;
}

/** A whole number of at most 64 bits. */
export function longFrom(value: bigint, field: string): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw invalid('a whole number takes more than 64 bits', { field });
}

function addAll(metadata: Map<string, MetadataValue>, more: ReadonlyMap<string, MetadataValue>): void {
  for (const [key, value] of more) {
    if (metadata.has(key)) throw invalid('is there twice, in metadata and beside it', { field: key });
    metadata.set(key, value);
  }
}
