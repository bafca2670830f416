/** The query service's port to the shards: a call in process, or gRPC in a cluster. All types are plain data that can cross a thread. */
import type { Filter } from '@proximadb/schemas';

/** Where a partition must be before it answers. */
export interface PartitionAt {
  readonly partition: number;
  /** The shard waits until everything below this offset is applied. */
  readonly atLeast: number;
}

export interface ShardsRequest {
  /** Log number of the collection's generation. */
  readonly log: number;
  readonly at: readonly PartitionAt[];
  /** What is left of the caller's deadline. */
  readonly timeoutMs: number;
  /** Partitions that cannot answer (UNAVAILABLE, DEADLINE_EXCEEDED) are named in the answer in place of failing it. Default: false. */
  readonly allowPartial?: boolean;
}

/** The view that answered: every record below the watermark, and none above. */
export interface Watermark {
  readonly partition: number;
  readonly watermark: number;
  /** Why the partition's log is not followed at the moment; null: it is. */
  readonly logAway: string | null;
}

/** A partition that was asked and is not in the answer. */
export interface MissingPartition {
  readonly partition: number;
  readonly code: 'UNAVAILABLE' | 'DEADLINE_EXCEEDED';
  readonly reason: string;
}

/** What an answer says about the partitions that were asked: each stands in one of the two lists. */
export interface Covered {
  readonly watermarks: readonly Watermark[];
  /** Empty where the request does not allow a partial answer. */
  readonly missing: readonly MissingPartition[];
}

export interface SearchAnswers extends Covered {
  /** One a search, in their order. */
  readonly answers: readonly SearchAnswer[];
}

export interface RowsAnswer extends Covered {
  readonly rows: readonly StoredRow[];
}

export interface PageAnswer extends RowsAnswer {
  /** Whether any row is left behind the last one. */
  readonly more: boolean;
}

export interface CountAnswer extends Covered {
  readonly count: number;
}

export interface SearchSpec {
  /** `dimension` finite floats, as the caller gave them. */
  readonly vector: Float32Array;
  /** Hits wanted, 1 to 10,000 (offset and k together). */
  readonly k: number;
  /** Checked: it compiles. */
  readonly filter: Filter | null;
  readonly exact: boolean;
  /** Candidates a graph is asked for; null: chosen from k. */
  readonly ef: number | null;
  /** Whether hits carry the record's bytes. */
  readonly records: boolean;
  readonly explain: boolean;
}

export interface ShardHit {
  readonly id: string;
  /** The metric's raw figure, smaller is nearer: 1 − cosine, −dot product, L2, L1. */
  readonly distance: number;
  readonly partition: number;
  readonly offset: number;
  /** The stored bytes, with their 5-byte wire header. */
  readonly record: Uint8Array | null;
}

/** What one segment (or the memtable, named "growing") did for one search. */
export interface SegmentCost {
  readonly partition: number;
  readonly segment: string;
  readonly rows: number;
  /** Of rows in memory and without a filter: null. */
  readonly estimatedMatching: number | null;
  readonly matching: number | null;
  /** What the strategies that came into question were expected to take, µs. */
  readonly considered: readonly { readonly strategy: string; readonly micros: number }[];
  readonly strategy: 'graph' | 'lists' | 'codes' | 'exact' | 'exact_over_matches' | 'graph_then_exact' | 'none';
  readonly candidates: number;
  readonly micros: number;
  readonly filterMicros: number;
  readonly searchMicros: number;
  readonly rescoringMicros: number;
}

export interface SearchAnswer {
  /** Nearest first; at most k. */
  readonly hits: readonly ShardHit[];
  readonly costs: readonly SegmentCost[];
}

export interface StoredRow {
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  readonly record: Uint8Array;
}

export interface SegmentReport {
  readonly id: string;
  readonly rows: number;
  readonly dead: number;
  readonly indexed: boolean;
  readonly bytes: number;
  /** Share of the nearest that a search finds in it by default, as it was measured; null: nobody measured. */
  readonly recall: number | null;
  /** Candidates that its graph is asked for by default. */
  readonly ef: number | null;
  /** Lists that are read by default, of so many. */
  readonly listsRead: number | null;
  readonly lists: number | null;
}

export interface ShardReport {
  readonly partition: number;
  readonly state: 'replaying' | 'serving' | 'stopped';
  readonly reason: string | null;
  /** Why its log is not followed at the moment; null: it is. */
  readonly logAway: string | null;
  /** Since when it is in that state, or without its log. µs since 1970. */
  readonly since: number;
  /** The next offset to apply. */
  readonly watermark: number;
  /** The watermark of the last manifest. */
  readonly durable: number;
  readonly live: number;
  readonly growingRows: number;
  readonly building: number;
  readonly memoryBytes: number;
  readonly malformed: number;
  /** The last malformed records, at most 100. */
  readonly ledger: readonly { readonly offset: number; readonly reason: string }[];
  readonly segments: readonly SegmentReport[];
  /** Bytes of segments' files that were written since it was opened. */
  readonly writtenBytes: number;
  /** Of them, records and vectors that were sealed for the first time. */
  readonly sealedBytes: number;
  /** Sums to compare with other replicas': those at multiples of some number of offsets, the oldest first, and that of the watermark. */
  readonly marks: readonly { readonly offset: number; readonly sum: string }[];
}

/** A page of a scroll. */
export interface PageSpec {
  /** Checked: it compiles. */
  readonly filter: Filter | null;
  /** The last id of the page before; null: from the first id. */
  readonly after: string | null;
  readonly limit: number;
  readonly bytesMax: number;
  /** For a copier: only ids that lie in one of so many partitions, and whatever has not expired by the log's time. Default: all. */
  readonly share?: { readonly partition: number; readonly partitions: number } | null;
}

/**
 * Every read waits until each partition is where it must be, then answers from one view a partition. A signal that aborts ends the waiting.
 * @throws AppError DEADLINE_EXCEEDED saying by how much a shard is behind; UNAVAILABLE for a partition that nobody serves or that
 *   stopped (with its reason); RESOURCE_EXHAUSTED with a time to come back if too many calls wait.
 */
export interface Shards {
  /** One answer a search, merged over the partitions asked. */
  search(request: ShardsRequest, searches: readonly SearchSpec[], signal?: AbortSignal): Promise<SearchAnswers>;
  /** The rows of those ids that are there, in no promised order. `ids` may lie in any of the partitions asked. */
  get(request: ShardsRequest, ids: readonly string[], signal?: AbortSignal): Promise<RowsAnswer>;
  /**
   * The next rows after an id, ascending by the ids' UTF-8 bytes, at most `limit`, and at most about `bytesMax` (at least one).
   */
  scroll(request: ShardsRequest, page: PageSpec, signal?: AbortSignal): Promise<PageAnswer>;
  count(request: ShardsRequest, filter: Filter | null, signal?: AbortSignal): Promise<CountAnswer>;
  /** Of the partitions of a log that are served here; does not wait. */
  report(log: number): Promise<readonly ShardReport[]>;
}
