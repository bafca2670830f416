/** A thin typed client of the gRPC API, with our own codecs: what the command line, the demo and the tests use. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as GrpcClient, connectivityState, credentials, Metadata, type CallOptions, type ServiceError } from '@grpc/grpc-js';
import { AppError, assert } from '@proximadb/errors';
import { method, methods, type Method, type OperationName, type Operations, type SearchRequest, type SearchResponse, type UpsertRequest,
  type WriteResponse } from '@proximadb/schemas';
import { encodeRequest } from './grpc/buffer.ts';
import { fromStatus } from './grpc/status.ts';
import { openExchange, type Exchange } from './exchange.ts';

export type { Exchange } from './exchange.ts';

export interface ClientOptions {
  /** Of a call that names none, all its attempts together. Default 60,000. */
  readonly timeoutMs?: number;
  /** Attempts of one call, the first included. Default 5. */
  readonly attemptsMax?: number;
  /** Wait before the second attempt, doubled before each further one, with jitter. Default 50. */
  readonly backoffMs?: number;
  /** Longest wait between attempts, unless the server asks for more. Default 2,000. */
  readonly backoffMsMax?: number;
  /** Largest answer. Default 256 MiB. */
  readonly messageBytesMax?: number;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
}

export interface OneCall {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What of a request a caller has to give: what is left out has its default. */
export type RequestFor<O extends OperationName> = Partial<Operations[O]['request']>;

export type UnaryCalls = {
  /** @throws AppError as the server threw it. */
  readonly [O in OperationName]: (request: RequestFor<O>, call?: OneCall) => Promise<Operations[O]['response']>;
};

/**
 * A call that meets UNAVAILABLE, or RESOURCE_EXHAUSTED with a time to come back, is repeated within its time. Writes get a request id
 * and count their attempts, so that a repeated one is applied once. Bytes in answers are views on the received message.
 */
export interface Client extends UnaryCalls, AsyncDisposable {
  /** Not repeated: who sends anew after an error uses request ids of his own. */
  readonly upsertStream: (call?: OneCall) => Exchange<Partial<UpsertRequest>, WriteResponse>;
  readonly searchStream: (call?: OneCall) => Exchange<Partial<SearchRequest>, SearchResponse>;
  /** Ends what is under way with CANCELLED. */
  close(): void;
}

/**
 * Servers that can stand in for each other. One is used until it does not answer, then the next: a retry goes to another one, with the
 * request id of the first attempt.
 */
class Servers {
  readonly #clients: readonly GrpcClient[];
  #current = 0;

  constructor(addresses: readonly string[], connect: (address: string) => GrpcClient) {
    this.#clients = addresses.map(connect);
  }

  /** One that can be reached, if there is one to choose: a connection that does not come about is not waited for as long as a call may take. */
  async reachable(endMs: number): Promise<GrpcClient> {
    for (let tried = 1; tried < this.#clients.length; tried += 1) {
      const client = this.current;
      if (await isReachable(client, Math.min(connectMsMax, endMs - performance.now()))) return client;
      this.leave(client);
    }
    return this.current;
  }

  get current(): GrpcClient {
    const client = this.#clients[this.#current];
    assert(client !== undefined, 'there is at least one address');
    return client;
  }

  /** @param failed is left, unless another call has left it already. */
  leave(failed: GrpcClient): void {
    if (this.current === failed) this.#current = (this.#current + 1) % this.#clients.length;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** To connect to one of several servers. */
const connectMsMax = 1_000;

function isReachable(client: GrpcClient, withinMs: number): Promise<boolean> {
  if (client.getChannel().getConnectivityState(true) === connectivityState.READY) return Promise.resolve(true);
  return new Promise((resolve) => { client.waitForReady(Date.now() + withinMs, (error) => { resolve(error === undefined); }); });
}

/** @param address `host:port`, or several with commas: servers of one cluster. Connections are made by the first call that needs them. */
export function createClient(address: string, options: ClientOptions = {}): Client {
  const servers = new Servers(address.split(','), (one) => connect(one, options));
  const calls = Object.fromEntries(methods.filter(({ stream }) => stream === 'unary').map((one) =>
    [one.operation, (request: object, call?: OneCall) => callWithRetries(servers, one, request, call ?? {}, options)])) as unknown as UnaryCalls;
  return {
    ...calls,
    upsertStream: (call) => openExchange(servers.current, method('UpsertStream'), call),
    searchStream: (call) => openExchange(servers.current, method('SearchStream'), call),
    close: () => servers.close(),
    [Symbol.asyncDispose]: async () => servers.close(),
  };
}

function connect(address: string, options: ClientOptions): GrpcClient {
  return new GrpcClient(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': options.messageBytesMax ?? 256 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    // Clients of one process would share a connection, and with it its flow control.
    'grpc.use_local_subchannel_pool': 1,
    // A server that restarts is looked for again soon.
    'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2000,
    // One that is frozen, or whose host is gone, is found out while a call waits for it.
    'grpc.keepalive_time_ms': 5000, 'grpc.keepalive_timeout_ms': 5000,
  });
}

async function callWithRetries(servers: Servers, one: Method, given: object, call: OneCall, options: ClientOptions): Promise<object> {
  const endMs = performance.now() + (call.timeoutMs ?? options.timeoutMs ?? 60_000);
  const first = one.request.create(given) as { readonly requestId?: string | null; readonly attempt?: number };
  const firstAttempt = first.attempt ?? 0;
  const withId = 'requestId' in first ? { ...first, requestId: first.requestId ?? randomUUID() } : first;
  for (let attempt = 0; ; attempt++) {
    const request = 'attempt' in first ? { ...withId, attempt: firstAttempt + attempt } : withId;
    const grpc = await servers.reachable(endMs);
    try {
      return await callOnce(grpc, one, request, endMs - performance.now(), call.signal);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.code === 'UNAVAILABLE') servers.leave(grpc);
      // The attempt before may have deleted it, and its answer was lost.
      if (one.name === 'DeleteCollection' && attempt > 0 && thrown.code === 'NOT_FOUND') return {};
      const waitMs = backoffMs(thrown, attempt, options);
      if (!thrown.retryable || attempt + 1 >= (options.attemptsMax ?? 5) || performance.now() + waitMs >= endMs) throw thrown;
      await sleep(waitMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
    }
  }
}

function backoffMs(error: AppError, attempt: number, options: ClientOptions): number {
  const ceilingMs = Math.min((options.backoffMs ?? 50) * 2 ** attempt, options.backoffMsMax ?? 2000);
  return Math.max(error.retryAfterMs ?? 0, 0) + ceilingMs * (0.5 + (options.random ?? Math.random)() / 2);
}

function callOnce(grpc: GrpcClient, one: Method, request: object, timeoutMs: number, signal: AbortSignal | undefined): Promise<object> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new AppError('CANCELLED', 'the call was cancelled', { cause: signal.reason }));
      return;
    }
    const abort = (): void => call.cancel();
    const done = (error: ServiceError | null, answer: object | undefined): void => {
      signal?.removeEventListener('abort', abort);
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error === null ? new AppError('INTERNAL', 'neither an answer nor an error came') : fromStatus(error));
    };
    const limits: CallOptions = { deadline: Date.now() + timeoutMs };
    const call = grpc.makeUnaryRequest<object, object>(
      one.grpcPath, (message) => encodeRequest(one, message), (bytes) => one.response.decode(bytes), request, new Metadata(), limits, done);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
