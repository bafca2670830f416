/** Token buckets in the memory of one process: those of a standalone process, and of every process while the store is away. */
import type { MonotonicClock } from '@proximadb/process';
import type { RateLimit } from './port.ts';

/** A full bucket need not be remembered. Past this many that are not full the one used longest ago is forgotten, and thereby full again. */
const bucketsMax = 10_000;
/** Far below a token of any rate: sums of fractions of milliseconds come out as whole tokens. */
const roundingMs = 1e-6;

/** What a request can get at most: whole tokens, and never more than fit into the bucket. */
export function tokensOf(tokens: number, limit: RateLimit): number {
  return Math.max(0, Math.min(Math.ceil(tokens), Math.floor(limit.burst)));
}

/**
 * A bucket is one number: the instant at which it will be full again (the "virtual scheduling" form of the leaky bucket, ITU-T I.371, also
 * known as GCRA). What is missing from it is the time until then in units of a token's time.
 */
export class LocalBuckets {
  readonly #fullAtMs = new Map<string, number>();
  readonly #clock: MonotonicClock;

  constructor(clock: MonotonicClock = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * @param tokens more than `burst` counts as `burst`.
   * @returns 0 if they were taken, else ms (a whole number) after which they will be there if nobody else takes them.
   */
  take(bucket: string, tokens: number, limit: RateLimit): number {
    const wanted = tokensOf(tokens, limit);
    const nowMs = this.#clock();
    const tokenMs = 1_000 / limit.perSecond;
    const emptyMs = Math.floor(limit.burst) * tokenMs;
    // A limit that was lowered must not leave a bucket emptier than empty.
    const fullAtMs = Math.min(Math.max(this.#fullAtMs.get(bucket) ?? nowMs, nowMs), nowMs + emptyMs) + wanted * tokenMs;
    const waitMs = fullAtMs - (nowMs + emptyMs);
    if (waitMs > roundingMs) return Math.ceil(waitMs);
    this.#remember(bucket, fullAtMs, nowMs);
    return 0;
  }

  /** Buckets that are not full, as far as that is known. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  #remember(bucket: string, fullAtMs: number, nowMs: number): void {
    this.#fullAtMs.delete(bucket);
    this.#fullAtMs.set(bucket, fullAtMs);
    if (this.#fullAtMs.size <= bucketsMax) return;
    for (const [name, fullMs] of this.#fullAtMs) if (fullMs <= nowMs) this.#fullAtMs.delete(name);
    for (const name of this.#fullAtMs.keys()) {
      if (this.#fullAtMs.size <= bucketsMax) return;
      this.#fullAtMs.delete(name);
    }
  }
}
