/** Snapshots, and a log that is trimmed: who was away, lost its disk or is new takes a snapshot and the log's tail; what neither has is never passed over. */
import { strict as assert } from 'node:assert';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { offset, partition, partitionOf, type Log } from '@proximadb/log';
import { KafkaLog } from '@proximadb/log/kafka';
import { encodeVectorRecord } from '@proximadb/record';
import type { ReadOptions } from '@proximadb/schemas';
import { missingForCluster, startCluster, type Cluster, type IndexerProcess } from '@proximadb/test-cluster';
import { clientOf, type ClusterClient } from './api-server.ts';
import { dimension, Load } from './load.ts';
import { until } from './until.ts';

const skip = missingForCluster();
const partitions = 3;
/** Snapshots come every half second, and the log is kept no longer than they need it. */
const settings = {
  indexer: {
    PROXIMADB_SNAPSHOTS_EVERY_MS: '500', PROXIMADB_SNAPSHOTS_KEPT: '1', PROXIMADB_INDEXER_CHECKPOINT_RECORDS_MAX: '100', PROXIMADB_INDEXER_HISTORY_MS: '0',
  },
};

describe('snapshots of a cluster', { skip, concurrency: false }, () => {
  let cluster: Cluster;
  let connection: ClusterClient;
  let log: Log & AsyncDisposable;
  let schemaId: number;
  before(async () => {
    cluster = await startCluster({ gateways: 1, groups: 2, indexersPerGroup: 1, queries: 1, settings });
    connection = clientOf(cluster, { attemptsMax: 1_000, timeoutMs: 60_000, backoffMsMax: 500 });
    log = await KafkaLog.open({ brokers: cluster.kafka.bootstrap, replicationFactor: 1 });
    schemaId = (await connection.client.getSchema({ name: 'VectorRecord' })).id;
  });
  after(async () => {
    await log[Symbol.asyncDispose]();
    connection.close();
    await cluster[Symbol.asyncDispose]();
  });

  /** @returns its topic. */
  async function create(name: string): Promise<string> {
    const { log: number } = await connection.client.createCollection({ name, dimension, partitions });
    return `proximadb-${name}-${number}`;
  }
  const recordOf = (id: string): Uint8Array => encodeVectorRecord(schemaId, { id, vector: new Float32Array(dimension).fill(1) });
  const idsOf = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  /** In four requests, one after the other: enough for several manifests of each partition. */
  const write = async (collection: string, prefix: string, count: number): Promise<void> => {
    for (const quarter of [0, 1, 2, 3]) {
      await connection.client.upsert({ collection, records: idsOf(prefix, count).slice(quarter * count / 4, (quarter + 1) * count / 4).map(recordOf) });
    }
  };
  const starts = async (topic: string): Promise<number[]> => (await log.extents(topic)).map(({ start }) => start);
  const ends = async (topic: string): Promise<number[]> => (await log.extents(topic)).map(({ end }) => end);
  const isTrimmedPast = async (topic: string, offsets: readonly number[]): Promise<boolean> =>
    (await starts(topic)).every((start, at) => start > (offsets[at] ?? Infinity));
  const agree = (collection: string, groups: number): Promise<void> => until(`${groups} replicas of ${collection} agree`, async () => {
    const { verdict, partitions: all } = await connection.client.verify({ collection });
    return verdict === 'agree' && all.every(({ replicas }) => replicas.length === groups && replicas.every(({ sum }) => sum !== null));
  });
  const metric = async (indexer: IndexerProcess, name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${indexer.restPort}/metrics`)).text();
    return Number(new RegExp(`^proximadb_${name}(?:\\{.*\\})? (.*)$`, 'm').exec(text)?.[1]);
  };
  /** Shards that an indexer took from snapshots since it was last asked about. Some twice, where the log was trimmed once more meanwhile. */
  const seen = new Map<string, number>();
  function restored({ name }: IndexerProcess): Set<string> {
    const lines = readFileSync(join(cluster.directory, `${name}.log`), 'utf8').split('\n').filter((line) => line.startsWith('{'));
    const fresh = lines.slice(seen.get(name) ?? 0);
    seen.set(name, lines.length);
    return new Set(fresh.map((line) => JSON.parse(line) as { event?: string; watermark?: number; log?: number; partition?: number })
      .flatMap(({ event, watermark = 0, log: number, partition }) => (event === 'shard-restored' && watermark > 0 ? [`${number}/${partition}`] : [])));
  }

  test('who was away while the log was trimmed, under load or at rest, who lost its disk, and who is new: all hold what the others hold', async () => {
    const resting = await create('resting');
    await write('resting', 'before', 200);
    await using load = await Load.start(connection.client, 'busy', { partitions });
    await load.go(2_000);
    const busy = `proximadb-busy-${(await connection.client.getCollection({ collection: 'busy' })).log}`;
    const [, away] = cluster.indexers;
    restored(away!);
    await away!.kill();
    const held = { busy: await ends(busy), resting: await ends(resting) };
    // Then nobody writes here any more.
    await write('resting', 'meanwhile', 1_600);
    await until('the log begins after what it had', async () => await isTrimmedPast(busy, held.busy) && await isTrimmedPast(resting, held.resting));
    await away!.start();
    for (const collection of ['busy', 'resting']) await agree(collection, 2);
    assert.equal(restored(away!).size, 2 * partitions, 'each of its shards came from a snapshot');

    await away!.kill();
    rmSync(join(cluster.directory, away!.name), { recursive: true });
    await away!.start();
    for (const collection of ['busy', 'resting']) await agree(collection, 2);
    assert.equal(restored(away!).size, 2 * partitions, 'each of its shards came from a snapshot');

    const [added] = await cluster.addGroup();
    for (const collection of ['busy', 'resting']) await agree(collection, 3);
    assert.equal(restored(added!).size, 2 * partitions, 'each of its shards came from a snapshot');
    assert.deepEqual(load.readErrors, []);
    await load.finish();
    const read = { ...partialRead, consistency: 'strong' as const, allowPartial: false };
    assert.equal((await connection.client.count({ collection: 'resting', read })).count, 1_800n);
  });

  test('while the blob store is away snapshots and trimming pause, an alert and the doctor say so; then both go on', async () => {
    const topic = await create('without-blobs');
    const [first] = cluster.indexers;
    await write('without-blobs', 'before', 1_600);
    await until('it is trimmed', () => isTrimmedPast(topic, [0, 0, 0]));
    await cluster.minio.kill();
    await write('without-blobs', 'meanwhile', 1_600);
    await until('the metric of the alert says it', async () => await metric(first!, 'snapshots_failing_seconds') > 0);
    await until('the doctor says it', async () => (await connection.client.diagnose({})).findings.some(({ who }) => who === 'the operator of the blob store'));
    await create('meanwhile');
    await write('meanwhile', 'one', 20);
    await until('a new collection is served', async () => (await connection.client.count({ collection: 'meanwhile' })).count === 20n);
    const before = await starts(topic);
    const ended = await ends(topic);
    await write('without-blobs', 'after', 1_600);
    await until('all is applied', async () => (await connection.client.count({ collection: 'without-blobs' })).count === 4_800n);
    assert.ok(await metric(first!, 'snapshots_failing_seconds') > 0);
    assert.deepEqual(await starts(topic), before, 'what no snapshot has stays in the log');
    await cluster.minio.start();
    await until('the log is trimmed again', () => isTrimmedPast(topic, ended));
    assert.equal(await metric(first!, 'snapshots_failing_seconds'), 0);
    await until('nothing is wrong any more', async () => (await connection.client.diagnose({})).findings.length === 0);
  });

  test('a shard whose records are in no snapshot and no longer in the log stops, and says so; the rest answers who allows for it', async () => {
    const topic = await create('torn');
    await write('torn', 'before', 88);
    await agree('torn', cluster.indexers.length);
    await cluster.minio.kill();
    for (const indexer of cluster.indexers) await indexer.kill('SIGTERM');
    await write('torn', 'lost', 88);
    const [end = 0] = await ends(topic);
    await log.trim(topic, partition(0), offset(end - 1));
    await cluster.minio.start();
    await Promise.all(cluster.indexers.map((indexer) => indexer.start()));
    await until('the doctor says it', async () => (await connection.client.diagnose({})).findings.some(({ severity, where, what }) =>
      severity === 'critical' && /torn/.test(where) && /keeps \d+ to \d+/.test(what)));
    const { client } = connection;
    await assert.rejects(client.count({ collection: 'torn', read: { ...partialRead, allowPartial: false } }, { timeoutMs: 3_000 }), isUnavailable);
    const { count, coverage } = await client.count({ collection: 'torn', read: partialRead });
    assert.deepEqual([coverage?.partitions, coverage?.answered, coverage?.missing.map((one) => one.partition)], [partitions, partitions - 1, [0]]);
    const elsewhere = ['before', 'lost'].flatMap((prefix) => idsOf(prefix, 88)).filter((id) => partitionOf(Buffer.from(id), partitions) !== 0);
    assert.equal(count, BigInt(elsewhere.length));
    const { hits } = await client.search({ collection: 'torn', vector: new Float32Array(dimension).fill(1), k: 200, exact: true, read: partialRead });
    assert.deepEqual(hits.map(({ id }) => id).sort(), elsewhere.sort());
    assert.equal((await client.count({ collection: 'resting' })).count, 1_800n, 'its neighbours answer in full');
    await client.deleteCollection({ collection: 'torn' });
    await until('nothing is wrong any more', async () => (await client.diagnose({})).findings.length === 0);
  });

  test('a topic that was deleted and made again, longer than before, is never taken for the old one', async () => {
    const topic = await create('anew');
    await write('anew', 'old', 30);
    await agree('anew', cluster.indexers.length);
    for (const indexer of cluster.indexers) await indexer.kill('SIGTERM');
    await log.deleteTopic(topic);
    await log.createTopic(topic, partitions);
    const value = Buffer.from(recordOf('new'));
    for (let at = 0; at < partitions; at += 1) {
      await log.append(topic, Array.from({ length: 100 }, () => ({ partition: partition(at), key: Buffer.from('new'), value, headers: {} })));
    }
    await Promise.all(cluster.indexers.map((indexer) => indexer.start()));
    const { client } = connection;
    await until('the doctor says it', async () => (await client.diagnose({})).findings.some(({ severity, where, what }) =>
      severity === 'critical' && /anew/.test(where) && /made anew/.test(what)));
    await assert.rejects(client.count({ collection: 'anew', read: { ...partialRead, allowPartial: false } }, { timeoutMs: 3_000 }), isUnavailable);
    assert.equal((await client.count({ collection: 'resting' })).count, 1_800n, 'its neighbours answer');
  });
});

const partialRead: ReadOptions = { consistency: null, token: null, maxStalenessMs: null, timeoutMs: 3_000, allowPartial: true };

function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(error.code);
}
