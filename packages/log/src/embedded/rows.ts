import { getUint53, setUint53 } from './keys.ts';

/** One a store. */
export interface StoreHeader {
  readonly format: 1;
  readonly clusterId: string;
  /** Number of the next topic that is made; never used twice. */
  readonly nextTopic: number;
}

export interface TopicRow {
  readonly topic: string;
  readonly number: number;
  readonly topicId: string;
  readonly partitions: number;
  /** Takes no appends. Absent: it does. */
  readonly closed?: true;
}

/** What is known of a partition; offsets and µs are safe integers. The end survives the deletion of every record. */
export interface PartitionState {
  start: number;
  end: number;
  lastAppendTimeMicros: number;
}

/** Records from ≤ offset < to that no reader may see any more, to be erased in steps. */
export interface Garbage {
  readonly topic: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export const encodeJson = (value: StoreHeader | TopicRow): Uint8Array => utf8.encode(JSON.stringify(value));
/** The store's own rows, written by `encodeJson` only. */
export const decodeHeader = (bytes: Uint8Array): StoreHeader => JSON.parse(text.decode(bytes)) as StoreHeader;
export const decodeTopic = (bytes: Uint8Array): TopicRow => JSON.parse(text.decode(bytes)) as TopicRow;

export function encodePartitionState(state: PartitionState): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  setUint53(view, 0, state.start);
  setUint53(view, 8, state.end);
  setUint53(view, 16, state.lastAppendTimeMicros);
  return bytes;
}

export function decodePartitionState(bytes: Uint8Array): PartitionState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { start: getUint53(view, 0), end: getUint53(view, 8), lastAppendTimeMicros: getUint53(view, 16) };
}

export function encodeGarbage(garbage: Garbage): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, garbage.topic);
  view.setUint32(4, garbage.partition);
  setUint53(view, 8, garbage.from);
  setUint53(view, 16, garbage.to);
  return bytes;
}

export function decodeGarbage(bytes: Uint8Array): Garbage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { topic: view.getUint32(0), partition: view.getUint32(4), from: getUint53(view, 8), to: getUint53(view, 16) };
}
