/** One stream of calls: many are under way at once, and are answered in any order. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, AssertionError, grpcStatus, toAppError, toPlainError } from '@proximadb/errors';
import type { ProcessFault } from '@proximadb/query';
import { ShardAnswer, ShardCalls, type ShardCall } from '@proximadb/schemas';
import { answerOf, type ServedShards } from './answer.ts';
import { Outbox, type WaitingBytes } from './outbox.ts';

export type ExchangeStream = ServerDuplexStream<Buffer, readonly Uint8Array[]>;

export interface ExchangeOptions {
  readonly shards: ServedShards;
  readonly faults: () => readonly ProcessFault[];
  /** Calls that may be under way, or answered and not yet taken. */
  readonly callsMax: number;
  /** Bytes of records of one answer. */
  readonly answerBytesMax: number;
  /** Bytes of answers that may wait to be taken: here, and in all exchanges of the server. */
  readonly waitingBytesMax: number;
  readonly allWaitingBytesMax: number;
  /** Shared by the exchanges of a server. */
  readonly all: WaitingBytes;
  /** A reader that takes nothing for so long is given up. */
  readonly stalledMsMax: number;
  readonly retryAfterMs: number;
  /** Told of each answer: its kind, and OK or the code of its error. */
  readonly onAnswered: (kind: string, code: string, ms: number) => void;
  /** Gets what is our own bug, after it was answered. */
  readonly onBug: (error: Error) => void;
}

export class Exchange {
  readonly #stream: ExchangeStream;
  readonly #options: ExchangeOptions;
  readonly #outbox: Outbox;
  readonly #calls = new Map<number, AbortController>();
  readonly #over = Promise.withResolvers<void>();
  readonly #idle: (() => void)[] = [];
  #draining = false;
  /** Nothing more comes from the other side, or nothing more is wanted from it. */
  #ending = false;
  #isOver = false;

  /** Serves the stream from now on. */
  constructor(stream: ExchangeStream, options: ExchangeOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#outbox = new Outbox({ write: (message) => this.#write(message), all: options.all });
    readOneAhead(stream);
    stream.on('data', (message: Buffer) => { this.#receive(message); });
    stream.once('end', () => { this.#endWhenIdle(); });
    stream.once('cancelled', () => { this.#stop(new AppError('CANCELLED', 'the stream is over')); });
    stream.once('close', () => { this.#stop(new AppError('CANCELLED', 'the stream is over')); });
  }

  /** Calls that are under way, or answered and not yet taken. */
  get calls(): number {
    return this.#calls.size;
  }

  /** Settles when the stream is over; never rejects. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Tells the other side to call elsewhere, and takes no more calls. Settles when those under way are answered. */
  async drain(): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#send(0, { kind: 'draining', value: {} });
    }
    if (!this.#isIdle) await Promise.race([new Promise<void>((resolve) => { this.#idle.push(resolve); }), this.over]);
  }

  /** Ends the stream as soon as all is answered. */
  end(): void {
    this.#endWhenIdle();
  }

  get #isIdle(): boolean {
    return this.#calls.size === 0 && this.#outbox.length === 0;
  }

  #receive(message: Buffer): void {
    let calls: readonly ShardCall[];
    try {
      ({ calls } = ShardCalls.decode(message));
    } catch (thrown) {
      this.#fail(new AppError('INVALID_ARGUMENT', `the message is not ShardCalls: ${toAppError(thrown).message}`));
      return;
    }
    for (const call of calls) this.#take(call);
    // Refusals take room, too: who does not take them is not listened to.
    if (this.#outbox.length > 2 * this.#options.callsMax) this.#stream.pause();
  }

  #take(call: ShardCall): void {
    const { id } = call;
    if (call.call?.kind === 'cancel') {
      this.#calls.get(id)?.abort(new AppError('CANCELLED', 'the caller has gone'));
      this.#outbox.drop(id);
      return;
    }
    const { callsMax, retryAfterMs } = this.#options;
    if (this.#isOver) return;
    if (id < 1 || this.#calls.has(id)) this.#fail(new AppError('INVALID_ARGUMENT', `a call has the id ${id}, which is that of another`));
    else if (this.#draining) this.#refuse(id, new AppError('UNAVAILABLE', 'the indexer is stopping', { retryAfterMs }));
    else if (this.#calls.size >= callsMax) this.#refuse(id, new AppError('RESOURCE_EXHAUSTED', `${callsMax} calls are under way`, { retryAfterMs }));
    else void this.#handle(call);
  }

  #refuse(id: number, error: AppError): void {
    this.#send(id, { kind: 'error', value: toPlainError(error) });
  }

  /** Never rejects. */
  async #handle(call: ShardCall): Promise<void> {
    const { id } = call;
    const kind = call.call?.kind ?? 'none';
    const cancel = new AbortController();
    this.#calls.set(id, cancel);
    const startedMs = performance.now();
    const answer = await this.#answer(call, cancel.signal);
    this.#options.onAnswered(kind, answer.kind === 'error' ? answer.value.code : 'OK', performance.now() - startedMs);
    const done = (): void => {
      this.#calls.delete(id);
      this.#settled();
    };
    if (cancel.signal.aborted) done();
    else this.#send(id, answer, done);
  }

  async #answer(call: ShardCall, signal: AbortSignal): Promise<NonNullable<ShardAnswer['answer']>> {
    const { shards, faults, answerBytesMax, onBug } = this.#options;
    try {
      const answer = await answerOf(call, { shards, faults }, answerBytesMax, signal);
      this.#checkRoom();
      return answer;
    } catch (thrown) {
      if (thrown instanceof AssertionError) onBug(thrown);
      return { kind: 'error', value: toPlainError(toAppError(thrown)) };
    }
  }

  /** An answer for which there is no room is left out before it takes any. */
  #checkRoom(): void {
    const { all, waitingBytesMax, allWaitingBytesMax, retryAfterMs } = this.#options;
    if (this.#outbox.bytes < waitingBytesMax && all.bytes < allWaitingBytesMax) return;
    throw new AppError('RESOURCE_EXHAUSTED', `${this.#outbox.bytes} bytes of answers wait to be taken`, { retryAfterMs });
  }

  #send(id: number, answer: NonNullable<ShardAnswer['answer']>, done: () => void = () => { this.#settled(); }): void {
    let bytes: Uint8Array;
    try {
      bytes = ShardAnswer.encode({ id, answer });
    } catch (thrown) {
      const error = new AppError('INTERNAL', `the answer cannot be encoded: ${toAppError(thrown).message}`, { cause: thrown });
      this.#options.onBug(error);
      bytes = ShardAnswer.encode({ id, answer: { kind: 'error', value: toPlainError(error) } });
    }
    this.#outbox.add(id, bytes, done);
  }

  /** An answer is out, or will never be. */
  #settled(): void {
    if (this.#outbox.length <= this.#options.callsMax && this.#stream.isPaused() && !this.#isOver) this.#stream.resume();
    if (!this.#isIdle) return;
    for (const tell of this.#idle.splice(0)) tell();
    if (this.#ending) this.#stream.end();
  }

  #endWhenIdle(): void {
    this.#ending = true;
    if (this.#isIdle) this.#stream.end();
  }

  /** Settles when the connection took the message (the other side's flow control), or when there is nobody left to take it. */
  #write(message: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve) => {
      const stalled = setTimeout(() => {
        this.#fail(new AppError('UNAVAILABLE', `nothing was taken for ${this.#options.stalledMsMax} ms`));
        done();
      }, this.#options.stalledMsMax).unref();
      const done = (): void => {
        clearTimeout(stalled);
        this.#stream.off('cancelled', done);
        resolve();
      };
      this.#stream.once('cancelled', done);
      if (this.#isOver || this.#stream.destroyed) done();
      else this.#stream.write(message, done);
    });
  }

  /** The stream cannot go on; its calls end. */
  #fail(error: AppError): void {
    if (this.#isOver) return;
    this.#stop(error);
    this.#stream.emit('error', { code: grpcStatus[error.code], details: error.message });
  }

  #stop(reason: AppError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const cancel of this.#calls.values()) cancel.abort(reason);
    this.#outbox.close();
    this.#over.resolve();
  }
}

/**
 * grpc-js makes its streams with Node's default of 16 objects read ahead, and has no option for it; 16 large calls would escape every
 * limit. Node has no public way to change it afterwards.
 */
function readOneAhead(stream: ExchangeStream): void {
  const { _readableState: state } = stream as unknown as { readonly _readableState: { highWaterMark: number } };
  state.highWaterMark = 1;
}
