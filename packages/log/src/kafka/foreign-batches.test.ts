/** What others may write into a topic: no shard applies it, and nothing stops at it. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { missing, sharedKafka } from '@proximadb/test-cluster';
import { offset, partition, type AppendEntry, type LogRecord } from '../index.ts';
import { Cluster } from './broker/cluster.ts';
import { KafkaLog } from './index.ts';
import { readerSettings } from './options.ts';
import { foreignProducer } from './testing/second-client.ts';
import { BatchWriter } from './wire/batch-writer.ts';
import { produceHead, produceRequest } from './wire/produce.ts';
import { alterSettingRequest } from './wire/topics.ts';

describe('Kafka log: batches of foreign producers', { skip: missing('kafka') }, () => {
  let brokers: readonly string[];
  let log: KafkaLog;
  before(async () => {
    brokers = (await sharedKafka()).bootstrap;
    log = await KafkaLog.open({ brokers, replicationFactor: 1 });
  });
  after(() => log[Symbol.asyncDispose]());
  const ours = (value: string): AppendEntry[] => [{ partition: partition(0), key: Buffer.from('k'), value: Buffer.from(value), headers: {} }];

  /** Everything that a tail gives up to the end of now. */
  async function follow(topic: string): Promise<LogRecord[]> {
    const [extent] = await log.extents(topic);
    const records: LogRecord[] = [];
    for await (const batch of log.tail(topic, partition(0), offset(0), AbortSignal.timeout(120_000))) {
      records.push(...batch.records);
      if (batch.next === extent?.end) break;
    }
    assert.deepEqual(records.map((record) => record.offset), Array.from({ length: Number(extent?.end) }, (_, at) => at), 'no offset is left out');
    return records;
  }

  test('transactions, committed, aborted or still open, are refused record by record, and so are their marks; what follows is not', async () => {
    const topic = `transactions-${randomUUID()}`;
    await log.createTopic(topic, 1);
    await log.append(topic, ours('before'));
    const producer = foreignProducer(brokers, `transactions-${randomUUID()}`);
    const message = (value: string): { topic: string; partition: number; key: Buffer; value: Buffer } =>
      ({ topic, partition: 0, key: Buffer.from('foreign'), value: Buffer.from(value) });
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: [message(`${end} 1`), message(`${end} 2`)] });
      await transaction[end]();
    }
    const open = await producer.beginTransaction();
    await open.send({ messages: [message('open')] });
    await log.append(topic, ours('after'));
    const records = await follow(topic);
    assert.deepEqual(records.map(({ value, refused }) => (refused === undefined ? Buffer.from(value ?? []).toString() : refused)), [
      'before',
      'it was written in a transaction', 'it was written in a transaction', 'it is a mark of a transaction',
      'it was written in a transaction', 'it was written in a transaction', 'it is a mark of a transaction',
      'it was written in a transaction', 'after',
    ]);
    assert.deepEqual(records.slice(1, 3).map(({ value }) => Buffer.from(value ?? []).toString()), ['commit 1', 'commit 2'], 'the ledger can show them');
    await open.abort();
    await producer.close(true);
  });

  test('batches that stay compressed, since somebody changed the topic, are refused offset by offset', async () => {
    const topic = `compressed-${randomUUID()}`;
    await log.createTopic(topic, 1);
    await using cluster = await Cluster.open(readerSettings({ brokers }));
    const link = await cluster.link(cluster.controllerId, 'topics');
    assert.equal((await link.send(alterSettingRequest(topic, 'compression.type', 'producer'))).error, 0);
    const producer = foreignProducer(brokers);
    for (const compression of ['zstd', 'lz4', 'snappy', 'gzip'] as const) {
      await log.append(topic, ours('ours'));
      const messages = [1, 2, 3].map((at) => ({ topic, partition: 0, key: Buffer.from('k'), value: Buffer.from(`${at}`.repeat(500)) }));
      await producer.send({ messages, compression });
    }
    await producer.close(true);
    await log.append(topic, ours('last'));
    const told = (await follow(topic)).map(({ refused }) => /\((\w+)\)/.exec(refused ?? '')?.[1] ?? 'ours');
    assert.deepEqual(told, [
      'ours', 'zstd', 'zstd', 'zstd', 'ours', 'lz4', 'lz4', 'lz4', 'ours', 'snappy', 'snappy', 'snappy', 'ours', 'gzip', 'gzip', 'gzip', 'ours',
    ]);
    await assert.rejects(log.createTopic(topic, 1), /compression\.type is producer, not uncompressed/);
  });

  test('a batch of 400,000 tiny records comes in pieces, and the loop of events is not held up by it', async () => {
    const topic = `tiny-${randomUUID()}`;
    await log.createTopic(topic, 1);
    await using cluster = await Cluster.open(readerSettings({ brokers }));
    const link = await cluster.link(cluster.controllerId, 'topics');
    const count = 400_000;
    const head = produceHead(10_000, 1).string(topic).int32(1).int32(0).bytes;
    const body = Buffer.alloc(head.length + 4 + 61 + count * 14);
    head.copy(body);
    const writer = new BatchWriter(body, head.length + 4);
    for (let at = 0; at < count; at += 1) writer.add({ partition: partition(0), key: Uint8Array.of(at, at >>> 8, at >>> 16), value: null, headers: {} });
    const end = writer.finish({ producerId: -1, epoch: -1, sequence: -1 }, Date.now());
    body.writeInt32BE(end - head.length - 4, head.length);
    const { partitions: [answer] } = await link.send(produceRequest(() => body.subarray(0, end)), 20_000);
    assert.equal(answer?.error, 0);
    await log.append(topic, ours('behind'));
    let batches = 0;
    let seen = 0;
    for await (const batch of log.tail(topic, partition(0), offset(0), AbortSignal.timeout(120_000))) {
      for (const record of batch.records) {
        assert.ok(record.offset === seen && (seen === count || (record.key[0] === (seen & 0xff) && record.key[2] === seen >>> 16)));
        seen += 1;
      }
      assert.ok(batch.records.length <= 4_096);
      batches += 1;
      if (seen === count + 1) break;
    }
    assert.equal(seen, count + 1);
    assert.ok(batches >= 98, `${batches} batches`);
    const { records } = await log.read(topic, partition(0), offset(count - 1), 10);
    assert.equal(records[0]?.offset, count - 1);
  });
});
