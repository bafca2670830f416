import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, assert, invalid } from '@proximadb/errors';
import { offset, type Batch, type Extent, type LogRecord, type Offset, type Partition, type TopicIdentity } from '../port.ts';
import type { LogReader } from '../reader.ts';
import { Announcements, channelName } from './announcements.ts';
import { headerKey, partitionStateKey, RecordKey } from './keys.ts';
import { decodeRecord } from './record-codec.ts';
import { decodeHeader, decodePartitionState, type PartitionState, type TopicRow } from './rows.ts';
import { Scratch } from './scratch.ts';
import { Store } from './store.ts';

/** A tail's batches. */
const TAIL_BYTES = 1024 * 1024;
/** The most that one read takes out, so that it stops the event loop for a few milliseconds at most. */
const READ_BYTES_MAX = 4 * 1024 * 1024;
const READ_RECORDS_MAX = 4_096;

/** Reads the log of a directory in any thread of the process that has opened it. Everything it shows is on the disk. */
export class EmbeddedReader implements LogReader {
  readonly clusterId: string;
  readonly #store: Store;
  readonly #announcements: Announcements;
  readonly #scratch = new Scratch();
  readonly #startKey = new RecordKey();
  readonly #endKey = new RecordKey();
  #closed = false;

  /** @throws AppError FAILED_PRECONDITION if there is no log in the directory. */
  constructor(directory: string) {
    this.#store = Store.openToRead(directory);
    const header = this.#store.get(headerKey);
    assert(header !== undefined, 'who has the log open has written its header');
    this.clusterId = decodeHeader(header).clusterId;
    this.#announcements = new Announcements(channelName(directory));
  }

  async describeTopic(topic: string): Promise<TopicIdentity | undefined> {
    this.#look();
    const row = this.#store.topic(topic);
    return row === undefined ? undefined : identity(this.clusterId, row);
  }

  async extents(topic: string): Promise<Extent[]> {
    this.#look();
    const row = this.#topic(topic);
    return Array.from({ length: row.partitions }, (_, at) => {
      const { start, end } = this.#state(row, at);
      return { start: offset(start), end: offset(end) };
    });
  }

  async read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Batch> {
    this.#look();
    return this.#read(this.#topicWith(topic, partition), partition, from, maxBytes);
  }

  async *tail(topic: string, partition: Partition, from: Offset, signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    if (signal.aborted) return;
    this.#look();
    const row = this.#topicWith(topic, partition);
    let next = from;
    while (!signal.aborted) {
      this.#look();
      const batch = this.#read(row, partition, next, TAIL_BYTES);
      if (batch.records.length === 0) {
        // Nothing can be announced between the read above and this: it is one turn of the event loop.
        await this.#announcements.next(row.number, partition, signal);
        continue;
      }
      next = batch.next;
      yield batch;
      // Replaying a long log must leave the event loop to others between two batches.
      if (next < batch.end) await nextTurn();
    }
  }

  /** All reads up to the next `await` are of one state of the store, the newest. */
  #look(): void {
    if (this.#closed) throw new AppError('UNAVAILABLE', 'the log was closed');
    this.#store.refresh();
  }

  #topic(topic: string): TopicRow {
    const row = this.#store.topic(topic);
    if (row === undefined) throw unknownTopic(topic);
    return row;
  }

  #topicWith(topic: string, partition: number): TopicRow {
    const row = this.#topic(topic);
    checkPartition(row, partition);
    return row;
  }

  #state(row: TopicRow, partition: number): PartitionState {
    const bytes = this.#store.get(partitionStateKey(row.number, partition));
    if (bytes === undefined) throw unknownTopic(row.topic);
    return decodePartitionState(bytes);
  }

  #read(row: TopicRow, partition: Partition, from: Offset, maxBytes: number): Batch {
    const { start, end } = this.#state(row, partition);
    if (!(from >= start && from <= end)) {
      throw new AppError('OUT_OF_RANGE', `partition ${partition} of topic ${row.topic} has the offsets from ${start} to before ${end}, not ${from}`);
    }
    const records = from === end ? [] : this.#records(row.number, partition, from, end, Math.min(maxBytes, READ_BYTES_MAX));
    return { records, next: offset(from + records.length), end: offset(end) };
  }

  #records(topic: number, partition: number, from: number, end: number, maxBytes: number): LogRecord[] {
    const scratch = this.#scratch;
    let expected = from;
    scratch.reset();
    this.#store.scan(
      this.#startKey.at(topic, partition, from), this.#endKey.at(topic, partition, end), READ_RECORDS_MAX,
      (bytes, length) => { scratch.add(bytes, length); },
      (found) => {
        if (found !== expected) throw missing(expected);
        expected += 1;
        return scratch.length < maxBytes;
      },
    );
    const { bytes, ends } = scratch.take();
    if (ends.length === 0) throw missing(from);
    const view = new DataView(bytes);
    const records = new Array<LogRecord>(ends.length);
    let start = 0;
    for (let at = 0; at < ends.length; at += 1) {
      const recordEnd = ends[at] ?? 0;
      records[at] = decodeRecord(view, start, recordEnd, from + at);
      start = recordEnd;
    }
    return records;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#announcements.close();
    await this.#store.close();
  }
}

/**
 * A reader for another thread of the process that has the log open.
 * @throws AppError FAILED_PRECONDITION if there is no log in the directory.
 */
export async function openEmbeddedReader(directory: string): Promise<LogReader> {
  return new EmbeddedReader(directory);
}

export function identity(clusterId: string, row: TopicRow): TopicIdentity {
  return { clusterId, topic: row.topic, topicId: row.topicId, partitions: row.partitions };
}

export function unknownTopic(topic: string): AppError {
  return new AppError('NOT_FOUND', `there is no topic ${topic}`);
}

/** @throws AppError INVALID_ARGUMENT if the topic has no such partition. */
export function checkPartition(row: TopicRow, partition: number, record?: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < row.partitions) return;
  throw invalid(`topic ${row.topic} has no partition ${partition}, it has ${row.partitions}`, record === undefined ? {} : { record });
}

function missing(at: number): AppError {
  return new AppError('DATA_LOSS', `record ${at} of the log is missing: the store is damaged`);
}
