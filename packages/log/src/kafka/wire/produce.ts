import { WireReader } from './reader.ts';
import type { WireRequest } from './request.ts';
import { WireWriter } from './writer.ts';

/** What a broker says of the batch for one partition. */
export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  readonly baseOffset: number;
  readonly message: string | null;
}

export interface Produced {
  readonly throttleMs: number;
  readonly partitions: readonly ProduceAnswer[];
}

const ALL_REPLICAS = -1;

/** Begins the body of a Produce v8; topics with their partitions and batches follow. */
export function produceHead(timeoutMs: number, topics: number): WireWriter {
  return new WireWriter().nullableString(null).int16(ALL_REPLICAS).int32(timeoutMs).int32(topics);
}

/** @param encode the body: `produceHead`, then the topics. Called when the connection is there, just before it is written. */
export function produceRequest(encode: () => Buffer): WireRequest<Produced> {
  return { name: 'Produce', key: 0, version: 8, encode, decode };
}

function decode(payload: Buffer): Produced {
  const reader = new WireReader(payload);
  const partitions = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const error = reader.int16();
      const baseOffset = reader.int64();
      reader.int64();
      reader.int64();
      const [first] = reader.array(() => ({ index: reader.int32(), message: reader.nullableString() }));
      return { topic, partition, error, baseOffset, message: reader.nullableString() ?? first?.message ?? null };
    });
  }).flat();
  return { partitions, throttleMs: reader.int32() };
}

/** InitProducerId v1, without transactions: an id that no other producer has. */
export const initProducerIdRequest: WireRequest<{ readonly error: number; readonly producerId: number; readonly epoch: number }> = {
  name: 'InitProducerId', key: 22, version: 1,
  encode: () => new WireWriter().nullableString(null).int32(0x7fff_ffff).bytes,
  decode: (payload) => {
    const reader = new WireReader(payload);
    reader.int32();
    return { error: reader.int16(), producerId: reader.int64(), epoch: reader.int16() };
  },
};
