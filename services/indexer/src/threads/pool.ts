/** Shards on threads, seen from the main thread: a partition lives on thread `partition mod threads`. */
import { availableParallelism } from 'node:os';
import { sep } from 'node:path';
import { AppError } from '@proximadb/errors';
import type { Outcomes, OutcomesWanted, PartitionOutcomes } from '@proximadb/gateway';
import type { Logger, LogLevel } from '@proximadb/process';
import type {
  CountAnswer, Covered, Digest, DigestRequest, Digests, PageAnswer, PageSpec, RowsAnswer, SearchAnswers, SearchSpec, ShardReport, Shards, ShardsRequest,
} from '@proximadb/query';
import { mergeHits, mergePages } from '@proximadb/segment/merge';
import type { Filter } from '@proximadb/schemas';
import type { BuildJob, BuildResult } from '@proximadb/segment';
import type { IndexerConfig } from '../config.ts';
import { folderOfLog, removeLog } from '../folders.ts';
import type { Assignment, LogKeeper, Position } from '../host.ts';
import type { ManifestId } from '../storage.ts';
import type { ChangesPage } from '../reindex/changes.ts';
import { Builder, Builders } from './builder.ts';
import { Thread } from './thread.ts';

/** How a thread opens the log: nothing that is open can be handed to it. */
export interface ReaderModule {
  /** URL of a module. */
  readonly module: string;
  /** Name of its export: `(options) => Promise<LogReader>`. */
  readonly open: string;
  /** Plain data. */
  readonly options: unknown;
}

export interface ShardThreadData {
  readonly name: string;
  readonly directory: string;
  readonly reader: ReaderModule;
  readonly trimBehindSnapshots: boolean;
  readonly config: IndexerConfig;
  readonly logLevel: LogLevel;
  /** A number of 32 bits: 1 once the log can be read. */
  readonly logIsOpen: SharedArrayBuffer;
}

export interface ShardPoolOptions {
  /** Where the shards live. */
  readonly directory: string;
  /** The log that the threads read. */
  readonly reader: ReaderModule;
  /** Whether the log is trimmed only behind snapshots; else behind manifests. */
  readonly trimBehindSnapshots: boolean;
  readonly config: IndexerConfig;
  readonly logLevel: LogLevel;
  readonly logger: Logger;
  readonly keeper: LogKeeper;
  /** Text of an accepted schema; null if the catalog has not accepted it. */
  readonly schemaText: (schemaId: number) => Promise<string | null>;
  /** A thread died: the process cannot go on. */
  readonly onFatal: (error: Error) => void;
}

/** Its threads load what they need while the process opens its log; calls wait until `open`. */
export class ShardPool implements Shards, Outcomes, Digests, AsyncDisposable {
  readonly #directory: string;
  readonly #logIsOpen = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #threads: readonly Thread[];
  /** Sealing is short, and shards wait for it; merging takes seconds, graphs and lists minutes. None waits for another. */
  readonly #files: Builder;
  readonly #merges: Builder;
  /** One thread makes the lists of one shard, so that there are several. */
  readonly #lists: Builders;
  /** Several threads build a graph together. */
  readonly #graphs: Builder;
  /** Jobs that are not done; their promises settle when they are, and never reject. */
  readonly #building = new Map<BuildJob, Promise<void>>();
  readonly #logger: Logger;

  constructor(options: ShardPoolOptions) {
    const count = options.config.threads === 0 ? Math.max(1, availableParallelism() - 1) : options.config.threads;
    const { onFatal } = options;
    this.#directory = options.directory;
    this.#logger = options.logger;
    const graphThreads = graphThreadsOf(options.config, count);
    this.#files = new Builder({ name: 'files', sharers: 0, onFatal });
    this.#merges = new Builder({ name: 'merges', sharers: 1, onFatal });
    // The first is the one that works alone; all others together take at most as much as it does.
    const listThreads = Math.min(listThreadsMax, graphThreads);
    this.#lists = new Builders(Array.from({ length: listThreads }, (_, i) => new Builder({ name: 'lists', sharers: i === 0 ? 1 : listThreads, onFatal })));
    this.#graphs = new Builder({ name: 'graphs', sharers: graphThreads, graphThreads, onFatal });
    this.#threads = Array.from({ length: count }, (_, i) => {
      const name = `shards-${i}`;
      const { directory, reader, trimBehindSnapshots, config, logLevel, keeper } = options;
      return new Thread({
        name, module: new URL('./shard-thread.ts', import.meta.url), onFatal,
        data: { name, directory, reader, trimBehindSnapshots, config, logLevel, logIsOpen: this.#logIsOpen.buffer } satisfies ShardThreadData,
        handlers: {
          schema: (schemaId: number) => options.schemaText(schemaId),
          build: (job: BuildJob) => this.#build(job),
          trim: (topic: string, partition: number, before: number) => { keeper.trim(topic, partition, before); },
          tick: (topic: string, partition: number) => { keeper.tick(topic, partition); },
        },
      });
    });
  }

  /** Threads that hold shards. */
  get threads(): number {
    return this.#threads.length;
  }

  /** The log is there: threads may read it. */
  open(): void {
    Atomics.store(this.#logIsOpen, 0, 1);
    Atomics.notify(this.#logIsOpen, 0);
  }

  async assign(assignment: Assignment): Promise<void> {
    await this.#of(assignment.identity.partition).rpc.call('assign', assignment);
  }

  /** Lets go of a collection's partitions and deletes their files. */
  async erase(log: number): Promise<void> {
    await Promise.all(this.#threads.map(({ rpc }) => rpc.call('releaseAll', log)));
    // What is built of files that are open is written nevertheless, into folders that are made anew: whether that is while these are removed, or later.
    const building = [...this.#building].filter(([{ directory }]) => isWithin(folderOfLog(this.#directory, log), directory)).map(([, done]) => done);
    const removed = removeLog(this.#directory, log);
    if (building.length > 0) void Promise.allSettled([removed, ...building]).then(() => removeLog(this.#directory, log))
      .catch((error: unknown) => { this.#logger.error('files-left', { log, error }); });
    await removed;
  }

  /** Lets go of a partition; its files stay. */
  async release(log: number, partition: number): Promise<void> {
    await this.#of(partition).rpc.call('release', log, partition);
  }

  /** How far each partition is that is held. */
  async positions(): Promise<Position[]> {
    return (await Promise.all(this.#threads.map(({ rpc }) => rpc.call<Position[]>('positions')))).flat();
  }

  /** Hard links of a partition's last manifest and its files in a new folder; undefined if there is none. */
  stage(log: number, partition: number, directory: string): Promise<ManifestId | undefined> {
    return this.#of(partition).rpc.call('stage', log, partition, directory);
  }

  /** Up to where a partition's snapshots go, the oldest of those that are kept: behind it the log may be trimmed. */
  async snapshotted(log: number, partition: number, oldestWatermark: number): Promise<void> {
    await this.#of(partition).rpc.call('snapshotted', log, partition, oldestWatermark);
  }

  /** See `Shard.watchChanges`. @throws AppError UNAVAILABLE if the partition is not served here. */
  watchChanges(log: number, partition: number): Promise<number> {
    return this.#of(partition).rpc.call('watchChanges', log, partition);
  }

  async forgetChanges(log: number, partition: number): Promise<void> {
    await this.#of(partition).rpc.call('forgetChanges', log, partition);
  }

  /** See `Shard.changesSince`. @throws AppError UNAVAILABLE if the partition is not served here. */
  changesSince(log: number, partition: number, since: number, limit: number, bytesMax: number): Promise<ChangesPage | undefined> {
    return this.#of(partition).rpc.call('changesSince', log, partition, since, limit, bytesMax);
  }

  async search(request: ShardsRequest, searches: readonly SearchSpec[], signal?: AbortSignal): Promise<SearchAnswers> {
    const parts = await this.#fanOut<SearchAnswers>(request, signal, 'search', searches);
    const answers = searches.map((spec, i) => {
      const all = parts.map((part) => part.answers[i] ?? { hits: [], costs: [] });
      return { hits: mergeHits(all.map(({ hits }) => hits), spec.k), costs: all.flatMap(({ costs }) => costs) };
    });
    return { answers, ...coveredBy(parts) };
  }

  async get(request: ShardsRequest, ids: readonly string[], signal?: AbortSignal): Promise<RowsAnswer> {
    const parts = await this.#fanOut<RowsAnswer>(request, signal, 'get', ids);
    return { rows: parts.flatMap(({ rows }) => rows), ...coveredBy(parts) };
  }

  async scroll(request: ShardsRequest, page: PageSpec, signal?: AbortSignal): Promise<PageAnswer> {
    const parts = await this.#fanOut<PageAnswer>(request, signal, 'scroll', page);
    return { ...mergePages(parts, page.limit, page.bytesMax), ...coveredBy(parts) };
  }

  async count(request: ShardsRequest, filter: Filter | null, signal?: AbortSignal): Promise<CountAnswer> {
    const parts = await this.#fanOut<CountAnswer>(request, signal, 'count', filter);
    return { count: parts.reduce((sum, part) => sum + part.count, 0), ...coveredBy(parts) };
  }

  async outcomes(log: number, requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal?: AbortSignal): Promise<PartitionOutcomes[]> {
    const byThread = Map.groupBy(wanted, ({ partition }) => this.#of(partition));
    const parts = await Promise.all([...byThread].map(([thread, each]) => thread.rpc.cancellable<PartitionOutcomes[]>(
      signal, 'outcomes', log, requestId, each, timeoutMs)));
    return parts.flat();
  }

  async report(log: number): Promise<ShardReport[]> {
    const parts = await Promise.all(this.#threads.map(({ rpc }) => rpc.call<ShardReport[]>('report', log)));
    return parts.flat().sort((a, b) => a.partition - b.partition);
  }

  digest(request: DigestRequest, signal?: AbortSignal): Promise<Digest> {
    return this.#of(request.partition).rpc.cancellable<Digest>(signal, 'digest', request);
  }

  async progress(): Promise<{ shards: number; ready: number }> {
    const parts = await Promise.all(this.#threads.map(({ rpc }) => rpc.call<{ shards: number; ready: number }>('progress')));
    return { shards: parts.reduce((sum, part) => sum + part.shards, 0), ready: parts.reduce((sum, part) => sum + part.ready, 0) };
  }

  /** Seals everything of a collection, and settles when nothing is left to be built at once. */
  async settle(log: number): Promise<void> {
    await Promise.all(this.#threads.map(({ rpc }) => rpc.call('settle', log)));
  }

  /** Drains, writes the last manifests, ends the threads. */
  async close(): Promise<void> {
    for (const thread of this.#threads) thread.expectEnd();
    await Promise.all(this.#threads.map(({ rpc }) => rpc.call('close')));
    await this[Symbol.asyncDispose]();
  }

  /** Ends the threads. Unless they are closed it is for them as if the process were killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of [...this.#threads, ...this.#builders]) await one.end(new AppError('UNAVAILABLE', 'the shards are closed'));
  }

  async #build(job: BuildJob): Promise<BuildResult> {
    const built = this.#builderOf(job).run(job);
    this.#building.set(job, built.then(() => {}, () => {}));
    try {
      return await built;
    } finally {
      this.#building.delete(job);
    }
  }

  get #builders(): readonly (Builder | Builders)[] {
    return [this.#files, this.#merges, this.#lists, this.#graphs];
  }

  #builderOf(job: BuildJob): Builder | Builders {
    switch (job.kind) {
      case 'complete': return this.#files;
      case 'graph': return this.#graphs;
      case 'merge': return job.lists === undefined ? this.#merges : this.#lists;
    }
  }

  #of(partition: number): Thread {
    const thread = this.#threads[partition % this.#threads.length];
    if (thread === undefined) throw new AppError('UNAVAILABLE', `no thread holds partition ${partition}`);
    return thread;
  }

  #fanOut<T>(request: ShardsRequest, signal: AbortSignal | undefined, method: string, ...args: readonly unknown[]): Promise<T[]> {
    const byThread = Map.groupBy(request.at, ({ partition }) => this.#of(partition));
    return Promise.all([...byThread].map(([thread, at]) => thread.rpc.cancellable<T>(signal, method, { ...request, at }, ...args)));
  }
}

function isWithin(folder: string, path: string): boolean {
  return path.startsWith(`${folder}${sep}`);
}

/** Each of them holds what a segment takes while it is written. */
const listThreadsMax = 4;

/** More threads lose more rows of a graph: see docs/adr/0014-threads-of-a-graph.md. */
const graphThreadsMax = 8;

/** @param shardThreads in a container these are said, as it does not see its limit in the number of cores. */
function graphThreadsOf({ graphThreads }: IndexerConfig, shardThreads: number): number {
  return graphThreads === 0 ? Math.min(shardThreads + 1, availableParallelism(), graphThreadsMax) : graphThreads;
}

function coveredBy(parts: readonly Covered[]): Covered {
  return { watermarks: parts.flatMap(({ watermarks }) => watermarks), missing: parts.flatMap(({ missing }) => missing) };
}
