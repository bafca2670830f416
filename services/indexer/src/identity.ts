/** Whether the log is still the one that a shard was made from. A shard that doubts it stops; it never starts empty. */
import { AppError } from '@proximadb/errors';
import { crc32c, offset, partition, type Extent, type LogReader, type LogRecord } from '@proximadb/log';
import type { LastRecord, Manifest } from '@proximadb/schemas';
import type { ShardIdentity } from './storage.ts';

/** What a shard has applied, as far as its log can be known again by it. */
export interface Applied {
  /** The next offset to apply. */
  readonly watermark: number;
  /** The record below the watermark; null: there was none yet. */
  readonly last: LastRecord | null;
}

/** @throws AppError FAILED_PRECONDITION if the manifest is that of another log. */
export function verifyManifest(manifest: Manifest, identity: ShardIdentity): void {
  const same = identity.clusterId === manifest.cluster_id && identity.topicId === manifest.topic_id
    && manifest.log === identity.log && manifest.partition === identity.partition;
  if (!same) throw new AppError('FAILED_PRECONDITION', `${nameOf(identity)} is not the log that this shard's manifest was made from`);
}

/**
 * That the log is there, and has the record that was applied last.
 * @throws AppError FAILED_PRECONDITION if it is another log, was truncated, or holds another record below the watermark; UNAVAILABLE if
 *   it does not answer.
 */
export async function verifyLog(applied: Applied, identity: ShardIdentity, partitions: number, source: LogReader): Promise<void> {
  const where = nameOf(identity);
  const found = await source.describeTopic(identity.topic);
  if (found === undefined) throw new AppError('FAILED_PRECONDITION', `the log of ${where} is gone: its topic was deleted`);
  if (found.clusterId !== identity.clusterId) {
    throw new AppError('FAILED_PRECONDITION', `${where} is in cluster ${found.clusterId} instead of ${identity.clusterId}: connect the right one`);
  }
  if (found.topicId !== identity.topicId) {
    throw new AppError('FAILED_PRECONDITION', `${where} was made anew: its topic has the id ${found.topicId} instead of ${identity.topicId}`);
  }
  if (found.partitions !== partitions) {
    throw new AppError('FAILED_PRECONDITION', `the topic of ${where} has ${found.partitions} partitions instead of ${partitions}`);
  }
  const { last, watermark } = applied;
  if (last === null) return;
  const extent = await extentOf(identity, source);
  if (last.offset < extent.start) return;
  if (last.offset >= extent.end) {
    throw new AppError('FAILED_PRECONDITION', `the log of ${where} ends at ${extent.end}, before the shard's watermark ${watermark}: it was truncated`);
  }
  const [record] = (await source.read(identity.topic, partition(identity.partition), offset(last.offset), 1)).records;
  if (record === undefined || record.offset !== last.offset || record.appendTimeMicros !== last.append_time || checksumOf(record) !== last.crc32c) {
    throw new AppError('FAILED_PRECONDITION', `the log of ${where} has another record at offset ${last.offset} than the shard applied`);
  }
}

/** What the log keeps. @throws AppError OUT_OF_RANGE if a shard cannot go on from `watermark`. */
export async function reachableExtent(identity: ShardIdentity, source: LogReader, watermark: number): Promise<Extent> {
  const extent = await extentOf(identity, source);
  if (watermark >= extent.start && watermark <= extent.end) return extent;
  const kept = `${extent.start} to ${extent.end}`;
  throw new AppError('OUT_OF_RANGE', `the log of ${nameOf(identity)} keeps ${kept}, this shard needs ${watermark} on: restore its snapshot or its log`);
}

/** By which a record is known again. */
export function describeLast(record: LogRecord): LastRecord {
  return { offset: record.offset, append_time: record.appendTimeMicros, crc32c: checksumOf(record) };
}

/** 0 for a null value. */
function checksumOf(record: LogRecord): number {
  return record.value === null ? 0 : crc32c(record.value);
}

async function extentOf(identity: ShardIdentity, source: LogReader): Promise<Extent> {
  const extent = (await source.extents(identity.topic))[identity.partition];
  if (extent === undefined) throw new AppError('FAILED_PRECONDITION', `the log has no ${nameOf(identity)}`);
  return extent;
}

function nameOf(identity: ShardIdentity): string {
  return `partition ${identity.partition} of ${identity.topic}`;
}
