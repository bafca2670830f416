import { randomUUID } from 'node:crypto';
import { AppError, assert } from '@proximadb/errors';
import type { Announcement } from './announcements.ts';
import type { FileRoom } from './file-room.ts';
import { garbageKey, garbageRange, headerKey, partitionStateKey, RecordKey, topicKey, topicRange } from './keys.ts';
import type { AppendAnswer, AppendFrame, Opened } from './messages.ts';
import { appendTimeAt, nextInFrame, type FrameEntry } from './record-codec.ts';
import {
  decodeGarbage, decodeHeader, decodePartitionState, decodeTopic, encodeGarbage, encodeJson, encodePartitionState,
  type PartitionState, type StoreHeader, type TopicRow,
} from './rows.ts';
import type { Store } from './store.ts';

/** Limits of one step of erasing: between two steps the appends that wait are written. */
const ERASE_RECORDS_MAX = 2_000;
const ERASE_MS_MAX = 5;
/** How often the time is looked at while erasing. */
const ERASE_CHECK_EVERY = 64;

/**
 * All changes of the store, one transaction each. Lives in the writer's thread, where waiting for the disk stops nobody else.
 * A change is announced once it is on the disk.
 */
export class Writer {
  readonly #store: Store;
  readonly #room: FileRoom;
  readonly #announce: (announcement: Announcement) => void;
  #header: StoreHeader;
  /** States of the partitions of each topic that is there. Emptied when a transaction failed, since then it may be ahead of the store. */
  readonly #states = new Map<number, readonly PartitionState[]>();
  readonly #topics = new Map<number, TopicRow>();
  readonly #recordKey = new RecordKey();
  #erasing: boolean;

  /** @param room asked before anything is added; what only deletes lives on its reserve. */
  constructor(store: Store, room: FileRoom, announce: (announcement: Announcement) => void) {
    this.#store = store;
    this.#room = room;
    this.#announce = announce;
    this.#header = this.#readHeader();
    for (const bytes of store.values(topicRange)) {
      const row = decodeTopic(bytes);
      this.#topics.set(row.number, row);
    }
    this.#erasing = store.values(garbageRange, 1).length > 0;
  }

  #readHeader(): StoreHeader {
    const bytes = this.#store.get(headerKey);
    if (bytes === undefined) {
      const header: StoreHeader = { format: 1, clusterId: randomUUID(), nextTopic: 1 };
      this.#store.transaction(() => { this.#store.put(headerKey, encodeJson(header)); });
      return header;
    }
    const header = decodeHeader(bytes);
    if (header.format !== 1) throw new AppError('FAILED_PRECONDITION', `the log is of format ${String(header.format)}; this release reads format 1`);
    return header;
  }

  opened(): Opened {
    const topics = [...this.#topics.values()];
    const times = topics.flatMap((row) => this.#partitions(row).map((state) => state.lastAppendTimeMicros));
    return { clusterId: this.#header.clusterId, topics, lastAppendTimeMicros: times.reduce((most, time) => Math.max(most, time), 0) };
  }

  /** Whether `erase` has something to do. */
  get erasing(): boolean {
    return this.#erasing;
  }

  createTopic(topic: string, partitions: number, topicId: string): TopicRow {
    const found = this.#store.topic(topic);
    if (found !== undefined) {
      if (found.partitions === partitions) return found;
      throw new AppError('FAILED_PRECONDITION', `topic ${topic} has ${found.partitions} partitions, not ${partitions}`);
    }
    const row: TopicRow = { topic, number: this.#header.nextTopic, topicId, partitions };
    const header = { ...this.#header, nextTopic: row.number + 1 };
    this.#room.ensure(0);
    const state = encodePartitionState({ start: 0, end: 0, lastAppendTimeMicros: 0 });
    this.#change(() => {
      this.#store.put(headerKey, encodeJson(header));
      this.#store.put(topicKey(topic), encodeJson(row));
      for (let at = 0; at < partitions; at += 1) this.#store.put(partitionStateKey(row.number, at), state);
    });
    this.#header = header;
    this.#topics.set(row.number, row);
    return row;
  }

  /** What was appended before is on the disk already. */
  closeTopic(topic: string, closed: boolean): TopicRow {
    const found = this.#store.topic(topic);
    if (found === undefined) throw new AppError('NOT_FOUND', `there is no topic ${topic}`);
    const { closed: was = false, ...open } = found;
    if (was === closed) return found;
    const row: TopicRow = closed ? { ...open, closed } : open;
    this.#change(() => { this.#store.put(topicKey(topic), encodeJson(row)); });
    this.#topics.set(row.number, row);
    return row;
  }

  /** From here on nobody sees the topic; its records are erased step by step. */
  deleteTopic(topic: string): void {
    const row = this.#store.topic(topic);
    if (row === undefined) return;
    this.#change(() => {
      this.#store.remove(topicKey(topic));
      this.#partitions(row).forEach((state, at) => {
        this.#store.remove(partitionStateKey(row.number, at));
        this.#discard(row.number, at, state.start, state.end);
      });
    });
    this.#topics.delete(row.number);
    this.#states.delete(row.number);
    this.#announce({ kind: 'deleted', topic: row.number });
  }

  /** Going back changes nothing, and so does a topic that is gone. */
  trim(topic: number, partition: number, before: number): void {
    const row = this.#topics.get(topic);
    if (row === undefined) throw new AppError('NOT_FOUND', 'the topic was deleted meanwhile');
    const state = this.#partitions(row)[partition];
    assert(state !== undefined, 'the log has checked the partition');
    const start = Math.min(before, state.end);
    if (start <= state.start) return;
    this.#change(() => {
      this.#discard(topic, partition, state.start, start);
      state.start = start;
      this.#store.put(partitionStateKey(topic, partition), encodePartitionState(state));
    });
  }

  /** Notes, as part of a transaction, that the records from ≤ offset < to are to be erased. */
  #discard(topic: number, partition: number, from: number, to: number): void {
    if (from === to) return;
    const bytes = this.#store.get(garbageKey(topic, partition));
    const earlier = bytes === undefined ? undefined : decodeGarbage(bytes);
    assert(earlier === undefined || earlier.to === from, 'what is discarded follows what was discarded before');
    this.#store.put(garbageKey(topic, partition), encodeGarbage({ topic, partition, from: earlier?.from ?? from, to }));
    this.#erasing = true;
  }

  /** All requests in one transaction: all of them are on the disk when this returns, or none of them if it throws. */
  append(requests: readonly AppendFrame[]): AppendAnswer {
    this.#room.ensure(requests.reduce((sum, { frame }) => sum + frame.length, 0));
    const touched = new Map<PartitionState, { topic: number; partition: number }>();
    const answer = this.#change(() => {
      const offsets = requests.map((request) => this.#appendRequest(request, touched));
      for (const [state, { topic, partition }] of touched) this.#store.put(partitionStateKey(topic, partition), encodePartitionState(state));
      return offsets;
    });
    if (touched.size > 0) this.#announce({ kind: 'appended', partitions: [...touched.values()] });
    return answer;
  }

  #appendRequest(request: AppendFrame, touched: Map<PartitionState, { topic: number; partition: number }>): AppendAnswer[number] {
    const { topic, frame } = request;
    const row = this.#topics.get(topic);
    if (row === undefined) return 'gone';
    if (row.closed === true) return 'closed';
    const states = this.#partitions(row);
    const offsets = new Float64Array(request.entries);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const entry: FrameEntry = { partition: 0, start: 0, end: 0 };
    let at = 0;
    while (nextInFrame(view, entry)) {
      const { partition } = entry;
      const state = states[partition];
      assert(state !== undefined, 'the log has checked the partitions');
      if (!touched.has(state)) touched.set(state, { topic, partition });
      this.#store.put(this.#recordKey.at(topic, partition, state.end), frame.subarray(entry.start, entry.end));
      state.lastAppendTimeMicros = appendTimeAt(view, entry.start);
      offsets[at++] = state.end++;
    }
    assert(at === request.entries, 'a frame has the entries that it says');
    return offsets;
  }

  /** Erases for a few milliseconds; `erasing` says whether there is more. */
  erase(): void {
    const bytes = this.#store.values(garbageRange, 1)[0];
    if (bytes === undefined) {
      // LMDB hands out the pages that a transaction has freed from the one after the next on: this is the next.
      this.#change(() => { this.#store.put(headerKey, encodeJson(this.#header)); });
      this.#erasing = false;
      return;
    }
    const garbage = decodeGarbage(bytes);
    const key = garbageKey(garbage.topic, garbage.partition);
    const until = performance.now() + ERASE_MS_MAX;
    this.#change(() => {
      let from = garbage.from;
      const most = Math.min(garbage.to, from + ERASE_RECORDS_MAX);
      while (from < most) {
        this.#store.remove(this.#recordKey.at(garbage.topic, garbage.partition, from));
        from += 1;
        if (from % ERASE_CHECK_EVERY === 0 && performance.now() > until) break;
      }
      if (from >= garbage.to) this.#store.remove(key);
      else this.#store.put(key, encodeGarbage({ ...garbage, from }));
    });
  }

  #partitions(row: TopicRow): readonly PartitionState[] {
    let states = this.#states.get(row.number);
    if (states === undefined) {
      states = Array.from({ length: row.partitions }, (_, at) => {
        const bytes = this.#store.get(partitionStateKey(row.number, at));
        if (bytes === undefined) throw new AppError('DATA_LOSS', `partition ${at} of topic ${row.topic} is missing in the store`);
        return decodePartitionState(bytes);
      });
      this.#states.set(row.number, states);
    }
    return states;
  }

  #change<T>(work: () => T): T {
    try {
      return this.#store.transaction(work);
    } catch (error) {
      this.#states.clear();
      throw error;
    }
  }
}
