import { assert, type AppError } from '@proximadb/errors';
import { AppendError } from '../../append-error.ts';
import { offset, type AppendEntry, type Appended, type Fate, type Offset } from '../../port.ts';

const waits = 0;
const sent = 1;
const written = 2;

/** Where entries of a call wait. */
export interface Holder {
  /** Its caller was told: what was not sent of it is left out. */
  forget(call: AppendCall): void;
}

/** One call of `append`, from its admission until its caller was told. */
export class AppendCall {
  readonly topic: string;
  readonly entries: readonly AppendEntry[];
  /** The most bytes that each entry takes in a batch. */
  readonly sizes: Uint32Array;
  readonly bytes: number;
  readonly appended: Promise<Appended>;
  /** Those with entries of it. */
  readonly holders: Holder[] = [];
  readonly #settle: PromiseWithResolvers<Appended>;
  readonly #states: Uint8Array;
  readonly #offsets: Offset[];
  readonly #onSettled: (call: AppendCall) => void;
  /** Entries that were neither written nor refused. */
  #left: number;
  #repeated = false;
  #refused: AppError | undefined;
  #isSettled = false;

  /** @param onSettled called once, when the caller is told. */
  constructor(topic: string, entries: readonly AppendEntry[], sizes: Uint32Array, bytes: number, onSettled: (call: AppendCall) => void) {
    this.topic = topic;
    this.entries = entries;
    this.sizes = sizes;
    this.bytes = bytes;
    this.#settle = Promise.withResolvers();
    this.appended = this.#settle.promise;
    this.#states = new Uint8Array(entries.length);
    this.#offsets = new Array<Offset>(entries.length).fill(offset(-1));
    this.#onSettled = onSettled;
    this.#left = entries.length;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** From now on the entry may be in the log. */
  sent(index: number): void {
    this.#states[index] = sent;
  }

  /** The broker said that the entry is not in the log, and never was. It waits again. */
  notWritten(index: number): void {
    this.#states[index] = waits;
  }

  /** @param repeated whether the log may hold it a second time. */
  written(index: number, at: Offset, repeated: boolean): void {
    assert(this.#states[index] !== written, 'an entry is written once');
    this.#states[index] = written;
    this.#offsets[index] = at;
    this.#repeated ||= repeated;
    this.#done(1);
  }

  /** For `count` entries that will not be sent any more, whatever became of them: what was not written stays so. */
  refuse(error: AppError, count: number): void {
    this.#refused ??= error;
    this.#done(count);
  }

  /** Ends it with what is known by now: `error` itself if nothing of it can be in the log. */
  fail(error: AppError): void {
    this.#end(() => (this.#states.every((state) => state === waits) ? error : this.#partly(error)));
  }

  /** Ends it with the fates, whatever they are. */
  expire(message: string, retryAfterMs: number): void {
    this.#end(() => new AppendError(message, this.#fates(), undefined, { retryAfterMs }));
  }

  #end(reason: () => AppError): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle.reject(reason());
    for (const holder of this.holders) holder.forget(this);
    this.#onSettled(this);
  }

  #partly(error: AppError): AppendError {
    const { message, details, retryAfterMs } = error;
    return new AppendError(message, this.#fates(), error, { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  }

  #fates(): Fate[] {
    return Array.from(this.#states, (state, index): Fate => {
      if (state === written) return { kind: 'written', offset: this.#offsets[index] ?? offset(-1) };
      return { kind: state === sent ? 'unknown' : 'not_written' };
    });
  }

  #done(count: number): void {
    this.#left -= count;
    assert(this.#left >= 0, 'no more is done than was asked for');
    if (this.#left > 0 || this.#isSettled) return;
    if (this.#refused !== undefined) return this.fail(this.#refused);
    this.#isSettled = true;
    this.#settle.resolve({ offsets: this.#offsets, repeated: this.#repeated });
    this.#onSettled(this);
  }
}
