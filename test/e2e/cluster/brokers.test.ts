/** Three brokers that keep every record three times: any of them dies under load, and comes back. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingForCluster, startCluster, type Cluster } from '@proximadb/test-cluster';
import { clientOf, type ClusterClient } from './api-server.ts';
import { Load } from './load.ts';
import { until } from './until.ts';

describe('a cluster with three brokers', { skip: missingForCluster(), concurrency: false }, () => {
  let cluster: Cluster;
  let connection: ClusterClient;
  before(async () => {
    cluster = await startCluster({ brokers: 3, gateways: 1, groups: 2, indexersPerGroup: 1, queries: 1 });
    connection = clientOf(cluster, { attemptsMax: 1_000, timeoutMs: 60_000, backoffMsMax: 500 });
  });
  after(async () => {
    connection.close();
    await cluster[Symbol.asyncDispose]();
  });

  for (const at of [0, 1, 2]) {
    test(`broker ${at} is killed: no reader and no writer is told of it, nothing is lost or applied twice`, async () => {
      await using load = await Load.start(connection.client, `broker-${at}`);
      await load.go(1_000);
      const broker = cluster.kafka.brokers[at];
      assert.ok(broker !== undefined);
      await broker.kill();
      const meanwhile = load.writes;
      await until('writes go on with two brokers', async () => load.writes > meanwhile + 20);
      await broker.start();
      // The next test needs all three in step again.
      await delay(3_000);
      const after = await load.go(2_000);
      await load.finish();
      assert.deepEqual(load.readErrors, []);
      assert.deepEqual(load.writeErrors, []);
      load.assertNobodyWaitedTwice();
      assert.ok(after.writes > 0 && after.reads > 0, `it goes on: ${after.writes} writes, ${after.reads} reads`);
    });
  }
});
