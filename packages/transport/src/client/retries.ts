/** A call until it is answered, fails for good, or its time is over: the only place that repeats anything. It knows no transport. */
import { AppError } from '@proximadb/errors';
import type { Messages, MethodName } from '@proximadb/schemas';
import { descriptors } from '@proximadb/schemas/descriptors';

export interface RetryOptions {
  /** Of a call that names none, all its attempts together. Default 60,000. */
  readonly timeoutMs?: number;
  /** Attempts of one call, the first included. Default 10: some seconds, in which a partition gets another leader, or a reindex its new log. */
  readonly attemptsMax?: number;
  /** Wait before the second attempt, doubled before each further one, with jitter. Default 50. */
  readonly backoffMs?: number;
  /** Longest wait between attempts, unless the server asks for more. Default 2,000. */
  readonly backoffMsMax?: number;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
}

export interface OneCall {
  /** Aborted: the call ends with CANCELLED, wherever it is. */
  readonly signal?: AbortSignal;
  /** All attempts together. */
  readonly timeoutMs?: number;
}

export interface Repeatable {
  readonly name: MethodName;
  readonly requestName: keyof Messages;
}

/**
 * Repeats what meets UNAVAILABLE, or RESOURCE_EXHAUSTED with a time to come back, within the call's time. A request that can have an id
 * keeps that of its first attempt, and counts its attempts.
 * @param once one attempt, which has until `endMs` of the monotonic clock.
 * @throws AppError of the last attempt; CANCELLED.
 */
export async function withRetries<Answer extends object>(
  one: Repeatable, given: object, call: OneCall, options: RetryOptions, once: (request: object, endMs: number) => Promise<Answer>,
): Promise<Answer> {
  const endMs = performance.now() + (call.timeoutMs ?? options.timeoutMs ?? 60_000);
  const first = withRequestId(one, given) as { readonly attempt?: number };
  for (let attempt = 0; ; attempt++) {
    throwIfCancelled(call.signal);
    try {
      return await once(attempt === 0 || !hasField(one, 'attempt') ? first : { ...first, attempt: (first.attempt ?? 0) + attempt }, endMs);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      // The attempt before may have deleted it, and its answer was lost.
      if (one.name === 'DeleteCollection' && attempt > 0 && thrown.code === 'NOT_FOUND') return {} as Answer;
      const waitMs = backoffMs(thrown, attempt, options);
      if (!thrown.retryable || attempt + 1 >= (options.attemptsMax ?? 10) || performance.now() + waitMs >= endMs) throw thrown;
      await pause(waitMs, call.signal);
    }
  }
}

/** Of the client's time, what a server is told: the rest is for its answer, which has details and a token to give, to arrive in. */
export function serverTimeoutMs(leftMs: number): number {
  return Math.max(1, Math.floor(leftMs - Math.min(50, leftMs / 10)));
}

export function cancelled(signal: AbortSignal): AppError {
  return new AppError('CANCELLED', 'the call was cancelled', { cause: signal.reason });
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal);
}

function withRequestId(one: Repeatable, given: object): object {
  const { requestId } = given as { readonly requestId?: string | null };
  return requestId == null && hasField(one, 'requestId') ? { ...given, requestId: newRequestId() } : given;
}

function hasField({ requestName }: Repeatable, key: string): boolean {
  return descriptors[requestName].fields.some((field) => field.key === key);
}

/** 128 random bits. A browser has `randomUUID` only where the page came by https. */
export function newRequestId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function backoffMs(error: AppError, attempt: number, options: RetryOptions): number {
  const ceilingMs = Math.min((options.backoffMs ?? 50) * 2 ** attempt, options.backoffMsMax ?? 2000);
  return Math.max(error.retryAfterMs ?? 0, 0) + ceilingMs * (0.5 + (options.random ?? Math.random)() / 2);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(cancelled(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
