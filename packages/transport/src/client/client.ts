/**
 * A thin typed client of the gRPC API, message by message, with our own codecs: what the TypeScript client stands on over gRPC, and what the
 * tests and the bench use.
 */
import { Client as GrpcClient, connectivityState, credentials, Metadata, type CallOptions, type ServiceError } from '@grpc/grpc-js';
import { AppError } from '@proximadb/errors';
import { method, methods, type Method, type OperationName, type Operations, type SearchRequest, type SearchResponse, type UpsertRequest,
  type WriteResponse } from '@proximadb/schemas';
import { asIs, encodeRequest } from '../grpc/buffer.ts';
import { fromStatus } from '../grpc/status.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { cancelled, withRetries, type OneCall, type RetryOptions } from './retries.ts';
import { SearchStreams } from './search-streams.ts';
import { Servers } from './servers.ts';

export type { Exchange } from './exchange.ts';
export type { OneCall } from './retries.ts';

export interface ClientOptions extends RetryOptions {
  /** Largest answer. Default 256 MiB. */
  readonly messageBytesMax?: number;
  /** Searches go over streams that stay open, which takes about half of the time of a call. Default false. */
  readonly searchStreams?: boolean;
}

/** What of a request a caller has to give: what is left out has its default. */
export type RequestFor<O extends OperationName> = Partial<Operations[O]['request']>;

export type UnaryCalls = {
  /** @throws AppError as the server threw it; INVALID_ARGUMENT for a request that is not of its type, before it is sent. */
  readonly [O in OperationName]: (request: RequestFor<O>, call?: OneCall) => Promise<Operations[O]['response']>;
};

/** Bytes in answers are views on the received message. What is repeated: {@link withRetries}. */
export interface Client extends UnaryCalls, AsyncDisposable {
  /** Not repeated: who sends anew after an error uses request ids of his own. */
  readonly upsertStream: (call?: OneCall) => Exchange<Partial<UpsertRequest>, WriteResponse>;
  readonly searchStream: (call?: OneCall) => Exchange<Partial<SearchRequest>, SearchResponse>;
  /** Whether the server says by `grpc.health.v1` that it serves. */
  readonly serving: (call?: OneCall) => Promise<boolean>;
  /** Ends what is under way with CANCELLED. */
  close(): void;
}

interface Connection {
  readonly grpc: GrpcClient;
  readonly streams: SearchStreams;
}

/** @param address `host:port`, or several with commas: servers of one cluster. Connections are made by the first call that needs them. */
export function createClient(address: string, options: ClientOptions = {}): Client {
  const servers = new Servers(address, (one): Connection => {
    const grpc = connect(one, options);
    return { grpc, streams: new SearchStreams(grpc) };
  });
  const once = async (one: Method, request: object, endMs: number, signal: AbortSignal | undefined): Promise<object> => {
    const connection = await reachable(servers, endMs);
    try {
      const leftMs = endMs - performance.now();
      const streamed = one.name === 'Search' && options.searchStreams === true ? await connection.streams.search(request, leftMs, signal) : undefined;
      return streamed ?? await callOnce(connection.grpc, one, request, endMs - performance.now(), signal);
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'UNAVAILABLE') servers.leave(connection);
      throw thrown;
    }
  };
  const calls = Object.fromEntries(methods.filter(({ stream }) => stream === 'unary').map((one) => [
    one.operation, (request: object, call: OneCall = {}) => withRetries(one, request, call, options, (each, endMs) => once(one, each, endMs, call.signal)),
  ])) as unknown as UnaryCalls;
  const close = (): void => {
    for (const { grpc, streams } of servers.all) {
      streams.close();
      grpc.close();
    }
  };
  return {
    ...calls,
    upsertStream: (call) => openExchange(servers.current.grpc, method('UpsertStream'), call),
    searchStream: (call) => openExchange(servers.current.grpc, method('SearchStream'), call),
    serving: async ({ timeoutMs = options.timeoutMs ?? 60_000, signal } = {}) => {
      const { grpc } = await reachable(servers, performance.now() + timeoutMs);
      return isServing(await unary(grpc, healthPath, Buffer.alloc(0), asIs, timeoutMs, signal));
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

/** To connect to one of several servers. */
const connectMsMax = 1_000;

/** One that can be reached, if there is one to choose: a connection that does not come about is not waited for as long as a call may take. */
async function reachable(servers: Servers<Connection>, endMs: number): Promise<Connection> {
  for (let tried = 1; tried < servers.all.length; tried += 1) {
    const { current } = servers;
    if (await isReachable(current.grpc, Math.min(connectMsMax, endMs - performance.now()))) return current;
    servers.leave(current);
  }
  return servers.current;
}

function isReachable(client: GrpcClient, withinMs: number): Promise<boolean> {
  if (client.getChannel().getConnectivityState(true) === connectivityState.READY) return Promise.resolve(true);
  return new Promise((resolve) => { client.waitForReady(Date.now() + withinMs, (error) => { resolve(error === undefined); }); });
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

async function callOnce(grpc: GrpcClient, one: Method, request: object, timeoutMs: number, signal: AbortSignal | undefined): Promise<object> {
  return unary(grpc, one.grpcPath, encodeRequest(one, request), (bytes) => one.response.decode(bytes), timeoutMs, signal);
}

function unary<Answer>(
  grpc: GrpcClient, path: string, request: Buffer, decode: (bytes: Buffer) => Answer, timeoutMs: number, signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(cancelled(signal));
      return;
    }
    const abort = (): void => call.cancel();
    const done = (error: ServiceError | null, answer: Answer | undefined): void => {
      signal?.removeEventListener('abort', abort);
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error === null ? new AppError('INTERNAL', 'neither an answer nor an error came') : fromStatus(error));
    };
    const limits: CallOptions = { deadline: Date.now() + timeoutMs };
    const call = grpc.makeUnaryRequest<Buffer, Answer>(path, asIs, decode, request, new Metadata(), limits, done);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

const healthPath = '/grpc.health.v1.Health/Check';

/** Of a HealthCheckResponse: its only field, `status`, is 1. */
function isServing(response: Buffer): boolean {
  return response.length === 2 && response[0] === 8 && response[1] === 1;
}
