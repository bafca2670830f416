/** One call of a handler, the same for both transports: its deadline, its cancellation, its metrics, its errors. */
import { AppError, AssertionError, invalid, toAppError, whoMustAct } from '@proximadb/errors';
import { Deadline, type Logger, type Metrics } from '@proximadb/process';
import type { CallContext } from './handlers.ts';

export interface TimeLimits {
  /** Of a call whose client and request name no time. Default 30,000. */
  readonly timeoutMsDefault?: number;
  /** A longer time asked for is cut to this. Default 600,000. */
  readonly timeoutMsMax?: number;
  /** How long after its deadline a handler may still answer (with a token, say) before the transport does. Default 1,000. */
  readonly lateMsMax?: number;
}

export interface CallOptions {
  readonly limits?: TimeLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /**
   * Gets what is our own bug: a failed assertion, after the call was answered with INTERNAL. By default it is thrown where nobody
   * catches it, which ends the process: its state is not to be trusted.
   */
  readonly onBug?: (error: Error) => void;
}

export interface Asked {
  /** As metrics and logs name it: `Upsert`. */
  readonly operation: string;
  readonly timeoutMs: number | null;
  /** What the client's own deadline leaves; Infinity without one. */
  readonly clientMs: number;
  /** Aborts when the client goes away. */
  readonly cancelled: AbortSignal;
}

export interface Caller {
  /** @throws AppError, always of that class: the call's answer. */
  call<T>(asked: Asked, run: (context: CallContext) => Promise<T>): Promise<T>;
}

/** What the request itself says about its time: writes have it at the top, reads in their options. */
export function timeoutOf(request: object): number | null {
  const { timeoutMs, read } = request as { timeoutMs?: number | null; read?: { timeoutMs?: number | null } | null };
  return timeoutMs ?? read?.timeoutMs ?? null;
}

export function createCaller(transport: 'grpc' | 'rest', options: CallOptions): Caller {
  const { logger, metrics } = options;
  const limits = { timeoutMsDefault: 30_000, timeoutMsMax: 600_000, lateMsMax: 1000, ...options.limits };
  const calls = metrics.counter('calls_total', 'Calls by their answer.', ['transport', 'operation', 'code']);
  const seconds = metrics.histogram('call_seconds', 'Time to answer.', ['transport', 'operation']);
  const onBug = options.onBug ?? ((error) => setImmediate(() => { throw error; }));

  const failed = (thrown: unknown, operation: string): AppError => {
    const error = toAppError(thrown);
    if (thrown instanceof AssertionError) onBug(thrown);
    const actor = whoMustAct(error.code);
    if (actor === 'developer' || actor === 'operator') logger.error('call-failed', { transport, operation, error: thrown });
    return error;
  };

  return {
    async call(asked, run) {
      const { operation } = asked;
      const started = performance.now();
      let code = 'OK';
      try {
        return await answer(asked, limits, run);
      } catch (thrown) {
        const error = failed(thrown, operation);
        code = error.code;
        throw error;
      } finally {
        calls.inc({ transport, operation, code });
        seconds.observe({ transport, operation }, (performance.now() - started) / 1000);
      }
    },
  };
}

async function answer<T>(asked: Asked, limits: Required<TimeLimits>, run: (context: CallContext) => Promise<T>): Promise<T> {
  if (asked.timeoutMs !== null && asked.timeoutMs <= 0) throw invalid('must be at least 1', { field: 'timeoutMs' });
  const timeMs = Math.min(asked.timeoutMs ?? (asked.clientMs === Infinity ? limits.timeoutMsDefault : Infinity), asked.clientMs, limits.timeoutMsMax);
  const deadline = Deadline.after(timeMs);
  const controller = new AbortController();
  const expired = (): AppError => new AppError('DEADLINE_EXCEEDED', `${asked.operation} was not done within ${Math.round(timeMs)} ms`);
  const cancel = (): void => controller.abort(new AppError('CANCELLED', 'the client went away'));
  let late: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  if (asked.cancelled.aborted) cancel();
  else asked.cancelled.addEventListener('abort', cancel, { once: true });
  try {
    controller.signal.throwIfAborted();
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        controller.abort(expired());
        late = setTimeout(() => reject(expired()), limits.lateMsMax);
      }, timeMs);
      run({ signal: controller.signal, deadline }).then(resolve, reject);
    });
  } catch (thrown) {
    // Whoever waited on the signal may have thrown an error of its own: the reason is what happened.
    if (controller.signal.aborted && isAbort(thrown)) throw controller.signal.reason;
    throw thrown;
  } finally {
    clearTimeout(timer);
    clearTimeout(late);
    asked.cancelled.removeEventListener('abort', cancel);
  }
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
