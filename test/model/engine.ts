/** The database under test: the real services over a real embedded log, with one clock that the test moves. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog, EmbeddedRegistry } from '@proximadb/catalog';
import { createGateway, type Gateway } from '@proximadb/gateway';
import { indexerConfig, ShardHost } from '@proximadb/indexer';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { createLogger, Deadline } from '@proximadb/process';
import { createQuery, type Query } from '@proximadb/query';
import { compileWalker, type Walker } from '@proximadb/record';
import { runBuildJob } from '@proximadb/segment';

const config = indexerConfig.parse({
  growingRowsMax: 32, growingBytesMax: 1 << 16, checkpointRecordsMax: 64, maintenanceMs: 3_600_000, idleMs: 0, graphRowsMin: 40, idleGraphRowsMin: 16,
  mergeFlatsMin: 2, mergeTierMin: 2, tickMs: 3_600_000,
});
const logger = createLogger({ level: 'error' });

export class Engine {
  readonly #directory = mkdtempSync(join(tmpdir(), 'proximadb-model-'));
  nowMicros = Date.now() * 1000;
  #running: Running | undefined;
  #garbage = 0;

  get gateway(): Gateway { return this.#up.gateway; }
  get query(): Query { return this.#up.query; }
  get catalog(): Catalog { return this.#up.catalog; }
  get context() { return { signal: new AbortController().signal, deadline: Deadline.after(20_000) }; }

  async start(): Promise<void> {
    this.#running = await Running.open(this.#directory, () => this.nowMicros);
  }

  /** A stop in good order. */
  async stop(): Promise<void> {
    await this.#up.close();
    this.#running = undefined;
  }

  /**
   * As after a power cut: the shards' folders are what they were at this moment, with torn files that a writer was about to finish.
   * The log keeps what it acknowledged.
   */
  async crash(): Promise<void> {
    const shards = join(this.#directory, 'shards');
    const image = join(this.#directory, 'image');
    copyWhileInUse(shards, image);
    await this.stop();
    rmSync(shards, { recursive: true, force: true });
    cpSync(image, shards, { recursive: true });
    rmSync(image, { recursive: true });
    for (const log of readdirSync(shards)) for (const partition of readdirSync(join(shards, log))) this.#tear(join(shards, log, partition));
    await this.start();
  }

  /** Seals all memtables of a collection. */
  async seal(log: number): Promise<void> {
    await this.#up.host.settle(log);
  }

  /** Lets due merges and graphs happen; the memtables stay as they are. */
  async merge(): Promise<void> {
    await this.#up.host.maintain();
  }

  async close(): Promise<void> {
    if (this.#running !== undefined) await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #up(): Running {
    if (this.#running === undefined) throw new Error('the engine is down');
    return this.#running;
  }

  #tear(directory: string): void {
    this.#garbage += 1;
    writeFileSync(join(directory, 'manifest.avro.tmp'), Buffer.from('Obj\x01torn'));
    const unfinished = join(directory, 'segments', `tmp-${this.#garbage}`);
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, 'rows.bin'), Buffer.alloc(5));
    const unnamed = join(directory, 'segments', `${this.#garbage}`.padStart(32, '0'));
    mkdirSync(unnamed, { recursive: true });
    writeFileSync(join(unnamed, 'vectors.f32'), Buffer.alloc(100));
  }
}

/** Another thread may rename a file under way; then the copy starts anew. */
function copyWhileInUse(from: string, to: string): void {
  if (!existsSync(from)) mkdirSync(from, { recursive: true });
  for (let attempt = 0; ; attempt += 1) {
    try {
      cpSync(from, to, { recursive: true });
      return;
    } catch (error) {
      if (attempt === 10 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      rmSync(to, { recursive: true, force: true });
    }
  }
}

class Running {
  readonly log: EmbeddedLog;
  readonly catalog: Catalog;
  readonly host: ShardHost;
  readonly gateway: Gateway;
  readonly query: Query;
  readonly #erasing = new Set<Promise<void>>();

  static async open(directory: string, clock: () => number): Promise<Running> {
    const log = await EmbeddedLog.open({ directory: join(directory, 'log'), clock });
    const registry = await EmbeddedRegistry.open(log);
    return new Running(directory, clock, log, await Catalog.open({ log, registry, clock }));
  }

  private constructor(directory: string, clock: () => number, log: EmbeddedLog, catalog: Catalog) {
    this.log = log;
    this.catalog = catalog;
    const walkers = new Map<number, Walker>();
    this.host = new ShardHost({
      directory: join(directory, 'shards'), config, source: log, clock, logger,
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
    catalog.onChange(({ kind, collection: { log: number, topic, topicId, settings } }) => {
      if (kind === 'ready') {
        for (let partition = 0; partition < settings.partitions; partition += 1) {
          this.host.assign({ identity: { clusterId: log.clusterId, topic, topicId, log: number, partition }, partitions: settings.partitions, settings });
        }
      }
      if (kind === 'deleted') {
        const erasing = this.host.releaseAll(number).then(() => catalog.erased(number)).finally(() => this.#erasing.delete(erasing));
        this.#erasing.add(erasing);
      }
    });
    this.query = createQuery({}, { log, catalog, shards: this.host, logger });
    const rates = { take: async () => 0 };
    this.gateway = createGateway({ deleteChunkRecords: 3 }, {
      log, catalog, outcomes: this.host, progress: this.host, reader: this.query.reader, rates, logger, clock,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#erasing);
    await this.host.close();
    await this.catalog[Symbol.asyncDispose]();
    await this.log[Symbol.asyncDispose]();
  }
}
