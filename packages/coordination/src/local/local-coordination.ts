import type { MonotonicClock } from '@proximadb/process';
import { Listeners } from '../listeners.ts';
import { LocalBuckets } from '../local-buckets.ts';
import type { Coordination, Holding, Member, MemberIdentity, RateLimit } from '../port.ts';

/** The coordination of a process that is alone: it is the only member, and always reaches itself. */
export class LocalCoordination implements Coordination {
  #members: readonly Member[];
  #self: Member;
  readonly #listeners = new Listeners();
  readonly #buckets: LocalBuckets;

  constructor(self: MemberIdentity, clock?: MonotonicClock) {
    this.#self = { ...self, holdings: [], schemas: [] };
    this.#members = Object.freeze([this.#self]);
    this.#buckets = new LocalBuckets(clock);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get connected(): boolean {
    return true;
  }

  announce(holdings: readonly Holding[]): void {
    this.#become({ ...this.#self, holdings: Object.freeze([...holdings]) });
  }

  announceSchemas(ids: readonly number[]): void {
    this.#become({ ...this.#self, schemas: Object.freeze([...ids]) });
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  take(bucket: string, tokens: number, limit: RateLimit): Promise<number> {
    return Promise.resolve(this.#buckets.take(bucket, tokens, limit));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }

  #become(self: Member): void {
    this.#self = self;
    this.#members = Object.freeze([self]);
    this.#listeners.tell();
  }
}
