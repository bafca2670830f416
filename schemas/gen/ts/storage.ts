// Generated from avro/ by src/generator/main.ts: do not edit.
import type { IndexKind, Metric, Quantization, StorageKind } from './api.ts';

/** One entry of the catalog's log. The state of the catalog is a fold over these, so every process decides the same. */
export interface CatalogEvent {
  readonly request_id: string;
  readonly at: number;
  readonly event: { readonly 'proximadb.v1.storage.CollectionCreated': CollectionCreated } | { readonly 'proximadb.v1.storage.CollectionReady': CollectionReady } | { readonly 'proximadb.v1.storage.CollectionUpdated': CollectionUpdated } | { readonly 'proximadb.v1.storage.CollectionDeleted': CollectionDeleted } | { readonly 'proximadb.v1.storage.CollectionErased': CollectionErased } | { readonly 'proximadb.v1.storage.SchemaUsed': SchemaUsed } | { readonly 'proximadb.v1.storage.ReindexStarted': ReindexStarted } | { readonly 'proximadb.v1.storage.CopierStarted': CopierStarted } | { readonly 'proximadb.v1.storage.CopierCaughtUp': CopierCaughtUp } | { readonly 'proximadb.v1.storage.PartitionDrained': PartitionDrained } | { readonly 'proximadb.v1.storage.ReindexAborted': ReindexAborted } | { readonly 'proximadb.v1.storage.GenerationDiscarded': GenerationDiscarded };
}

/** Decided by order: the first to take a free name gets it. Its log number is its offset here plus 1. */
export interface CollectionCreated {
  readonly name: string;
  readonly settings: CollectionSettings;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Its topic exists. */
export interface CollectionReady {
  readonly log: number;
  /** By which a re-created topic of the same name is told apart. */
  readonly topic_id: string;
}

export interface CollectionUpdated {
  readonly log: number;
  readonly description: null | string;
  readonly tags: null | Readonly<Record<string, string>>;
}

export interface CollectionDeleted {
  readonly log: number;
}

/** Its topic and files are gone. */
export interface CollectionErased {
  readonly log: number;
}

/** Written at the first use of a schema id. The catalog wins over the registry. */
export interface SchemaUsed {
  readonly id: number;
  /** SHA-256 of the canonical form, in hex. */
  readonly fingerprint: string;
  readonly schema: string;
}

/** A new generation of the collection of this log: its log number is this entry's offset plus 1. Refused while another one is filled. */
export interface ReindexStarted {
  /** Of the generation that it is filled from. */
  readonly log: number;
  readonly settings: CollectionSettings;
}

/** Its epoch is the offset of this entry: whatever an earlier copier of the partition writes is ignored from its fence on. */
export interface CopierStarted {
  /** Of the generation that is filled. */
  readonly log: number;
  /** Of the old generation. */
  readonly partition: number;
}

/** Once the newest copiers of all partitions are, the old topic is closed to writers. */
export interface CopierCaughtUp {
  readonly log: number;
  readonly partition: number;
  readonly epoch: number;
}

/** All of a partition of the closed topic is in the new generation, applied. The last one is the flip. */
export interface PartitionDrained {
  readonly log: number;
  readonly partition: number;
  readonly epoch: number;
  /** One a partition of the new generation: what was copied lies below. */
  readonly offsets: readonly number[];
}

/** Before the old topic is closed only. */
export interface ReindexAborted {
  /** Of the generation that is filled. */
  readonly log: number;
}

/** A generation that was replaced is not served any more. */
export interface GenerationDiscarded {
  readonly log: number;
}

/** What decides when a log is applied; fixed for the life of a log. */
export interface CollectionSettings {
  readonly dimension: number;
  readonly metric: Metric;
  readonly partitions: number;
  readonly index: IndexKind;
  /** Links a node in the graph. */
  readonly m: number;
  /** Breadth of the search while building. */
  readonly ef_construction: number;
  readonly quantization: Quantization;
  readonly record_bytes_max: number;
  /** Share of the nearest records that searches should find. Decides nothing that is replayed. */
  readonly recall_target: number;
  /** Where the vectors and codes of segments are read from. Decides nothing that is replayed. */
  readonly storage: StorageKind;
}

/** The only checkpoint of a shard: everything below the watermark is in the named files. */
export interface Manifest {
  /** Counts the manifests of this shard up. */
  readonly generation: number;
  readonly cluster_id: string;
  readonly topic: string;
  readonly topic_id: string;
  readonly log: number;
  readonly partition: number;
  readonly settings: CollectionSettings;
  /** The next offset to apply. */
  readonly watermark: number;
  /** Highest append time below the watermark, in µs. */
  readonly log_time: number;
  readonly last: null | LastRecord;
  readonly segments: readonly SegmentEntry[];
  readonly malformed: number;
  readonly ledger: readonly LedgerEntry[];
  /** Sums of what was live, to compare with other replicas'; below the watermark. */
  readonly marks: readonly SumMark[];
  /** Of a generation that is or was filled from another one: the last record of each copier's stream. */
  readonly streams: readonly OriginStream[];
  /** Last, so that what is encoded already can be appended. */
  readonly requests: readonly RequestEntry[];
}

export interface LastRecord {
  readonly offset: number;
  readonly append_time: number;
  readonly crc32c: number;
}

export interface SegmentEntry {
  /** Names its folder. */
  readonly id: string;
  readonly rows: number;
  readonly files: readonly SegmentFile[];
  /** Writer schemas, in the order of the container files. */
  readonly schema_ids: readonly number[];
  /** Derived data: may be missing and is built again. */
  readonly graph: null | SegmentFile;
  /** Of the graph: what it found of rows that it did not know yet, the fewest candidates first. Empty: nobody measured. */
  readonly ladder: readonly RecallStep[];
  /** Of the graph or the lists: within this distance nearly all rows that measured them had their 10 nearest. Null: nobody measured. */
  readonly reach: null | number;
  /** Rows that ended below the watermark: a roaring bitmap in the portable format. */
  readonly ended: Buffer;
}

export interface SegmentFile {
  readonly name: string;
  readonly bytes: number;
  readonly crc32c: number;
}

export interface RecallStep {
  readonly candidates: number;
  /** Share of the 10 nearest that are among so many candidates. */
  readonly recall: number;
}

export interface LedgerEntry {
  readonly offset: number;
  readonly reason: string;
}

export interface SumMark {
  readonly offset: number;
  /** 16 hex digits. */
  readonly sum: string;
}

export interface OriginStream {
  /** Of the old generation. */
  readonly partition: number;
  readonly epoch: number;
  readonly sequence: number;
}

export interface RequestEntry {
  readonly request_id: string;
  readonly log_time: number;
  readonly runs: readonly OutcomeRun[];
}

/** Consecutive records of a request, at consecutive offsets, with one outcome. */
export interface OutcomeRun {
  readonly sequence: number;
  readonly offset: number;
  readonly count: number;
  readonly refusal: null | string;
}
