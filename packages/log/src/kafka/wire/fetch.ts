import { WireReader } from './reader.ts';
import type { WireRequest } from './request.ts';
import { WireWriter } from './writer.ts';

export interface FetchAsked {
  readonly topicId: string;
  readonly partition: number;
  /** That the reader knows of; a broker that knows of a newer leader refuses. */
  readonly leaderEpoch: number;
  readonly offset: number;
  /** Of the record before `offset`; -1: not known. If the leader's log has another history there, it says where the two part. */
  readonly lastEpoch: number;
  readonly bytesMax: number;
}

export interface FetchLimits {
  readonly waitMs: number;
  /** Of the whole answer. */
  readonly bytesMax: number;
}

export interface FetchAnswer {
  readonly topicId: string;
  readonly partition: number;
  readonly error: number;
  /** Below it everything is on all replicas in sync: what readers see. */
  readonly highWatermark: number;
  readonly logStart: number;
  /** The leader's log ends its part of the reader's history before the reader's offset: records that were read are not there any more. */
  readonly divergesAt: number | undefined;
  /** A view on the answer. */
  readonly records: Buffer;
}

export interface Fetched {
  readonly throttleMs: number;
  readonly error: number;
  readonly partitions: readonly FetchAnswer[];
}

/**
 * Fetch v13, read uncommitted, without a session. Topics are named by id, so a topic that was made again under the same name is an error
 * and never read. At most one entry a partition.
 */
export function fetchRequest(asked: readonly FetchAsked[], limits: FetchLimits): WireRequest<Fetched> {
  return { name: 'Fetch', key: 1, version: 13, encode: () => encode(asked, limits), decode };
}

function encode(asked: readonly FetchAsked[], { waitMs, bytesMax }: FetchLimits): Buffer {
  const consumer = -1;
  const readUncommitted = 0;
  const noSession = -1;
  const writer = new WireWriter(128 + asked.length * 64).noTags();
  writer.int32(consumer).int32(waitMs).int32(1).int32(bytesMax).int8(readUncommitted).int32(0).int32(noSession);
  // An entry a partition: a topic may come several times, and the order is the order of being served.
  writer.compactArray(asked, ({ topicId, partition, leaderEpoch, offset, lastEpoch, bytesMax: partitionBytesMax }) => {
    writer.uuid(topicId).unsignedVarint(2).int32(partition).int32(leaderEpoch).int64(offset).int32(lastEpoch);
    writer.int64(-1).int32(partitionBytesMax).noTags().noTags();
  });
  return writer.compactArray([], () => undefined).compactString('').noTags().bytes;
}

function decode(payload: Buffer): Fetched {
  const reader = new WireReader(payload);
  reader.tags();
  const throttleMs = reader.int32();
  const error = reader.int16();
  reader.int32();
  const partitions = reader.compactArray(() => {
    const topicId = reader.uuid();
    const answers = reader.compactArray(() => readPartition(reader, topicId));
    reader.tags();
    return answers;
  }).flat();
  return { throttleMs, error, partitions };
}

function readPartition(reader: WireReader, topicId: string): FetchAnswer {
  const partition = reader.int32();
  const error = reader.int16();
  const highWatermark = reader.int64();
  reader.int64();
  const logStart = reader.int64();
  reader.compactArray(() => {
    reader.int64();
    reader.int64();
    reader.tags();
  });
  reader.int32();
  const records = reader.compactBytes();
  let divergesAt: number | undefined;
  reader.tags((tag, bytes) => {
    if (tag !== 0) return;
    const field = new WireReader(bytes);
    field.int32();
    divergesAt = field.int64();
  });
  return { topicId, partition, error, highWatermark, logStart, divergesAt, records };
}
