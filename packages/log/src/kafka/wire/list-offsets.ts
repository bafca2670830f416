import { WireReader } from './reader.ts';
import type { WireRequest } from './request.ts';
import { WireWriter } from './writer.ts';

/** In the place of a timestamp. */
export const which = { end: -1, start: -2 } as const;

export interface OffsetAsked {
  readonly partition: number;
  readonly leaderEpoch: number;
}

export interface OffsetAnswer {
  readonly partition: number;
  readonly error: number;
  readonly offset: number;
}

/**
 * ListOffsets v5, read uncommitted: the high watermark, not the last stable offset. A new leader that may not know yet what was
 * acknowledged says OFFSET_NOT_AVAILABLE.
 */
export function listOffsetsRequest(topic: string, asked: readonly OffsetAsked[], timestamp: number): WireRequest<OffsetAnswer[]> {
  return { name: 'ListOffsets', key: 2, version: 5, encode: () => encode(topic, asked, timestamp), decode };
}

function encode(topic: string, asked: readonly OffsetAsked[], timestamp: number): Buffer {
  const consumer = -1;
  const readUncommitted = 0;
  const writer = new WireWriter().int32(consumer).int8(readUncommitted).int32(1).string(topic);
  return writer.array(asked, ({ partition, leaderEpoch }) => writer.int32(partition).int32(leaderEpoch).int64(timestamp)).bytes;
}

function decode(payload: Buffer): OffsetAnswer[] {
  const reader = new WireReader(payload);
  reader.int32();
  return reader.array(() => {
    reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const error = reader.int16();
      reader.int64();
      const offset = reader.int64();
      reader.int32();
      return { partition, error, offset };
    });
  }).flat();
}
