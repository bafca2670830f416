/** Whether the log is still the one that a shard's manifest was made from. A shard that doubts it stops; it never starts empty. */
import { AppError } from '@proximadb/errors';
import { crc32c, offset, partition, type Extent, type LogReader, type LogRecord } from '@proximadb/log';
import type { LastRecord, Manifest } from '@proximadb/schemas';
import type { ShardIdentity } from './storage.ts';

/** @throws AppError FAILED_PRECONDITION if it is another log, was truncated, or holds another record below the watermark. */
export async function verifyLog(manifest: Manifest, identity: ShardIdentity, partitions: number, source: LogReader): Promise<void> {
  const where = nameOf(identity);
  const found = await source.describeTopic(identity.topic);
  const same = found?.clusterId === manifest.cluster_id && found.topicId === manifest.topic_id && found.partitions === partitions
    && manifest.log === identity.log && manifest.partition === identity.partition && identity.topicId === manifest.topic_id;
  if (!same) throw new AppError('FAILED_PRECONDITION', `${where} is not the log that this shard's manifest was made from`);
  const { last, watermark } = manifest;
  if (last === null) return;
  const extent = await extentOf(identity, source);
  if (last.offset < extent.start) return;
  if (last.offset >= extent.end) {
    throw new AppError('FAILED_PRECONDITION', `the log of ${where} ends at ${extent.end}, before the manifest's watermark ${watermark}: it was truncated`);
  }
  const [record] = (await source.read(identity.topic, partition(identity.partition), offset(last.offset), 1)).records;
  if (record === undefined || record.offset !== last.offset || record.appendTimeMicros !== last.append_time || checksumOf(record) !== last.crc32c) {
    throw new AppError('FAILED_PRECONDITION', `the log of ${where} has another record at offset ${last.offset} than the manifest says`);
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
