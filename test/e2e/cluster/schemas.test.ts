/** A cluster that is being upgraded: a schema that the old indexers cannot read is not written with before they are upgraded. */
import { strict as assert } from 'node:assert';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { CatalogCodec, catalogTopic } from '@proximadb/catalog';
import { openCoordination } from '@proximadb/coordination/redis';
import { partition } from '@proximadb/log';
import { KafkaLog } from '@proximadb/log/kafka';
import { encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { missingForCluster, startCluster, type Cluster } from '@proximadb/test-cluster';
import { clientOf } from './api-server.ts';
import { until } from './until.ts';

/** A client's schema of tomorrow, with a field more, at the registry. @returns its id */
async function registerNewer({ registry }: Cluster): Promise<number> {
  const schema = JSON.parse(schemaText('VectorRecord')) as { fields: object[] };
  schema.fields.push({ name: 'origin', type: ['null', 'string'], default: null });
  const answer = await fetch(`${registry.url}/subjects/proximadb-VectorRecord/versions`, {
    method: 'POST', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' }, body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = await answer.json() as { id: number };
  assert.ok(id > 3, `${answer.status}: the registry gave ${id}`);
  return id;
}

/** Of a release that has a kind of record that this one does not know. */
async function useOfTomorrow({ kafka }: Cluster, id: number): Promise<void> {
  const schema = JSON.stringify({ type: 'record', name: 'MergeRecord', namespace: 'proximadb.v1', fields: [{ name: 'id', type: 'string' }] });
  const fingerprint = createHash('sha256').update(schema).digest('hex');
  const { value, headers } = new CatalogCodec().encode({ requestId: 'tomorrow', atMicros: 0, event: { kind: 'schema_used', id, fingerprint, schema } });
  await using log = await KafkaLog.open({ brokers: kafka.bootstrap, replicationFactor: 1 });
  await log.append(catalogTopic, [{ partition: partition(0), key: Buffer.from('tomorrow'), value, headers }]);
}

test('gateways write with a new schema once every indexer reads it; who cannot read one that is in use is named', { skip: missingForCluster() }, async () => {
  await using cluster = await startCluster({ gateways: 1, groups: 2, indexersPerGroup: 1, queries: 1 });
  await using client = clientOf(cluster).client;
  await using impatient = clientOf(cluster, { attemptsMax: 1 }).client;
  await client.createCollection({ name: 'films', dimension: 2, partitions: 2 });
  const { id: known } = await client.getSchema({ name: 'VectorRecord' });
  const record = (schemaId: number, id: string): Uint8Array =>
    Buffer.concat([encodeVectorRecord(schemaId, { id, vector: [1, 2] }), new Uint8Array(schemaId === known ? 0 : 1)]);
  const write = (schemaId: number, id: string, by = client) => by.upsert({ collection: 'films', records: [record(schemaId, id)] });

  // An indexer of yesterday, as the others see it; in a group of its own it takes no partition from anybody.
  const self = { id: 'indexer-of-yesterday', kind: 'indexer', group: 9, address: '127.0.0.1:9', incarnation: randomUUID() } as const;
  await using old = await openCoordination(cluster.redis.url, { self });
  old.announceSchemas([1, 2, 3]);
  await until('the indexers say what they read', async () => old.members.filter(({ schemas }) => schemas.length === 3).length === 3);

  const id = await registerNewer(cluster);
  await assert.rejects(write(id, 'too-early', impatient), /schema id \d+ are not taken yet, since indexer-of-yesterday cannot read them/);
  await write(known, 'as-ever', impatient);
  assert.equal((await client.count({ collection: 'films' })).count, 1n);

  const waits = write(id, 'new');
  old.announceSchemas([1, 2, 3, id]);
  const { token } = await waits;
  const read = { consistency: 'strong', token, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  const { records } = await client.get({ collection: 'films', ids: ['new', 'too-early'], read });
  assert.deepEqual(records.map(({ record: found }) => Buffer.from(found)), [Buffer.from(record(id, 'new'))]);

  await useOfTomorrow(cluster, 4_711);
  await until('the doctor names all who need a newer release', async () => {
    const found = (await client.diagnose({})).findings.filter(({ where }) => where.startsWith('schemas of records'));
    return found.length === 1 && /4711/.test(found[0]?.what ?? '') && cluster.indexers.every(({ name }) => found[0]?.where.includes(name));
  });
});
