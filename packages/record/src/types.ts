/** What the other packages see of a record. */
import type { Metric } from '@proximadb/schemas';

/** A value in a record's metadata. An Avro long is a `bigint`, a double a `number`. */
export type MetadataValue =
  | null | boolean | bigint | number | string | Uint8Array
  | readonly MetadataValue[] | ReadonlyMap<string, MetadataValue>;

export type Metadata = ReadonlyMap<string, MetadataValue>;

/** The collection's part in what is valid; fixed for the life of its log. */
export interface RecordLimits {
  /** Numbers in a vector, 1 to 4096. */
  readonly dimension: number;
  readonly metric: Metric;
  /** Largest record in bytes, wire header included. */
  readonly recordBytesMax: number;
}

export type RecordKind = 'upsert' | 'patch' | 'delete';

/** Limits that hold for every collection. */
export const idBytesMax = 512;
export const keyBytesMax = 512;
/** Levels of maps and arrays; the metadata map itself is the first. */
export const nestingMax = 16;

/**
 * A record where it lies: getters read from `bytes` when they are asked.
 * What a kind of record does not have reads as its default (a delete has no vector: length 0).
 */
export interface RecordView {
  readonly kind: RecordKind;
  /** The record as it was given, wire header included; not copied. */
  readonly bytes: Uint8Array;
  /** The id's UTF-8 bytes, a view on `bytes`. */
  readonly idBytes: Uint8Array;
  readonly id: string;
  /** Numbers in the vector; 0 where there is none. */
  readonly vectorLength: number;
  /** Copies the vector into `into[at..]`. */
  copyVector(into: Float32Array, at: number): void;
  /** Microseconds since 1970-01-01 UTC; 0 where it is missing. */
  readonly timestamp: bigint;
  /** Microseconds since 1970-01-01 UTC; null: never (of a patch: never, or left as it is). */
  readonly expiresAt: bigint | null;
  /** The metadata value at a path of map keys; undefined if there is none. Arrays are not entered. Of a patch: of what it sets. */
  field(path: readonly string[]): MetadataValue | undefined;
  /** All metadata, in the order of the bytes. Of a patch: what it sets. */
  readMetadata(): Metadata;
}

/** Reads the records of one writer schema. */
export interface Walker {
  readonly kind: RecordKind;
  /**
   * Validates all of a record (with its 5-byte wire header) and says where its parts are.
   * @throws AppError INVALID_ARGUMENT naming the field; it reads every byte at most a few times and nothing outside of `bytes`.
   */
  check(bytes: Uint8Array, limits: RecordLimits): RecordView;
  /**
   * For bytes that were checked before: says where the parts are, and judges nothing.
   * @throws AppError INVALID_ARGUMENT if the bytes cannot be walked; it reads nothing outside of `bytes`.
   */
  view(bytes: Uint8Array): RecordView;
}
