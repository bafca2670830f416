/** One stream of calls to an indexer, from its opening to its end. */
import { Client, credentials, Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { AppError, fromPlainError, toAppError } from '@proximadb/errors';
import { exchangePath, fieldPrefix, ShardAnswer, ShardAnswers, ShardCall } from '@proximadb/schemas';
import type { RemoteConfig } from './config.ts';
import { Parts } from './parts.ts';

export type Answer = NonNullable<ShardAnswer['answer']>;
export type CallBody = Omit<ShardCall, 'id'>;

export interface ConnectionOptions {
  /** host:port. */
  readonly address: string;
  readonly config: Pick<RemoteConfig, 'answerBytesMax' | 'connectMsMax' | 'keepaliveMs' | 'keepaliveMsMax'>;
  /** The other side is there. */
  readonly onReady: () => void;
  /** The indexer stops: it answers what is under way, and takes nothing more. */
  readonly onDraining: () => void;
  /** The stream is over, and every call under way has failed. Called once. */
  readonly onEnd: (error: AppError) => void;
}

interface Pending {
  readonly id: number;
  readonly sentMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: AppError) => void;
}

/** A message of the stream holds about so many bytes, or one larger call. */
const messageBytesMax = 256 * 1024;
/** Of an indexer's answers; large ones come in parts, so this is a safeguard only. */
const receivedBytesMax = 4 * 1024 * 1024;
/** What may be on its way before it was taken: 256 KiB parts at a round trip of several ms. */
const windowBytes = 4 * 1024 * 1024;
const idMax = 2 ** 31 - 1;
/** Of `ShardCalls.calls`. */
const callsNumber = 1;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<readonly Uint8Array[], Buffer>;
  readonly #pending = new Map<number, Pending>();
  readonly #parts: Parts;
  /** Calls that are not yet given to the stream, encoded, by their id; a cancellation has the id of its call, negative. */
  readonly #unsent = new Map<number, Uint8Array>();
  #sending = false;
  #lastId = 0;
  #heardMs = performance.now();
  #ended: AppError | undefined;

  constructor(options: ConnectionOptions) {
    const { address, config } = options;
    this.#options = options;
    this.#parts = new Parts(config.answerBytesMax);
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': receivedBytesMax, 'grpc.max_send_message_length': -1,
      'grpc-node.flow_control_window': windowBytes,
      // Its own connection, and no second copy of what is sent: a stream is not repeated.
      'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0,
      'grpc.keepalive_time_ms': config.keepaliveMs, 'grpc.keepalive_timeout_ms': config.keepaliveMsMax,
    });
    this.#stream = this.#client.makeBidiStreamRequest<readonly Uint8Array[], Buffer>(
      exchangePath, (message) => Buffer.concat(message), (bytes) => bytes, new Metadata(), {});
    this.#stream.on('data', (message: Buffer) => { this.#receive(message); });
    // An error always comes with a status, after the last message.
    this.#stream.on('error', () => undefined);
    this.#stream.once('status', (status: StatusObject) => { this.#end(this.#broken(status.details === '' ? 'the stream ended' : status.details)); });
    this.#client.waitForReady(Date.now() + config.connectMsMax, (error) => {
      if (this.#ended !== undefined) return;
      if (error === undefined) options.onReady();
      else this.#end(this.#broken(`not connected within ${config.connectMsMax} ms`));
    });
  }

  /** Calls under way. */
  get calls(): number {
    return this.#pending.size;
  }

  /** For how long none of the calls under way was answered, and nothing else was; 0 without calls. */
  get quietMs(): number {
    const [oldest] = this.#pending.values();
    return oldest === undefined ? 0 : performance.now() - Math.max(this.#heardMs, oldest.sentMs);
  }

  /**
   * @param signal ends the waiting; the indexer is told. Its reason, an AppError, is what the call fails with.
   * @throws AppError as the indexer threw it; UNAVAILABLE if the stream ends first.
   */
  call(body: CallBody, signal: AbortSignal): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (signal.aborted) return Promise.reject(toAppError(signal.reason));
    const id = this.#nextId();
    return new Promise<Answer>((resolve, reject) => {
      // What cannot be encoded fails here.
      this.#unsent.set(id, ShardCall.encode({ ...body, id }));
      const left = (): void => { this.#cancel(id, toAppError(signal.reason)); };
      const settled = (): void => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', left);
      };
      signal.addEventListener('abort', left, { once: true });
      this.#pending.set(id, {
        id, sentMs: performance.now(),
        resolve: (answer) => { settled(); resolve(answer); },
        reject: (error) => { settled(); reject(error); },
      });
      this.#wakeSender();
    });
  }

  /** Fails what is under way. Not told to `onEnd`. */
  close(reason: AppError): void {
    if (this.#ended !== undefined) return;
    this.#finish(reason);
    this.#stream.cancel();
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === idMax ? 1 : this.#lastId + 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #cancel(id: number, reason: AppError): void {
    const call = this.#pending.get(id);
    if (call === undefined) return;
    this.#parts.forget(id);
    if (!this.#unsent.delete(id)) {
      this.#unsent.set(-id, ShardCall.encode(ShardCall.create({ id, call: { kind: 'cancel', value: {} } })));
      this.#wakeSender();
    }
    call.reject(reason);
  }

  #wakeSender(): void {
    if (this.#sending) return;
    this.#sending = true;
    // What else is called at this moment goes along.
    queueMicrotask(() => { void this.#send(); });
  }

  /** One message at a time: what comes meanwhile waits for the next. */
  async #send(): Promise<void> {
    while (this.#unsent.size > 0 && this.#ended === undefined) {
      const message: Uint8Array[] = [];
      let bytes = 0;
      for (const [id, call] of this.#unsent) {
        if (bytes > 0 && bytes + call.length > messageBytesMax) break;
        message.push(fieldPrefix(callsNumber, call.length), call);
        bytes += call.length;
        this.#unsent.delete(id);
      }
      await this.#write(message);
    }
    this.#sending = false;
  }

  /** Settles when the connection took it, or is over. */
  #write(message: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('status', done);
        resolve();
      };
      this.#stream.once('status', done);
      this.#stream.write(message, done);
    });
  }

  #receive(message: Buffer): void {
    if (this.#ended !== undefined) return;
    this.#heardMs = performance.now();
    try {
      for (const answer of ShardAnswers.decode(message).answers) this.#take(answer);
    } catch (thrown) {
      this.#end(this.#broken(`what it answers cannot be read: ${toAppError(thrown).message}`));
      this.#stream.cancel();
    }
  }

  #take({ id, answer }: ShardAnswer): void {
    if (answer?.kind === 'draining') {
      this.#options.onDraining();
      return;
    }
    const call = this.#pending.get(id);
    // It was cancelled, and the indexer had answered already.
    if (call === undefined) return;
    if (answer?.kind === 'part') {
      const whole = this.#parts.add(id, answer.value);
      if (whole !== null) this.#take(ShardAnswer.decode(whole));
    } else if (answer?.kind === 'error') call.reject(fromPlainError(answer.value));
    else if (answer === null) call.reject(new AppError('UNIMPLEMENTED', `indexer ${this.#options.address} gives an answer that this release does not know`));
    else call.resolve(answer);
  }

  #broken(why: string): AppError {
    return new AppError('UNAVAILABLE', `indexer ${this.#options.address}: ${why}`);
  }

  #end(error: AppError): void {
    if (this.#ended !== undefined) return;
    this.#finish(error);
    this.#options.onEnd(error);
  }

  #finish(error: AppError): void {
    this.#ended = error;
    this.#unsent.clear();
    this.#parts.clear();
    for (const { reject } of [...this.#pending.values()]) reject(error);
    this.#client.close();
  }
}
