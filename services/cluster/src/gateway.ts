/** A gateway: takes writes into the log. It answers reads, too, from the same shards that query services ask. */
import { randomUUID } from 'node:crypto';
import { createGateway } from '@proximadb/gateway';
import { createMetrics, type Logger } from '@proximadb/process';
import { createQuery } from '@proximadb/query';
import { serveApi } from './api.ts';
import type { GatewayProcessConfig } from './config.ts';
import { join, openFoundations } from './foundations.ts';
import { clusterProcess, Fatal, type ClusterProcess } from './lifecycle.ts';
import { inspect } from './inspect.ts';
import { reachShards } from './reach.ts';

/** @throws AppError UNAVAILABLE if Kafka does not answer or a port is taken. */
export async function createGatewayProcess(config: GatewayProcessConfig, { logger }: { readonly logger: Logger }): Promise<ClusterProcess> {
  await using opened = new AsyncDisposableStack();
  const fatal = new Fatal();
  const { log, catalog } = await openFoundations(config, opened, logger, fatal.die);
  const metrics = createMetrics();
  const coordination = opened.use(await join(config, { kind: 'gateway', id: config.id ?? `gateway-${randomUUID()}`, group: 0, port: config.grpcPort }, logger));
  const { shards, routes } = reachShards(coordination, metrics, logger, opened);
  const { reader, load: _load, ...reads } = createQuery(config.query, { log, catalog, shards, logger });
  const gateway = createGateway(config.gateway, {
    log, catalog, outcomes: shards, progress: shards, reader, rates: coordination, logger,
    indexers: { list: () => coordination.members.filter(({ kind }) => kind === 'indexer'), onChange: (listener) => coordination.onChange(listener) },
  });
  const { inFlightBytes: _bytes, ...writes } = gateway;
  metrics.gauge('write_bytes_in_flight', 'Bytes of records whose write is not answered yet.', [], (gauge) => { gauge.set(gateway.inFlightBytes); });
  const { faults, inspection } = inspect(config.query, { log, catalog, coordination, shards, routes, logger }, opened);
  const readiness = () => ({ ready: true, progress: { redis: coordination.connected, away: faults.away } });
  const ports = await serveApi(config, { handlers: { ...reads, ...writes, ...inspection }, catalog, readiness, metrics, logger }, opened);
  return clusterProcess({ everything: opened.move(), ports, fatal, readiness });
}
