/** Records, on the way in and on the way out. */
import type { Include } from '@proximadb/schemas';
import type { Given, Metadata, Stored } from './metadata.ts';

/** A Float32Array is taken as it lies in memory. */
export type Vector = Float32Array | readonly number[];

/** µs since 1970-01-01 UTC, or a Date. */
export type Instant = bigint | Date;

/** Decided in the log's order, when the write is reached: at most one of them. A record whose condition fails is refused, alone. */
export interface Condition {
  readonly ifAbsent?: true;
  readonly ifPresent?: true;
  /** The version that a read or a write told. */
  readonly ifVersion?: string;
}

export interface RecordInput<M = Metadata> extends Condition {
  /** 1 to 512 bytes of UTF-8. */
  readonly id: string;
  readonly vector: Vector;
  readonly metadata?: Given<M>;
  readonly timestamp?: Instant;
  /** From then on it is in no answer. */
  readonly expiresAt?: Instant | null;
}

/** What is left out stays as it is. A record that is not there is refused, and not made. */
export interface PatchInput<M = Metadata> extends Condition {
  readonly id: string;
  readonly vector?: Vector;
  /** Top-level keys of the metadata to add or replace. */
  readonly set?: Partial<Given<M>>;
  /** Top-level keys of the metadata to remove. */
  readonly unset?: readonly (keyof M & string)[];
  readonly timestamp?: Instant;
  /** null: never. */
  readonly expiresAt?: Instant | null;
}

/** Whatever its metadata are: what an encoder takes, and judges. */
export type AnyRecordInput = Omit<RecordInput, 'metadata'> & { readonly metadata?: unknown };
export type AnyPatchInput = Omit<PatchInput, 'set' | 'unset'> & { readonly set?: unknown; readonly unset?: readonly string[] };

/** The parts of a record that were asked for. */
export type Included<M, I extends Include> =
  & ('vector' extends I ? { readonly vector: Float32Array } : unknown)
  & ('metadata' extends I ? { readonly metadata: Stored<M> } : unknown);

/** @typeParam I what is included of it. */
export type StoredRecord<M = Metadata, I extends Include = Include> = {
  readonly id: string;
  readonly version: string;
  /** µs since 1970-01-01 UTC; 0 if none was given. */
  readonly timestamp: bigint;
  /** null: never. */
  readonly expiresAt: bigint | null;
} & Included<M, I>;

export type Hit<M = Metadata, I extends Include = never> = {
  readonly id: string;
  /** Higher is better, for every metric. */
  readonly score: number;
  /** The metric's own figure. */
  readonly distance: number;
  readonly version: string;
} & Included<M, I>;

export function floatsOf(vector: Vector): Float32Array {
  return vector instanceof Float32Array ? vector : Float32Array.from(vector);
}

export function micros(instant: Instant): bigint {
  return typeof instant === 'bigint' ? instant : BigInt(instant.getTime()) * 1000n;
}
