/**
 * The log port: a durable, partitioned, append-only log, as the gateway writes it and a shard reads it.
 * `contract.ts` is the suite that every adapter passes on its real server.
 */

declare const brand: unique symbol;
/** Position of a record in its partition, from 0 on. A safe integer. */
export type Offset = number & { readonly [brand]: 'Offset' };
/** Number of a partition, from 0 on. */
export type Partition = number & { readonly [brand]: 'Partition' };
export const offset = (value: number): Offset => value as Offset;
export const partition = (value: number): Partition => value as Partition;

/** Metadata of a write, beside its value. Names are ASCII. */
export type Headers = Readonly<Record<string, Uint8Array>>;

export interface AppendEntry {
  readonly partition: Partition;
  /** The id's UTF-8 bytes. Empty: a tick. */
  readonly key: Uint8Array;
  /** The client's bytes, not copied before `append` needs to; null: a delete. Must not change until the append is settled. */
  readonly value: Uint8Array | null;
  readonly headers: Headers;
}

export interface LogRecord {
  readonly offset: Offset;
  /** When the log took it, µs since 1970-01-01 UTC. May go back a little between neighbours. */
  readonly appendTimeMicros: number;
  readonly key: Uint8Array;
  /** A view that is valid as long as it is referenced and never changes. */
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  /**
   * Why no shard applies it, whatever it holds: it was written in a transaction, is a mark of one, or cannot be decoded. The offset is
   * taken all the same. Absent: an ordinary record.
   */
  readonly refused?: string;
}

/** Consecutive records of one partition. */
export interface Batch {
  readonly records: readonly LogRecord[];
  /** The offset after the last record. */
  readonly next: Offset;
  /** The partition's end when the batch was read. */
  readonly end: Offset;
}

/** What makes a topic this very topic: a deleted and re-created one has another id. */
export interface TopicIdentity {
  readonly clusterId: string;
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: number;
}

/** Offsets kept: start ≤ offset < end. */
export interface Extent {
  readonly start: Offset;
  readonly end: Offset;
}

/** What an append answers. */
export interface Appended {
  /** Of each entry, in the order given. */
  readonly offsets: readonly Offset[];
  /**
   * Whether entries may stand in the log a second time, at other offsets: their first fate was unknown, so they were sent again. Which
   * of the two a shard applied only the shard knows.
   */
  readonly repeated: boolean;
}

/** What became of one entry of a failed append. */
export type Fate = { readonly kind: 'written'; readonly offset: Offset } | { readonly kind: 'not_written' } | { readonly kind: 'unknown' };

/** A setting of a topic on which the log's promises rest, and that somebody has changed. */
export interface SettingAmiss {
  readonly field: string;
  /** What it is, and what it should be. */
  readonly reason: string;
}

export interface Log extends AsyncDisposable {
  readonly clusterId: string;
  /**
   * Makes a topic, or finds it as asked for.
   * @throws AppError FAILED_PRECONDITION, naming what differs, where it exists with another number of partitions or other settings.
   */
  createTopic(topic: string, partitions: number): Promise<TopicIdentity>;
  describeTopic(topic: string): Promise<TopicIdentity | undefined>;
  /**
   * What is no longer as `createTopic` makes it: anybody who may change a topic may have it drop what was acknowledged. Of a log whose settings nobody
   * can change: nothing. @throws AppError NOT_FOUND.
   */
  settingsAmiss(topic: string): Promise<readonly SettingAmiss[]>;
  /** Deletes a topic and gives its space back; one that is not there is no error. Its tails end with NOT_FOUND. */
  deleteTopic(topic: string): Promise<void>;
  /**
   * Appends entries, in their order within each partition, and settles when all of them are durable.
   * @throws AppendError with each entry's fate, if any may be in the log; AppError RESOURCE_EXHAUSTED, with a time to
   *   come back, if too much waits to be appended; NOT_FOUND for an unknown topic; INVALID_ARGUMENT for a partition out of range;
   *   UNAVAILABLE, with a time to come back and the detail that `topic` is `closed`, if that is so.
   */
  append(topic: string, entries: readonly AppendEntry[], signal?: AbortSignal): Promise<Appended>;
  /**
   * Closes a topic: from now on every append to it is refused, whoever makes it. Settles when no earlier one can land any more, so the
   * ends that are asked for afterwards are final. Reading goes on as before. It stays closed over restarts; who makes it finds it closed.
   * @throws AppError NOT_FOUND.
   */
  closeTopic(topic: string): Promise<void>;
  /** Takes appends to a closed topic again. @throws AppError NOT_FOUND. */
  reopenTopic(topic: string): Promise<void>;
  /** @throws AppError NOT_FOUND. */
  isClosed(topic: string): Promise<boolean>;
  /** Start and end of every partition; ends cover all that was acknowledged before the call. */
  extents(topic: string): Promise<Extent[]>;
  /**
   * Records from an offset on, at most about `maxBytes` (at least one record if there is any).
   * @throws AppError OUT_OF_RANGE if `from` is before the start or after the end.
   */
  read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Batch>;
  /**
   * Every record from an offset on, as it becomes durable, until the signal aborts (then it ends without an error).
   * Pulls: what is read ahead of the consumer is about one batch of 1 MiB, and not read before there is room for it.
   * @throws AppError OUT_OF_RANGE as `read`; NOT_FOUND once the topic is gone, even if one of its name was made since; UNAVAILABLE once the
   *   connection to the log was lost: who goes on sees to it first that it is still the same log.
   */
  tail(topic: string, partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<Batch>;
  /** Deletes the records below an offset; at most up to the end. Going back is no error and changes nothing. */
  trim(topic: string, partition: Partition, before: Offset): Promise<void>;
}
