import { AppError } from '@proximadb/errors';
import { offset, type Batch, type LogRecord } from '../../port.ts';
import { scanBatches, type ScannedBatch } from '../wire/batch-reader.ts';
import type { FetchAnswer } from '../wire/fetch.ts';
import { RecordCursor } from '../wire/record-cursor.ts';

/** One batch of a tail has at most this many records. */
const BATCH_RECORDS_MAX = 4_096;

/** Answers that were read ahead and not taken yet. */
interface Chunk {
  readonly bytes: Buffer;
  readonly batches: readonly ScannedBatch[];
}

export interface FeedPlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What a tail reads ahead: filled by a fetcher, emptied by the tail's consumer. */
export class Feed {
  readonly place: FeedPlace;
  readonly key: string;
  readonly #bytesMax: number;
  readonly #onTaken: (feed: Feed, bytes: number) => void;
  readonly #chunks: Chunk[] = [];
  #bytes = 0;
  /** Offset that is fetched next. */
  #position: number;
  #leaderEpoch = -1;
  #end: number;
  #cursor: RecordCursor | undefined;
  /** In the first chunk. */
  #batchAt = 0;
  /** Offset of the next record that the consumer gets. */
  #next: number;
  #failure: AppError | undefined;
  /** Since when no leader has answered for the partition. */
  displacedSinceMs: number | undefined;
  #wake: (() => void) | undefined;

  /** @param onTaken told how many bytes have become free. */
  constructor(place: FeedPlace, from: number, bytesMax: number, onTaken: (feed: Feed, bytes: number) => void) {
    this.place = place;
    this.key = `${place.topicId}/${place.partition}`;
    this.#bytesMax = bytesMax;
    this.#onTaken = onTaken;
    this.#position = from;
    this.#next = from;
    this.#end = from;
  }

  get position(): number {
    return this.#position;
  }

  /** Of the leader that took the record before `position`; -1: not known. */
  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Whether there was more than what was fetched, when that was. */
  get isBehind(): boolean {
    return this.#position < this.#end;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether it takes another answer. What it holds may pass its limit by one. */
  get hasRoom(): boolean {
    return this.#failure === undefined && this.#bytes * 2 < this.#bytesMax;
  }

  /**
   * Takes what was fetched at `position`.
   * @param shared whether the memory behind it holds more than this, so that what is kept is copied out.
   * @returns how many bytes it holds more than before.
   * @throws AppError DATA_LOSS for a gap or damage.
   */
  take({ records, highWatermark }: FetchAnswer, shared: boolean): number {
    const { topic, partition } = this.place;
    const { batches, next, leaderEpoch, end } = scanBatches(records, this.#position, `partition ${partition} of topic ${topic}`);
    this.displacedSinceMs = undefined;
    this.#end = Math.max(highWatermark, next);
    if (batches.length === 0) return 0;
    const whole = records.subarray(0, end);
    this.#chunks.push({ bytes: shared ? ownCopy(whole) : whole, batches });
    this.#bytes += end;
    this.#position = next;
    if (leaderEpoch >= 0) this.#leaderEpoch = leaderEpoch;
    this.#wakeUp();
    return end;
  }

  /** What was read ahead is still given. */
  fail(error: AppError): void {
    this.#failure ??= error;
    this.#wakeUp();
  }

  /**
   * The next records; undefined once the signal has aborted.
   * @throws AppError as it was failed with, or DATA_LOSS.
   */
  async next(signal: AbortSignal): Promise<Batch | undefined> {
    while (!signal.aborted) {
      if (this.#chunks.length > 0) return this.takeBatch();
      if (this.#failure !== undefined) throw this.#failure;
      await this.#woken(signal);
    }
    return undefined;
  }

  /**
   * What was read ahead, as much of it as a batch may have; empty if there is nothing.
   * @throws AppError DATA_LOSS.
   */
  takeBatch(): Batch {
    const records: LogRecord[] = [];
    let bytes = 0;
    while (records.length < BATCH_RECORDS_MAX && bytes < this.#bytesMax) {
      const cursor = this.#currentCursor();
      if (cursor === undefined) break;
      const record = cursor.read();
      if (record.offset < this.#next) continue;
      records.push(record);
      bytes += record.key.length + (record.value?.length ?? 0);
      this.#next = record.offset + 1;
    }
    // What was just read to its end is free.
    this.#currentCursor();
    return { records, next: offset(this.#next), end: offset(Math.max(this.#end, this.#next)) };
  }

  /** Of the batch that is being read; undefined: everything was. */
  #currentCursor(): RecordCursor | undefined {
    if (this.#cursor?.done === false) return this.#cursor;
    this.#cursor = undefined;
    for (;;) {
      const [chunk] = this.#chunks;
      if (chunk === undefined) return undefined;
      const batch = chunk.batches[this.#batchAt];
      if (batch !== undefined) {
        this.#batchAt += 1;
        const { topic, partition } = this.place;
        this.#cursor = new RecordCursor(chunk.bytes, batch, `partition ${partition} of topic ${topic}`);
        return this.#cursor;
      }
      this.#chunks.shift();
      this.#batchAt = 0;
      this.#bytes -= chunk.bytes.length;
      this.#onTaken(this, chunk.bytes.length);
    }
  }

  /** Gives back what nobody will take. */
  close(): void {
    this.#failure ??= new AppError('CANCELLED', 'the tail has ended');
    this.#chunks.length = 0;
    this.#onTaken(this, this.#bytes);
    this.#bytes = 0;
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  #wakeUp(): void {
    this.#wake?.();
  }
}

function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
