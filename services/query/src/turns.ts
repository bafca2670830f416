import { AppError, assert } from '@proximadb/errors';

interface Waiter {
  readonly weight: number;
  readonly admit: () => void;
}

/** Bounds the reads that are worked on at once, and those that wait for it, in the order of their coming. */
export class Turns {
  readonly #atOnceMax: number;
  readonly #queueMax: number;
  readonly #retryAfterMs: number;
  readonly #waiting = new Set<Waiter>();
  #busy = 0;

  constructor(atOnceMax: number, queueMax: number, retryAfterMs: number) {
    this.#atOnceMax = atOnceMax;
    this.#queueMax = queueMax;
    this.#retryAfterMs = retryAfterMs;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Does the work when it is its turn.
   * @param weight how many reads it is; what is heavier than everything allowed counts as that.
   * @param signal ends the waiting, not the work.
   * @throws AppError RESOURCE_EXHAUSTED, with a time to come back, if too many wait; the signal's reason.
   */
  async take<T>(weight: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const counted = Math.min(weight, this.#atOnceMax);
    if (this.#waiting.size > 0 || this.#busy + counted > this.#atOnceMax) await this.#wait(counted, signal);
    else this.#busy += counted;
    try {
      return await work();
    } finally {
      this.#busy -= counted;
      assert(this.#busy >= 0, 'more turns were given back than taken');
      this.#admit();
    }
  }

  async #wait(weight: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#queueMax) {
      const reason = `${this.#busy} reads are worked on and ${this.#waiting.size} wait; no more may`;
      throw new AppError('RESOURCE_EXHAUSTED', reason, { retryAfterMs: this.#retryAfterMs });
    }
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason as Error);
        // The one that left may have stood before a lighter one.
        this.#admit();
      };
      const waiter: Waiter = {
        weight,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#busy + waiter.weight > this.#atOnceMax) return;
      this.#waiting.delete(waiter);
      this.#busy += waiter.weight;
      waiter.admit();
    }
  }
}
