/** A query service: reads, fanned out over the shards and merged. */
import { randomUUID } from 'node:crypto';
import { AppError } from '@proximadb/errors';
import { catalogReads } from '@proximadb/gateway';
import { createMetrics, type Logger } from '@proximadb/process';
import { createQuery } from '@proximadb/query';
import type { Handlers } from '@proximadb/transport';
import { serveApi } from './api.ts';
import type { QueryProcessConfig } from './config.ts';
import { join, openFoundations } from './foundations.ts';
import { clusterProcess, Fatal, type ClusterProcess } from './lifecycle.ts';
import { inspect } from './inspect.ts';
import { reachShards } from './reach.ts';

/** @throws AppError UNAVAILABLE if Kafka does not answer or a port is taken. */
export async function createQueryProcess(config: QueryProcessConfig, { logger }: { readonly logger: Logger }): Promise<ClusterProcess> {
  await using opened = new AsyncDisposableStack();
  const fatal = new Fatal();
  const { log, catalog } = await openFoundations(config, opened, logger, fatal.die);
  const metrics = createMetrics();
  const coordination = opened.use(await join(config, { kind: 'query', id: config.id ?? `query-${randomUUID()}`, group: 0, port: config.grpcPort }, logger));
  const { shards, routes } = reachShards(coordination, metrics, logger, opened);
  const { reader: _reader, load, ...reads } = createQuery(config.query, { log, catalog, shards, logger });
  metrics.gauge('reads_busy', 'Reads that are worked on.', [], (gauge) => { gauge.set(load.busy); });
  metrics.gauge('reads_waiting', 'Reads that wait for their turn.', [], (gauge) => { gauge.set(load.waiting); });
  const { faults, inspection } = inspect(config.query, { log, catalog, coordination, shards, routes, logger }, opened);
  const handlers: Handlers = {
    ...reads,
    ...catalogReads(catalog),
    ...inspection,
    createCollection: elsewhere, updateCollection: elsewhere, deleteCollection: elsewhere, reindexCollection: elsewhere, abortReindex: elsewhere,
    upsert: elsewhere, patch: elsewhere, delete: elsewhere,
  };
  // Who started while Redis is away knows no shard, and reads are for others; who has known them goes on without it.
  let known = coordination.connected;
  const readiness = () => {
    known ||= coordination.connected;
    return { ready: known, progress: { redis: coordination.connected, away: faults.away } };
  };
  const ports = await serveApi(config, { handlers, catalog, readiness, metrics, logger }, opened);
  return clusterProcess({ everything: opened.move(), ports, fatal, readiness });
}

async function elsewhere(): Promise<never> {
  throw new AppError('UNIMPLEMENTED', 'this is a query service: it only reads; send writes and changes of collections to a gateway');
}
