// Generated from avro/ by src/generator/main.ts: do not edit.

/** Ends the record of an id. A null value in the log does the same. */
export interface DeleteRecord {
  readonly id: string;
  readonly timestamp: bigint;
}

/** Where a copied record comes from: the header 'proximadb-origin' of a log record of a generation that is filled from another one. */
export interface Origin {
  /** Of the old generation: its copier writes one stream to each new partition. */
  readonly partition: number;
  /** Of the copier. A record of an older epoch than the stream's is ignored. */
  readonly epoch: number;
  /** Counts up within an epoch. One that is not above the stream's last is ignored. */
  readonly sequence: number;
  /** Version in the old log; of a delete, the offset at which the copier noticed it. */
  readonly offset: number;
}

/** Changes parts of a stored record by splicing its bytes. Null and empty fields leave things as they are. */
export interface PatchRecord {
  readonly id: string;
  readonly vector: null | { readonly 'array': readonly number[] };
  /** Top-level metadata keys to add or replace. */
  readonly set: Readonly<Record<string, Value>>;
  /** Top-level metadata keys to remove. */
  readonly unset: readonly string[];
  readonly timestamp: null | { readonly 'long': bigint };
  readonly expires_at: null | { readonly 'proximadb.v1.Expiry': Expiry };
}

export interface Expiry {
  /** null: never expires. */
  readonly at: null | { readonly 'long': bigint };
}

/** One metadata value. The wrapper record costs no bytes; it names the union so that arrays and maps can nest. */
export interface Value {
  readonly value: null | { readonly 'boolean': boolean } | { readonly 'long': bigint } | { readonly 'double': number } | { readonly 'string': string } | { readonly 'bytes': Buffer } | { readonly 'array': readonly Value[] } | { readonly 'map': Readonly<Record<string, Value>> };
}

/** A vector with its metadata, as the client wrote it: an upsert in the log. */
export interface VectorRecord {
  /** 1 to 512 bytes of UTF-8; first, so that a reader finds it without a walk. */
  readonly id: string;
  /** Finite numbers, as many as the collection's dimension. */
  readonly vector: readonly number[];
  readonly metadata: Readonly<Record<string, Value>>;
  /** Microseconds since 1970-01-01 UTC. Data: it decides nothing. */
  readonly timestamp: bigint;
  /** From this instant on the record is in no answer. */
  readonly expires_at: null | { readonly 'long': bigint };
}

/** What is said about a write: the header 'proximadb-write' of a log record. */
export interface WriteHeader {
  /** Repeated in every retry of the request. */
  readonly request_id: string;
  /** Position among the records that the request has in this partition. */
  readonly sequence: number;
  readonly condition: null | { readonly 'proximadb.v1.IfAbsent': IfAbsent } | { readonly 'proximadb.v1.IfPresent': IfPresent } | { readonly 'proximadb.v1.IfVersion': IfVersion } | { readonly 'proximadb.v1.IfFilter': IfFilter };
}

export type IfAbsent = Readonly<Record<string, never>>;

export type IfPresent = Readonly<Record<string, never>>;

export interface IfVersion {
  readonly log: number;
  readonly offset: number;
}

/** The filter in its JSON form, on the record that is there. */
export interface IfFilter {
  readonly filter: string;
}
