/** What a transport has to do for the client. It repeats what may be repeated, and knows nothing of sessions and batches. */
import type { Filter, Hit, Include, OperationName, Operations, StoredRecord } from '@proximadb/schemas';
import type { OneCall } from '@proximadb/transport/retries';
import type { AnyFilter } from './filter.ts';
import type { Metadata } from './metadata.ts';
import type { AnyPatchInput, AnyRecordInput } from './records.ts';

/** A record as it goes into a request, by its transport: Avro with its wire header, or JSON. Its length is about what it takes of the request. */
export type Encoded = Uint8Array | string;

export interface Encoder {
  /** @throws ProximaError INVALID_ARGUMENT for what cannot be written at all; all else is the server's to judge. */
  record(record: AnyRecordInput): Encoded;
  patch(patch: AnyPatchInput): Encoded;
}

export interface FoundRecord {
  readonly id: string;
  readonly version: string;
  readonly vector?: Float32Array;
  readonly metadata?: Metadata;
  readonly timestamp: bigint;
  readonly expiresAt: bigint | null;
}

export interface FoundHit {
  readonly id: string;
  readonly score: number;
  readonly distance: number;
  readonly version: string;
  readonly vector?: Float32Array;
  readonly metadata?: Metadata;
}

/** A request with filters as callers write them, and records as the encoder made them. */
export type Asked<T> = T extends Filter ? AnyFilter
  : T extends readonly Uint8Array[] ? readonly Encoded[]
    : T extends Float32Array | Uint8Array ? T
      : T extends readonly (infer Item)[] ? readonly Asked<Item>[]
        : T extends object ? { readonly [Key in keyof T]: Asked<T[Key]> } : T;

/** An answer with its records read, as far as `include` of the request says. */
export type Answered<T> = T extends Hit ? FoundHit : T extends StoredRecord ? FoundRecord
  : T extends readonly (infer Item)[] ? readonly Answered<Item>[]
    : T extends Uint8Array ? T
      : T extends object ? { readonly [Key in keyof T]: Answered<T[Key]> } : T;

export type AskedOf<O extends OperationName> = Partial<Asked<Operations[O]['request']>>;
export type AnswerOf<O extends OperationName> = Answered<Operations[O]['response']>;

export interface Wire {
  /** Known once the server told its schemas. */
  encoder(call: OneCall): Promise<Encoder>;
  /** @throws ProximaError as the server threw it, of the last attempt. */
  call<O extends OperationName>(operation: O, request: AskedOf<O>, call: OneCall): Promise<AnswerOf<O>>;
  /** Whether the server is ready to serve; not repeated. */
  ready(call: OneCall): Promise<boolean>;
  /** Ends what is under way with CANCELLED. */
  close(): void;
}

/** None named: of a stored record everything, of a hit nothing. */
export function includes(include: readonly Include[] | undefined, what: Include, byDefault: boolean): boolean {
  return include === undefined || include.length === 0 ? byDefault : include.includes(what);
}
