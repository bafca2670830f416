/** The client's end of a bidirectional stream. */
import { Metadata, type Client as GrpcClient, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { AppError } from '@proximadb/errors';
import type { Method } from '@proximadb/schemas';
import { asIs, encodeRequest } from '../grpc/buffer.ts';
import { fromStatus } from '../grpc/status.ts';

/**
 * Requests one way, answers in the same order the other way: iterate over it once.
 * The iteration throws the AppError that ended the stream, after the answers before it. Leaving the loop early cancels.
 */
export interface Exchange<Request, Response> extends AsyncIterable<Response> {
  /**
   * Resolves when the connection took it: await it, and a slow server slows the sender. Answers have to be read meanwhile, or
   * both ends come to a stand.
   * @throws AppError if the stream has ended; INVALID_ARGUMENT for a request that is not of its type: it is not sent, and the stream goes on.
   */
  send(request: Request): Promise<void>;
  /** No more requests; the answers still to come are answered. */
  end(): void;
  cancel(): void;
}

export interface ExchangeLimits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export function openExchange<Request extends object, Response>(grpc: GrpcClient, one: Method, limits: ExchangeLimits = {}): Exchange<Request, Response> {
  const deadline = limits.timeoutMs === undefined ? {} : { deadline: Date.now() + limits.timeoutMs };
  const call: ClientDuplexStream<Buffer, Response> = grpc.makeBidiStreamRequest<Buffer, Response>(
    one.grpcPath, asIs, (bytes) => one.response.decode(bytes) as Response, new Metadata(), deadline);
  let failure: AppError | undefined;
  // Asks for the first answer. Until somebody does, grpc-js takes in whatever comes, without a bound; after it, 16 answers.
  call.read(0);
  const abort = (): void => call.cancel();
  const over = (): void => limits.signal?.removeEventListener('abort', abort);
  // The first error is the call's status; after it the stream may be destroyed with one of its own.
  call.on('error', (error: Error | ServiceError) => {
    failure ??= 'metadata' in error ? fromStatus(error) : new AppError('CANCELLED', 'the stream was left', { cause: error });
    over();
  });
  call.on('end', over);
  if (limits.signal?.aborted === true) call.cancel();
  else limits.signal?.addEventListener('abort', abort, { once: true });
  return {
    send: (request) => new Promise((resolve, reject) => {
      const ended = (): AppError => failure ?? new AppError('CANCELLED', 'the stream has ended');
      if (failure !== undefined || call.destroyed || call.writableEnded) {
        reject(ended());
        return;
      }
      call.write(encodeRequest(one, request), (error?: Error | null) => (error == null ? resolve() : reject(ended())));
    }),
    end: () => call.end(),
    cancel: () => call.cancel(),
    async* [Symbol.asyncIterator]() {
      try {
        for await (const answer of call.iterator({ destroyOnReturn: false })) yield answer as Response;
        if (failure !== undefined) throw failure;
      } catch (thrown) {
        throw failure ?? thrown;
      } finally {
        call.cancel();
      }
    },
  };
}
