/** A bidirectional stream over a handler of single calls: answers in the order of the requests, a bounded number under way. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, toAppError } from '@proximadb/errors';
import type { Admission } from '../admission.ts';
import { toStatus } from './status.ts';

export interface StreamOptions {
  /** Requests of one stream that may be under way, or answered and not yet taken by the client. */
  readonly pipelineMax: number;
  readonly admission: Admission;
  /** Aborts when the server stops: what was taken is answered, then the stream ends with UNAVAILABLE. */
  readonly closing: AbortSignal;
  /** One request message to one answer message. The signal aborts when the stream is over. */
  readonly handle: (message: Buffer, signal: AbortSignal) => Promise<Buffer>;
}

type Answer = { readonly kind: 'answer'; readonly bytes: Buffer } | { readonly kind: 'error'; readonly error: AppError };

/**
 * Serves a stream to its end; never rejects. The first request that fails ends it, after the answers to those before it; what was
 * sent after it may have been done or not.
 */
export async function serveStream(call: ServerDuplexStream<Buffer, Buffer>, options: StreamOptions): Promise<void> {
  readOneAhead(call);
  const over = new AbortController();
  const end = (): void => over.abort(new AppError('CANCELLED', 'the stream is over'));
  call.once('cancelled', end);
  // Reading stops, answering does not, when the server closes.
  const intake = AbortSignal.any([over.signal, options.closing]);
  let failure: AppError | undefined;
  let underWay = 0;
  let answered = Promise.resolve();
  let wake: (() => void) | undefined;

  const settle = async (result: Promise<Answer>): Promise<void> => {
    const answer = await result;
    if (failure === undefined && !over.signal.aborted) {
      if (answer.kind === 'answer') await write(call, answer.bytes);
      else {
        failure = answer.error;
        end();
      }
    }
    underWay--;
    wake?.();
  };

  const handleOne = async (message: Buffer, release: () => void): Promise<Answer> => {
    try {
      return { kind: 'answer', bytes: await options.handle(message, over.signal) };
    } catch (thrown) {
      return { kind: 'error', error: toAppError(thrown) };
    } finally {
      release();
    }
  };

  try {
    for await (const message of messagesUntil(call, intake)) {
      const release = await options.admission.wait(message.length, intake);
      underWay++;
      const result = handleOne(message, release);
      answered = answered.then(() => settle(result));
      while (underWay >= options.pipelineMax) await new Promise<void>((resolve) => { wake = resolve; });
      if (intake.aborted) break;
    }
  } catch (thrown) {
    // The intake's end, or a broken connection: either way nothing more is read.
    if (!intake.aborted) failure ??= toAppError(thrown);
  }
  await answered;
  call.off('cancelled', end);
  if (options.closing.aborted) failure ??= new AppError('UNAVAILABLE', 'the server is stopping', { retryAfterMs: 1000 });
  finish(call, failure);
}

/** The messages of a call until it ends or the signal aborts; the call itself stays open for answers. */
async function* messagesUntil(call: ServerDuplexStream<Buffer, Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const messages = call.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  // Of the message that is waited for. A promise that all of them raced with would keep something of each for as long as the stream lives.
  let stop: () => void = () => undefined;
  const stopped = (): void => { stop(); };
  signal.addEventListener('abort', stopped, { once: true });
  try {
    while (!signal.aborted) {
      const result = await new Promise<IteratorResult<Buffer> | null>((resolve, reject) => {
        stop = () => { resolve(null); };
        messages.next().then(resolve, reject);
      });
      if (result === null || result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', stopped);
  }
}

/** Settles when the connection took the answer (the client's flow control), or when there is nobody left to take it. */
function write(call: ServerDuplexStream<Buffer, Buffer>, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('cancelled', done);
      resolve();
    };
    call.once('cancelled', done);
    if (call.cancelled || call.destroyed) done();
    else call.write(bytes, done);
  });
}

function finish(call: ServerDuplexStream<Buffer, Buffer>, failure: AppError | undefined): void {
  if (call.cancelled || call.destroyed) return;
  if (failure === undefined) call.end();
  else call.emit('error', toStatus(failure));
}

/**
 * grpc-js makes its streams with Node's default of 16 objects read ahead, and has no option for it; 16 messages of 64 MiB would
 * escape every limit. Node has no public way to change it afterwards.
 */
function readOneAhead(call: ServerDuplexStream<Buffer, Buffer>): void {
  const { _readableState: state } = call as unknown as { readonly _readableState: { highWaterMark: number } };
  state.highWaterMark = 1;
}
