/** The gRPC server of an indexer: `proximadb.v1.cluster.Shards`, for the query services and gateways of its cluster. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AppError, grpcStatus } from '@proximadb/errors';
import { limit, limitDefaults, mebibyte, type Limits, type LimitValues, type Logger, type Metrics } from '@proximadb/process';
import type { ProcessFault } from '@proximadb/query';
import { exchangePath } from '@proximadb/schemas';
import type { ServedShards } from './answer.ts';
import { Exchange, type ExchangeStream } from './exchange.ts';

/** Units stand last in the names; all are whole numbers. */
export const shardServerLimits = {
  streamsMax: limit(1_024, 1, 65_536, 'Streams of calls: one for each process that asks.'),
  callsMax: limit(1_024, 1, 65_536, 'Calls of one stream that are under way, or answered and not yet taken. More: RESOURCE_EXHAUSTED.'),
  callBytesMax: limit(80 * mebibyte, 1_024, 1_024 * mebibyte, 'Size of a message with calls.'),
  answerBytesMax: limit(128 * mebibyte, 1_024, 1_024 * mebibyte, 'Records of one answer. More: RESOURCE_EXHAUSTED.'),
  waitingBytesMax: limit(256 * mebibyte, 1_024, 4_096 * mebibyte, 'Answers of one stream that wait to be taken. More: RESOURCE_EXHAUSTED.'),
  allWaitingBytesMax: limit(512 * mebibyte, 1_024, 16_384 * mebibyte, 'The same of all streams.'),
  stalledMsMax: limit(30_000, 100, 600_000, 'A reader that takes nothing for so long is given up.'),
  retryAfterMs: limit(50, 1, 60_000, 'When a caller that was sent away is told to come back.'),
  keepaliveMs: limit(10_000, 100, 600_000, 'How often a quiet connection is asked whether it lives; unanswered for as long, it is closed.'),
} as const satisfies Limits;

export type ShardServerConfig = LimitValues<typeof shardServerLimits>;
export const shardServerDefaults: ShardServerConfig = limitDefaults(shardServerLimits);

export interface ShardServerOptions {
  readonly shards: ServedShards;
  /** What is wrong with the whole process, for whoever asks how it is. Default: nothing. */
  readonly faults?: () => readonly ProcessFault[];
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** What is left out has its default. */
  readonly config?: Partial<ShardServerConfig>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Adds services that share the port (health, say) before it listens. */
  readonly addServices?: (server: Server) => void;
  /**
   * Gets what is our own bug: a failed assertion, after the call was answered with INTERNAL. By default it is thrown where nobody
   * catches it, which ends the process: its state is not to be trusted.
   */
  readonly onBug?: (error: Error) => void;
}

/** A server that takes calls. */
export interface ShardServer {
  readonly port: number;
  /** Tells callers to go elsewhere, answers what is under way for at most `graceMs`, then cuts it off. */
  close(graceMs: number): Promise<void>;
  /** Cuts everything off. */
  destroy(): void;
}

/** For the last answers to leave their connections. */
const lastBytesMs = 100;

/** @throws AppError UNAVAILABLE if the port is taken. */
export async function startShardServer(options: ShardServerOptions): Promise<ShardServer> {
  const config: ShardServerConfig = { ...shardServerDefaults, ...options.config };
  const { metrics, logger, shards, faults = () => [] } = options;
  const exchanges = new Set<Exchange>();
  const all = { bytes: 0 };
  let closing = false;
  const calls = metrics.counter('shard_calls_total', 'Calls of other processes, by their answer.', ['call', 'code']);
  const seconds = metrics.histogram('shard_call_seconds', 'Time to answer calls of other processes.', ['call']);
  metrics.gauge('shard_streams', 'Processes that have a stream of calls.', [], (gauge) => { gauge.set(exchanges.size); });
  metrics.gauge('shard_calls_under_way', 'Calls of other processes that are under way.', [], (gauge) => {
    gauge.set([...exchanges].reduce((sum, exchange) => sum + exchange.calls, 0));
  });
  metrics.gauge('shard_answer_bytes_waiting', 'Answers that wait to be taken.', [], (gauge) => { gauge.set(all.bytes); });
  const onBug = (error: Error): void => {
    logger.error('shard-call-failed', { error });
    if (options.onBug === undefined) setImmediate(() => { throw error; });
    else options.onBug(error);
  };
  const exchangeOptions = {
    ...config, shards, faults, all, onBug,
    onAnswered: (call: string, code: string, ms: number): void => {
      calls.inc({ call, code });
      seconds.observe({ call }, ms / 1_000);
    },
  };

  const serve = (stream: ExchangeStream): void => {
    if (exchanges.size >= config.streamsMax) {
      stream.emit('error', { code: grpcStatus.RESOURCE_EXHAUSTED, details: `${config.streamsMax} streams are open` });
      return;
    }
    const exchange = new Exchange(stream, exchangeOptions);
    exchanges.add(exchange);
    void exchange.over.then(() => { exchanges.delete(exchange); });
    if (closing) void exchange.drain();
  };

  const server = new Server({
    'grpc.max_receive_message_length': config.callBytesMax, 'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': config.keepaliveMs, 'grpc.keepalive_timeout_ms': config.keepaliveMs,
  });
  server.addService({
    Exchange: {
      path: exchangePath, requestStream: true, responseStream: true,
      requestSerialize: (bytes: Buffer) => bytes, requestDeserialize: (bytes) => bytes,
      // Joined where grpc-js asks for its bytes, and not before.
      responseSerialize: (message: readonly Uint8Array[]) => Buffer.concat(message), responseDeserialize: (bytes) => [bytes],
    },
  }, { Exchange: serve });
  options.addServices?.(server);
  const port = await listen(server, options.host ?? '127.0.0.1', options.port);

  return {
    port,
    async close(graceMs) {
      closing = true;
      const draining = Promise.all([...exchanges].map((exchange) => exchange.drain()));
      await within(graceMs, draining);
      for (const exchange of exchanges) exchange.end();
      await within(Math.min(graceMs, lastBytesMs), new Promise<void>((resolve) => { server.tryShutdown(() => { resolve(); }); }));
      server.forceShutdown();
    },
    destroy() {
      server.forceShutdown();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new AppError('UNAVAILABLE', `gRPC cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
  });
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); })]);
  clearTimeout(timer);
}
