/** For tests: indexers of a cluster, each a real gRPC server over shards in memory, and who holds what. */
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import type { HoldingState, Member } from '@proximadb/coordination';
import type { Outcomes, OutcomesWanted, PartitionOutcomes } from '@proximadb/gateway';
import { startShardServer, type ShardServer, type ShardServerConfig } from '@proximadb/indexer/transport';
import { createLogger, createMetrics } from '@proximadb/process';
import type { Filter } from '@proximadb/schemas';
import type { Digest, DigestRequest, Digests } from '../replicas.ts';
import { RemoteShards, CoordinationRoutes, type RemoteConfig, type RemoteMetrics } from '../remote/index.ts';
import type {
  CountAnswer, MissingPartition, PageAnswer, PageSpec, PartitionAt, RowsAnswer, SearchAnswers, SearchSpec, ShardReport, Shards, ShardsRequest,
} from '../shards.ts';
import { openFixture, type Fixture } from './fixture.ts';
import { MemoryShards } from './memory-shards.ts';

/** A call as it came to an indexer. */
export interface Seen {
  readonly kind: string;
  readonly partitions: readonly number[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Shards in memory, of some partitions, that can be slow, absent, or gone. */
export class IndexerShards implements Shards, Outcomes, Digests {
  readonly seen: Seen[] = [];
  readonly served: Set<number>;
  /** Before each answer; a call that is cancelled meanwhile ends. */
  delayMs = 0;
  /** Called with each answer's kind before it is given. */
  onAnswer: (kind: string) => Promise<void> = async () => {};
  readonly memory: MemoryShards;

  constructor({ log, catalog }: Fixture, partitions: readonly number[]) {
    this.memory = new MemoryShards(log, catalog);
    this.served = new Set(partitions);
  }

  search(request: ShardsRequest, searches: readonly SearchSpec[], signal?: AbortSignal): Promise<SearchAnswers> {
    return this.#answer('search', request, signal, (served) => this.memory.search(served, searches));
  }

  get(request: ShardsRequest, ids: readonly string[], signal?: AbortSignal): Promise<RowsAnswer> {
    return this.#answer('get', request, signal, (served) => this.memory.getAny(served, ids));
  }

  scroll(request: ShardsRequest, page: PageSpec, signal?: AbortSignal): Promise<PageAnswer> {
    return this.#answer('scroll', request, signal, (served) => this.memory.scroll(served, page));
  }

  count(request: ShardsRequest, filter: Filter | null, signal?: AbortSignal): Promise<CountAnswer> {
    return this.#answer('count', request, signal, (served) => this.memory.count(served, filter));
  }

  /** Every third record is refused. */
  async outcomes(log: number, _requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal?: AbortSignal): Promise<PartitionOutcomes[]> {
    const at = wanted.map(({ partition, through }): PartitionAt => ({ partition, atLeast: through }));
    await this.#answer('outcomes', { log, at, timeoutMs }, signal, async () => ({ missing: [] }));
    return wanted.map(({ partition, through, count }) => ({
      partition,
      outcomes: Array.from({ length: count }, (_, i) => (i % 3 === 2
        ? { kind: 'refused' as const, offset: through - count + i, reason: 'exists' } : { kind: 'applied' as const, offset: through - count + i })),
    }));
  }

  async report(log: number): Promise<readonly ShardReport[]> {
    return (await this.memory.report(log)).filter(({ partition }) => this.served.has(partition));
  }

  /** Of a partition that holds nothing. */
  async digest({ log, partition, at, timeoutMs, firstHash, lastHash, width }: DigestRequest, signal?: AbortSignal): Promise<Digest> {
    await this.#answer('digest', { log, at: [{ partition, atLeast: at }], timeoutMs }, signal, async () => ({ missing: [] }));
    const ranges = Array.from({ length: Math.ceil((lastHash - firstHash + 1) / width) }, () => ({ records: 0, sum: '0'.repeat(16) }));
    return { watermark: at, ranges, records: [] };
  }

  /** How many of the calls were cancelled. */
  get cancelled(): number {
    return this.seen.filter(({ signal }) => signal.aborted).length;
  }

  async #answer<A extends { readonly missing: readonly MissingPartition[] }>(
    kind: string, request: ShardsRequest, signal: AbortSignal | undefined, work: (served: ShardsRequest) => Promise<A>,
  ): Promise<A> {
    const { log, at, timeoutMs, allowPartial = false } = request;
    this.seen.push({ kind, partitions: at.map(({ partition }) => partition), timeoutMs, signal: signal ?? new AbortController().signal });
    const here = at.filter(({ partition }) => this.served.has(partition));
    const absent = at.filter((one) => !here.includes(one))
      .map(({ partition }): MissingPartition => ({ partition, code: 'UNAVAILABLE', reason: `partition ${partition} of log ${log} is not served here` }));
    const [first] = absent;
    if (first !== undefined && !allowPartial) throw new AppError(first.code, first.reason);
    try {
      if (this.delayMs > 0) await delay(this.delayMs, undefined, signal === undefined ? {} : { signal });
    } catch (thrown) {
      throw toAppError(thrown);
    }
    const answer = await work({ ...request, at: here });
    await this.onAnswer(kind);
    return { ...answer, missing: [...answer.missing, ...absent] };
  }
}

export interface Indexer {
  readonly id: string;
  readonly address: string;
  readonly shards: IndexerShards;
  readonly server: ShardServer;
  /** What it says that it holds; its shards serve what they serve. */
  announce(partitions: readonly number[], state?: HoldingState): void;
  /** The process is gone, and nobody has noticed. */
  kill(): void;
}

export interface Counted {
  readonly calls: Map<string, number>;
  retries: number;
  hedges: { won: number; lost: number };
  partials: number;
}

export interface Cluster extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly collection: Collection;
  readonly remote: RemoteShards;
  readonly counted: Counted;
  readonly all: readonly number[];
  indexer(group: number, partitions: readonly number[], options?: { readonly port?: number; readonly config?: Partial<ShardServerConfig> }): Promise<Indexer>;
  /** A member is not heard of any more. */
  forget(id: string): void;
  /** The request for all partitions as they are now. */
  request(more?: Partial<ShardsRequest>): Promise<ShardsRequest>;
}

export async function openCluster(config: { readonly [Name in keyof RemoteConfig]?: number } = {}, partitions = 6): Promise<Cluster> {
  await using opened = new AsyncDisposableStack();
  const fixture = opened.use(await openFixture());
  const collection = await fixture.collection('words', { partitions, metric: 'euclidean' });
  const members = new Map<string, Member>();
  let started = 0;
  const listeners = new Set<() => void>();
  const tell = (): void => { for (const listener of listeners) listener(); };
  const routes = opened.use(new CoordinationRoutes({
    get members() { return [...members.values()]; },
    onChange(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
  }));
  const counted: Counted = { calls: new Map(), retries: 0, hedges: { won: 0, lost: 0 }, partials: 0 };
  const remoteMetrics: RemoteMetrics = {
    called(kind, code) { counted.calls.set(`${kind} ${code}`, (counted.calls.get(`${kind} ${code}`) ?? 0) + 1); },
    retried() { counted.retries += 1; },
    hedged(_kind, outcome) { counted.hedges[outcome] += 1; },
    partial() { counted.partials += 1; },
  };
  const remote = opened.use(new RemoteShards({ routes, config, metrics: remoteMetrics, logger: createLogger({ level: 'silent' }) }));
  const { log } = collection;
  const servers = opened.use(new AsyncDisposableStack());
  const moved = opened.move();
  return {
    fixture, collection, remote, counted,
    all: Array.from({ length: partitions }, (_, partition) => partition),
    async indexer(group, held, options = {}) {
      const shards = new IndexerShards(fixture, held);
      const { port = 0, config: serverConfig = {} } = options;
      const metrics = createMetrics({ processMetrics: false });
      const server = await startShardServer({ shards, port, config: serverConfig, metrics, logger: createLogger({ level: 'silent' }) });
      servers.defer(() => { server.destroy(); });
      const [id, incarnation] = [`indexer-${started}`, String(started)];
      started += 1;
      const address = `127.0.0.1:${server.port}`;
      const announce = (those: readonly number[], state: HoldingState = 'ready'): void => {
        members.set(id, {
          id, kind: 'indexer', group, address, incarnation, schemas: [], holdings: those.map((partition) => ({ log, partition, state, watermark: 0 })),
        });
        tell();
      };
      announce(held);
      return { id, address, shards, server, announce, kill: () => { server.destroy(); } };
    },
    forget(id) {
      members.delete(id);
      tell();
    },
    async request(more = {}) {
      const ends = await fixture.log.extents(collection.topic);
      return { log, at: ends.map(({ end }, partition) => ({ partition, atLeast: end })), timeoutMs: 10_000, ...more };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** Until something holds. */
export async function until(what: string, holds: () => boolean, timeoutMs = 60_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`);
    await delay(2);
  }
}
