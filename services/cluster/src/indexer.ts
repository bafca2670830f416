/** An indexer: holds its share of the partitions of its replica group, and answers gateways and query services from them. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import type { Catalog } from '@proximadb/catalog';
import type { Coordination } from '@proximadb/coordination';
import { Holder, isLowest, Reindexer, removeErased, ShardPool, Snapshotter, SnapshotThread } from '@proximadb/indexer';
import { startShardServer } from '@proximadb/indexer/transport';
import { offset, partition } from '@proximadb/log';
import type { KafkaLog } from '@proximadb/log/kafka';
import { createMetrics, type Logger, type Metrics, type Readiness } from '@proximadb/process';
import type { ProcessFault } from '@proximadb/query';
import { addHealth, startOperation, type Health } from '@proximadb/transport';
import { shardsServiceName } from '@proximadb/schemas';
import type { IndexerProcessConfig } from './config.ts';
import { Faults } from './faults.ts';
import { join, kafkaOptions, openFoundations } from './foundations.ts';
import { commonProbes } from './inspect.ts';
import { clusterProcess, Fatal, type ClusterProcess } from './lifecycle.ts';
import { reachShards } from './reach.ts';

/** @throws AppError UNAVAILABLE if Kafka does not answer or a port is taken; FAILED_PRECONDITION if the data folder is another cluster's. */
export async function createIndexerProcess(config: IndexerProcessConfig, { logger }: { readonly logger: Logger }): Promise<ClusterProcess> {
  await using opened = new AsyncDisposableStack();
  const fatal = new Fatal();
  mkdirSync(config.data, { recursive: true });
  const memberId = config.id ?? keptId(config.data);
  const directory = pathOf(config.data, 'shards');
  const { log, catalog } = await openFoundations(config, opened, logger, fatal.die);
  await removeErased(directory, catalog, log.clusterId);

  const metrics = createMetrics();
  const snapshots = opened.use(openSnapshots(config, catalog, fatal));
  const pool = openPool(config, directory, { log, catalog, logger, fatal });
  opened.defer(() => pool.close());
  let health: Health | undefined;
  let faults = (): readonly ProcessFault[] => [];
  let readiness = (): Readiness => ({ ready: false, progress: { state: 'starting' } });
  const server = await startShardServer({
    shards: pool, host: config.host, port: config.grpcPort, metrics, logger, faults: () => faults(),
    addServices: (grpc) => { health = addHealth(grpc, shardsServiceName, () => readiness()); },
  });
  opened.defer(() => {
    health?.stop();
    return server.close(config.graceMs);
  });
  const coordination = opened.use(await join(config, { kind: 'indexer', id: memberId, group: config.group, port: server.port }, logger,
    pathOf(config.data, 'members')));
  opened.defer(catalog.schemas.onReadable((ids) => { coordination.announceSchemas(ids); }));
  const holder = opened.use(new Holder({
    directory, memberId, group: config.group, shards: pool, restorer: snapshots, catalog, coordination, log,
    noticeMs: config.noticeMs, reliefMs: config.noticeMs + 2 * config.redis.ttlMs,
    restoresMax: config.restoresMax, settleMs: config.settleMs, lookMs: lookEveryMs, clock: () => performance.now(), logger,
  }));
  const snapshotter = opened.use(new Snapshotter({
    directory: pathOf(config.data, 'staged'), memberId, group: config.group, writer: snapshots, shards: pool,
    positions: () => holder.positions, members: () => coordination.members, everyMs: config.snapshots.everyMs, everyRecords: config.snapshots.everyRecords,
    collectEveryMs: config.snapshots.collectEveryMs, lookMs: Math.min(snapshotLookEveryMs, config.snapshots.everyMs), clock: () => performance.now(), logger,
  }));
  opened.use(new Reindexer({
    catalog, log, local: pool, shards: reachShards(coordination, metrics, logger, opened).shards, positions: async () => holder.positions,
    isOurs: (number, part) => isLowest(coordination.members, config.group, number, part), clock: () => Date.now() * 1000, logger,
  }));
  const found = opened.use(new Faults({ ...commonProbes(catalog, coordination), blobs: () => snapshotter.failure }, logger));
  faults = () => found.list();
  readiness = () => ({ ready: holder.ready, progress: { partitions: holder.positions.length, redis: coordination.connected, away: found.away } });
  measure(metrics, holder, snapshotter, coordination);
  const operation = await startOperation({ host: config.host, port: config.restPort, readiness, metrics });
  opened.defer(() => operation.close(config.graceMs));
  const ports = { grpcPort: server.port, restPort: operation.port };
  return clusterProcess({
    everything: opened.move(), ports, fatal, readiness,
    ...(config.leaveMs > 0 && { leave: () => holder.depart(config.leaveMs) }),
  });
}

const lookEveryMs = 500;
/** Each look wakes a process that may have nothing else to do. */
const snapshotLookEveryMs = 2_000;

/** Who this indexer is, over restarts, as long as it has its folder. */
function keptId(data: string): string {
  const file = pathOf(data, 'id');
  if (!existsSync(file)) writeFileSync(file, `indexer-${randomUUID()}`);
  return readFileSync(file, 'utf8').trim();
}

function openSnapshots({ blobs, snapshots, logLevel }: IndexerProcessConfig, catalog: Catalog, fatal: Fatal): SnapshotThread {
  const { url, ...options } = blobs;
  return new SnapshotThread({
    url, options, kept: snapshots.kept, garbageAgeMs: snapshots.garbageAgeMs, logLevel,
    schemaText: (schemaId) => catalog.schemas.acceptedText(schemaId), onFatal: fatal.die,
  });
}

interface PoolParts {
  readonly log: KafkaLog;
  readonly catalog: Catalog;
  readonly logger: Logger;
  readonly fatal: Fatal;
}

function openPool(config: IndexerProcessConfig, directory: string, { log, catalog, logger, fatal }: PoolParts): ShardPool {
  const failed = (event: string) => (error: unknown): void => { logger.warn(event, { error }); };
  const pool = new ShardPool({
    directory, config: config.indexer, trimBehindSnapshots: true, logLevel: config.logLevel, logger, onFatal: fatal.die,
    reader: { module: import.meta.resolve('@proximadb/log/kafka'), open: 'openKafkaReader', options: kafkaOptions(config) },
    schemaText: (schemaId) => catalog.schemas.acceptedText(schemaId),
    keeper: {
      trim: (topic, number, before) => { log.trim(topic, partition(number), offset(before)).catch(failed('trim-failed')); },
      tick: (topic, number) => {
        log.append(topic, [{ partition: partition(number), key: new Uint8Array(), value: null, headers: {} }]).catch(failed('tick-failed'));
      },
    },
  });
  pool.open();
  return pool;
}

function measure(metrics: Metrics, holder: Holder, snapshotter: Snapshotter, coordination: Coordination): void {
  metrics.gauge('partitions', 'Partitions held, by state.', ['state'], (gauge) => {
    for (const state of ['replaying', 'serving', 'stopped'] as const) {
      gauge.set({ state }, holder.positions.filter((position) => position.state === state).length);
    }
  });
  metrics.gauge('lag_records', 'Records of the log that a partition has not applied yet.', ['log', 'partition'], (gauge) => {
    gauge.reset();
    for (const { log, partition: number, lag } of holder.positions) gauge.set({ log, partition: number }, lag);
  });
  metrics.gauge('segment_bytes', 'Bytes of segments on disk, by whether rows live or are dead.', ['log', 'partition', 'rows'], (gauge) => {
    gauge.reset();
    for (const { log, partition: number, space: { liveBytes, deadBytes } } of holder.positions) {
      gauge.set({ log, partition: number, rows: 'live' }, liveBytes);
      gauge.set({ log, partition: number, rows: 'dead' }, deadBytes);
    }
  });
  metrics.gauge('segment_written_bytes', 'Bytes of segments written since a partition was opened; sealed: records and vectors, the first time.',
    ['log', 'partition', 'what'], (gauge) => {
      gauge.reset();
      for (const { log, partition: number, space: { written } } of holder.positions) {
        gauge.set({ log, partition: number, what: 'all' }, written.bytes);
        gauge.set({ log, partition: number, what: 'sealed' }, written.sealedBytes);
      }
    });
  metrics.gauge('snapshots_failing_seconds', 'How long snapshots have failed; meanwhile the log is not trimmed. 0: they do not.', [], (gauge) => {
    gauge.set(snapshotter.failingForMs / 1_000);
  });
  metrics.gauge('redis_connected', 'Whether Redis answers.', [], (gauge) => { gauge.set(coordination.connected ? 1 : 0); });
}
