/** A server that is worked for long: in a process of its own, with small segments, so that much happens soon. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import type { StatsResponse } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { ChildServer, TemporaryFolder } from '../e2e/server.ts';
import { kernelMemories, median } from './watch.ts';

export const dimension = 32;
export const partitions = 2;
const k = 10;

/** Segments of at most 1,024 rows, sealed and merged a few hundred rows at a time; and little of the log is kept. */
const flags = Object.entries({
  'indexer-threads': 1, 'indexer-growing-rows-max': 128, 'indexer-checkpoint-records-max': 256, 'indexer-maintenance-ms': 20, 'indexer-idle-ms': 100,
  'indexer-graph-rows-min': 256, 'indexer-idle-graph-rows-min': 64, 'indexer-merge-flats-min': 2, 'indexer-merge-tier-min': 2,
  'indexer-segment-rows-max': 1_024, 'indexer-history-ms': 1_000, 'indexer-history-bytes-max': 1 << 20, 'log-level': 'warn',
}).flatMap(([name, value]) => [`--${name}`, String(value)]);

/** Young generations of the threads' heaps grow to 16 MiB and more each, for minutes, whatever is held: kept small, they hide nothing. */
const nodeFlags = ['--max-semi-space-size=1'];

export class Subject implements AsyncDisposable {
  readonly client: Client;
  readonly pid: number;
  /** Everything that it keeps. */
  readonly data: string;
  /** Memories of its kernels before there was a collection. */
  readonly memoriesAtFirst: number;
  readonly #server: ChildServer;
  readonly #folder: TemporaryFolder;
  readonly #schemaId: number;

  private constructor(parts: { server: ChildServer; folder: TemporaryFolder; client: Client; schemaId: number }) {
    this.#server = parts.server;
    this.#folder = parts.folder;
    this.#schemaId = parts.schemaId;
    this.client = parts.client;
    this.pid = parts.server.pid;
    this.data = parts.folder.path;
    this.memoriesAtFirst = kernelMemories(this.pid);
  }

  static async start(): Promise<Subject> {
    const folder = new TemporaryFolder();
    const server = new ChildServer(folder.path, flags, nodeFlags);
    const { grpcPort } = await server.ready(180_000);
    const client = createClient(`127.0.0.1:${grpcPort}`);
    const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
    return new Subject({ server, folder, client, schemaId });
  }

  get shards(): string {
    return join(this.data, 'shards');
  }

  async createCollection(name: string, index: 'hnsw' | 'ivf', storage: 'memory' | 'disk' = 'memory'): Promise<void> {
    await this.client.createCollection({ name, dimension, partitions, index, storage });
  }

  /** Upserts ids with new vectors. */
  async write(collection: string, ids: readonly string[]): Promise<void> {
    const records = ids.map((id) => encodeVectorRecord(this.#schemaId, { id, vector: randomVector() }));
    await this.client.upsert({ collection, records });
  }

  stats(collection: string): Promise<StatsResponse> {
    return this.client.stats({ collection });
  }

  /** What it holds once it has nothing left to do: all is sealed and applied, nothing is built, and no segment changes any more. */
  async settled(collection: string): Promise<StatsResponse> {
    let before = '';
    let same = 0;
    let stats = await this.stats(collection);
    await until('nothing is left to do', async () => {
      stats = await this.stats(collection);
      const segments = segmentsOf(stats).map(({ id, indexed }) => `${id}${indexed}`).sort().join();
      same = segments === before && stats.lag === 0n && stats.building === 0n ? same + 1 : 0;
      before = segments;
      return same === 50;
    });
    return stats;
  }

  /** @throws Error with what the server said, if it died. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.#server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

const patienceMs = 300_000;

/** Asks every 20 ms. @throws Error if it does not come true in five minutes. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!await isSo()) {
    if (performance.now() > endMs) throw new Error(`not within ${patienceMs / 1_000} s: ${what}`);
    await setTimeout(20);
  }
}

export function segmentsOf({ partitions: all }: StatsResponse): StatsResponse['partitions'][number]['segments'] {
  return all.flatMap(({ segments }) => segments);
}

export function randomVector(): Float32Array {
  return Float32Array.from({ length: dimension }, () => Math.random() - 0.5);
}

/** Times of calls, ms. */
export interface CallTimes {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  /** The longest that there was no answer. */
  readonly longestGap: number;
}

/** Calls one after the other, until it is stopped. One that fails, fails all. */
export class Calling implements AsyncDisposable {
  readonly #call: () => Promise<void>;
  readonly #pauseMs: number;
  readonly #times: number[] = [];
  readonly #running: Promise<void>;
  #answered = performance.now();
  #longestGap = 0;
  #stopped = false;

  /** @param call throws what was not as it has to be. @param pauseMs after each. */
  constructor(call: () => Promise<void>, pauseMs = 0) {
    this.#call = call;
    this.#pauseMs = pauseMs;
    this.#running = this.#run();
    this.#running.catch(() => { this.#stopped = true; });
  }

  /** Whether a call failed. */
  get failed(): boolean {
    return this.#stopped;
  }

  /** The times so far; begins anew. */
  takeTimes(): CallTimes {
    this.#noteGap();
    const times = this.#times.splice(0).toSorted((a, b) => a - b);
    const longestGap = this.#longestGap;
    this.#longestGap = 0;
    return { count: times.length, p50: median(times), p99: times[Math.floor(times.length * 0.99)] ?? NaN, longestGap };
  }

  /** @throws what a call failed with. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  #noteGap(): void {
    this.#longestGap = Math.max(this.#longestGap, performance.now() - this.#answered);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const started = performance.now();
      await this.#call();
      this.#times.push(performance.now() - started);
      this.#noteGap();
      this.#answered = performance.now();
      if (this.#pauseMs > 0) await setTimeout(this.#pauseMs);
    }
  }
}

/** Each search has to find k hits. @param mayFind ids that are right, asked after the answer has come. */
export function searching(subject: Subject, collection: string, mayFind: (id: string) => boolean): Calling {
  return new Calling(async () => {
    const { hits } = await subject.client.search({ collection, vector: randomVector(), k });
    assert.equal(hits.length, k, 'a search finds k where there are more');
    for (const { id } of hits) assert.ok(mayFind(id), `${id} was found, which is not there`);
  });
}

/** Upserts some ids again and again, `batch` at a time, with a pause after each batch. */
export function writing(subject: Subject, collection: string, ids: readonly string[], batch: number, pauseMs: number): Calling {
  let from = 0;
  return new Calling(async () => {
    await subject.write(collection, ids.slice(from, from + batch));
    from = from + batch < ids.length ? from + batch : 0;
  }, pauseMs);
}
