/** For histories with reindexes: the real services over a real embedded log; two gateways, of which one may hear of the catalog late. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog, EmbeddedRegistry } from '@proximadb/catalog';
import { createGateway, type Gateway } from '@proximadb/gateway';
import { indexerConfig, Reindexer, ShardHost, type ReindexerOptions } from '@proximadb/indexer';
import type { Log } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { createLogger, Deadline } from '@proximadb/process';
import { createQuery, type Query } from '@proximadb/query';
import { compileWalker, type Walker } from '@proximadb/record';
import { runBuildJob } from '@proximadb/segment';

const config = indexerConfig.parse({
  growingRowsMax: 32, growingBytesMax: 1 << 16, checkpointRecordsMax: 64, maintenanceMs: 50, idleMs: 0, graphRowsMin: 40, idleGraphRowsMin: 16,
  mergeFlatsMin: 2, mergeTierMin: 2, tickMs: 3_600_000,
});
const logger = createLogger({ level: 'silent' });

/** What a client talks to. */
export interface Front {
  readonly catalog: Catalog;
  readonly gateway: Gateway;
  readonly query: Query;
}

export class ReindexRig implements AsyncDisposable {
  readonly #directory: string;
  readonly log: EmbeddedLog;
  readonly fresh: Front;
  readonly late: Front;
  readonly #clock: () => number;
  readonly #gate: Gate;
  readonly #erasing = new Set<Promise<void>>();
  #host: ShardHost;
  /** How often the shards went, and came back: what asks them at that moment is sent away, as there is no replica. */
  restarts = 0;

  static async open(clock: () => number): Promise<ReindexRig> {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-reindex-'));
    const log = await EmbeddedLog.open({ directory: join(directory, 'log'), clock });
    const registry = await EmbeddedRegistry.open(log);
    const gate = new Gate();
    const catalogs = [await Catalog.open({ log, registry, clock }), await Catalog.open({ log: gate.over(log), registry, clock })] as const;
    return new ReindexRig(directory, log, clock, gate, catalogs);
  }

  private constructor(directory: string, log: EmbeddedLog, clock: () => number, gate: Gate, [first, second]: readonly [Catalog, Catalog]) {
    this.#directory = directory;
    this.log = log;
    this.#clock = clock;
    this.#gate = gate;
    this.#host = this.#openHost(first);
    const front = (catalog: Catalog): Front => {
      // The host may be another one later.
      const shards = new Proxy({} as ShardHost, {
        get: (_, name) => (...args: unknown[]) => (this.#host[name as 'get'] as (...args: unknown[]) => unknown)(...args),
      });
      const query = createQuery({}, { log, catalog, shards, logger });
      const rates = { take: async () => 0 };
      return { catalog, query, gateway: createGateway({}, { log, catalog, outcomes: shards, progress: shards, reader: query.reader, rates, logger, clock }) };
    };
    this.fresh = front(first);
    this.late = front(second);
    first.onChange((change) => {
      const { log: number, state, topic, topicId, settings } = change.collection;
      if (state === 'filling' || state === 'ready' || state === 'retired') {
        for (let partition = 0; partition < settings.partitions; partition += 1) {
          this.#host.assign({ identity: { clusterId: log.clusterId, topic, topicId, log: number, partition }, partitions: settings.partitions, settings });
        }
      } else if (change.kind === 'deleted') {
        const erasing = this.#host.releaseAll(number).then(() => first.erased(number)).finally(() => this.#erasing.delete(erasing));
        this.#erasing.add(erasing);
      }
    });
  }

  get host(): ShardHost { return this.#host; }
  get context() { return { signal: new AbortController().signal, deadline: Deadline.after(30_000) }; }

  /** From now on the late front hears nothing of the catalog, until it is let go. */
  hold(): void { this.#gate.hold(); }
  letGo(): void { this.#gate.letGo(); }

  reindexer(onStep: NonNullable<ReindexerOptions['onStep']>): Reindexer {
    const local = {
      scroll: (...args: Parameters<ShardHost['scroll']>) => this.#host.scroll(...args),
      get: (...args: Parameters<ShardHost['get']>) => this.#host.get(...args),
      watchChanges: (log: number, partition: number) => this.#host.watchChanges(log, partition),
      changesSince: async (...args: Parameters<ShardHost['changesSince']>) => this.#host.changesSince(...args),
      forgetChanges: async (log: number, partition: number) => { this.#host.forgetChanges(log, partition); },
    };
    return new Reindexer({
      catalog: this.fresh.catalog, log: this.log, local, shards: local, positions: async () => this.#host.positions(), isOurs: () => true,
      clock: this.#clock, logger, onStep,
      limits: {
        batchRecords: 3, batchBytes: 2_000, pageRows: 5, pageBytes: 4_000, lagMax: 5, lookMs: 2, drainLookMs: 1, reviewMs: 5, againMs: 10, copiesMax: 2,
      },
    });
  }

  /** The shards' process goes, and comes back with what is on its disk. */
  async restartShards(): Promise<void> {
    const held = this.#host;
    this.restarts += 1;
    await held.close();
    this.#host = this.#openHost(this.fresh.catalog);
    const unlisten = this.fresh.catalog.onChange(({ collection: { log: number, state, topic, topicId, settings } }) => {
      if (state !== 'filling' && state !== 'ready' && state !== 'retired') return;
      for (let partition = 0; partition < settings.partitions; partition += 1) {
        this.#host.assign({ identity: { clusterId: this.log.clusterId, topic, topicId, log: number, partition }, partitions: settings.partitions, settings });
      }
    });
    unlisten();
    this.restarts += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    await Promise.all(this.#erasing);
    await this.#host.close();
    await this.fresh.catalog[Symbol.asyncDispose]();
    await this.late.catalog[Symbol.asyncDispose]();
    await this.log[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #openHost(catalog: Catalog): ShardHost {
    const walkers = new Map<number, Walker>();
    return new ShardHost({
      directory: join(this.#directory, 'shards'), config, source: this.log, clock: this.#clock, logger,
      builder: { run: async (job) => runBuildJob(job) },
      keeper: { trim: () => {}, tick: () => {} }, trimBehindSnapshots: false,
      schemas: {
        walker: (id) => walkers.get(id), text: (id) => catalog.schemas.text(id),
        learn: async (id) => {
          const text = await Promise.resolve(catalog.schemas.walker(id)).then(() => catalog.schemas.text(id), () => null);
          if (text !== null) walkers.set(id, compileWalker(JSON.parse(text)));
        },
      },
    });
  }
}

/** A log whose tails can be held back. */
class Gate {
  #open: PromiseWithResolvers<void> | undefined;

  hold(): void { this.#open ??= Promise.withResolvers(); }

  letGo(): void {
    this.#open?.resolve();
    this.#open = undefined;
  }

  over(log: EmbeddedLog): Log {
    const passed = (): Promise<void> => this.#open?.promise ?? Promise.resolve();
    return new Proxy(log, {
      get(target, name) {
        if (name === 'tail') {
          return async function* tail(...args: Parameters<Log['tail']>) {
            for await (const batch of target.tail(...args)) {
              await passed();
              yield batch;
            }
          };
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    });
  }
}
