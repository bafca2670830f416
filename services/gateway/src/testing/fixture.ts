/** For tests: a gateway over a real log and a real catalog in a directory of its own, and shards in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';
import { Catalog, EmbeddedRegistry, type Collection, type SchemaRegistry } from '@proximadb/catalog';
import type { AppendEntry, Log } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { type CallContext, createLogger, Deadline } from '@proximadb/process';
import { encodeVectorRecord, type RecordFields } from '@proximadb/record';
import { CreateCollectionRequest, DeleteRequest, PatchRequest, UpsertRequest } from '@proximadb/schemas';
import type { GatewayConfig } from '../config.ts';
import { createGateway } from '../create.ts';
import type { Gateway } from '../gateway.ts';
import type { Indexers } from '../indexers.ts';
import type { Rates } from '../rates.ts';
import { MemoryShards } from './memory-shard.ts';

export interface Fixture extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly catalog: Catalog;
  readonly registry: SchemaRegistry;
  readonly log: Log;
  readonly shards: MemoryShards;
  /** Appends that the gateway asked for. */
  readonly appends: (readonly AppendEntry[])[];
  /** Set by tests that need a log that fails: called in place of the log's own append. */
  append: ((topic: string, entries: readonly AppendEntry[]) => ReturnType<Log['append']>) | undefined;
  /** In place of the rate that gateways share. */
  rate: Rates['take'];
  record(fields: Partial<RecordFields>): Uint8Array;
  /** A collection of 2 dimensions and 3 partitions. */
  collection(name?: string, fields?: Partial<CreateCollectionRequest>): Promise<Collection>;
}

export async function openFixture(config: Partial<GatewayConfig> = {}, indexers?: Indexers): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-gateway-'));
  const log = await EmbeddedLog.open({ directory });
  const registry = await EmbeddedRegistry.open(log);
  const catalog = await Catalog.open({ log, registry });
  const shards = new MemoryShards(log, catalog);
  let ids = 0;
  const fixture: Omit<Fixture, 'gateway'> = {
    catalog, registry, log, shards, appends: [], append: undefined, rate: async () => 0,
    record: ({ id = 'a', vector = [1, 2], ...rest }) => encodeVectorRecord(catalog.schemas.idOf('VectorRecord'), { id, vector, ...rest }),
    async collection(name = 'words', fields = {}) {
      await gateway.createCollection(CreateCollectionRequest.create({ name, dimension: 2, partitions: 3, ...fields }), call());
      return catalog.get(name);
    },
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
  const watched: Pick<Log, 'append' | 'extents'> = {
    append(topic, entries, signal) {
      fixture.appends.push(entries);
      return fixture.append?.(topic, entries) ?? log.append(topic, entries, signal);
    },
    extents: (topic) => log.extents(topic),
  };
  const gateway = createGateway(config, {
    log: watched, catalog, outcomes: shards, progress: shards, reader: shards, rates: { take: async (...asked) => fixture.rate(...asked) },
    clock: () => 1_000_000, randomId: () => `generated-${ids++}`,
    logger: createLogger({ level: 'silent' }), ...(indexers === undefined ? {} : { indexers }),
  });
  return Object.assign(fixture, { gateway });
}

/** A call with a long time, which its signal does not end. */
export function call(timeoutMs = 10_000): CallContext {
  const deadline = Deadline.after(timeoutMs);
  return { signal: new AbortController().signal, deadline };
}

export const upsertOf = (fields: Partial<UpsertRequest>): UpsertRequest => UpsertRequest.create({ collection: 'words', ...fields });
export const patchOf = (fields: Partial<PatchRequest>): PatchRequest => PatchRequest.create({ collection: 'words', ...fields });
export const deleteOf = (fields: Partial<DeleteRequest>): DeleteRequest => DeleteRequest.create({ collection: 'words', ...fields });

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
