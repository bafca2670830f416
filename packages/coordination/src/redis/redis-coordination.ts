import { randomBytes } from 'node:crypto';
import { AppError } from '@proximadb/errors';
import { untilNext, type Logger, type MonotonicClock } from '@proximadb/process';
import { Member } from '@proximadb/schemas';
import { Listeners } from '../listeners.ts';
import type { Coordination, Holding, MemberIdentity, RateLimit } from '../port.ts';
import type { LastKnown } from './last-known.ts';
import { MemberTable } from './member-table.ts';
import { SharedBuckets } from './shared-buckets.ts';
import type { BeatAnswer, RedisStore } from './store.ts';

/** Longest time between two beats, ms, and how many there are at least in the time of silence after which a member is dead. */
const beatMsMax = 1_000;
const beatsALife = 3;
/** ms from a beat that failed to the next. */
const beatAgainMs = 250;
/** ms from an announcement to its beat, so that several in a row are one. */
const announceMs = 20;
/** ms after which a beat counts as failed. */
const beatTimeoutMs = 600;
/** A store that did not answer for this long is not connected, whatever the client says: this process itself may have been stopped. */
const staleMs = 2_000;
/** An outage is logged after as many ms. */
const lossMs = 500;
/** ms after which Redis forgets a silent member. Much longer than the time to live: it is no judgement, it tidies up. */
const forgetMs = 60_000;
const takenComplaintMs = 60_000;

export interface RedisCoordinationParts {
  readonly self: MemberIdentity;
  readonly store: RedisStore;
  /** Default: 3,000. */
  readonly ttlMs?: number;
  readonly lastKnown?: LastKnown;
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly clock?: MonotonicClock;
}

/** The coordination port on Redis: see DESIGN.md for what a beat is, and who is judged dead. */
export class RedisCoordination implements Coordination {
  readonly #self: MemberIdentity;
  readonly #store: RedisStore;
  readonly #ttlMs: number;
  readonly #beatMs: number;
  readonly #lastKnown: LastKnown | undefined;
  readonly #logger: Pick<Logger, 'info' | 'warn' | 'error'> | undefined;
  readonly #clock: MonotonicClock;
  readonly #table: MemberTable;
  readonly #buckets: SharedBuckets;
  readonly #listeners = new Listeners();
  /** Tells this object's beats from those of another process or an earlier life with the same id. */
  readonly #life = randomBytes(6).toString('hex');

  #members: readonly Member[];
  #announced: readonly Holding[] = [];
  #schemas: readonly number[] = [];
  /** What the store is told; its version counts its changes. */
  #message: Uint8Array;
  #version = 1;
  #storedVersion = 0;
  #beats = 0;

  #answeredMs = -Infinity;
  /** Since when the store does not answer; undefined while it does. */
  #lostMs: number | undefined;
  #isLossLogged = false;
  #takenLoggedMs = -Infinity;
  #isUnreadableLogged = false;

  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #beating: Promise<void> | undefined;
  #isBeatWanted = false;
  #isClosed = false;
  #isHeard: () => void = () => undefined;

  constructor(parts: RedisCoordinationParts, remembered: readonly Member[] = []) {
    this.#self = parts.self;
    this.#store = parts.store;
    this.#ttlMs = parts.ttlMs ?? 3_000;
    this.#beatMs = Math.min(beatMsMax, this.#ttlMs / beatsALife);
    this.#lastKnown = parts.lastKnown;
    this.#logger = parts.logger;
    this.#clock = parts.clock ?? ((): number => performance.now());
    this.#table = new MemberTable(parts.self.id, this.#ttlMs);
    this.#table.remember(remembered);
    this.#message = this.#encode();
    this.#members = this.#list();
    this.#lostMs = this.#clock();
    this.#buckets = new SharedBuckets((...take) => this.#store.take(...take), () => this.connected, this.#clock);
  }

  /** Begins to beat. @returns once the store answered, or after `patienceMs`. */
  async start(patienceMs: number): Promise<void> {
    const heard = new Promise<void>((resolve) => { this.#isHeard = resolve; });
    this.#store.watch(() => { this.#lost(); }, () => { this.#plan(Math.random() * announceMs); });
    this.#plan(this.#beatMs);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([heard, new Promise((resolve) => { timer = setTimeout(resolve, patienceMs); })]);
    clearTimeout(timer);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get connected(): boolean {
    return this.#lostMs === undefined && this.#clock() - this.#answeredMs < staleMs;
  }

  announce(holdings: readonly Holding[]): void {
    const urgent = !isSameButWatermarks(holdings, this.#announced);
    this.#announced = Object.freeze([...holdings]);
    if (!urgent) return;
    this.#refresh();
    this.#plan(announceMs);
  }

  announceSchemas(ids: readonly number[]): void {
    this.#schemas = Object.freeze([...ids]);
    this.#refresh();
    this.#plan(announceMs);
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  take(bucket: string, tokens: number, limit: RateLimit): Promise<number> {
    return this.#buckets.take(bucket, tokens, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#beating;
    this.#listeners.clear();
    // Without a goodbye the others wait for the time to live, which does no harm.
    if (this.#lostMs === undefined) await this.#store.goodbye(this.#self.id, this.#life, beatTimeoutMs).catch(() => undefined);
    this.#store.close();
    await this.#lastKnown?.close();
  }

  #plan(delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#beating !== undefined) {
      this.#isBeatWanted = true;
      return;
    }
    const dueMs = this.#clock() + delayMs;
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Infinity;
      // Rejects only if this code is wrong; then the process is to know.
      this.#beating = this.#beat();
    }, delayMs);
  }

  async #beat(): Promise<void> {
    this.#isBeatWanted = false;
    if (!isSame(this.#announced, this.#ownHoldings())) this.#refresh();
    const version = this.#version;
    try {
      const answer = await this.#tell(this.#storedVersion === version ? undefined : this.#message)
        ?? await this.#tell(this.#message);
      if (answer === undefined) throw new AppError('INTERNAL', 'Redis asked again for what it was told');
      this.#storedVersion = version;
      this.#hear(answer);
    } catch (error) {
      this.#lost(error);
    }
    this.#beating = undefined;
    this.#plan(this.#isBeatWanted ? announceMs : this.#lostMs === undefined ? untilNext(this.#beatMs, this.#clock) : beatAgainMs);
  }

  #tell(message: Uint8Array | undefined): Promise<BeatAnswer | undefined> {
    this.#beats += 1;
    return this.#store.beat({
      id: this.#self.id, stamp: `${this.#life}:${this.#beats}`, version: `${this.#life}:${this.#version}`, message, knownVersions: this.#table.versions(),
      forgetMs, pauseMs: this.#ttlMs,
    }, beatTimeoutMs, this.#clock);
  }

  #hear(answer: BeatAnswer): void {
    const isFirst = this.#answeredMs === -Infinity;
    this.#answeredMs = answer.receivedMs;
    if (this.#lostMs !== undefined) {
      if (this.#isLossLogged) this.#logger?.info('coordination-store-back', { awayMs: Math.round(answer.receivedMs - this.#lostMs) });
      this.#lostMs = undefined;
      this.#isLossLogged = false;
    }
    this.#complain(answer, isFirst);
    if (this.#table.hear(answer)) this.#changed();
    this.#isHeard();
  }

  /** @param error of a failed beat; undefined if the connection broke, whose reason the next beat will tell. */
  #lost(error?: unknown): void {
    if (this.#isClosed) return;
    this.#table.lost();
    this.#lostMs ??= this.#clock();
    // A moment is not worth a line, and after it the client knows the reason.
    if (error === undefined || this.#isLossLogged || this.#clock() - this.#lostMs < lossMs) return;
    this.#isLossLogged = true;
    this.#logger?.warn('coordination-store-away', { error });
  }

  #complain({ stampBefore, unreadable, receivedMs }: BeatAnswer, isFirst: boolean): void {
    if (unreadable.length > 0 && !this.#isUnreadableLogged) {
      this.#isUnreadableLogged = true;
      this.#logger?.error('coordination-members-unreadable', { ids: unreadable, remedy: 'upgrade this process' });
    }
    const isTaken = !isFirst && stampBefore !== undefined && !stampBefore.startsWith(`${this.#life}:`);
    if (!isTaken || receivedMs - this.#takenLoggedMs < takenComplaintMs) return;
    this.#takenLoggedMs = receivedMs;
    this.#logger?.error('coordination-id-taken', { id: this.#self.id, remedy: 'another process announces itself with this id: give each its own' });
  }

  /** Takes over what was announced. */
  #refresh(): void {
    this.#version += 1;
    this.#message = this.#encode();
    this.#changed();
  }

  #changed(): void {
    this.#members = this.#list();
    this.#lastKnown?.note(this.#members);
    this.#listeners.tell();
  }

  #encode(): Uint8Array {
    return Member.encode(this.#own());
  }

  #list(): readonly Member[] {
    const all = [...this.#table.living(), this.#own()];
    return Object.freeze(all.sort((a, b) => (a.id < b.id ? -1 : 1)));
  }

  #own(): Member {
    return { ...this.#self, holdings: this.#announced, schemas: this.#schemas };
  }

  #ownHoldings(): readonly Holding[] {
    return this.#members.find(({ id }) => id === this.#self.id)?.holdings ?? [];
  }
}

function isSameButWatermarks(a: readonly Holding[], b: readonly Holding[]): boolean {
  return a.length === b.length && a.every(({ log, partition, state }, at) => {
    const other = b[at];
    return other !== undefined && other.log === log && other.partition === partition && other.state === state;
  });
}

function isSame(a: readonly Holding[], b: readonly Holding[]): boolean {
  return a === b || (isSameButWatermarks(a, b) && a.every(({ watermark }, at) => watermark === b[at]?.watermark));
}
