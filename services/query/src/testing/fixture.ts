/** For tests: a query service over a real log and a real catalog in a directory of its own, and shards in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';
import { Catalog, catalogTopic, EmbeddedRegistry, settingsFrom, type Collection, type SettingsRequest } from '@proximadb/catalog';
import { partitionOf, type AppendEntry, type Extent, type Log } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { type CallContext, createLogger, Deadline } from '@proximadb/process';
import { encodeDeleteRecord, encodeVectorRecord, type RecordFields } from '@proximadb/record';
import type { ReadOptions } from '@proximadb/schemas';
import type { QueryConfig } from '../config.ts';
import { createQuery } from '../create.ts';
import type { Query } from '../query.ts';
import { encodeToken } from '../tokens.ts';
import { MemoryShards } from './memory-shards.ts';

export interface Fixture extends AsyncDisposable {
  readonly query: Query;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly shards: MemoryShards;
  /** How often the logs of collections were asked for their ends by the query service. */
  probes: number;
  /** Set by tests that need a log that is away. */
  failure: AppError | undefined;
  /** Milliseconds of the monotonic clock. */
  nowMs: number;
  /** A collection of 2 dimensions and 3 partitions. */
  collection(name: string, settings?: Partial<SettingsRequest>): Promise<Collection>;
  /** Writes records into the log; none is in a shard before it is asked for. @returns the token. */
  write(collection: Collection, records: readonly (Partial<RecordFields> & { readonly id: string })[]): Promise<string>;
  /** @returns the token. */
  remove(collection: Collection, ids: readonly string[]): Promise<string>;
}

export async function openFixture(config: Partial<QueryConfig> = {}): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-query-'));
  const log = await EmbeddedLog.open({ directory });
  const catalog = await Catalog.open({ log, registry: await EmbeddedRegistry.open(log) });
  const shards = new MemoryShards(log, catalog);
  const append = async ({ topic, log: number, settings: { partitions } }: Collection, values: readonly (readonly [string, Uint8Array])[]): Promise<string> => {
    const entries = values.map(([id, value]): AppendEntry => {
      const key = new TextEncoder().encode(id);
      return { partition: partitionOf(key, partitions), key, value, headers: {} };
    });
    const { offsets: appended } = await log.append(topic, entries);
    const offsets = new Array<number>(partitions).fill(0);
    for (const [index, { partition }] of entries.entries()) offsets[partition] = (appended[index] ?? 0) + 1;
    return encodeToken({ log: number, offsets });
  };
  const fixture: Omit<Fixture, 'query'> = {
    catalog, log, shards, probes: 0, failure: undefined, nowMs: 0,
    collection: (name, settings = {}) => catalog.create({ name, settings: settingsFrom({ dimension: 2, partitions: 3, ...settings }) }),
    write: (collection, records) => append(collection, records.map(({ id, vector = [1, 2], ...rest }) =>
      [id, encodeVectorRecord(catalog.schemas.idOf('VectorRecord'), { id, vector, ...rest })])),
    remove: (collection, ids) => append(collection, ids.map((id) => [id, encodeDeleteRecord(catalog.schemas.idOf('DeleteRecord'), id)])),
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
  const watched = {
    async extents(topic: string): Promise<Extent[]> {
      if (topic !== catalogTopic) fixture.probes++;
      if (fixture.failure !== undefined) throw fixture.failure;
      return log.extents(topic);
    },
  };
  const query = createQuery(config, { log: watched, catalog, shards, clock: () => fixture.nowMs, logger: createLogger({ level: 'silent' }) });
  return Object.assign(fixture, { query });
}

/** A call with a long time, which its signal does not end. */
export function call(timeoutMs = 10_000): CallContext {
  return { signal: new AbortController().signal, deadline: Deadline.after(timeoutMs) };
}

export const reading = (options: Partial<ReadOptions>): ReadOptions =>
  ({ consistency: null, token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false, ...options });

/** The AppError that a call ends with. */
export async function errorOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('an error was expected');
}
