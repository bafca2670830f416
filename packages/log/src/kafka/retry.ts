import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '@proximadb/errors';
import { LinkError } from './broker/link-error.ts';
import { LogClosed } from './log-closed.ts';

/** Thrown by what is tried: not this time, but perhaps the next. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain';
}

const BACKOFF_MS = { least: 10, most: 250 } as const;

/**
 * Tries until it succeeds, fails for good, or `timeoutMs` have passed since the call.
 * @param what is tried, for the error.
 * @param attempt told how many tries there were before.
 * @throws AppError UNAVAILABLE when time is up; whatever is thrown that is neither TryAgain, LinkError nor UNAVAILABLE.
 */
export async function withRetries<T>(what: string, timeoutMs: number, attempt: (tries: number) => Promise<T>): Promise<T> {
  const untilMs = performance.now() + timeoutMs;
  let backoffMs: number = BACKOFF_MS.least;
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt(tries);
    } catch (error) {
      const isPassing = error instanceof TryAgain || error instanceof LinkError || (error instanceof AppError && error.code === 'UNAVAILABLE');
      if (!isPassing || error instanceof LogClosed) throw error;
      if (performance.now() + backoffMs > untilMs) {
        throw new AppError('UNAVAILABLE', `${what}: not within ${timeoutMs} ms: ${toAppError(error).message}`, { cause: error });
      }
      await delay(backoffMs);
      backoffMs = Math.min(BACKOFF_MS.most, backoffMs * 2);
    }
  }
}
