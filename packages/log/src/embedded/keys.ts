/**
 * Keys of the store. The first byte says what the entry is, numbers are big-endian, so that a range scan meets the records of a
 * partition in the order of their offsets.
 *
 * | key                                              | value                                     |
 * |--------------------------------------------------|-------------------------------------------|
 * | 0                                                | JSON {@link StoreHeader}                  |
 * | 1, topic's name in UTF-8                         | JSON {@link TopicRow}                     |
 * | 2, topic number u32, partition u32               | {@link PartitionState}                    |
 * | 3, topic number u32, partition u32               | {@link Garbage}: records to be erased     |
 * | 4, topic number u32, partition u32, offset u64   | a record, see record-codec.ts             |
 */
const KIND = { header: 0, topic: 1, partition: 2, garbage: 3, record: 4 } as const;
const RECORD_KEY_BYTES = 17;
const utf8 = new TextEncoder();

export const headerKey = Uint8Array.of(KIND.header);

export function topicKey(name: string): Uint8Array {
  const bytes = utf8.encode(name);
  const key = new Uint8Array(1 + bytes.length);
  key[0] = KIND.topic;
  key.set(bytes, 1);
  return key;
}

function partitionKey(kind: number, topic: number, partition: number): Uint8Array {
  const key = new Uint8Array(9);
  const view = new DataView(key.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, topic);
  view.setUint32(5, partition);
  return key;
}

export const partitionStateKey = (topic: number, partition: number): Uint8Array => partitionKey(KIND.partition, topic, partition);
export const garbageKey = (topic: number, partition: number): Uint8Array => partitionKey(KIND.garbage, topic, partition);
/** From the first to before the last key of its kind. */
export const garbageRange = { start: Uint8Array.of(KIND.garbage), end: Uint8Array.of(KIND.garbage + 1) };
export const topicRange = { start: Uint8Array.of(KIND.topic), end: Uint8Array.of(KIND.topic + 1) };

/** A record's key that is moved from record to record, so that a scan or an append allocates none. */
export class RecordKey {
  readonly bytes = new Uint8Array(RECORD_KEY_BYTES);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.bytes[0] = KIND.record;
  }

  at(topic: number, partition: number, offset: number): Uint8Array {
    this.#view.setUint32(1, topic);
    this.#view.setUint32(5, partition);
    setUint53(this.#view, 9, offset);
    return this.bytes;
  }
}

/** The offset in the record key at `start` of a buffer; 0 for a key of another kind. */
export function recordOffsetAt(source: Uint8Array, start: number, end: number): number {
  if (end - start !== RECORD_KEY_BYTES) return 0;
  let high = 0;
  let low = 0;
  for (let at = start + 9; at < start + 13; at += 1) high = high * 256 + (source[at] ?? 0);
  for (let at = start + 13; at < start + 17; at += 1) low = low * 256 + (source[at] ?? 0);
  return high * 2 ** 32 + low;
}

/** A safe integer ≥ 0 as u64, big-endian. */
export function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value >>> 0);
}

export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
}
