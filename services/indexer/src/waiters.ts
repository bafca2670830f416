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
   * @param signal ends the waiting: its caller has gone, or its time is up.
   * @throws AppError DEADLINE_EXCEEDED; CANCELLED; RESOURCE_EXHAUSTED if too many wait.
   */
  async wait(offset: number, timeoutMs: number, behind: () => string, signal?: AbortSignal): Promise<void> {
    const late = (): AppError => new AppError('DEADLINE_EXCEEDED', `the shard did not get there in time: ${behind()}`);
    const left = (): AppError => (isTimeUp(signal) ? late() : new AppError('CANCELLED', 'the caller has gone'));
    if (signal?.aborted === true) throw left();
    if (this.#waiting.size >= this.#waitersMax) throw new AppError('RESOURCE_EXHAUSTED', 'too many calls wait for this shard', { retryAfterMs: 100 });
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: AppError): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', leave);
        this.#waiting.delete(waiter);
        if (error === undefined) resolve();
        else reject(error);
      };
      const waiter: Waiter = { offset, settle };
      const leave = (): void => { settle(left()); };
      signal?.addEventListener('abort', leave, { once: true });
      const timer = setTimeout(() => { settle(late()); }, Math.max(0, timeoutMs));
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

function isTimeUp(signal: AbortSignal | undefined): boolean {
  return signal?.reason instanceof AppError && signal.reason.code === 'DEADLINE_EXCEEDED';
}
