/** Snapshots of shards in the blob store. */
export type { Collected } from './collect.ts';
export type { Publication } from './publish.ts';
export type { Restored } from './restore.ts';
export { eraseLog, Snapshots, type SnapshotsOptions } from './snapshots.ts';
