/** The gRPC server: `proximadb.v1.ProximaDB` with our own codecs, server reflection, and `grpc.health.v1`. */
import { Server, ServerCredentials, type ServerDuplexStream, type ServerUnaryCall, type ServiceDefinition, type sendUnaryData } from '@grpc/grpc-js';
import { AppError, invalid, toAppError } from '@proximadb/errors';
import type { Readiness } from '@proximadb/process';
import { methods, serviceName, type Method } from '@proximadb/schemas';
import { Admission, type AdmissionLimits } from '../admission.ts';
import { createCaller, timeoutOf, type CallOptions } from '../call.ts';
import { handlerOf, type Handlers } from '../handlers.ts';
import { asBuffer } from './buffer.ts';
import { addHealth } from './health.ts';
import { addReflection } from './reflection.ts';
import { toStatus } from './status.ts';
import { serveStream } from './streams.ts';

export interface GrpcOptions extends CallOptions {
  readonly handlers: Handlers;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly readiness: () => Readiness;
  /** Largest request message. Default 64 MiB. */
  readonly messageBytesMax?: number;
  readonly admission?: AdmissionLimits;
  /** Requests of one stream that may be under way. Default 8. */
  readonly pipelineMax?: number;
}

/** A server that takes calls. */
export interface RunningServer {
  readonly port: number;
  /** Refuses new calls, lets those under way end for at most `graceMs`, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

/** A message is whole before it is counted, so connections are bounded in what they may send at once. */
const callsAConnectionMax = 256;

/** @throws AppError UNAVAILABLE if the port is taken. */
export async function startGrpc(options: GrpcOptions): Promise<RunningServer> {
  const server = new Server({
    'grpc.max_receive_message_length': options.messageBytesMax ?? 64 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': callsAConnectionMax,
  });
  const admission = new Admission(options.admission);
  options.metrics.gauge('grpc_calls_under_way', 'gRPC calls and streams under way.', [], (gauge) => gauge.set(admission.calls));
  options.metrics.gauge('grpc_request_bytes_under_way', 'Bytes of gRPC requests under way.', [], (gauge) => gauge.set(admission.bytes));
  const closing = new AbortController();
  addService(server, options, admission, closing.signal);
  addReflection(server);
  const health = addHealth(server, serviceName, options.readiness);
  const port = await listen(server, options.host ?? '127.0.0.1', options.port);
  return {
    port,
    async close(graceMs) {
      health.stop();
      closing.abort();
      const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      // Our own calls are what is worth waiting for; a health watcher would hold its connection for ever.
      await within(graceMs, admission.idle());
      await within(Math.min(graceMs, lastBytesMs), drained);
      server.forceShutdown();
    },
  };
}

/** For the last answers to leave their connections. */
const lastBytesMs = 100;

function addService(server: Server, options: GrpcOptions, admission: Admission, closing: AbortSignal): void {
  const caller = createCaller('grpc', options);
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: Record<string, ReturnType<typeof unary> | ReturnType<typeof stream>> = {};

  const answer = async (method: Method, message: Buffer, clientMs: number, cancelled: AbortSignal): Promise<Buffer> => {
    const handler = handlerOf(options.handlers, method.operation);
    const request = decode(method, message);
    const timeoutMs = request instanceof AppError ? null : timeoutOf(request);
    return caller.call({ operation: method.name, timeoutMs, clientMs, cancelled }, async (context) => {
      // Thrown here, a request that cannot be read is counted and answered as every other.
      if (request instanceof AppError) throw request;
      return asBuffer(method.response.encode(await handler(request, context)));
    });
  };

  const unary = (method: Method) => (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void => {
    const cancelled = new AbortController();
    const cancel = (): void => cancelled.abort();
    call.once('cancelled', cancel);
    const run = async (): Promise<Buffer> => {
      const release = admission.enter(call.request.length);
      try {
        return await answer(method, call.request, clientMs(call), cancelled.signal);
      } finally {
        // grpc-js tells of every call's end as of a cancellation; an abort for nobody would cost more than the rest of it.
        call.off('cancelled', cancel);
        release();
      }
    };
    run().then((bytes) => respond(null, bytes), (thrown: unknown) => respond(toStatus(toAppError(thrown))));
  };

  const stream = (method: Method) => (call: ServerDuplexStream<Buffer, Buffer>): void => {
    let release: () => void;
    try {
      release = admission.enter(0);
    } catch (thrown) {
      call.emit('error', toStatus(toAppError(thrown)));
      return;
    }
    const handle = (message: Buffer, signal: AbortSignal): Promise<Buffer> => answer(method, message, clientMs(call), signal);
    void serveStream(call, { pipelineMax: options.pipelineMax ?? 8, admission, closing, handle }).finally(release);
  };

  for (const method of methods) {
    const bidirectional = method.stream === 'bidirectional';
    definition[method.name] = {
      path: method.grpcPath, requestStream: bidirectional, responseStream: bidirectional,
      requestSerialize: asBuffer, requestDeserialize: (bytes) => bytes, responseSerialize: asBuffer, responseDeserialize: (bytes) => bytes,
    };
    implementation[method.name] = bidirectional ? stream(method) : unary(method);
  }
  server.addService(definition, implementation);
}

function decode(method: Method, message: Buffer): object {
  try {
    return method.request.decode(message);
  } catch (thrown) {
    return invalid(`the message is not a ${method.requestName}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/**
 * What the client's deadline leaves; it came as a duration, and grpc-js turned it into wall-clock time a moment ago. A little is kept
 * back: at the deadline itself grpc-js ends the call with an error that says nothing, where a handler has details and a token to give.
 */
function clientMs(call: { getDeadline(): Date | number }): number {
  const leftMs = Math.max(0, Number(call.getDeadline()) - Date.now());
  return leftMs === Infinity ? leftMs : leftMs - Math.min(50, leftMs / 10);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new AppError('UNAVAILABLE', `gRPC cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    });
  });
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise<void>((resolve) => { timer = setTimeout(resolve, ms); })]);
  clearTimeout(timer);
}
