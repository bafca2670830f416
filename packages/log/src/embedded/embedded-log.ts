import { randomUUID } from 'node:crypto';
import { AppError, assert, invalid } from '@proximadb/errors';
import { closedTopic } from '../closed-topic.ts';
import type { AppendEntry, Appended, Batch, Extent, Log, Offset, Partition, SettingAmiss, TopicIdentity } from '../port.ts';
import { channelName } from './announcements.ts';
import { AppendQueue, type QueueLimits } from './append-queue.ts';
import { DirectoryLock } from './directory-lock.ts';
import { checkPartition, EmbeddedReader, identity, unknownTopic } from './embedded-reader.ts';
import type { Opened, Usage } from './messages.ts';
import { encodeFrame } from './record-codec.ts';
import type { TopicRow } from './rows.ts';
import { WriterThread, type Outcome } from './writer-thread.ts';

export interface EmbeddedLogOptions extends Partial<QueueLimits> {
  /** Made if it is not there. Belongs to this process until the log is disposed of. */
  readonly directory: string;
  /** Bytes that may wait to be written or be on their way; also the most of one request. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** Records that may wait to be written or be on their way; also the most of one request. Default 100,000. */
  readonly queueEntriesMax?: number;
  /** Bytes of one record: key, headers, value and 12 more. Default and most 8 MiB. */
  readonly recordBytesMax?: number;
  /** µs since 1970-01-01 UTC. Append times never go back, even if this does. Default: the system's clock. */
  readonly clock?: () => number;
}

const RECORD_BYTES_MAX = 8 * 1024 * 1024;
const PARTITIONS_MAX = 4_096;
/** Kafka's rule, so that a name that is good here is good there. */
const topicName = /^[A-Za-z0-9._-]{1,249}$/;

/** The log in a directory of this machine, in LMDB. DESIGN.md of this package says how it keeps its promises. */
export class EmbeddedLog implements Log {
  readonly clusterId: string;
  readonly #lock: DirectoryLock;
  readonly #writer: WriterThread;
  readonly #reader: EmbeddedReader;
  readonly #queue: AppendQueue;
  readonly #topics: Map<string, TopicRow>;
  readonly #clock: () => number;
  readonly #recordBytesMax: number;
  #lastAppendTimeMicros: number;
  #closed: Promise<void> | undefined;

  private constructor(options: EmbeddedLogOptions, lock: DirectoryLock, writer: WriterThread, reader: EmbeddedReader, opened: Opened) {
    this.clusterId = opened.clusterId;
    this.#lock = lock;
    this.#writer = writer;
    this.#reader = reader;
    this.#topics = new Map(opened.topics.map((row) => [row.topic, row]));
    this.#lastAppendTimeMicros = opened.lastAppendTimeMicros;
    this.#clock = options.clock ?? (() => Date.now() * 1_000);
    this.#recordBytesMax = Math.min(options.recordBytesMax ?? RECORD_BYTES_MAX, RECORD_BYTES_MAX);
    const limits = { queueBytesMax: options.queueBytesMax ?? 64 * 1024 * 1024, queueEntriesMax: options.queueEntriesMax ?? 100_000 };
    this.#queue = new AppendQueue((requests) => writer.ask({ kind: 'append', requests }, requests.map(({ frame }) => frame.buffer)), limits);
  }

  /**
   * Opens the log of a directory, or makes it.
   * @throws AppError FAILED_PRECONDITION, naming the directory and the process, if one has it open (this one, too), or if a
   *   later release wrote it; UNAVAILABLE if the disk fails or is full; DATA_LOSS if the log is damaged.
   */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { directory } = options;
    const lock = DirectoryLock.take(directory);
    let writer: WriterThread | undefined;
    try {
      const { thread, opened } = await WriterThread.start({ directory, channel: channelName(directory) });
      writer = thread;
      return new EmbeddedLog(options, lock, thread, new EmbeddedReader(directory), opened);
    } catch (error) {
      await writer?.close();
      lock[Symbol.dispose]();
      throw error;
    }
  }

  async createTopic(topic: string, partitions: number): Promise<TopicIdentity> {
    this.#assertOpen();
    if (!topicName.test(topic)) throw invalid('a topic is named by 1 to 249 letters, digits, dots, hyphens and underscores', { field: 'topic' });
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
      throw invalid(`a topic has 1 to ${PARTITIONS_MAX} partitions, not ${partitions}`, { field: 'partitions' });
    }
    const row = answerOf(await this.#writer.ask({ kind: 'createTopic', topic, partitions, topicId: randomUUID() }));
    this.#topics.set(topic, row);
    return identity(this.clusterId, row);
  }

  describeTopic(topic: string): Promise<TopicIdentity | undefined> {
    return this.#reader.describeTopic(topic);
  }

  async settingsAmiss(topic: string): Promise<readonly SettingAmiss[]> {
    this.#assertOpen();
    this.#row(topic);
    return [];
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#assertOpen();
    answerOf(await this.#writer.ask({ kind: 'deleteTopic', topic }));
    // Until here an append was refused by the writer; a topic made again meanwhile is answered after this, and so noted after this.
    this.#topics.delete(topic);
  }

  async closeTopic(topic: string): Promise<void> {
    await this.#setClosed(topic, true);
  }

  async reopenTopic(topic: string): Promise<void> {
    await this.#setClosed(topic, false);
  }

  async isClosed(topic: string): Promise<boolean> {
    this.#assertOpen();
    return this.#row(topic).closed === true;
  }

  async append(topic: string, entries: readonly AppendEntry[], signal?: AbortSignal): Promise<Appended> {
    this.#assertOpen();
    const row = this.#row(topic);
    if (signal?.aborted === true) throw new AppError('CANCELLED', 'the append was cancelled before it began', { cause: signal.reason });
    let bytes = 0;
    for (let at = 0; at < entries.length; at += 1) {
      const entry = entries[at];
      assert(entry !== undefined, 'no holes');
      checkPartition(row, entry.partition, at);
      bytes += entry.key.length + (entry.value?.length ?? 0);
    }
    if (entries.length === 0) return { offsets: [], repeated: false };
    if (row.closed === true) throw closedTopic(topic);
    this.#queue.admit(bytes, entries.length);
    const frame = encodeFrame(entries, this.#appendTime(), this.#recordBytesMax);
    return { offsets: await this.#queue.push(topic, { topic: row.number, entries: entries.length, frame }, signal), repeated: false };
  }

  extents(topic: string): Promise<Extent[]> {
    return this.#reader.extents(topic);
  }

  read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Batch> {
    return this.#reader.read(topic, partition, from, maxBytes);
  }

  tail(topic: string, partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<Batch> {
    return this.#reader.tail(topic, partition, from, signal);
  }

  async trim(topic: string, partition: Partition, before: Offset): Promise<void> {
    this.#assertOpen();
    const row = this.#row(topic);
    checkPartition(row, partition);
    answerOf(await this.#writer.ask({ kind: 'trim', topic: row.number, partition, before }));
  }

  /** What the log takes on the disk. Deleted and trimmed records are erased in the background, even over a restart. */
  async usage(): Promise<Usage> {
    this.#assertOpen();
    return answerOf(await this.#writer.ask({ kind: 'usage' }));
  }

  /** Takes nothing more, writes what was taken, and gives the directory back. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#queue.drained();
    await this.#reader[Symbol.asyncDispose]();
    await this.#writer.close();
    this.#lock[Symbol.dispose]();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new AppError('UNAVAILABLE', 'the log was closed');
  }

  async #setClosed(topic: string, closed: boolean): Promise<void> {
    this.#assertOpen();
    this.#topics.set(topic, answerOf(await this.#writer.ask({ kind: 'closeTopic', topic, closed })));
  }

  #row(topic: string): TopicRow {
    const row = this.#topics.get(topic);
    if (row === undefined) throw unknownTopic(topic);
    return row;
  }

  #appendTime(): number {
    this.#lastAppendTimeMicros = Math.max(this.#lastAppendTimeMicros, Math.round(this.#clock()));
    return this.#lastAppendTimeMicros;
  }
}

function answerOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'answer') return outcome.answer;
  const { refusal } = outcome;
  if (refusal.kind === 'refused') throw new AppError(refusal.code, refusal.message, { details: refusal.details });
  throw new AppError('UNAVAILABLE', `the log cannot be written: ${refusal.message}`);
}
