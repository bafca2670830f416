/** What others write into a collection's topic, past the gateways: what is right counts, all else is in the ledger, and the shard goes on. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { Producer, type MessageToProduce } from '@platformatic/kafka';
import { partitionOf } from '@proximadb/log';
import { encodeVectorRecord } from '@proximadb/record';
import { missingForCluster, startCluster, type Cluster } from '@proximadb/test-cluster';
import { clientOf, type ClusterClient } from './api-server.ts';
import { until } from './until.ts';

const partitions = 3;
/** In one batch. */
const tinyRecords = 400_000;
type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

describe('foreign producers', { skip: missingForCluster(), concurrency: false }, () => {
  let cluster: Cluster;
  let connection: ClusterClient;
  before(async () => {
    cluster = await startCluster({ gateways: 1, groups: 1, indexersPerGroup: 1, queries: 1 });
    connection = clientOf(cluster);
  });
  after(async () => {
    connection.close();
    await cluster[Symbol.asyncDispose]();
  });

  test('their batches, compressed in any way, count if they are right; what is wrong is in the ledger with its reason, and stops nobody', async () => {
    const { client } = connection;
    const name = 'foreign';
    const { log } = await client.createCollection({ name, dimension: 2, partitions });
    const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
    const topic = `proximadb-${name}-${log}`;
    const home = (id: string): number => partitionOf(Buffer.from(id), partitions);
    const record = (id: string): Buffer => Buffer.from(encodeVectorRecord(schemaId, { id, vector: [1, 2] }));
    const message = (id: string, change: Partial<Message> = {}): Message =>
      ({ topic, partition: home(id), key: Buffer.from(id), value: record(id), ...change });
    const bootstrapBrokers = [...cluster.kafka.bootstrap];
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({ clientId: 'foreign', bootstrapBrokers, autocreateTopics: false });
    const right: string[] = [];
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const ids = Array.from({ length: 20 }, (_, i) => `${compression}-${i}`);
      right.push(...ids);
      await producer.send({ messages: ids.map((id) => message(id)), compression });
    }
    const half = record('half').subarray(0, 12);
    const wrong: Message[] = [
      message('elsewhere', { partition: (home('elsewhere') + 1) % partitions }), message('other', { value: record('not-the-key') }),
      message('half', { value: half }), message('text', { value: Buffer.from('hello') }),
      message('unknown-schema', { value: Buffer.from([0, 0, 0, 99, 99, 1]) }),
    ];
    for (const one of wrong) await producer.send({ messages: [one] });
    const reasons = async (): Promise<string[]> => {
      const { partitions: all } = await client.stats({ collection: name });
      return all.flatMap(({ ledger }) => ledger.map(({ reason }) => reason));
    };
    await until('each is in the ledger', async () => (await reasons()).length === wrong.length);
    const told = await reasons();
    for (const expected of [
      /belongs to another partition/, /key is not its id/, /goes past the end of the record/, /starts with the byte 0, not 104/,
      /schema id \d+ is not an accepted one/,
    ]) {
      assert.equal(told.filter((reason) => expected.test(reason)).length, 1, `${expected} of ${told.join('; ')}`);
    }
    const tiny: Message = { topic, partition: 0, key: Buffer.from('t'), value: Buffer.from('t') };
    await producer.send({ messages: Array.from({ length: tinyRecords }, () => tiny), compression: 'zstd' });
    await producer.close(true);
    const transactional = new Producer<Buffer, Buffer, Buffer, Buffer>({
      clientId: 'transactional', bootstrapBrokers, autocreateTopics: false, transactionalId: 'foreign', idempotent: true,
    });
    const transaction = await transactional.beginTransaction();
    await transaction.send({ messages: [message('in-a-transaction')] });
    await transaction.commit();
    await transactional.close(true);

    const { token } = await client.upsert({ collection: name, records: [record('ours')] });
    const read = { consistency: 'strong', token, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
    const { records } = await client.scroll({ collection: name, limit: 1_000, read });
    assert.deepEqual(records.map(({ id }) => id).sort(), [...right, 'ours'].sort());
    await until('all is in the ledger', async () => {
      const { partitions: all } = await client.stats({ collection: name });
      // One more for the mark of the transaction.
      return all.reduce((sum, { malformed }) => sum + Number(malformed), 0) === wrong.length + tinyRecords + 2;
    });
    const { partitions: all } = await client.stats({ collection: name });
    assert.ok(all.every(({ state, ledger }) => state === 'serving' && ledger.length <= 100));
    assert.ok((await reasons()).some((reason) => /transaction/.test(reason)));
    const { findings } = await client.diagnose({});
    assert.ok(findings.some(({ severity, what }) => severity === 'notice' && /malformed/.test(what)));
  });
});
