/** What moves in a cluster of processes: partitions between indexers, collections between generations. All under load. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { encodeVectorRecord } from '@proximadb/record';
import type { Reindex } from '@proximadb/schemas';
import { missingForCluster, startCluster, type Cluster, type IndexerProcess } from '@proximadb/test-cluster';
import type { Client } from '@proximadb/transport/client';
import { clientOf, type ClusterClient } from './api-server.ts';
import { dimension, Load } from './load.ts';
import { until } from './until.ts';

const skip = missingForCluster();
const partitions = 6;

describe('what moves in a cluster', { skip, concurrency: false }, () => {
  let cluster: Cluster;
  let connection: ClusterClient;
  let collections = 0;
  before(async () => {
    cluster = await startCluster({ gateways: 1, groups: 2, indexersPerGroup: 1, queries: 1 });
    connection = clientOf(cluster, { attemptsMax: 1_000, timeoutMs: 60_000, backoffMsMax: 500 });
  });
  after(async () => {
    connection.close();
    await cluster[Symbol.asyncDispose]();
  });
  const newLoad = async (): Promise<{ readonly load: Load; readonly name: string }> => {
    const name = `moved-${collections++}`;
    return { name, load: await Load.start(connection.client, name, { partitions }) };
  };

  /** The one indexer of replica group 0 that holds each partition; undefined while there is none, or more than one. */
  async function owners(collection: string): Promise<Map<number, string | undefined>> {
    const { partitions: all } = await connection.client.verify({ collection });
    return new Map(all.map(({ partition, replicas }) => {
      const own = replicas.filter(({ group, sum }) => group === 0 && sum !== null);
      return [partition, own.length === 1 ? own[0]?.member : undefined];
    }));
  }
  const isWhole = (held: ReadonlyMap<number, string | undefined>, most: number): boolean => {
    const counts = Map.groupBy(held.values(), (member) => member);
    return held.size === partitions && !counts.has(undefined) && [...counts.values()].every(({ length }) => length <= most);
  };
  const moved = (from: ReadonlyMap<number, string | undefined>, to: ReadonlyMap<number, string | undefined>): number[] =>
    [...from].filter(([partition, member]) => to.get(partition) !== member).map(([partition]) => partition);

  test('the n-th indexer takes 1/n of the partitions, one that dies gives up its own and no other, and reads at a token keep their latency', async () => {
    const { load, name } = await newLoad();
    await using _ = load;
    await load.go(2_000);
    let held = new Map<number, string | undefined>();
    await until('group 0 has all of it', async () => isWhole(held = await owners(name), partitions));
    load.tokenReads();
    await load.go(6_000);
    const quiet = load.tokenReads();
    const added: IndexerProcess[] = [];
    for (const share of [3, 2]) {
      added.push(await cluster.addIndexer(0));
      let now = held;
      await until('it has its share', async () => isWhole(now = await owners(name), share));
      assert.equal(moved(held, now).length, share, `${share} of ${partitions} moved`);
      assert.ok(moved(held, now).every((partition) => now.get(partition) === added.at(-1)?.name), 'all of them to the new one');
      held = now;
    }
    const [first] = added;
    await first!.kill();
    let now = held;
    await until('the others have what it had', async () => isWhole(now = await owners(name), 3));
    assert.deepEqual(moved(held, now).map((partition) => held.get(partition)), [first!.name, first!.name]);
    await load.finish();
    const moving = load.tokenReads();
    assert.deepEqual(load.readErrors, []);
    assert.deepEqual(load.writeErrors, []);
    assert.ok(quiet.count > 20 && moving.count > 20, `${quiet.count} and ${moving.count} reads`);
    // Three processes were started and one was killed on the cores that serve: their median stays, not each of them.
    assert.ok(moving.medianMs < 5 * quiet.medianMs + 20, `${moving.medianMs} ms while partitions moved, ${quiet.medianMs} ms before`);
  });

  test('Redis is frozen and emptied while an indexer joins and another is killed: no error reaches a client, and nobody loses a partition', async () => {
    const { load, name } = await newLoad();
    await using _ = load;
    await load.go(1_000);
    await cluster.redis.pause();
    const joining = cluster.addIndexer(1);
    await load.go(1_000);
    await cluster.indexers.find(({ group }) => group === 0)!.kill();
    await load.go(3_000);
    await cluster.redis.resume();
    await cluster.redis.flushAll();
    await joining;
    await load.go(2_000);
    await load.finish();
    assert.deepEqual(load.readErrors, []);
    assert.deepEqual(load.writeErrors, []);
    await cluster.indexers.find(({ group }) => group === 0)!.start();
    await until('both groups hold all of it again', async () => (await connection.client.verify({ collection: name })).verdict === 'agree');
  });

  async function whenDone(collection: string): Promise<Reindex> {
    let last = await connection.client.getReindex({ collection });
    await until('the reindex is done', async () => (last = await connection.client.getReindex({ collection })).state === 'done');
    return last;
  }
  const wanted = { metric: null, index: null, hnsw: null, requestId: null };

  test('a reindex under load, its copiers killed on the way: no read fails, nothing is lost or applied twice', async (context) => {
    const { load, name } = await newLoad();
    await using _ = load;
    await load.go(3_000);
    const { client } = connection;
    await client.reindexCollection({ collection: name, partitions: 9, ...wanted });
    // Whoever is a copier of group 0 dies; it, or another one, goes on.
    await cluster.indexers[0]!.kill();
    await cluster.indexers[0]!.start();
    const { log, pauseMicros } = await whenDone(name);
    const described = await client.getCollection({ collection: name });
    assert.deepEqual([described.partitions, described.log], [9, log]);
    await load.go(2_000);
    await load.finish();
    assert.deepEqual(load.readErrors, []);
    assert.deepEqual(load.writeErrors, []);
    context.diagnostic(`writes paused for ${Number(pauseMicros ?? 0n) / 1_000} ms`);
    assert.ok(pauseMicros !== null && Number(pauseMicros) < 10_000_000, `writes paused for ${Number(pauseMicros ?? 0n) / 1_000} ms`);
    assert.equal((await client.verify({ collection: name })).verdict, 'agree');
  });

  test('a reindex that is given up half-way leaves the collection as it was, and the next one is whole', async () => {
    const { load, name } = await newLoad();
    await using _ = load;
    const { client } = connection;
    await fill(client, name, 40_000);
    const before = await client.getCollection({ collection: name });
    await client.reindexCollection({ collection: name, partitions: 3, ...wanted });
    await until('some of it is copied', async () => (await client.getReindex({ collection: name })).copied > 0n);
    const { state, copied, live } = await client.getReindex({ collection: name });
    assert.ok(state === 'copying' && copied < live, `${state}: ${copied} of ${live}`);
    await client.abortReindex({ collection: name });
    assert.deepEqual(await client.getCollection({ collection: name }), before);
    await assert.rejects(client.abortReindex({ collection: name }), (error) => error instanceof AppError && error.code === 'NOT_FOUND');
    await load.go(1_000);
    await client.reindexCollection({ collection: name, partitions: 3, ...wanted });
    await whenDone(name);
    await load.finish();
    assert.deepEqual(load.readErrors, []);
    assert.deepEqual(load.writeErrors, []);
    assert.equal((await client.getCollection({ collection: name })).partitions, 3);
    assert.ok((await client.count({ collection: name })).count >= 40_000n);
  });

  /** A collection of 40,000 records that is being reindexed to 9 partitions. */
  async function reindexing(): Promise<string> {
    const { client } = connection;
    const name = `moved-${collections++}`;
    await client.createCollection({ name, dimension, partitions });
    await fill(client, name, 40_000);
    await client.reindexCollection({ collection: name, partitions: 9, ...wanted });
    return name;
  }

  test('everything of ours is killed half-way through a reindex, and started again: it goes on to the end', async () => {
    const { client } = connection;
    const name = await reindexing();
    await until('some of it is copied', async () => (await client.getReindex({ collection: name })).copied > 0n);
    const all = [...cluster.gateways, ...cluster.indexers, ...cluster.queries];
    await Promise.all(all.map((one) => one.kill()));
    await Promise.all(all.map((one) => one.start()));
    assert.equal((await whenDone(name)).copied, 40_000n);
    const { verdict, partitions: held } = await client.verify({ collection: name });
    assert.deepEqual([verdict, held.length], ['agree', 9]);
    assert.equal((await client.count({ collection: name })).count, 40_000n);
  });

  test('a delete by filter that meets a reindex deletes all that matches and nothing else', async () => {
    const { client } = connection;
    const name = await reindexing();
    const values = [{ value: { kind: 'boolean' as const, value: true } }];
    const filter = { node: { kind: 'comparison' as const, value: { path: ['odd'], operator: 'eq' as const, values } } };
    let last = { deleted: 0n, changed: 0n, cursor: '' as string | null };
    // Its pages lie on both sides of the flip; what it could not decide is found again by the next call.
    await Promise.all([whenDone(name), (async () => {
      do last = await client.delete({ collection: name, filter, limit: 2_000 });
      while (last.deleted > 0n || last.changed > 0n || last.cursor !== null);
    })()]);
    const read = { consistency: 'strong' as const, token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false };
    assert.equal((await client.count({ collection: name, filter, read })).count, 0n);
    assert.equal((await client.count({ collection: name, read })).count, 20_000n);
    assert.equal((await client.getCollection({ collection: name })).partitions, 9);
  });
});

/** Every other record is odd. */
async function fill(client: Client, collection: string, records: number): Promise<void> {
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  const vector = Array.from({ length: dimension }, (_, i) => i + 1);
  const record = (at: number): Uint8Array => encodeVectorRecord(schemaId, { id: `filled-${at}`, vector, metadata: new Map([['odd', at % 2 === 1]]) });
  const batch = 2_000;
  for (let first = 0; first < records; first += batch) {
    const batchOf = Array.from({ length: batch }, (_, i) => record(first + i));
    await client.upsert({ collection, records: batchOf });
  }
}
