/** The shards of one thread: which of them there are, and the reads that are asked of several at once. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AppError, type Code } from '@proximadb/errors';
import type { Outcomes, OutcomesWanted, PartitionOutcomes } from '@proximadb/gateway';
import { partitionOf, type LogReader } from '@proximadb/log';
import { periodically, type Logger } from '@proximadb/process/thread';
import type {
  CountAnswer, Covered, Digest, DigestRequest, Digests, MissingPartition, PageAnswer, PageSpec, RowsAnswer, SearchAnswer, SearchAnswers, SearchSpec,
  SegmentCost, ShardHit, ShardReport, Shards, ShardsRequest, StoredRow, Watermark,
} from '@proximadb/query';
import { mergeHits, mergePages, type Found, type Page } from '@proximadb/segment/merge';
import type { CollectionSettings, Filter } from '@proximadb/schemas';
import { compileFilter, NearestSoFar, type Predicate } from '@proximadb/segment';
import type { IndexerConfig } from './config.ts';
import type { Candidate, LiveRow } from './rows.ts';
import type { Mark } from './replica-sum.ts';
import type { ChangesPage } from './reindex/changes.ts';
import { Shard, type ShardSchemas, type ShardState } from './shard.ts';
import type { ShardSpace } from './space.ts';
import type { Builder, ShardIdentity, ManifestId } from './storage.ts';

/** A partition to hold. Plain data. */
export interface Assignment {
  readonly identity: ShardIdentity;
  readonly partitions: number;
  readonly settings: CollectionSettings;
}

/** Where a partition that is held stands. Plain data. */
export interface Position {
  readonly log: number;
  readonly partition: number;
  readonly state: ShardState['kind'];
  /** Why it stopped, by its code. */
  readonly stopped: Code | null;
  /** The next offset to apply. */
  readonly watermark: number;
  /** The watermark of the last manifest. */
  readonly durable: number;
  /** Of the last manifest, which is another one after each seal, merge and graph. */
  readonly generation: number;
  /** Whether nothing is being sealed, merged or built. */
  readonly isAtRest: boolean;
  /** Records that the log had when it was last read, and that are not applied yet. */
  readonly lag: number;
  readonly space: ShardSpace;
}

/** What the shards cannot do themselves: write to the log. */
export interface LogKeeper {
  trim(topic: string, partition: number, before: number): void;
  /** Appends a delete of the reserved empty key. */
  tick(topic: string, partition: number): void;
}

export interface HostOptions {
  /** A shard lives in `<directory>/<log number>/<partition>`. */
  readonly directory: string;
  readonly config: IndexerConfig;
  readonly source: LogReader;
  readonly schemas: ShardSchemas;
  readonly builder: Builder;
  readonly keeper: LogKeeper;
  /** Whether the log is trimmed only behind snapshots; else behind manifests. */
  readonly trimBehindSnapshots: boolean;
  /** Asked when the shards come to rest with other segments than before. Default: the runtime collects when it likes. */
  readonly collectGarbage?: () => void;
  /** µs since 1970. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Looks of which one is left at rest, where nothing waits for an index: each wakes a thread that may have nothing else to do. */
const restLooks = 4;
/** Looks at rest, after which garbage is collected: that stops a thread for some tens of milliseconds, so a pause between two batches is not enough. */
const collectAfterLooks = 3;

export class ShardHost implements Shards, Outcomes, Digests {
  readonly #options: HostOptions;
  readonly #shards = new Map<string, Shard>();
  /** Those that were let go of, until their files are closed. */
  readonly #closing = new Map<Shard, Promise<void>>();
  readonly #maintenance: Disposable;
  readonly #trimmed = new Map<Shard, number>();
  /** Of all shards together, when they were looked at last, and whether these were others than before. */
  #watermarks = 0;
  #hasMoved = false;
  /** One after the other. */
  #looksAtRest = 0;
  /** Manifests of all shards together when garbage was collected last. */
  #collectedAt = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#maintenance = periodically(() => this.#looks * options.config.maintenanceMs, () => { void this.maintain(); });
  }

  /** Starts to hold a partition; one that is held already is left as it is. */
  assign({ identity, partitions, settings }: Assignment): void {
    const key = keyOf(identity.log, identity.partition);
    if (this.#shards.has(key)) return;
    const { directory, config, source, schemas, builder, trimBehindSnapshots, clock, logger } = this.#options;
    const shard = new Shard({
      directory: join(directory, String(identity.log), String(identity.partition)),
      identity, partitions, settings, config, source, schemas, builder, trimBehindSnapshots, memorySpent: () => this.#memorySpent(), clock, logger,
    });
    this.#shards.set(key, shard);
    shard.start();
  }

  /** Lets go of a partition: what it holds is written to disk and stays there. One that is not held is no error. */
  async release(log: number, partition: number): Promise<void> {
    const key = keyOf(log, partition);
    const shard = this.#shards.get(key);
    if (shard !== undefined) await this.#close(key, shard);
  }

  /** Lets go of a collection's partitions; settles when the files of all are closed, of those that were let go of before, too. */
  async releaseAll(log: number): Promise<void> {
    for (const [key, shard] of this.#shards) if (shard.identity.log === log) void this.#close(key, shard);
    await Promise.all([...this.#closing].filter(([shard]) => shard.identity.log === log).map(([, closed]) => closed));
  }

  /** How far each partition is that is held. */
  positions(): Position[] {
    return [...this.#shards.values()].map(({ identity, state, watermark, manifestId, isAtRest, lag, space }) => ({
      log: identity.log, partition: identity.partition, state: state.kind, stopped: state.kind === 'stopped' ? state.error.code : null,
      watermark, durable: manifestId.watermark, generation: manifestId.generation, isAtRest, lag, space,
    }));
  }

  /** See {@link Shard.stage}; undefined, too, if the partition is not held. */
  async stage(log: number, partition: number, directory: string): Promise<ManifestId | undefined> {
    return this.#shards.get(keyOf(log, partition))?.stage(directory);
  }

  /** Tells a shard up to where snapshots go, the oldest of those that are kept. */
  snapshotted(log: number, partition: number, oldestWatermark: number): void {
    this.#shards.get(keyOf(log, partition))?.snapshotted(oldestWatermark);
  }

  /** See {@link Shard.watchChanges}. @throws AppError UNAVAILABLE if the partition is not served here. */
  async watchChanges(log: number, partition: number): Promise<number> {
    return this.#shard(log, partition).watchChanges();
  }

  /** One that is not held is no error. */
  forgetChanges(log: number, partition: number): void {
    this.#shards.get(keyOf(log, partition))?.forgetChanges();
  }

  /** See {@link Shard.changesSince}. @throws AppError UNAVAILABLE if the partition is not served here. */
  changesSince(log: number, partition: number, since: number, limit: number, bytesMax: number): ChangesPage | undefined {
    return this.#shard(log, partition).changesSince(since, limit, bytesMax);
  }

  async search(request: ShardsRequest, searches: readonly SearchSpec[], signal?: AbortSignal): Promise<SearchAnswers> {
    const predicates = searches.map(({ filter }) => predicateOf(filter));
    const { shards, missing } = await this.#ready(request, signal);
    const found = searches.map(({ k }) =>
      ({ candidates: [] as (Found & { shard: Shard; candidate: Candidate })[], costs: [] as SegmentCost[], soFar: new NearestSoFar(k) }));
    const watermarks: Watermark[] = [];
    const answers = searches.map((): SearchAnswer => ({ hits: [], costs: [] }));
    // Places are valid until segments change, so all shards are asked, and the winners read, without a pause.
    for (const shard of shards) {
      const { partition } = shard.identity;
      watermarks.push(watermarkOf(shard));
      searches.forEach((spec, i) => {
        const { candidates, costs } = shard.rows.search(spec, predicates[i] ?? null, partition, shard.nowMicros, found[i]?.soFar);
        for (const candidate of candidates) {
          const { distance, offset } = candidate;
          found[i]?.candidates.push({ shard, candidate, distance, partition, offset });
        }
        found[i]?.costs.push(...costs);
      });
    }
    searches.forEach((spec, i) => {
      const { candidates = [], costs = [] } = found[i] ?? {};
      const nearest = mergeHits([candidates], spec.k);
      answers[i] = { costs, hits: nearest.map(({ shard, candidate }) => hitOf(shard, candidate, spec.records)) };
    });
    return { answers, watermarks, missing };
  }

  async get(request: ShardsRequest, ids: readonly string[], signal?: AbortSignal): Promise<RowsAnswer> {
    const { shards, missing } = await this.#ready(request, signal);
    const keys = ids.map((id) => Buffer.from(id));
    const rows: StoredRow[] = [];
    for (const shard of shards) {
      const visibleAt = shard.nowMicros;
      for (const key of keys) {
        const place = shard.rows.find(key);
        if (place !== undefined && shard.rows.expires(place) > visibleAt) rows.push(storedOf(shard, shard.rows.read(place)));
      }
    }
    return { rows, ...coveredBy(shards, missing) };
  }

  async scroll(request: ShardsRequest, page: PageSpec, signal?: AbortSignal): Promise<PageAnswer> {
    const predicate = predicateOf(page.filter);
    const { shards, missing } = await this.#ready(request, signal);
    const after = page.after === null ? null : Buffer.from(page.after);
    const covered = coveredBy(shards, missing);
    const pages = shards.map((shard) => pageOf(shard, page, predicate, after));
    return { ...mergePages(pages, page.limit, page.bytesMax), ...covered };
  }

  async count(request: ShardsRequest, filter: Filter | null, signal?: AbortSignal): Promise<CountAnswer> {
    const predicate = predicateOf(filter);
    const { shards, missing } = await this.#ready(request, signal);
    const count = shards.reduce((sum, shard) => sum + shard.rows.count(predicate, shard.nowMicros), 0);
    return { count, ...coveredBy(shards, missing) };
  }

  async outcomes(log: number, requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal?: AbortSignal): Promise<PartitionOutcomes[]> {
    await this.#ready({ log, timeoutMs, at: wanted.map(({ partition, through }) => ({ partition, atLeast: through })) }, signal);
    return wanted.map((each) => this.#shard(log, each.partition).outcomes(requestId, each));
  }

  async report(log: number): Promise<ShardReport[]> {
    return [...this.#shards.values()].filter(({ identity }) => identity.log === log).map((shard) => shard.report());
  }

  async digest(request: DigestRequest, signal?: AbortSignal): Promise<Digest> {
    return this.#shard(request.log, request.partition).digest(request, signal);
  }

  /** Sums of a shard, to compare with other replicas'; none if it is not held. */
  marks(log: number, partition: number): readonly Mark[] {
    return this.#shards.get(keyOf(log, partition))?.marks ?? [];
  }

  /** How far the shards are with what the log had when they were opened. */
  progress(): { readonly shards: number; readonly ready: number } {
    const shards = [...this.#shards.values()];
    return { shards: shards.length, ready: shards.filter(({ state }) => state.kind !== 'replaying').length };
  }

  /** Freezes every memtable, and settles when nothing is left to be sealed, merged or built. */
  async settle(log: number): Promise<void> {
    const shards = [...this.#shards.values()].filter(({ identity }) => identity.log === log);
    for (const shard of shards) shard.freeze();
    for (const shard of shards) await shard.settled();
  }

  async close(): Promise<void> {
    this.#maintenance[Symbol.dispose]();
    await Promise.all([...[...this.#shards.values()].map((shard) => shard.close()), ...this.#closing.values()]);
  }

  #close(key: string, shard: Shard): Promise<void> {
    this.#shards.delete(key);
    this.#trimmed.delete(shard);
    const closed = shard.close().finally(() => { this.#closing.delete(shard); });
    this.#closing.set(shard, closed);
    return closed;
  }

  /**
   * The shards asked, in one synchronous moment at which each is where it must be; and those that cannot be, if the request does without
   * them. A fault of one that is needed fails it at once.
   */
  async #ready(request: ShardsRequest, signal?: AbortSignal): Promise<{ shards: Shard[]; missing: MissingPartition[] }> {
    const { log, at, timeoutMs, allowPartial = false } = request;
    const deadlineMs = performance.now() + timeoutMs;
    const missing: MissingPartition[] = [];
    const there = await Promise.all(at.map(async ({ partition, atLeast }) => {
      try {
        await this.#shard(log, partition).waitFor(atLeast, deadlineMs - performance.now(), signal);
        return [partition];
      } catch (thrown) {
        missing.push(leftOut(partition, thrown, allowPartial));
        return [];
      }
    }));
    // One turn of the loop between calls: applying and other calls go on under a burst of reads.
    await setImmediate();
    const shards = there.flat().flatMap((partition) => {
      try {
        return [this.#shard(log, partition)];
      } catch (thrown) {
        missing.push(leftOut(partition, thrown, allowPartial));
        return [];
      }
    });
    return { shards, missing };
  }

  #shard(log: number, partition: number): Shard {
    const shard = this.#shards.get(keyOf(log, partition));
    if (shard === undefined) throw new AppError('UNAVAILABLE', `partition ${partition} of log ${log} is not served here`);
    return shard;
  }

  /** Whether nothing came between the last two looks, nothing waits to be applied by who goes on, and nothing is being sealed, merged or built. */
  get #isAtRest(): boolean {
    return !this.#hasMoved && [...this.#shards.values()].every(({ state, isAtRest, lag }) => isAtRest && (lag === 0 || state.kind === 'stopped'));
  }

  /** Of how many looks one is taken. */
  get #looks(): number {
    return this.#isAtRest && ![...this.#shards.values()].some(({ awaitsIndex }) => awaitsIndex) ? restLooks : 1;
  }

  /** What segments held that were replaced lies outside of the heap, where a runtime at rest leaves it for minutes. */
  #collectGarbage(): void {
    // What is being closed has its memory until it is.
    this.#looksAtRest = this.#isAtRest && this.#closing.size === 0 ? this.#looksAtRest + 1 : 0;
    const manifests = [...this.#shards.values()].reduce((sum, { manifestId }) => sum + manifestId.generation, 0);
    if (this.#looksAtRest < collectAfterLooks || manifests === this.#collectedAt) return;
    this.#collectedAt = manifests;
    this.#options.collectGarbage?.();
  }

  #memorySpent(): boolean {
    let bytes = 0;
    for (const shard of this.#shards.values()) bytes += shard.growingBytes;
    return bytes > this.#options.config.growingTotalBytesMax;
  }

  /** Starts what is due: sealing past the budget, merges, graphs, ticks, trims. Settles when the merges and graphs are done; never rejects. */
  async maintain(): Promise<void> {
    const { config, keeper } = this.#options;
    const shards = [...this.#shards.values()];
    const watermarks = shards.reduce((sum, { watermark }) => sum + watermark, 0);
    this.#hasMoved = watermarks !== this.#watermarks;
    this.#watermarks = watermarks;
    if (this.#memorySpent()) {
      // One that has a memtable waiting frees memory already; with another one it would only take more.
      const free = shards.filter(({ rows }) => rows.frozen.length === 0);
      free.toSorted((a, b) => b.rows.growing.bytes - a.rows.growing.bytes)[0]?.freeze();
    }
    for (const shard of shards) {
      shard.maintain();
      const { topic, partition } = shard.identity;
      if (shard.needsTick()) keeper.tick(topic, partition);
      const before = shard.trimPoint(config.historyBytesMax / shards.length);
      if (before > (this.#trimmed.get(shard) ?? 0)) {
        this.#trimmed.set(shard, before);
        keeper.trim(topic, partition, before);
      }
    }
    this.#collectGarbage();
    await Promise.all(shards.map((shard) => shard.choresDone()));
  }
}

function keyOf(log: number, partition: number): string {
  return `${log}/${partition}`;
}

function predicateOf(filter: Filter | null): Predicate | null {
  return filter === null ? null : compileFilter(filter);
}

function coveredBy(shards: readonly Shard[], missing: readonly MissingPartition[]): Covered {
  return { watermarks: shards.map(watermarkOf), missing };
}

function watermarkOf({ identity, watermark, logAway }: Shard): Watermark {
  return { partition: identity.partition, watermark, logAway };
}

/** @throws what was thrown, if the partition is needed, or the fault is not one of the partition. */
function leftOut(partition: number, thrown: unknown, allowPartial: boolean): MissingPartition {
  if (!allowPartial || !(thrown instanceof AppError) || (thrown.code !== 'UNAVAILABLE' && thrown.code !== 'DEADLINE_EXCEEDED')) throw thrown;
  return { partition, code: thrown.code, reason: thrown.message };
}

function hitOf(shard: Shard, candidate: Candidate, records: boolean): ShardHit {
  const { distance, offset } = candidate;
  const { partition } = shard.identity;
  if (!records) return { id: shard.rows.id(candidate), distance, partition, offset, record: null };
  const { view } = shard.rows.read(candidate);
  return { id: view.id, distance, partition, offset, record: view.bytes };
}

/** A shard's own first rows; the page of several shards is merged from these. */
function pageOf(shard: Shard, page: PageSpec, predicate: Predicate | null, after: Buffer | null): Page<StoredRow> {
  const rows: StoredRow[] = [];
  let bytes = 0;
  const share = page.share ?? null;
  // A copier leaves out only what no condition will find any more.
  for (const row of shard.rows.scroll(predicate, after, share === null ? shard.nowMicros : shard.logTime)) {
    if (share !== null && partitionOf(row.view.idBytes, share.partitions) as number !== share.partition) continue;
    bytes += row.view.bytes.length;
    if (rows.length === page.limit || (rows.length > 0 && bytes > page.bytesMax)) return { rows, more: true };
    rows.push(storedOf(shard, row));
  }
  return { rows, more: false };
}

function storedOf(shard: Shard, { view, offset }: LiveRow): StoredRow {
  return { id: view.id, partition: shard.identity.partition, offset, record: view.bytes };
}
