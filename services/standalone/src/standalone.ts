/** Everything in one process: the same services as in a cluster, over an embedded log, in-process calls and threads. Composition only. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Catalog, EmbeddedRegistry, type Change } from '@proximadb/catalog';
import { LocalCoordination } from '@proximadb/coordination/local';
import { createGateway } from '@proximadb/gateway';
import { Reindexer, ShardPool } from '@proximadb/indexer';
import { offset, partition } from '@proximadb/log';
import { EmbeddedLog } from '@proximadb/log/embedded';
import { createMetrics, type Logger, type Readiness, type Service } from '@proximadb/process';
import { createInspection, createQuery, oneReplica } from '@proximadb/query';
import { startGrpc, startRest, type Handlers, type RunningServer } from '@proximadb/transport';
import type { StandaloneConfig } from './config.ts';

export interface StandaloneDependencies {
  readonly logger: Logger;
}

/** A standalone server that listens. It answers once it is ready. */
export interface Standalone extends Service {
  readonly grpcPort: number;
  readonly restPort: number;
  /** Settles once all that was in the log at the start is applied. Rejects if the server dies before. */
  whenReady(onProgress?: (progress: { readonly shards: number; readonly ready: number }) => void): Promise<void>;
  /** The operations without a transport. */
  readonly handlers: Handlers;
  /** Seals what was acknowledged, and settles when no segment of the collection is being sealed, merged or built. For tools and tests. */
  settle(collection: string): Promise<void>;
}

/** So long shards may be on their way. */
const settleMsMax = 60_000;

/** @throws AppError FAILED_PRECONDITION if another process has the data folder; UNAVAILABLE if a port is taken. */
export async function createStandalone(config: StandaloneConfig, { logger }: StandaloneDependencies): Promise<Standalone> {
  // What was opened is closed in the opposite order, also if the rest of the start fails.
  await using opened = new AsyncDisposableStack();
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => {});
  const die = (error: Error): void => { fatal.reject(error); };

  mkdirSync(config.data, { recursive: true });
  const logDirectory = join(config.data, 'log');
  const failed = (event: string) => (error: unknown): void => { logger.error(event, { error }); };
  // Threads load while the log is opened.
  const pool = opened.use(new ShardPool({
    directory: join(config.data, 'shards'), config: config.indexer, trimBehindSnapshots: false,
    reader: { module: import.meta.resolve('@proximadb/log/embedded'), open: 'openEmbeddedReader', options: logDirectory },
    logLevel: config.logLevel, logger, onFatal: die,
    schemaText: (schemaId) => catalog.schemas.acceptedText(schemaId),
    keeper: {
      trim: (topic, number, before) => { log.trim(topic, partition(number), offset(before)).catch(failed('trim-failed')); },
      tick: (topic, number) => {
        log.append(topic, [{ partition: partition(number), key: new Uint8Array(), value: null, headers: {} }]).catch(failed('tick-failed'));
      },
    },
  }));
  const log = opened.use(await EmbeddedLog.open({ directory: logDirectory, ...config.log }));
  const registry = await EmbeddedRegistry.open(log);
  const catalog = opened.use(await Catalog.open({ log, registry, collectionsMax: config.collectionsMax, onStopped: die }));
  pool.open();
  opened.defer(() => pool.close());
  const following = new Set<Promise<void>>();
  opened.defer(async () => { await Promise.all(following); });
  opened.defer(catalog.onChange((change) => {
    const followed = followCatalog(change, log.clusterId, pool, catalog).catch(failed('catalog-change-failed')).finally(() => { following.delete(followed); });
    following.add(followed);
  }));

  opened.use(new Reindexer({
    catalog, log, local: pool, shards: pool, positions: () => pool.positions(), isOurs: () => true, clock: () => Date.now() * 1000, logger,
  }));

  const query = createQuery(config.query, { log, catalog, shards: pool, logger });
  const { reader, load: _load, ...reads } = query;
  const rates = new LocalCoordination({ id: 'standalone', kind: 'gateway', group: 0, address: '', incarnation: '' });
  const limits = { ...config.gateway, partitionsDefault: config.gateway.partitionsDefault === 0 ? pool.threads : config.gateway.partitionsDefault };
  const gateway = createGateway(limits, { log, catalog, outcomes: pool, progress: pool, reader, rates, logger });
  const { inFlightBytes: _bytes, ...writes } = gateway;
  const inspection = createInspection(config.query, {
    log, catalog, replicas: oneReplica('standalone', pool), members: () => [], faults: () => [], fewerSince: () => null,
  });
  const handlers: Handlers = { ...reads, ...writes, ...inspection };

  const metrics = createMetrics();
  metrics.gauge('write_bytes_in_flight', 'Bytes of records whose write is not answered yet.', [], (gauge) => { gauge.set(gateway.inFlightBytes); });
  metrics.gauge('reads_busy', 'Reads that are worked on.', [], (gauge) => { gauge.set(query.load.busy); });
  metrics.gauge('reads_waiting', 'Reads that wait for their turn.', [], (gauge) => { gauge.set(query.load.waiting); });
  let readiness: Readiness = { ready: false, progress: { state: 'replaying' } };
  const transport = {
    handlers, host: config.host, readiness: () => readiness, metrics, logger, limits: { timeoutMsDefault: config.timeoutMs },
    admission: { callsMax: config.callsMax, bytesMax: config.callBytesMax },
  };
  const servers: RunningServer[] = [];
  opened.defer(async () => { await Promise.all(servers.map((server) => server.close(config.graceMs))); });
  const grpc = await startGrpc({ ...transport, port: config.grpcPort, messageBytesMax: config.messageBytesMax });
  servers.push(grpc);
  const rest = await startRest({
    ...transport, port: config.restPort, bodyBytesMax: config.messageBytesMax, corsOrigins: config.rest.corsOrigins,
    schemaIds: { VectorRecord: catalog.schemas.idOf('VectorRecord'), PatchRecord: catalog.schemas.idOf('PatchRecord') },
    walker: (schemaId) => catalog.schemas.walker(schemaId),
  });
  servers.push(rest);

  const everything = opened.move();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    readiness = { ready: false, progress: { state: 'stopping' } };
    closing ??= everything.disposeAsync();
    return closing;
  };

  return {
    grpcPort: grpc.port,
    restPort: rest.port,
    handlers,
    ready: () => readiness,
    async whenReady(onProgress) {
      for (;;) {
        const progress = await Promise.race([pool.progress(), fatal.promise]);
        onProgress?.(progress);
        if (progress.ready === progress.shards) break;
        readiness = { ready: false, progress: { state: 'replaying', ...progress } };
        await new Promise((resolve) => { setTimeout(resolve, 20); });
      }
      readiness = { ready: true };
    },
    async run(signal) {
      const stopped = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => { resolve(); }, { once: true });
      });
      try {
        await Promise.race([stopped, fatal.promise]);
      } finally {
        await close();
      }
    },
    settle: async (name) => {
      const { log: number, topic } = catalog.get(name);
      // What is acknowledged is in the log, and the shards may still be on their way to it.
      const at = (await log.extents(topic)).map(({ end }, each) => ({ partition: each, atLeast: Number(end) }));
      await pool.count({ log: number, at, timeoutMs: settleMsMax }, null);
      await pool.settle(number);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The shards follow the catalog: what has its topic is held, what is deleted is erased. */
async function followCatalog({ kind, collection }: Change, clusterId: string, pool: ShardPool, catalog: Catalog): Promise<void> {
  const { log, topic, topicId, settings } = collection;
  switch (kind) {
    case 'creating': case 'updated': case 'erased': return;
    case 'filling': case 'ready': case 'retired':
      // All at once: whoever asks for the progress next hears of every one.
      await Promise.all(Array.from({ length: settings.partitions }, (_, number) =>
        pool.assign({ identity: { clusterId, topic, topicId, log, partition: number }, partitions: settings.partitions, settings })));
      return;
    case 'deleted':
      await pool.erase(log);
      await catalog.erased(log);
  }
}
