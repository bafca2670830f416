import { AppError, assert } from '@proximadb/errors';

/** Bounds the bytes of writes that are not answered yet: past the limit a caller is sent away, nothing queues. */
export class InFlight {
  readonly #bytesMax: number;
  readonly #retryAfterMs: number;
  #bytes = 0;

  constructor(bytesMax: number, retryAfterMs: number) {
    this.#bytesMax = bytesMax;
    this.#retryAfterMs = retryAfterMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @returns what gives the bytes back, once.
   * @throws AppError RESOURCE_EXHAUSTED with a time to come back. A request alone is always let in: its own limit is another one.
   */
  take(bytes: number): () => void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `${this.#bytes} bytes of writes are in flight, and ${bytes} more would pass the limit of ${this.#bytesMax}`,
        { retryAfterMs: this.#retryAfterMs });
    }
    this.#bytes += bytes;
    let held = true;
    return () => {
      assert(held, 'bytes were given back twice');
      held = false;
      this.#bytes -= bytes;
    };
  }
}
