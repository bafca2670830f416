/** The shards of a cluster's indexers, over gRPC. */
import { AppError, toAppError } from '@proximadb/errors';
import type { Outcomes, OutcomesWanted, PartitionOutcomes } from '@proximadb/gateway';
import { periodically, type Logger } from '@proximadb/process';
import type { Filter } from '@proximadb/schemas';
import type { Digest, DigestRequest, MemberReport, ReplicaMember, Replicas } from '../replicas.ts';
import type {
  CountAnswer, PageAnswer, PageSpec, PartitionAt, RowsAnswer, SearchAnswers, SearchSpec, ShardReport, Shards, ShardsRequest,
} from '../shards.ts';
import { remoteDefaults, type RemoteConfig } from './config.ts';
import type { Answer, CallBody } from './connection.ts';
import { FanOut, type FanOutDependencies } from './fan-out.ts';
import { HedgeBudget } from './latency.ts';
import { Link } from './link.ts';
import { silentMetrics, type RemoteMetrics } from './metrics.ts';
import { planFor, type Candidate, type Plan } from './plan.ts';
import {
  countQuestion, getQuestion, outcomesQuestion, readDigest, readReports, scrollQuestion, searchQuestion, type Partial, type Question,
} from './questions.ts';
import type { Routes } from './routes.ts';

export interface RemoteShardsOptions {
  readonly routes: Routes;
  /** What is left out has its default. */
  readonly config?: { readonly [Name in keyof RemoteConfig]?: number };
  /** Default: nobody is told. */
  readonly metrics?: RemoteMetrics;
  readonly logger: Logger;
  /** 0 ≤ x < 1; default Math.random. */
  readonly random?: () => number;
}

/** How often unused connections are looked for. */
const sweepMs = 5_000;

export class RemoteShards implements Shards, Outcomes, Replicas, AsyncDisposable {
  readonly #routes: Routes;
  readonly #config: RemoteConfig;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #links = new Map<string, Link>();
  readonly #dependencies: FanOutDependencies;
  readonly #sweep: Disposable;
  #turn = 0;
  #closed = false;

  constructor({ routes, config, metrics = silentMetrics, logger, random = Math.random }: RemoteShardsOptions) {
    this.#routes = routes;
    this.#config = { ...remoteDefaults, ...config };
    this.#logger = logger;
    this.#random = random;
    this.#dependencies = {
      config: this.#config, metrics, budget: new HedgeBudget(this.#config.hedgePercent),
      plan: (log, at, tried) => this.#plan(log, at, tried),
      isTakenUp: (log, partition) => {
        const replicas = this.#routes.replicas(log, partition);
        return replicas.length > 0 && replicas.every(({ building }) => building);
      },
      link: (address) => this.#link(address),
      changed: (ms, signal) => this.#changed(ms, signal),
    };
    this.#sweep = periodically(Math.min(sweepMs, this.#config.idleMsMax), () => { this.#closeUnused(); });
  }

  /** Indexers to which there is a connection, or will be at once, and the calls to them that are under way. */
  get load(): { readonly connections: number; readonly calls: number } {
    const links = [...this.#links.values()];
    return { connections: links.filter(({ connected }) => connected).length, calls: links.reduce((sum, { calls }) => sum + calls, 0) };
  }

  search(request: ShardsRequest, searches: readonly SearchSpec[], signal?: AbortSignal): Promise<SearchAnswers> {
    return this.#fanOut(searchQuestion(searches), request, signal);
  }

  get(request: ShardsRequest, ids: readonly string[], signal?: AbortSignal): Promise<RowsAnswer> {
    return this.#fanOut(getQuestion(ids), request, signal);
  }

  scroll(request: ShardsRequest, page: PageSpec, signal?: AbortSignal): Promise<PageAnswer> {
    return this.#fanOut(scrollQuestion(page), request, signal);
  }

  count(request: ShardsRequest, filter: Filter | null, signal?: AbortSignal): Promise<CountAnswer> {
    return this.#fanOut(countQuestion(filter), request, signal);
  }

  async outcomes(
    log: number, requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal?: AbortSignal,
  ): Promise<readonly PartitionOutcomes[]> {
    const at = wanted.map(({ partition, through }): PartitionAt => ({ partition, atLeast: through }));
    return (await this.#fanOut(outcomesQuestion(requestId, wanted), { log, at, timeoutMs }, signal)).partitions;
  }

  /**
   * The best report of each partition: of a replica that serves, the one that is furthest.
   * @throws AppError as an indexer threw it, if none of those who hold partitions of the log gave a report.
   */
  async report(log: number): Promise<readonly ShardReport[]> {
    const all = await this.reports(log);
    const [failed] = all.filter(({ error }) => error !== null);
    if (failed?.error != null && all.every(({ error }) => error !== null)) throw failed.error;
    const best = new Map<number, ShardReport>();
    for (const report of all.flatMap(({ reports }) => reports)) {
      const known = best.get(report.partition);
      if (known === undefined || better(report, known)) best.set(report.partition, report);
    }
    return [...best.values()].sort((left, right) => left.partition - right.partition);
  }

  /** What every indexer says that holds a partition of the log. */
  reports(log: number): Promise<MemberReport[]> {
    return Promise.all(this.#routes.holders(log).map(async (replica): Promise<MemberReport> => {
      const { reportMsMax } = this.#config;
      try {
        const call = { log, at: [], timeoutMs: reportMsMax, allowPartial: false, call: { kind: 'report', value: {} } } as const;
        return { replica, ...readReports(await this.#ask(replica.address, call, reportMsMax)), error: null };
      } catch (thrown) {
        return { replica, reports: [], faults: [], error: toAppError(thrown) };
      }
    }));
  }

  async digest(member: ReplicaMember, { log, partition, at, timeoutMs, ...value }: DigestRequest, signal?: AbortSignal): Promise<Digest> {
    const call = { log, at: [{ partition, atLeast: at }], timeoutMs, allowPartial: false, call: { kind: 'digest', value } } as const;
    return readDigest(await this.#ask(member.address, call, timeoutMs + this.#config.lateMsMax, signal));
  }

  /** Fails what is under way, and closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#sweep[Symbol.dispose]();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** One indexer, and no other in its place. @throws AppError DEADLINE_EXCEEDED if it does not answer in time. */
  async #ask(address: string, call: CallBody, timeoutMs: number, signal?: AbortSignal): Promise<Answer> {
    const late = new AbortController();
    const timer = setTimeout(() => { late.abort(new AppError('DEADLINE_EXCEEDED', `indexer ${address} did not answer within ${timeoutMs} ms`)); }, timeoutMs);
    try {
      return await this.#link(address).call(call, signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  #fanOut<A extends Partial>(question: Question<A>, request: ShardsRequest, signal: AbortSignal | undefined): Promise<A> {
    const { log, at, timeoutMs, allowPartial = false } = request;
    return new FanOut(question, { log, at, timeoutMs, allowPartial }, this.#dependencies).run(signal);
  }

  #plan(log: number, at: readonly PartitionAt[], tried: ReadonlySet<string>): Plan {
    // Of one question, retries do not count: else every second question would begin with the same group.
    if (tried.size === 0) this.#turn += 1;
    return planFor(at, {
      tried, turn: this.#turn,
      replicas: (partition) => {
        const replicas = this.#routes.replicas(log, partition);
        for (const { address, incarnation } of replicas) if (incarnation !== null) this.#link(address).meet(incarnation);
        return replicas;
      },
      candidate: (address) => this.#candidate(address),
    });
  }

  #candidate(address: string): Candidate {
    const link = this.#link(address);
    link.revive();
    return link;
  }

  #link(address: string): Link {
    if (this.#closed) throw new AppError('UNAVAILABLE', 'the calls to indexers are closed');
    const known = this.#links.get(address);
    if (known !== undefined) return known;
    const link = new Link({ address, config: this.#config, logger: this.#logger, random: this.#random });
    this.#links.set(address, link);
    return link;
  }

  /** Of indexers that are gone, nothing is left but what is asked for again. */
  #closeUnused(): void {
    for (const [address, link] of this.#links) {
      link.closeIfUnused();
      if (link.isForgotten) this.#links.delete(address);
    }
  }

  #changed(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        clearTimeout(timer);
        unfollow();
        signal.removeEventListener('abort', left);
        act();
      };
      const left = settle(() => { reject(toAppError(signal.reason)); });
      const timer = setTimeout(settle(() => { resolve(false); }), ms);
      const unfollow = this.#routes.onChange(settle(() => { resolve(true); }));
      if (signal.aborted) left();
      else signal.addEventListener('abort', left, { once: true });
    });
  }
}

const order = { serving: 2, replaying: 1, stopped: 0 } as const;

function better(report: ShardReport, than: ShardReport): boolean {
  return order[report.state] - order[than.state] > 0 || (report.state === than.state && report.watermark > than.watermark);
}
