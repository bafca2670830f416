/** Waiting, for what goes on beside the serving. */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';

const againMs = 200;

/** @throws the signal's reason. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

/** Asks until there is an answer, or an error that no waiting mends; for questions that change nothing, or can be asked twice. */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const waits = error instanceof AppError && (error.retryable || error.code === 'DEADLINE_EXCEEDED');
      if (!waits) throw error;
      await pause(error.retryAfterMs ?? againMs, signal);
    }
  }
}
