/** Calls that wait until a shard has applied the log up to an offset. */
import { AppError } from '@proximadb/errors';

interface Waiter {
  readonly offset: number;
  readonly settle: (error?: AppError) => void;
}

export class Waiters {
  readonly #waitersMax: number;
  readonly #waiting = new Set<Waiter>();

  constructor(waitersMax: number) {
    this.#waitersMax = waitersMax;
  }

  /**
   * Settles once `reached(watermark)` was told at least `offset`.
   * @param behind says by how much, for the error.
   * @param signal ends the waiting: its caller has gone.
   * @throws AppError DEADLINE_EXCEEDED; CANCELLED; RESOURCE_EXHAUSTED if too many wait.
   */
  async wait(offset: number, timeoutMs: number, behind: () => string, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw cancelled();
    if (this.#waiting.size >= this.#waitersMax) throw new AppError('RESOURCE_EXHAUSTED', 'too many calls wait for this shard', { retryAfterMs: 100 });
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: AppError): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', left);
        this.#waiting.delete(waiter);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: Waiter = { offset, settle };
      const left = (): void => { settle(cancelled()); };
      signal?.addEventListener('abort', left, { once: true });
      const late = (): void => { settle(new AppError('DEADLINE_EXCEEDED', `the shard did not get there in time: ${behind()}`)); };
      const timer = setTimeout(late, Math.max(0, timeoutMs));
      this.#waiting.add(waiter);
    });
  }

  reached(watermark: number): void {
    for (const waiter of this.#waiting) if (waiter.offset <= watermark) waiter.settle();
  }

  fail(error: AppError): void {
    for (const waiter of this.#waiting) waiter.settle(error);
  }
}

function cancelled(): AppError {
  return new AppError('CANCELLED', 'the caller has gone');
}
