/** The cluster that `npm run cluster` starts: each of its processes is killed under load, one after the other. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missingForCluster, startCluster, type Cluster, type Stoppable } from '@proximadb/test-cluster';
import { clientOf, type ClusterClient } from './api-server.ts';
import { Load } from './load.ts';
import { until } from './until.ts';

const processes: Readonly<Record<string, (cluster: Cluster) => Stoppable | undefined>> = {
  'its gateway': ({ gateways }) => gateways[0],
  'the first indexer of group 0': ({ indexers }) => indexers[0],
  'the second indexer of group 0': ({ indexers }) => indexers[1],
  'the first indexer of group 1': ({ indexers }) => indexers[2],
  'the second indexer of group 1': ({ indexers }) => indexers[3],
  'a query service': ({ queries }) => queries[0],
  'the other query service': ({ queries }) => queries[1],
  Redis: ({ redis }) => redis,
};

describe('the default cluster', { skip: missingForCluster(), concurrency: false }, () => {
  let cluster: Cluster;
  /** As patient as they come. */
  let connection: ClusterClient;
  /** Waits for as long as a busy machine takes to start a process that nobody stands in for: a time ends its patience, not a number of attempts. */
  let patient: ClusterClient;
  before(async () => {
    cluster = await startCluster();
    connection = clientOf(cluster);
    patient = clientOf(cluster, { attemptsMax: 1_000, timeoutMs: 60_000, backoffMsMax: 500 });
  });
  after(async () => {
    connection.close();
    patient.close();
    await cluster[Symbol.asyncDispose]();
  });

  for (const [name, of] of Object.entries(processes)) {
    test(`${name} is killed and comes back: readers hear of no error, nothing is lost or applied twice`, async () => {
      const one = of(cluster);
      assert.ok(one !== undefined);
      const { client } = name === 'its gateway' ? patient : connection;
      await using load = await Load.start(client, `killed-${Object.keys(processes).indexOf(name)}`);
      await load.go(1_000);
      await one.kill();
      await delay(2_000);
      await one.start();
      const { writes, reads } = load;
      // Clients that have nobody to write to wait up to two seconds between their attempts.
      await until('it goes on', async () => load.writes > writes + 100 && load.reads > reads + 100);
      await load.finish();
      assert.deepEqual(load.readErrors, []);
      assert.deepEqual(load.writeErrors, []);
      load.assertNobodyWaitedTwice();
    });
  }
});
