/** Merges and graphs of a shard: what is due is begun, and nobody waits for it. */
import type { Logger } from '@proximadb/process';
import type { CollectionSettings } from '@proximadb/schemas';
import type { Sealed } from '@proximadb/segment';
import type { IndexerConfig } from './config.ts';
import { laneOf, lanes, nextChore, type Chore, type Lane, type Quiet } from './policy.ts';
import type { ShardRows } from './rows.ts';
import type { ShardIdentity, Storage } from './storage.ts';
import { delay } from './until.ts';

export interface ChoresOptions {
  readonly identity: ShardIdentity;
  readonly settings: CollectionSettings;
  readonly config: IndexerConfig;
  readonly rows: ShardRows;
  readonly storage: Storage;
  /** µs since 1970. */
  readonly clock: () => number;
  readonly logger: Logger;
  /** Aborts when the shard is to stop: what is under way then is given up. */
  readonly stop: AbortSignal;
}

interface UnderWay {
  /** No other chore is at them. */
  readonly segments: Set<Sealed>;
  readonly rows: number;
  readonly done: Promise<void>;
}

const failedMs = 5_000;

export class Chores {
  readonly #options: ChoresOptions;
  readonly #underWay = new Map<Lane, UnderWay>();
  /** Since when some rows wait for an index that nobody makes; undefined: none do. */
  #waitingSinceMs: number | undefined;

  constructor(options: ChoresOptions) {
    this.#options = options;
  }

  /** Of the segments that are being merged, or get their graphs; 0: nothing is under way. */
  get rows(): number {
    return [...this.#underWay.values()].reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Settles when the index that is being made is done; undefined: none is. */
  get indexing(): Promise<void> | undefined {
    return this.#underWay.get('indexing')?.done;
  }

  /** Begins what is due. */
  begin(quiet: Quiet): void {
    for (let chore = this.#next(quiet); chore !== undefined; chore = this.#next(quiet)) this.#begin(chore);
  }

  /** Settles when all that is under way is done; never rejects. */
  async done(): Promise<void> {
    await Promise.all([...this.#underWay.values()].map(({ done }) => done));
  }

  #next(quiet: Quiet): Chore | undefined {
    const { config, settings, rows, storage, clock } = this.#options;
    const nowMicros = clock();
    const taken = new Set([...this.#underWay.values()].flatMap(({ segments }) => [...segments]));
    const facts = rows.sealed.filter((sealed) => !taken.has(sealed)).map((sealed) => ({
      id: sealed.files.id, rows: sealed.rows.count, dead: storage.droppableCount(sealed, nowMicros), isIndexed: !sealed.awaitsIndex,
    }));
    const nowMs = performance.now();
    this.#waitingSinceMs = facts.every(({ isIndexed }) => isIndexed) ? undefined : this.#waitingSinceMs ?? nowMs;
    // An index takes all that waits: it begins when nothing of it is being merged.
    const free = new Set(lanes.filter((lane) => !this.#underWay.has(lane) && !(lane === 'indexing' && this.#underWay.has('merging'))));
    return nextChore(config, facts, settings, { quiet, waitingMs: nowMs - (this.#waitingSinceMs ?? nowMs), free });
  }

  #begin(chore: Chore): void {
    const chosen = new Set(chore.segments);
    const segments = new Set(this.#options.rows.sealed.filter(({ files }) => chosen.has(files.id)));
    const rows = [...segments].reduce((sum, sealed) => sum + sealed.rows.count, 0);
    const lane = laneOf(chore);
    this.#underWay.set(lane, { segments, rows, done: this.#run(chore, segments).finally(() => { this.#underWay.delete(lane); }) });
  }

  async #run(chore: Chore, segments: Set<Sealed>): Promise<void> {
    const { identity, storage, clock, logger, stop } = this.#options;
    try {
      const isIndexed = chore.kind === 'merge' && chore.indexed;
      const refused = chore.kind === 'graph'
        ? await this.#buildGraph(segments) : await storage.merge([...segments], isIndexed ? 'before it serves' : 'none', clock());
      if (refused !== undefined) logger.warn('index-refused', { ...identity, chore: chore.kind, reason: refused });
    } catch (error) {
      if (stop.aborted) return;
      logger.error('merge-failed', { ...identity, chore: chore.kind, error });
      await delay(failedMs, stop);
    }
  }

  /** Searched without it, one large segment costs less than many small ones. @returns why there is none, if there is none. */
  async #buildGraph(segments: Set<Sealed>): Promise<string | undefined> {
    const { config, storage, clock } = this.#options;
    const nowMicros = clock();
    const isWorn = (one: Sealed): boolean => storage.droppableCount(one, nowMicros) > one.rows.count * config.deadShareMax;
    const [first, ...others] = segments;
    if (first !== undefined && others.length === 0 && !isWorn(first)) return storage.buildGraph(first);
    return storage.merge([...segments], 'while it serves', nowMicros, (merged) => { segments.add(merged); });
  }
}
