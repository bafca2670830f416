/** What a shard's segments take on disk, and what writing them took. */
import type { Sealed } from '@proximadb/segment';
import type { WrittenBytes } from './storage.ts';

export interface ShardSpace {
  /** Bytes of each segment's files, indexes included: the share of its live rows. */
  readonly liveBytes: number;
  readonly deadBytes: number;
  /** Since the shard was opened. */
  readonly written: WrittenBytes;
}

export function spaceOf(segments: readonly Sealed[], written: WrittenBytes): ShardSpace {
  const diskBytes = segments.reduce((sum, sealed) => sum + sealed.diskBytes, 0);
  const liveBytes = Math.round(segments.reduce((sum, sealed) => sum + sealed.diskBytes * sealed.states.liveCount / Math.max(1, sealed.rows.count), 0));
  return { liveBytes, deadBytes: diskBytes - liveBytes, written: { ...written } };
}
