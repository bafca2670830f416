/** For tests: a host of two partitions on a real log, whose faults can be called up. */
import { randomUUID } from 'node:crypto';
import { cpSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';
import { crc32c, crcHeaderName, encodeCrc, offset, partition, partitionOf, writeHeaderName } from '@proximadb/log';
import type { Headers, LogReader, LogRecord } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { createLogger } from '@proximadb/process';
import { compileWalker, encodeDeleteRecord, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { avroType, schemaText, type CollectionSettings, type WriteHeader } from '@proximadb/schemas';
import { runBuildJob, type BuildJob } from '@proximadb/segment';
import { indexerConfig, ShardHost, type IndexerConfig } from '../index.ts';

export const schemaIds = { VectorRecord: 1, PatchRecord: 2, DeleteRecord: 3 } as const;
const texts = new Map<number, string>(Object.entries(schemaIds).map(([name, id]) => [id, schemaText(name as keyof typeof schemaIds)]));
const walkers = new Map([...texts].map(([id, text]) => [id, compileWalker(JSON.parse(text))]));

export const settings: CollectionSettings = {
  dimension: 4, metric: 'cosine', partitions: 2, index: 'hnsw', m: 8, ef_construction: 64, quantization: 'f32', record_bytes_max: 1 << 16,
  storage: 'memory', recall_target: 0.95,
};

/** What goes wrong, when a test says so. */
class Faults {
  /** Jobs that will fail as on a full disk. */
  builds = 0;
  /** Done to each record on its way to the host. */
  change: (record: LogRecord) => LogRecord = (record) => record;
  /** Awaited before each job. */
  beforeBuild: (job: BuildJob) => Promise<void> = () => Promise.resolve();
  #away = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  get awaySignal(): AbortSignal {
    return this.#away.signal;
  }

  /** Jobs that begin from now on wait until they are released: all, or some. */
  holdBuilds(held: (job: BuildJob) => boolean = () => true): { readonly reached: Promise<void>; release(): void } {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.beforeBuild = async (job) => {
      if (!held(job)) return undefined;
      reached.resolve();
      return Promise.race([released.promise, this.#ended.promise]);
    };
    return {
      reached: reached.promise,
      release: () => {
        this.beforeBuild = () => Promise.resolve();
        released.resolve();
      },
    };
  }

  /** Nothing is held any more. */
  end(): void {
    this.beforeBuild = () => Promise.resolve();
    this.#ended.resolve();
  }

  /** From now on the log does not answer, and its tails end. */
  logGoesAway(): void {
    this.#away.abort();
  }

  logComesBack(): void {
    this.#away = new AbortController();
  }

  check(): void {
    if (this.#away.signal.aborted) throw new AppError('UNAVAILABLE', 'the log is away');
  }
}

/** A host of two partitions on a real log. */
export async function rig(overrides: Partial<Record<keyof IndexerConfig, number>> = {}, { trimBehindSnapshots = false, index = settings.index } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-host-'));
  let now = Date.now() * 1000;
  const faults = new Faults();
  const asked = { trims: [] as Promise<void>[], ticks: [] as number[], collections: 0 };
  let log = await EmbeddedLog.open({ directory: join(directory, 'log'), clock: () => now });
  let topic = await log.createTopic('proximadb-words-7', settings.partitions);
  const base = { growingRowsMax: 64, maintenanceMs: 20, idleMs: 100, graphRowsMin: 256, idleGraphRowsMin: 128, indexWaitMs: 0, ...overrides };
  /** The log as the host sees it: away, or with other records, as a test wants it. */
  const watched: LogReader = {
    get clusterId() { return log.clusterId; },
    describeTopic: async (name) => { faults.check(); return log.describeTopic(name); },
    extents: async (name) => { faults.check(); return log.extents(name); },
    read: async (name, number, from, maxBytes) => {
      faults.check();
      const batch = await log.read(name, number, from, maxBytes);
      return { ...batch, records: batch.records.map(faults.change) };
    },
    async* tail(name, number, from, signal) {
      const away = faults.awaySignal;
      faults.check();
      for await (const batch of log.tail(name, number, from, AbortSignal.any([signal, away]))) yield { ...batch, records: batch.records.map(faults.change) };
      if (!signal.aborted) faults.check();
    },
    async [Symbol.asyncDispose]() { /* The rig closes the log. */ },
  };
  const open = (folder = 'shards', more: typeof overrides = {}) => {
    const host = new ShardHost({
      directory: join(directory, folder), config: indexerConfig.parse({ ...base, ...more }), source: watched,
      builder: {
        run: async (job) => {
          await faults.beforeBuild(job);
          if (faults.builds > 0) {
            faults.builds -= 1;
            throw new AppError('UNAVAILABLE', 'no space left on device');
          }
          return runBuildJob(job);
        },
      },
      schemas: { walker: (id) => walkers.get(id), text: (id) => texts.get(id) ?? '', learn: async () => {} },
      keeper: {
        trim: (name, number, before) => { asked.trims.push(log.trim(name, partition(number), offset(before))); },
        tick: (_name, number) => { asked.ticks.push(number); },
      }, trimBehindSnapshots, collectGarbage: () => { asked.collections += 1; }, clock: () => now, logger: createLogger({ level: 'silent' }),
    });
    for (let each = 0; each < settings.partitions; each += 1) assign(host, each);
    return host;
  };
  const assign = (to: ShardHost, each: number): void => {
    const { clusterId, topic: name, topicId } = topic;
    to.assign({ partitions: settings.partitions, settings: { ...settings, index }, identity: { clusterId, topic: name, topicId, log: 7, partition: each } });
  };
  let host = open();
  const ends = async () => (await log.extents(topic.topic)).map(({ end }, i) => ({ partition: i, atLeast: Number(end) }));
  const request = async () => ({ log: 7, at: await ends(), timeoutMs: 60_000 });
  const write = async (value: Uint8Array | null, id: string, condition: WriteHeader['condition'] = null, requestId: string = randomUUID()) => {
    const key = Buffer.from(id);
    const headers: Headers = {
      [writeHeaderName]: avroType('WriteHeader').toBuffer({ request_id: requestId, sequence: 0, condition }),
      ...(value === null ? {} : { [crcHeaderName]: encodeCrc(crc32c(value)) }),
    };
    const { offsets: [offset] } = await log.append(topic.topic, [{ partition: partitionOf(key, settings.partitions), key, value, headers }]);
    const [answer] = await host.outcomes(7, requestId, [{ partition: partitionOf(key, settings.partitions), through: Number(offset) + 1, count: 1 }], 60_000);
    return answer!.outcomes[0]!;
  };
  const upsert = (
    id: string, vector: number[], metadata: Record<string, MetadataValue> = {},
    condition: WriteHeader['condition'] = null, expiresAt: bigint | null = null, requestId?: string,
  ) =>
    write(encodeVectorRecord(schemaIds.VectorRecord, { id, vector, metadata: new Map(Object.entries(metadata)), expiresAt }), id, condition, requestId);
  const search = async (vector: number[], k: number) => {
    const spec = { vector: Float32Array.from(vector), k, filter: null, exact: false, ef: null, records: true, explain: true };
    const { answers } = await host.search(await request(), [spec]);
    return answers[0]!;
  };
  return {
    faults, asked, log: () => log, topic, upsert, write, search, request, directory,
    remove: (id: string) => write(encodeDeleteRecord(schemaIds.DeleteRecord, id), id),
    host: () => host,
    /** Another host of the same partitions, with files of its own. Who asks for it closes it. */
    replica: (name: string, more: typeof overrides = {}) => open(name, more),
    /** Once more, after it was let go of. */
    assign: (each: number) => { assign(host, each); },
    reopen: async () => { await host.close(); host = open(); },
    /** The shards' folders go back to what they were at this moment. */
    crash: async () => {
      cpSync(join(directory, 'shards'), join(directory, 'image'), { recursive: true });
      await host.close();
      rmSync(join(directory, 'shards'), { recursive: true });
      renameSync(join(directory, 'image'), join(directory, 'shards'));
      host = open();
    },
    /** Flips a byte in the middle of a file of every segment. */
    damage: async (name: string) => {
      await host.close();
      for (const path of globSync(join(directory, 'shards', '*', '*', 'segments', '*', name))) {
        const bytes = readFileSync(path);
        const middle = bytes.length >> 1;
        bytes[middle] = bytes[middle]! ^ 1;
        writeFileSync(path, bytes);
      }
      host = open();
    },
    /** Another log in the same place, with a topic of the same name. */
    replaceLog: async () => {
      await host.close();
      await log[Symbol.asyncDispose]();
      rmSync(join(directory, 'log'), { recursive: true });
      log = await EmbeddedLog.open({ directory: join(directory, 'log'), clock: () => now });
      topic = await log.createTopic('proximadb-words-7', settings.partitions);
      host = open();
    },
    setClock: (micros: number) => { now = micros; },
    now: () => now,
    close: async () => { faults.end(); await host.close(); await log[Symbol.asyncDispose](); rmSync(directory, { recursive: true, force: true }); },
  };
}

