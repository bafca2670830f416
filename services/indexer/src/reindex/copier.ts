/**
 * Copies one partition of a generation into the one that replaces it: what it holds, as it stands, and then what changes, until the
 * catalog flips. It may die anywhere, and another one may run beside it: the next one fences it off, compares, and goes on.
 */
import type { Catalog, Collection, Reindexing } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import type { Log } from '@proximadb/log';
import type { PartitionAt, Shards, StoredRow } from '@proximadb/query';
import type { ChangesPage } from './changes.ts';
import { differences } from './compare.ts';
import { patiently } from './patience.ts';
import { Stream } from './stream.ts';

/** The shards of this process. */
export interface OldShards extends Pick<Shards, 'scroll'> {
  watchChanges(log: number, partition: number): Promise<number>;
  changesSince(log: number, partition: number, since: number, limit: number, bytesMax: number): Promise<ChangesPage | undefined>;
  forgetChanges(log: number, partition: number): Promise<void>;
}

export interface CopierLimits {
  /** Records and bytes of one append, about. */
  readonly batchRecords: number;
  readonly batchBytes: number;
  /** Rows and bytes of one page that is compared. */
  readonly pageRows: number;
  readonly pageBytes: number;
  /** Records that it may be behind, and is still caught up. */
  readonly lagMax: number;
  /** Between two looks at what changed. */
  readonly lookMs: number;
  /** The same once writes pause. */
  readonly drainLookMs: number;
  /** For one question to shards. */
  readonly timeoutMs: number;
}

export interface CopierOptions {
  readonly old: Collection;
  readonly generation: Collection;
  /** Of the old one. */
  readonly partition: number;
  readonly catalog: Pick<Catalog, 'byLog'> & { readonly reindexing: Pick<Reindexing, 'startCopier' | 'note'> };
  readonly log: Pick<Log, 'append' | 'extents'>;
  readonly oldShards: OldShards;
  /** Of the new generation, wherever they are. */
  readonly newShards: Pick<Shards, 'scroll' | 'get'>;
  /** Closes the old topic to every writer; settles when none of their appends can land any more. Called any number of times. */
  readonly close: () => Promise<void>;
  /** Runs a long copy when it is its turn. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Settles when the catalog changed, or after so long. @throws the signal's reason. */
  readonly changed: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly limits: CopierLimits;
  /** Told of each step that was taken; what it throws ends the copier there. */
  readonly step: (step: CopierStep) => Promise<void>;
}

export type CopierStep = 'started' | 'fenced' | 'watching' | 'page' | 'copied' | 'round' | 'caught_up' | 'closed' | 'drained' | 'noted';

export class Copier {
  readonly #options: CopierOptions;

  constructor(options: CopierOptions) {
    this.#options = options;
  }

  /**
   * Settles when the partition is drained, and the catalog knows.
   * @throws AppError ABORTED if a newer copier runs, or the generation is not filled any more; AppendError if nobody knows what of an append
   *   is in the log (a new copier goes on); the signal's reason.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { old, partition } = this.#options;
    try {
      await this.#run(signal);
    } finally {
      await this.#options.oldShards.forgetChanges(old.log, partition).catch(() => undefined);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { generation, partition, catalog, log, limits, step } = this.#options;
    const { epoch, first } = await catalog.reindexing.startCopier(generation.log, partition, signal);
    await step('started');
    const stream = new Stream({ log, generation, partition, epoch, batchRecords: limits.batchRecords, batchBytes: limits.batchBytes });
    await stream.fence(signal);
    await step('fenced');
    let since = await this.#copyAll(stream, first, signal);
    for (let caughtUp = false, end: number | undefined; ;) {
      if (this.#isClosing(epoch)) end ??= await this.#closed(signal);
      const page = await this.#changesSince(since, signal);
      if (page === undefined) {
        since = await this.#copyAll(stream, false, signal);
        continue;
      }
      await stream.write(page.changes, signal);
      since = page.next;
      await step('round');
      if (since < page.watermark) continue;
      if (end !== undefined && since >= end) break;
      if (!caughtUp && end === undefined && page.changes.length <= limits.lagMax && await this.#isNear(since)) {
        // Whoever waits for the flip waits for the new shards, too.
        await this.#applied(stream, signal);
        await catalog.reindexing.note({ kind: 'copier_caught_up', log: generation.log, partition, epoch }, signal);
        caughtUp = true;
        await step('caught_up');
      } else await this.#options.changed(end === undefined ? limits.lookMs : limits.drainLookMs, signal);
    }
    await this.#applied(stream, signal);
    await step('drained');
    await catalog.reindexing.note({ kind: 'partition_drained', log: generation.log, partition, epoch, offsets: stream.ends }, signal);
    await step('noted');
  }

  /** Writes what differs. @returns the offset from which on changes are noted; all that happened below is copied. */
  async #copyAll(stream: Stream, first: boolean, signal: AbortSignal): Promise<number> {
    const { old, generation, partition, log, oldShards, newShards, inTurn, step } = this.#options;
    return inTurn(async () => {
      const since = await patiently(() => oldShards.watchChanges(old.log, partition), signal);
      await step('watching');
      const original = this.#pages(oldShards, old.log, [{ partition, atLeast: since }], signal);
      // Up to the end of the log: what earlier copiers wrote lies before this one's fence, or counts for nothing.
      const ends = first ? [] : (await patiently(() => log.extents(generation.topic), signal)).map(({ end }, number) => ({ partition: number, atLeast: end }));
      const copy = first ? nothing() : this.#pages(newShards, generation.log, ends, signal);
      for await (const changes of differences(original, copy)) {
        await stream.write(changes, signal);
        await step('page');
      }
      await step('copied');
      return since;
    });
  }

  async* #pages(shards: Pick<Shards, 'scroll'>, log: number, at: readonly PartitionAt[], signal: AbortSignal): AsyncGenerator<readonly StoredRow[]> {
    const { old, partition, limits: { pageRows, pageBytes, timeoutMs } } = this.#options;
    const share = { partition, partitions: old.settings.partitions };
    for (let after: string | null = null, more = true; more;) {
      const request: Parameters<Shards['scroll']>[1] = { filter: null, after, limit: pageRows, bytesMax: pageBytes, share };
      const page = await patiently(() => shards.scroll({ log, at, timeoutMs }, request, signal), signal);
      yield page.rows;
      ({ more } = page);
      after = page.rows.at(-1)?.id ?? after;
    }
  }

  /** Nothing is known, either, while the shard is not here: the partition may have moved, or it is being opened. */
  async #changesSince(since: number, signal: AbortSignal): Promise<ChangesPage | undefined> {
    const { old, partition, oldShards, limits: { batchRecords, batchBytes } } = this.#options;
    return patiently(() => oldShards.changesSince(old.log, partition, since, batchRecords, batchBytes), signal);
  }

  /** @throws AppError ABORTED if another one goes on. */
  #isClosing(epoch: number): boolean {
    const { catalog, generation, partition } = this.#options;
    const now = catalog.byLog(generation.log);
    if (now?.state !== 'filling') throw new AppError('ABORTED', `generation ${generation.log} is not filled any more`);
    if (now.reindex?.copiers[partition]?.epoch !== epoch) throw new AppError('ABORTED', 'a newer copier of the partition runs');
    return now.reindex.closingAtMicros !== null;
  }

  /** Where the old partition ends for ever. */
  async #closed(signal: AbortSignal): Promise<number> {
    const { old, partition, log, close, step } = this.#options;
    await patiently(close, signal);
    const extents = await patiently(() => log.extents(old.topic), signal);
    await step('closed');
    return extents[partition]?.end ?? 0;
  }

  async #isNear(since: number): Promise<boolean> {
    const { old, partition, log, limits: { lagMax } } = this.#options;
    const extents = await log.extents(old.topic).catch(() => []);
    return (extents[partition]?.end ?? Infinity) - since <= lagMax;
  }

  /** Settles when shards of the new generation have applied what was written. */
  async #applied(stream: Stream, signal: AbortSignal): Promise<void> {
    const { generation, newShards, limits: { timeoutMs } } = this.#options;
    const at = stream.ends.map((atLeast, number): PartitionAt => ({ partition: number, atLeast }));
    await patiently(() => newShards.get({ log: generation.log, at, timeoutMs }, ['-'], signal), signal);
  }
}

async function* nothing(): AsyncGenerator<readonly StoredRow[]> { /* There is nothing yet. */ }
