/** The query service: what a read asks for is checked, sent to the shards once they are far enough, and merged. */
export { queryDefaults, queryLimits, type QueryConfig } from './config.ts';
export { createQuery, type QueryDependencies } from './create.ts';
export { createInspection, type Inspection, type InspectionDependencies } from './inspection.ts';
export type { Query } from './query.ts';
export type { FilterReader } from './records.ts';
export {
  oneReplica, type Digest, type DigestRange, type DigestRecord, type DigestRequest, type Digests, type MemberReport, type ProcessFault,
  type ReplicaMember, type Replicas,
} from './replicas.ts';
export type {
  CountAnswer, Covered, MissingPartition, PageAnswer, PageSpec, PartitionAt, RowsAnswer, SearchAnswer, SearchAnswers, SearchSpec, SegmentCost, SegmentReport,
  ShardHit, ShardReport, Shards, ShardsRequest, StoredRow, Watermark,
} from './shards.ts';
