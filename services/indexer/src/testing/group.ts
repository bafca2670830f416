/** For tests: indexers of one replica group in one process, on one real log and one real Redis. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog, EmbeddedRegistry, settingsFrom, type Collection } from '@proximadb/catalog';
import type { Coordination } from '@proximadb/coordination';
import { openCoordination } from '@proximadb/coordination/redis';
import { partitionOf, type Log } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { createLogger } from '@proximadb/process';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { runBuildJob } from '@proximadb/segment';
import { startProxy } from '@proximadb/test-cluster';
import { Holder, type Restorer } from '../holder.ts';
import { removeLog } from '../folders.ts';
import { indexerConfig, ShardHost } from '../index.ts';

/** The time to live in these tests, ms: short, so that a death is soon seen. */
export const ttlMs = 1_500;

/** For groups whose shards have lost nothing. */
const noSnapshots: Restorer = { restore: async () => undefined, erase: async () => {} };

export interface Indexer {
  readonly id: string;
  readonly holder: Holder;
  readonly host: ShardHost;
  readonly coordination: Coordination;
  readonly directory: string;
  /** Partitions that it answers for. */
  serving(): string[];
  /** As an operator stops it. */
  stop(): Promise<void>;
  /** As if it were killed: the others hear nothing more. */
  vanish(): Promise<void>;
}

export class Group implements AsyncDisposable {
  readonly log: Log;
  readonly catalog: Catalog;
  readonly #directory: string;
  readonly #installation = `test-${randomUUID()}`;
  readonly #redisUrl: string;
  readonly #indexers = new Set<Indexer>();

  static async open(redisUrl: string): Promise<Group> {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-group-'));
    const log = await EmbeddedLog.open({ directory: join(directory, 'log') });
    return new Group(redisUrl, directory, log, await Catalog.open({ log, registry: await EmbeddedRegistry.open(log) }));
  }

  private constructor(redisUrl: string, directory: string, log: Log, catalog: Catalog) {
    this.#redisUrl = redisUrl;
    this.#directory = directory;
    this.log = log;
    this.catalog = catalog;
  }

  get indexers(): readonly Indexer[] {
    return [...this.#indexers];
  }

  collection(name: string, partitions: number): Promise<Collection> {
    return this.catalog.create({ name, settings: settingsFrom({ dimension: 2, partitions }) });
  }

  async write({ topic, settings: { partitions } }: Collection, ids: readonly string[]): Promise<void> {
    await this.log.append(topic, ids.map((id) => {
      const key = Buffer.from(id);
      const value = encodeVectorRecord(this.catalog.schemas.idOf('VectorRecord'), { id, vector: [1, 2] });
      return { partition: partitionOf(key, partitions), key, value, headers: {} };
    }));
  }

  /** @param id the same one again finds its folder. */
  async join(id: string, { settleMs = 0, restorer = noSnapshots, group = 0 } = {}): Promise<Indexer> {
    const { log, catalog } = this;
    const logger = createLogger({ level: 'silent' });
    const directory = join(this.#directory, id);
    const walkers = new Map<number, ReturnType<typeof compileWalker>>();
    const host = new ShardHost({
      directory, config: indexerConfig.parse({ maintenanceMs: 100 }), source: log, builder: { run: async (job) => runBuildJob(job) }, trimBehindSnapshots: true,
      schemas: {
        walker: (schemaId) => walkers.get(schemaId), text: (schemaId) => catalog.schemas.text(schemaId),
        learn: async (schemaId) => { walkers.set(schemaId, compileWalker(JSON.parse(catalog.schemas.text(schemaId)))); },
      },
      keeper: { trim: () => {}, tick: () => {} }, clock: () => Date.now() * 1_000, logger,
    });
    const { hostname, port } = new URL(this.#redisUrl);
    const wire = await startProxy({ host: hostname, port: Number(port) });
    const coordination = await openCoordination(`redis://127.0.0.1:${wire.port}`, {
      self: { id, kind: 'indexer', group, address: `${id}:1`, incarnation: randomUUID() }, installation: this.#installation, ttlMs,
    });
    const holder = new Holder({
      directory, memberId: id, group, restorer, catalog, coordination, log, noticeMs: 1_200, reliefMs: 500 + 2 * ttlMs, restoresMax: 4, settleMs, lookMs: 100,
      clock: () => performance.now(), logger,
      shards: {
        assign: async (assignment) => { host.assign(assignment); },
        release: (number, partition) => host.release(number, partition),
        erase: async (number) => {
          await host.releaseAll(number);
          await removeLog(directory, number);
        },
        positions: async () => host.positions(),
      },
    });
    const end = async (goodbye: boolean): Promise<void> => {
      if (!this.#indexers.delete(indexer)) return;
      await holder[Symbol.asyncDispose]();
      await host.close();
      if (!goodbye) wire.hold();
      await coordination[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    };
    const indexer: Indexer = {
      id, holder, host, coordination, directory,
      serving: () => host.positions().filter(({ state }) => state === 'serving').map(({ log: number, partition }) => `${number}-${partition}`).sort(),
      stop: () => end(true),
      vanish: () => end(false),
    };
    this.#indexers.add(indexer);
    return indexer;
  }

  /** Somebody who might ask; nothing of it answers. */
  reader(): Promise<Coordination> {
    const self = { id: 'reader', kind: 'query', group: 0, address: 'reader:1', incarnation: randomUUID() } as const;
    return openCoordination(this.#redisUrl, { self, installation: this.#installation, ttlMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const indexer of this.indexers) await indexer.stop();
    await this.catalog[Symbol.asyncDispose]();
    await this.log[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
