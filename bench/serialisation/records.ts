/** The records that are serialised, as a client has them: a protobuf client's typed objects, and the same in Avro. */
import { encodeVectorRecord, type Metadata } from '@proximadb/record';
import { UpsertRequest } from '@proximadb/schemas';
import { TypedUpsert, type TypedRecord, type TypedValue } from './typed-protobuf.ts';

export const schemaId = 1;
const timestamp = 1_750_000_000_000_000;

export interface Inputs {
  /** Messages of typed records, as clients of the paths (a) and (b) send them. */
  readonly typed: readonly Buffer[];
  /** Messages of ready Avro records, as clients of the paths (c) and (d) send them. */
  readonly ready: readonly Buffer[];
}

/** The same records both ways, `batch` a message. */
export function makeInputs(dimension: number, fields: number, batch: number, count: number): Inputs {
  const random = randomNumbers(7);
  const records = Array.from({ length: count }, (_, record): TypedRecord => ({
    id: `item-${String(record).padStart(8, '0')}`,
    vector: Array.from({ length: dimension }, () => Math.fround(random() * 2 - 1)),
    metadata: Object.fromEntries(metadataOf(record).slice(0, fields)),
    timestamp,
  }));
  const batches = Array.from({ length: Math.ceil(count / batch) }, (_, i) => records.slice(i * batch, (i + 1) * batch));
  return {
    typed: batches.map((each) => Buffer.from(TypedUpsert.encode({ collection: 'items', records: each }))),
    ready: batches.map((each) =>
      Buffer.from(UpsertRequest.encode(UpsertRequest.create({ collection: 'items', records: each.map(asAvro), requestId: 'request' })))),
  };
}

function metadataOf(record: number): [string, TypedValue][] {
  return [
    ['lang', { kind: 'string', value: record % 2 === 0 ? 'en' : 'de' }], ['year', { kind: 'long', value: 1990 + record % 35 }],
    ['score', { kind: 'double', value: record / 7 }], ['draft', { kind: 'boolean', value: record % 3 === 0 }],
    ['title', { kind: 'string', value: `The ${record}th thing that anybody wrote` }],
  ];
}

function asAvro({ id, vector, metadata }: TypedRecord): Uint8Array {
  const values: Metadata = new Map(Object.entries(metadata).map(([key, { kind, value }]) => [key, kind === 'long' ? BigInt(value) : value]));
  return encodeVectorRecord(schemaId, { id, vector, metadata: values, timestamp: BigInt(timestamp) });
}

/** Mulberry32: the same numbers in every run, 0 ≤ x < 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
