import { AppError, AssertionError } from '@proximadb/errors';
import { offset, partition, type Log, type LogRecord } from '@proximadb/log';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Change } from './collection.ts';
import { CatalogCodec, type Event, type SchemaUsed } from './events.ts';
import { CatalogState, type Outcome } from './state.ts';

export const catalogTopic = 'proximadb-catalog';

export interface JournalOptions {
  readonly log: Log;
  /** µs since 1970-01-01 UTC. */
  readonly clock: () => number;
  /** Callers that may wait for the log at once. */
  readonly waitersMax: number;
  /** Pause before a log that was not available is asked again. */
  readonly retryMs: number;
  /** Called once if the log can be followed no more. What was read stays readable; nothing can be changed. */
  readonly onStopped: (error: Error) => void;
}

interface Waiter {
  readonly next: number;
  readonly settle: (error?: Error) => void;
}

/** The catalog's log, appended to and followed: its state here is always a prefix of it, and soon all of it. */
export class Journal implements AsyncDisposable {
  readonly state = new CatalogState();
  readonly #options: JournalOptions;
  readonly #codec = new CatalogCodec();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #schemaListeners = new Set<(used: SchemaUsed) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  #stopped: Error | undefined;

  /** Makes the topic if it is not there, and reads all of it. */
  static async open(options: JournalOptions): Promise<Journal> {
    await options.log.createTopic(catalogTopic, 1);
    const journal = new Journal(options);
    try {
      await journal.catchUp();
      return journal;
    } catch (error) {
      await journal[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: JournalOptions) {
    this.#options = options;
    this.#following = this.#follow();
  }

  /**
   * Appends an event, waits until it is decided, and says what became of it: if the request was known, what became of it first.
   * @throws AppError as `Log.append`; UNAVAILABLE when closed or stopped; whatever the signal aborts with.
   */
  async append(event: Event, requestId: string = randomUUID(), signal?: AbortSignal): Promise<Outcome> {
    if (this.#stopped !== undefined) throw this.#unavailable(this.#stopped);
    const { value, headers } = this.#codec.encode({ requestId, atMicros: this.#options.clock(), event });
    const { offsets: [at] } = await this.#options.log.append(catalogTopic, [{ partition: partition(0), key: Buffer.from(requestId), value, headers }], signal);
    await this.passed((at ?? 0) + 1, signal);
    const outcome = this.state.outcomeOf(requestId);
    if (outcome === undefined) throw new AppError('UNAVAILABLE', 'the outcome of the request is not remembered any more; look what is there');
    return outcome;
  }

  /** Settles when all that was in the log at the call is in the state. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const [extent] = await this.#options.log.extents(catalogTopic);
    await this.passed(extent?.end ?? 0, signal);
  }

  /** Settles when the state has everything below the offset. */
  passed(next: number, signal?: AbortSignal): Promise<void> {
    if (this.state.next >= next) return Promise.resolve();
    if (this.#stopped !== undefined) return Promise.reject(this.#unavailable(this.#stopped));
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.#waiters.size >= this.#options.waitersMax) {
      return Promise.reject(new AppError('RESOURCE_EXHAUSTED', 'too many calls wait for the catalog', { retryAfterMs: 1_000 }));
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => { if (signal !== undefined) waiter.settle(abortReason(signal)); };
      const waiter: Waiter = {
        next,
        settle: (error) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort);
    });
  }

  /** Every change from now on, in the log's order. The listener must not throw: that stops the catalog. */
  onChange(listener: (change: Change) => void): () => void {
    const own = (change: Change): void => listener(change);
    this.#listeners.add(own);
    return () => { this.#listeners.delete(own); };
  }

  /** Every schema that comes into use from now on, once. The listener must not throw, either. */
  onSchema(listener: (used: SchemaUsed) => void): () => void {
    const own = (used: SchemaUsed): void => listener(used);
    this.#schemaListeners.add(own);
    return () => { this.#schemaListeners.delete(own); };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped ??= new AppError('UNAVAILABLE', 'the catalog is closed');
    this.#closing.abort();
    await this.#following;
    for (const waiter of [...this.#waiters]) waiter.settle(this.#unavailable(this.#stopped));
  }

  /** Never rejects: what ends it for good is told to `onStopped` and to everyone who waits. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        for await (const batch of this.#options.log.tail(catalogTopic, partition(0), offset(this.state.next), signal)) {
          for (const record of batch.records) this.#apply(record);
          for (const waiter of [...this.#waiters]) if (waiter.next <= this.state.next) waiter.settle();
        }
      } catch (thrown) {
        if (!(thrown instanceof AppError) || !thrown.retryable) {
          if (!signal.aborted) this.#stop(thrown instanceof Error ? thrown : new AssertionError(String(thrown)));
          return;
        }
      }
      await delay(this.#options.retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #apply(record: LogRecord): void {
    if (record.offset !== this.state.next) {
      throw new AppError('DATA_LOSS', `the catalog's log goes on at offset ${record.offset} where ${this.state.next} should be`);
    }
    const entry = this.#codec.decode(record);
    const { schemaCount } = this.state;
    const { changes } = this.state.apply(entry, record.offset);
    for (const change of changes) for (const listener of [...this.#listeners]) listener(change);
    const { event } = entry;
    if (event.kind === 'schema_used' && this.state.schemaCount > schemaCount) for (const listener of [...this.#schemaListeners]) listener(event);
  }

  #stop(thrown: Error): void {
    const lost = thrown instanceof AppError && (thrown.code === 'OUT_OF_RANGE' || thrown.code === 'NOT_FOUND');
    const error = lost
      ? new AppError('DATA_LOSS', `the catalog's log was deleted or cut: ${thrown.message}. Restore it, or start with an empty installation`, { cause: thrown })
      : thrown;
    this.#stopped ??= error;
    for (const waiter of [...this.#waiters]) waiter.settle(this.#unavailable(error));
    this.#options.onStopped(error);
  }

  #unavailable(error: Error): Error {
    return error instanceof AppError ? error : new AppError('UNAVAILABLE', `the catalog has stopped: ${error.message}`, { cause: error });
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof AppError ? signal.reason : new AppError('CANCELLED', 'the call was cancelled', { cause: signal.reason });
}
