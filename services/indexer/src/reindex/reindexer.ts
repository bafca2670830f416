/**
 * Runs the copiers of this process: one for each partition of a generation that is being replaced, where its shard is served and its
 * snapshots would be written. And discards generations a while after they were replaced. Two processes that do the same do no harm.
 */
import type { Catalog, Change, Collection } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import type { Log } from '@proximadb/log';
import { periodically, type Logger } from '@proximadb/process';
import type { Shards } from '@proximadb/query';
import type { Position } from '../host.ts';
import { Copier, type CopierLimits, type CopierStep, type OldShards } from './copier.ts';
import { pause } from './patience.ts';

export interface ReindexerOptions {
  readonly catalog: Pick<Catalog, 'onChange' | 'byLog' | 'reindexing'>;
  readonly log: Pick<Log, 'append' | 'extents' | 'closeTopic'>;
  /** The shards of this process. */
  readonly local: OldShards;
  /** Shards of the new generation, wherever they are. */
  readonly shards: Pick<Shards, 'scroll' | 'get'>;
  readonly positions: () => Promise<readonly Position[]>;
  /** Whether this process is the one that copies a partition which it serves. */
  readonly isOurs: (log: number, partition: number) => boolean;
  /** Wall clock, µs since 1970. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly limits?: Partial<ReindexerLimits>;
  /** For tests: told of each step of a copier; what it throws ends that copier. */
  readonly onStep?: (step: CopierStep, partition: number) => Promise<void>;
}

export interface ReindexerLimits extends CopierLimits {
  /** Partitions that are copied from the first id to the last at once; the others wait, or follow what changes. */
  readonly copiesMax: number;
  /** Between two looks at what is to be copied. */
  readonly reviewMs: number;
  /** Before a copier that failed is started again. */
  readonly againMs: number;
  /** How long a replaced generation is read, and remembers requests. */
  readonly retiredForMs: number;
}

const defaults: ReindexerLimits = {
  batchRecords: 1_000, batchBytes: 1 << 20, pageRows: 10_000, pageBytes: 4 << 20, lagMax: 1_000, lookMs: 50, drainLookMs: 2, timeoutMs: 30_000,
  copiesMax: 2, reviewMs: 500, againMs: 1_000, retiredForMs: 10 * 60_000,
};

interface Running {
  readonly stop: AbortController;
  readonly log: number;
}

export class Reindexer implements AsyncDisposable {
  readonly #options: ReindexerOptions;
  readonly #limits: ReindexerLimits;
  readonly #generations = new Map<number, Collection>();
  /** By generation and partition of the old one. */
  readonly #copiers = new Map<string, Running>();
  readonly #closes = new Map<string, Promise<void>>();
  readonly #discards = new Set<number>();
  readonly #background = new Set<Promise<void>>();
  readonly #unlisten: () => void;
  /** While there is a generation to look after. */
  #timer: Disposable | undefined;
  readonly #waiting: (() => void)[] = [];
  #copies = 0;
  #change = Promise.withResolvers<void>();
  #reviewing: Promise<void> | undefined;
  #closed = false;

  constructor(options: ReindexerOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    this.#unlisten = options.catalog.onChange((change) => { this.#follow(change); });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#unlisten();
    for (const { stop } of this.#copiers.values()) stop.abort();
    for (const next of this.#waiting.splice(0)) next();
    await this.#reviewing;
    await Promise.all(this.#background);
  }

  #follow({ collection }: Change): void {
    const { log, state } = collection;
    if (state === 'filling' || state === 'retired') this.#generations.set(log, collection);
    else this.#generations.delete(log);
    if (this.#generations.size === 0) {
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
    } else if (!this.#closed) this.#timer ??= periodically(this.#limits.reviewMs, () => { this.#review(); });
    for (const running of this.#copiers.values()) if (running.log === log && state !== 'filling') running.stop.abort();
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
    if (state === 'filling') this.#review();
  }

  /** One at a time; never rejects. */
  #review(): void {
    if (this.#closed) return;
    this.#reviewing ??= this.#look().catch((error: unknown) => { this.#options.logger.warn('reindex-review-failed', { error }); })
      .finally(() => { this.#reviewing = undefined; });
  }

  async #look(): Promise<void> {
    const generations = [...this.#generations.values()];
    const filling = generations.filter(({ state }) => state === 'filling');
    const positions = filling.length === 0 ? [] : await this.#options.positions();
    const serving = new Set(positions.filter(({ state }) => state === 'serving').map(({ log, partition }) => `${log}-${partition}`));
    for (const generation of filling) {
      const { reindex } = generation;
      if (reindex === undefined || this.#closed) continue;
      reindex.copiers.forEach(({ drained }, partition) => {
        const key = `${generation.log}-${partition}`;
        const ours = serving.has(`${reindex.replaces}-${partition}`) && this.#options.isOurs(reindex.replaces, partition);
        if (!ours) this.#copiers.get(key)?.stop.abort();
        else if (!drained && !this.#copiers.has(key)) this.#start(key, generation, partition);
      });
    }
    for (const generation of generations) if (generation.state === 'retired') this.#discard(generation);
  }

  #start(key: string, generation: Collection, partition: number): void {
    const old = this.#options.catalog.byLog(generation.reindex?.replaces ?? -1);
    if (old === undefined) return;
    const stop = new AbortController();
    this.#copiers.set(key, { stop, log: generation.log });
    this.#run(async () => {
      try {
        await this.#copier(old, generation, partition).run(stop.signal);
        this.#options.logger.info('partition-copied', { collection: old.name, log: generation.log, partition });
      } catch (error) {
        if (!stop.signal.aborted) {
          const over = error instanceof AppError && error.code === 'ABORTED';
          this.#options.logger[over ? 'info' : 'warn']('copier-ended', { collection: old.name, log: generation.log, partition, error });
          await pause(this.#limits.againMs, stop.signal).catch(() => undefined);
        }
      } finally {
        this.#copiers.delete(key);
        this.#review();
      }
    });
  }

  #copier(old: Collection, generation: Collection, partition: number): Copier {
    const { catalog, log, local, shards, onStep } = this.#options;
    return new Copier({
      old, generation, partition, catalog, log, oldShards: local, newShards: shards, limits: this.#limits,
      close: () => this.#close(old.topic), inTurn: (work) => this.#inTurn(work), changed: (ms, signal) => this.#changed(ms, signal),
      step: async (step) => { await onStep?.(step, partition); },
    });
  }

  /** Once a process is enough: what it closed stays closed. */
  #close(topic: string): Promise<void> {
    const closing = this.#closes.get(topic) ?? this.#options.log.closeTopic(topic).catch((error: unknown) => {
      this.#closes.delete(topic);
      throw error;
    });
    this.#closes.set(topic, closing);
    return closing;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#copies >= this.#limits.copiesMax && !this.#closed) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    this.#copies += 1;
    try {
      return await work();
    } finally {
      this.#copies -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #changed(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([this.#change.promise, pause(ms, AbortSignal.any([signal, over.signal]))]);
    } finally {
      over.abort();
    }
    signal.throwIfAborted();
  }

  /** Tokens, cursors and repeated requests of the old generation are answered for so long. */
  #discard({ log }: Collection): void {
    const { catalog, clock, logger } = this.#options;
    const flippedAtMicros = catalog.reindexing.successorOf(log)?.reindex?.flippedAtMicros ?? 0;
    if (clock() - flippedAtMicros < this.#limits.retiredForMs * 1000 || this.#discards.has(log)) return;
    this.#discards.add(log);
    this.#run(async () => {
      try {
        await catalog.reindexing.discard(log);
      } catch (error) {
        logger.warn('discard-failed', { log, error });
      } finally {
        this.#discards.delete(log);
      }
    });
  }

  #run(work: () => Promise<void>): void {
    const running = work().finally(() => { this.#background.delete(running); });
    this.#background.add(running);
  }
}
