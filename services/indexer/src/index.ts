/** Partitions of the log, consumed into memtables and segments, and searched. */
export { indexerConfig, type IndexerConfig } from './config.ts';
export { ShardHost, type Assignment, type HostOptions, type LogKeeper, type Position } from './host.ts';
export type { ShardSchemas } from './shard.ts';
export type { Builder, ShardIdentity } from './storage.ts';
export { ShardPool, type ReaderModule, type ShardPoolOptions } from './threads/pool.ts';
export { removeErased } from './folders.ts';
export { Holder, type HolderOptions } from './holder.ts';
export { Reindexer, type ReindexerLimits, type ReindexerOptions } from './reindex/reindexer.ts';
export { isLowest, Snapshotter, type SnapshotterOptions } from './snapshotter.ts';
export { SnapshotThread, type SnapshotThreadOptions } from './threads/snapshots.ts';
