/** The example of a foreign producer: a Kafka client and an Avro library of another language, as somebody would run it. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  missingForCluster, missingPython, pythonClient, pythonEnvironment, pythonProgram, runProgram, startCluster,
} from '@proximadb/test-cluster';
import { callRest } from '../server.ts';

test('a producer in Python writes to the topic, and finds its records by search', { skip: missingPython() || missingForCluster() }, async () => {
  await using cluster = await startCluster({ gateways: 1, groups: 1, indexersPerGroup: 1, queries: 1 });
  const [gateway] = cluster.gateways;
  const [query] = cluster.queries;
  assert.ok(gateway !== undefined && query !== undefined);
  const made = await callRest(gateway.restPort, 'POST', '/v1/collections', { name: 'words', dimension: 2, partitions: 3 });
  assert.equal(made.status, 200, made.text);
  const said = await runProgram(await pythonProgram(), [
    join(pythonClient, 'examples', 'foreign_producer.py'), '--bootstrap', cluster.kafka.bootstrap.join(), '--collection', 'words',
    '--gateway', `http://127.0.0.1:${gateway.restPort}`, '--query', `http://127.0.0.1:${query.restPort}`,
  ], { environment: pythonEnvironment() });
  assert.deepEqual(said.trim().split('\n'), ['north', 'south', 'east', 'west'].map((word) => `${word}: found ${word}`));
  const stats = await callRest(query.restPort, 'GET', '/v1/collections/words/stats');
  const { partitions, records } = stats.body as { records: number; partitions: { malformed: number; end: number }[] };
  assert.deepEqual([records, partitions.map(({ malformed }) => malformed)], [4, [0, 0, 0]]);
  assert.ok(partitions.filter(({ end }) => end > 0).length > 1, 'the ids lie in several partitions, each by its hash');
});
