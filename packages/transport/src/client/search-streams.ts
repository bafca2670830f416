/**
 * Searches over streams that stay open: about half of what a call of its own costs. A stream has one search at a time, as a connection of
 * HTTP has that is kept alive. Answers of one stream come in the order of its requests, and an error ends it; so a slow search holds up
 * nobody, a search that fails takes no other with it, and cancelling one ends its work on the server.
 */
import { Metadata, type Client as GrpcClient, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { AppError } from '@proximadb/errors';
import { method, ReadOptions, type SearchRequest, type SearchResponse } from '@proximadb/schemas';
import { asIs, encodeRequest } from '../grpc/buffer.ts';
import { fromStatus } from '../grpc/status.ts';
import { cancelled, serverTimeoutMs } from './retries.ts';

/** Each counts as a call under way with the server. */
const streamsMax = 32;
/** One that nobody asked for so long is ended: it would keep a process alive that has nothing else to do. */
const idleMs = 1_000;

const search = method('SearchStream');

interface Waiting {
  readonly resolve: (answer: SearchResponse) => void;
  readonly reject: (error: AppError) => void;
}

class SearchStream {
  readonly #call: ClientDuplexStream<Buffer, SearchResponse>;
  readonly #onOver: () => void;
  #waiting: Waiting | undefined;
  #idle: NodeJS.Timeout | undefined;
  /** Whether it has answered: then it may also have been ended from afar since. */
  answered = false;
  over: AppError | undefined;

  constructor(grpc: GrpcClient, onOver: () => void) {
    this.#call = grpc.makeBidiStreamRequest<Buffer, SearchResponse>(
      search.grpcPath, asIs, (bytes) => search.response.decode(bytes) as SearchResponse, new Metadata());
    this.#call.on('data', (answer: SearchResponse) => {
      this.answered = true;
      this.#take()?.resolve(answer);
    });
    this.#onOver = onOver;
    this.#call.on('error', (error: Error | ServiceError) => {
      this.#end('metadata' in error ? fromStatus(error) : new AppError('CANCELLED', 'the stream was left', { cause: error }));
    });
    this.#call.on('end', () => { this.#end(new AppError('UNAVAILABLE', 'the server ended the stream')); });
  }

  ask(request: Buffer): Promise<SearchResponse> {
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) {
        reject(this.over);
        return;
      }
      this.#waiting = { resolve, reject };
      this.#call.write(request);
    });
  }

  rest(): void {
    this.#idle = setTimeout(() => {
      this.#end(new AppError('UNAVAILABLE', 'the stream was not used'));
      this.#call.end();
    }, idleMs).unref();
  }

  /** The server stops working for it. */
  leave(error: AppError): void {
    this.#end(error);
    this.#call.cancel();
  }

  #end(error: AppError): void {
    if (this.over !== undefined) return;
    this.over = error;
    clearTimeout(this.#idle);
    this.#onOver();
    this.#take()?.reject(error);
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }
}

export class SearchStreams {
  readonly #grpc: GrpcClient;
  readonly #idle: SearchStream[] = [];
  readonly #open = new Set<SearchStream>();
  #supported = true;

  constructor(grpc: GrpcClient) {
    this.#grpc = grpc;
  }

  /**
   * @returns undefined where a call of its own has to be made: too many streams are open, the server has none, or the one that was taken had
   *   ended meanwhile.
   * @throws AppError as the server threw it; DEADLINE_EXCEEDED; CANCELLED; INVALID_ARGUMENT for a request that is not of its type.
   */
  async search(given: Partial<SearchRequest>, leftMs: number, signal: AbortSignal | undefined): Promise<SearchResponse | undefined> {
    const request = encodeRequest(search, withTimeout(given, leftMs));
    const stream = this.#take();
    if (stream === undefined) return undefined;
    const wasUsed = stream.answered;
    const timer = setTimeout(() => {
      stream.leave(new AppError('DEADLINE_EXCEEDED', `the search was not answered within ${Math.round(leftMs)} ms`));
    }, leftMs);
    const abort = (): void => { if (signal !== undefined) stream.leave(cancelled(signal)); };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const answer = await stream.ask(request);
      this.#giveBack(stream);
      return answer;
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.code === 'UNIMPLEMENTED') this.#supported = false;
      if (thrown.code === 'UNIMPLEMENTED' || (wasUsed && thrown.code === 'UNAVAILABLE')) return undefined;
      throw thrown;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  close(): void {
    for (const stream of this.#open) stream.leave(new AppError('CANCELLED', 'the client was closed'));
  }

  #take(): SearchStream | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (!this.#supported || this.#open.size >= streamsMax) return undefined;
    const stream = new SearchStream(this.#grpc, () => {
      this.#open.delete(stream);
      const at = this.#idle.indexOf(stream);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#open.add(stream);
    return stream;
  }

  #giveBack(stream: SearchStream): void {
    if (stream.over !== undefined) return;
    this.#idle.push(stream);
    stream.rest();
  }
}

/** A stream has no deadline: each of its requests says its own. */
function withTimeout(given: Partial<SearchRequest>, leftMs: number): Partial<SearchRequest> {
  const read = given.read ?? ReadOptions.create();
  const timeoutMs = Math.min(read.timeoutMs ?? Infinity, serverTimeoutMs(leftMs));
  return { ...given, read: { ...read, timeoutMs } };
}
