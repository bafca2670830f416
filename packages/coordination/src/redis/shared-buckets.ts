import type { MonotonicClock } from '@proximadb/process';
import { LocalBuckets, tokensOf } from '../local-buckets.ts';
import type { RateLimit } from '../port.ts';

export interface Taken {
  readonly tokens: number;
  /** With no tokens: ms until the first caller's will be there. */
  readonly waitMs: number;
}

/** As {@link RedisStore.take}; rejects if the store is away. */
export type TakeFromStore = (bucket: string, first: number, needed: number, ahead: number, limit: RateLimit) => Promise<Taken>;

/** How long tokens taken ahead may be used, ms. */
const leaseMs = 100;
/** After this a caller is answered from the bucket of this process, ms. */
const patienceMs = 90;
/** A refusal is repeated without asking for at most this long, ms: then the limit may be another. */
const refusalMs = 1_000;
const waitingMax = 10_000;
const bucketsMax = 10_000;

interface Caller {
  readonly tokens: number;
  readonly limit: RateLimit;
  readonly atMs: number;
  readonly answer: (waitMs: number) => void;
}

interface Bucket {
  /** Tokens of the shared bucket that are this process' until `leaseEndMs`. */
  lease: number;
  leaseEndMs: number;
  /** Who wants `refusedTokens` or more is refused until then without asking. */
  refusedTokens: number;
  refusedUntilMs: number;
  waiting: Caller[];
  asking: boolean;
  /** Tokens used in the running stretch of `leaseMs`, and in the one before. */
  used: number;
  usedBefore: number;
  usedSinceMs: number;
}

/**
 * Token buckets that all processes share, with few questions to the store: callers that come while a question is on its way are the next
 * question together, and each question takes along what this process used in the last 100 ms. Those tokens are its lease.
 *
 * Why that is still the limit: nobody gets a token that was not taken from the shared bucket, and none is used later than 0.2 s after that (a
 * lease ends after 100 ms; its rest may wait for one more answer). So what all processes together let through in any stretch of time was taken
 * in that stretch or in the 0.2 s before it: at most `burst + perSecond × (its length + 0.2 s)`. Tokens of a lease that has ended are lost. Who
 * seldom asks leases nothing, so they are few; and the store gives ahead at most half of what is left, so nobody empties it for the others.
 *
 * While the store is away, or slower than 90 ms, each process counts for itself, with the same limit.
 */
export class SharedBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #local: LocalBuckets;
  readonly #take: TakeFromStore;
  readonly #isThere: () => boolean;
  readonly #clock: MonotonicClock;
  #waiting = 0;
  /** The store owes an answer for longer than anybody waits: nobody else waits for it. */
  #late = false;

  /** @param isThere whether the store answered of late; if not it is not asked. */
  constructor(take: TakeFromStore, isThere: () => boolean, clock: MonotonicClock = () => performance.now()) {
    this.#take = take;
    this.#isThere = isThere;
    this.#clock = clock;
    this.#local = new LocalBuckets(clock);
  }

  /** @returns as {@link Coordination.take}; more than `burst` counts as `burst`. */
  take(name: string, tokens: number, limit: RateLimit): Promise<number> {
    const wanted = tokensOf(tokens, limit);
    if (wanted === 0) return Promise.resolve(0);
    if (!this.#isThere() || this.#late || this.#waiting >= waitingMax) return Promise.resolve(this.#local.take(name, wanted, limit));
    const bucket = this.#bucketOf(name);
    const nowMs = this.#clock();
    if (bucket.leaseEndMs > nowMs && bucket.lease >= wanted) {
      bucket.lease -= wanted;
      use(bucket, wanted, nowMs);
      return Promise.resolve(0);
    }
    if (wanted >= bucket.refusedTokens && nowMs < bucket.refusedUntilMs) {
      return Promise.resolve(Math.ceil(bucket.refusedUntilMs - nowMs + (wanted - bucket.refusedTokens) * 1_000 / limit.perSecond));
    }
    return new Promise((answer) => {
      bucket.waiting.push({ tokens: wanted, limit, atMs: nowMs, answer });
      this.#waiting += 1;
      // Those who come in the same turn of the event loop belong to the first question.
      if (!bucket.asking) {
        bucket.asking = true;
        queueMicrotask(() => { this.#ask(name, bucket); });
      }
    });
  }

  /** Asks the store for all who wait. */
  #ask(name: string, bucket: Bucket): void {
    const askedMs = this.#clock();
    const lease = bucket.leaseEndMs > askedMs ? bucket.lease : 0;
    bucket.lease = lease;
    const callers = this.#serve(bucket, bucket.waiting.splice(0).sort((a, b) => a.tokens - b.tokens));
    const [smallest] = callers;
    if (smallest === undefined) {
      bucket.asking = false;
      return;
    }
    // What is left of the lease is for these callers, not for who comes meanwhile.
    const left = bucket.lease;
    bucket.lease = 0;
    roll(bucket, askedMs);
    let isSettled = false;
    const settle = (answered: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      answered();
      this.#ask(name, bucket);
    };
    const failed = (): void => { this.#answerLocally(name, [...callers, ...bucket.waiting.splice(0)]); };
    // Whoever came while the question before this one was on its way has waited already.
    const oldestMs = callers.reduce((oldest, { atMs }) => Math.min(oldest, atMs), askedMs);
    const timer = setTimeout(() => {
      this.#late = true;
      settle(failed);
    }, Math.max(10, patienceMs - (askedMs - oldestMs)));
    const sum = callers.reduce((total, { tokens }) => total + tokens, 0);
    this.#take(name, smallest.tokens - left, sum - left, Math.max(bucket.used, bucket.usedBefore), smallest.limit).then(({ tokens, waitMs }) => {
      this.#late = false;
      bucket.lease = tokens + (isSettled ? bucket.lease : left);
      bucket.leaseEndMs = askedMs + leaseMs;
      settle(() => { this.#refuse(bucket, this.#serve(bucket, callers), tokens === 0 ? waitMs : undefined); });
    }, () => {
      this.#late = false;
      settle(failed);
    });
  }

  /** Those who fit into the lease have it. @param callers ascending by tokens. @returns the others. */
  #serve(bucket: Bucket, callers: readonly Caller[]): readonly Caller[] {
    const nowMs = this.#clock();
    let served = 0;
    for (const { tokens, answer } of callers) {
      if (bucket.lease < tokens) break;
      bucket.lease -= tokens;
      use(bucket, tokens, nowMs);
      served += 1;
      answer(0);
    }
    this.#waiting -= served;
    return callers.slice(served);
  }

  /** @param firstWaitMs what the store said; undefined if it gave all it had. */
  #refuse(bucket: Bucket, callers: readonly Caller[], firstWaitMs: number | undefined): void {
    callers.forEach(({ tokens, limit, answer }, at) => {
      const waitMs = at === 0 && firstWaitMs !== undefined ? firstWaitMs : Math.max(1, Math.ceil((tokens - bucket.lease) * 1_000 / limit.perSecond));
      if (at === 0) {
        bucket.refusedTokens = tokens;
        bucket.refusedUntilMs = this.#clock() + Math.min(waitMs, refusalMs);
      }
      answer(waitMs);
    });
    this.#waiting -= callers.length;
  }

  #answerLocally(name: string, callers: readonly Caller[]): void {
    for (const { tokens, limit, answer } of callers) answer(this.#local.take(name, tokens, limit));
    this.#waiting -= callers.length;
  }

  #bucketOf(name: string): Bucket {
    const bucket = this.#buckets.get(name) ?? {
      lease: 0, leaseEndMs: 0, refusedTokens: 0, refusedUntilMs: 0, waiting: [], asking: false, used: 0, usedBefore: 0, usedSinceMs: 0,
    };
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    // The one used longest ago loses its lease, nothing else. Buckets that are asked for are among the latest used.
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= bucketsMax) break;
      this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

function use(bucket: Bucket, tokens: number, nowMs: number): void {
  roll(bucket, nowMs);
  bucket.used += tokens;
}

/** Begins a new stretch of {@link leaseMs} if the last one is over. */
function roll(bucket: Bucket, nowMs: number): void {
  const sinceMs = nowMs - bucket.usedSinceMs;
  if (sinceMs < leaseMs) return;
  bucket.usedBefore = sinceMs < 2 * leaseMs ? bucket.used : 0;
  bucket.used = 0;
  bucket.usedSinceMs = nowMs;
}
