/** What dies, and what happens: the rows of the promise, made to happen on the real parts under load. */
import { strict as assert } from 'node:assert';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { encodeVectorRecord } from '@proximadb/record';
import { missingForCluster, startCluster, type Cluster } from '@proximadb/test-cluster';
import { createClient } from '@proximadb/transport/client';
import { callRest, runCommand } from '../server.ts';
import { clientOf, type ClusterClient } from './api-server.ts';
import { Load } from './load.ts';
import { until } from './until.ts';

const skip = missingForCluster();

describe('a cluster under load', { skip, concurrency: false }, () => {
  let cluster: Cluster;
  let connection: ClusterClient;
  let collections = 0;
  before(async () => {
    cluster = await startCluster({ gateways: 2, groups: 2, indexersPerGroup: 1, queries: 2, settings: { indexer: { PROXIMADB_LEAVE_MS: '60000' } } });
    connection = clientOf(cluster, { attemptsMax: 1_000, timeoutMs: 60_000, backoffMsMax: 500 });
  });
  after(async () => {
    connection.close();
    await cluster[Symbol.asyncDispose]();
  });
  const newLoad = (): Promise<Load> => Load.start(connection.client, `load-${collections++}`);

  /** Readers are told of nothing; writers, too, unless `writesMayFail`. */
  async function survives(happens: () => Promise<void>, { writesMayFail = false, forMs = 2_000 } = {}): Promise<void> {
    await using load = await newLoad();
    await load.go(1_000);
    await happens();
    const after = await load.go(forMs);
    await load.finish();
    assert.deepEqual(load.readErrors, [], 'no reader was told of it');
    load.assertNobodyWaitedTwice();
    if (!writesMayFail) assert.deepEqual(load.writeErrors, [], 'no writer was told of it');
    assert.ok(after.writes > 0 && after.reads > 0, `it goes on: ${after.writes} writes, ${after.reads} reads`);
  }

  test('a gateway is killed: its clients repeat their writes at another one, and nothing is applied twice', async () => {
    await survives(async () => {
      await cluster.gateways[0]!.kill();
      await delay(1_000);
      await cluster.gateways[0]!.start();
    });
  });

  test('an indexer is killed, and comes back: the other replica group answers', async () => {
    await survives(async () => {
      await cluster.indexers[0]!.kill();
      await delay(2_000);
      await cluster.indexers[0]!.start();
    });
  });

  test('both replica groups are told to stop at once, as by an upgrade: they take turns', async () => {
    const replaced: string[] = [];
    await survives(async () => {
      await Promise.all(cluster.indexers.map(async (indexer) => {
        await indexer.kill('SIGTERM');
        replaced.push(`${indexer.name} stopped`);
        await indexer.start();
        replaced.push(`${indexer.name} started`);
      }));
    });
    assert.deepEqual(replaced, ['indexer-0-0 stopped', 'indexer-0-0 started', 'indexer-1-0 stopped', 'indexer-1-0 started']);
    for (const { logFile, name } of cluster.indexers) {
      const log = readFileSync(logFile, 'utf8');
      assert.ok(log.includes('"departed"') && !log.includes('departed-unrelieved'), `${name} left because another one answered`);
    }
  });

  test('an indexer loses its disk: it heals itself', async () => {
    await survives(async () => {
      const indexer = cluster.indexers[1]!;
      await indexer.kill();
      rmSync(join(cluster.directory, indexer.name), { recursive: true });
      await indexer.start();
    });
    await until('it holds what the other one holds', async () => {
      const { verdict, partitions } = await connection.client.verify({ collection: `load-${collections - 1}` });
      return verdict === 'agree' && partitions.every(({ replicas }) => replicas.length === 2 && replicas.every(({ sum }) => sum !== null));
    });
  });

  test('a query service is killed: clients go to the others', async () => {
    await survives(async () => {
      await cluster.queries[0]!.kill();
      await delay(1_000);
      await cluster.queries[0]!.start();
    });
  });

  test('Redis is frozen, emptied, killed and empty when it is back: nobody notices', async () => {
    await survives(async () => {
      await cluster.redis.pause();
      await delay(4_000);
      await cluster.redis.resume();
      await cluster.redis.flushAll();
      await delay(1_000);
      await cluster.redis.kill();
      await delay(4_000);
      await cluster.redis.start();
      await cluster.redis.flushAll();
      await delay(3_000);
    });
  });

  test('a query service that starts while Redis is away is not ready, since it knows no shard, and is when Redis is back', async () => {
    const [query] = cluster.queries;
    assert.ok(query !== undefined);
    const health = async () => (await fetch(`http://127.0.0.1:${query.restPort}/health/ready`).catch(() => undefined))?.status;
    await survives(async () => {
      await cluster.redis.kill();
      const restarted = query.restart();
      await until('it says that it is not ready', async () => await health() === 503);
      await delay(1_000);
      assert.equal(await health(), 503);
      await cluster.redis.start();
      await restarted;
    });
  });

  test('the schema registry is gone: known schemas go on', async () => {
    await survives(async () => {
      await cluster.registry.kill();
      await delay(1_000);
    });
    await cluster.registry.start();
  });

  test('the blob store is gone: reads and writes go on', async () => {
    await survives(async () => {
      await cluster.minio.kill();
      await delay(1_000);
    });
    await cluster.minio.start();
  });

  test('Kafka is frozen whole: reads are served as of then, strong ones fail clearly, no write is acknowledged; then all goes on', async () => {
    await using load = await newLoad();
    await load.go(1_000);
    const [broker] = cluster.kafka.brokers;
    await broker!.pause();
    // Whatever this test finds, the next ones have their broker.
    await using _resumed = { [Symbol.asyncDispose]: () => broker!.resume() };
    await delay(1_000);
    const { client } = connection;
    const asked = { collection: `load-${collections - 1}`, vector: Float32Array.from({ length: 8 }, () => 1), k: 1 };
    const quick = { consistency: null, token: null, maxStalenessMs: null, timeoutMs: 1_500, allowPartial: false };
    assert.equal((await client.search({ ...asked, read: quick })).hits.length, 1, 'served as of the last watermark');
    await assert.rejects(client.search({ ...asked, read: { ...quick, consistency: 'strong' } }), (error) =>
      error instanceof AppError && ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(error.code));
    const frozenAt = load.writes;
    // A client that does not try again is told what became of its write: of the first nobody knows, the next are not even sent.
    await using impatient = createClient(cluster.gateways[0]!.address, { attemptsMax: 1 });
    const { id } = await client.getSchema({ name: 'VectorRecord' });
    const records = [encodeVectorRecord(id, { id: 'impatient', vector: asked.vector })];
    const told = async (timeoutMs: number): Promise<AppError> => {
      try {
        await impatient.upsert({ collection: asked.collection, records }, { timeoutMs });
      } catch (error) {
        if (error instanceof AppError) return error;
        throw error;
      }
      throw new assert.AssertionError({ message: 'a write was acknowledged that is not in the log' });
    };
    const fates: string[] = [];
    await until('writes are refused at once', async () => {
      const { code, details } = await told(1_000);
      fates.push(`${code} ${details.map(({ reason }) => reason).join()}`);
      return code === 'UNAVAILABLE' && details.every(({ reason }) => reason === 'not written');
    });
    // Where a busy machine brings the answer late, the client ends the call by its own clock, and knows nothing of records.
    const firstTold = fates.find((fate) => fate !== 'DEADLINE_EXCEEDED ');
    assert.match(firstTold ?? '', /^(DEADLINE_EXCEEDED|UNAVAILABLE) unknown$/, fates.join('; '));
    assert.equal(load.writes, frozenAt, 'nothing is acknowledged that is not in the log');
    assert.deepEqual(load.readErrors, []);
    await broker!.resume();
    await delay(3_000);
    const after = await load.go(2_000);
    assert.ok(after.writes > 0 && after.reads > 0, `it goes on: ${after.writes} writes, ${after.reads} reads`);
    await load.finish();
  });

  test('Kafka is killed: answers say that they are as of then, the doctor says since when and who must act; all of it ends with the fault', async () => {
    await using load = await newLoad();
    await load.go(1_000);
    const { client } = connection;
    const collection = `load-${collections - 1}`;
    const vector = Float32Array.from({ length: 8 }, () => 1);
    const search = async (): Promise<string | null> => (await client.search({ collection, vector, k: 1 })).logAway;
    assert.equal(await search(), null);
    await until('nothing else is wrong', async () => (await client.diagnose({})).findings.length === 0);
    const killedMs = Date.now();
    const [broker] = cluster.kafka.brokers;
    await broker!.kill();
    await until('an answer says it', async () => await search() !== null);
    await until('the doctor says it', async () => {
      const { findings } = await client.diagnose({});
      const found = findings.filter(({ who }) => who === 'the operator of Kafka');
      const since = found.map((finding) => Number(finding.since ?? 0n) / 1_000).filter((ms) => ms > 0);
      return found.some(({ severity }) => severity === 'critical') && since.some((ms) => ms >= killedMs - 1_000 && ms < killedMs + 10_000);
    });
    const doctor = await runCommand(['doctor', '--server', cluster.queries[0]!.address]);
    assert.equal(doctor.code, 1, doctor.output);
    assert.match(doctor.output, /^critical {2}Kafka does not answer, nothing can be written: .+\n {2}since {2}20.+ \(.+ ago\)$/m);
    assert.match(doctor.output, /^ {2}who {4}the operator of Kafka\n {2}do {5}Bring/m);
    assert.match(doctor.output, new RegExp(`^critical {2}collection ${collection}, .*does not follow its log on .+\\n {2}since {2}20.+ \\(.+ ago\\)$`, 'm'));
    assert.match(doctor.output, /^Living: 2 gateways, 2 indexers in 2 replica groups, 2 query services\.$/m);
    const counted = await client.count({ collection });
    assert.ok(counted.logAway !== null && counted.count > 0n);
    await broker!.start();
    await until('an answer is as of now', async () => await search() === null);
    await load.go(2_000);
    assert.deepEqual(load.readErrors, []);
    await load.finish();
    await until('nothing is wrong any more', async () => (await client.diagnose({})).findings.length === 0);
  });

  test('a replica is missing: the doctor says so; under load the replicas are found to agree', async () => {
    await using load = await newLoad();
    const collection = `load-${collections - 1}`;
    const { client } = connection;
    await load.go(2_000);
    const agreed = await client.verify({ collection });
    assert.equal(agreed.verdict, 'agree', JSON.stringify(agreed, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)));
    assert.ok(agreed.partitions.every(({ replicas: [a, b] }) => a?.sum !== null && a?.sum === b?.sum && a?.group !== b?.group));
    await cluster.indexers[0]!.kill();
    await until('the doctor says it', async () => (await client.diagnose({})).findings.some(({ severity, what, since }) =>
      severity === 'warning' && what.startsWith('has one replica only') && since !== null));
    assert.equal((await client.verify({ collection })).verdict, 'alone');
    await cluster.indexers[0]!.start();
    await until('nothing is wrong any more', async () => (await client.diagnose({})).findings.length === 0);
    await load.finish();
    assert.equal((await client.verify({ collection })).verdict, 'agree');
  });

  test('all replicas are gone: reads fail clearly, writes go on, and nothing of them is lost', async () => {
    await using load = await newLoad();
    await load.go(1_000);
    for (const indexer of cluster.indexers) await indexer.kill();
    const { client } = connection;
    const collection = `load-${collections - 1}`;
    for (const allowPartial of [true, false]) {
      const read = { consistency: null, token: null, maxStalenessMs: null, timeoutMs: 2_000, allowPartial };
      await assert.rejects(client.count({ collection, read }, { timeoutMs: 3_000 }), (error) =>
        error instanceof AppError && ['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(error.code));
    }
    const record = { id: 'meanwhile', vector: [1, 2, 3, 4, 5, 6, 7, 8] };
    const written = await callRest(cluster.gateways[1]!.restPort, 'PUT', `/v1/collections/${collection}/records`, { records: [record] });
    assert.equal(written.status, 200, 'a plain write needs no shard');
    await Promise.all(cluster.indexers.map((indexer) => indexer.start()));
    await load.go(2_000);
    await load.finish();
    const { token } = written.body as { token: string };
    const read = { consistency: 'session' as const, token, maxStalenessMs: null, timeoutMs: null, allowPartial: false };
    assert.equal((await client.get({ collection, ids: ['meanwhile'], read })).records.length, 1);
  });
});
