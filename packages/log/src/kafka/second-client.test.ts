/** What a client that others wrote sees of the log, and the log of what it writes. */
import { strict as assert } from 'node:assert';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { kafkaTool, missing, sharedKafka } from '@proximadb/test-cluster';
import { readAll } from '../contract.ts';
import { crc32c, crcHeaderName, encodeCrc, partition, writeHeaderName, type AppendEntry } from '../index.ts';
import { KafkaLog } from './index.ts';
import { foreignProducer, readWithSecondClient, topicIdSeenBySecondClient } from './testing/second-client.ts';

describe('Kafka log beside a second client', { skip: missing('kafka') }, () => {
  let brokers: readonly string[];
  let log: KafkaLog;
  before(async () => {
    brokers = (await sharedKafka()).bootstrap;
    log = await KafkaLog.open({ brokers, replicationFactor: 1 });
  });
  after(() => log[Symbol.asyncDispose]());

  test('the second client sees each record byte for byte where it was acknowledged, and the same topic id', async () => {
    const topic = `second-${randomUUID()}`;
    const { topicId } = await log.createTopic(topic, 2);
    const entries = Array.from({ length: 300 }, (_, at): AppendEntry => {
      const value = at % 10 === 9 ? null : randomBytes(at * 7 % 2_000);
      return {
        partition: partition(1), key: Buffer.from(`clé-${at}-漢字`), value,
        headers: { [writeHeaderName]: randomBytes(at % 40), ...(value === null ? {} : { [crcHeaderName]: encodeCrc(crc32c(value)) }) },
      };
    });
    const { offsets } = await log.append(topic, entries);
    const seen = await readWithSecondClient(brokers, topic, 1, entries.length);
    assert.deepEqual(seen.map(({ offset }) => offset), offsets);
    seen.forEach((record, at) => {
      const entry = entries[at];
      assert.ok(entry !== undefined);
      assert.deepEqual([record.key, record.value], [Buffer.from(entry.key), entry.value]);
      assert.deepEqual(record.headers, Object.fromEntries(Object.entries(entry.headers).map(([name, value]) => [name, Buffer.from(value)])));
    });
    assert.equal(await topicIdSeenBySecondClient(brokers, topic), topicId);
  });

  test('append times are those that Kafka\'s own consumer shows', async () => {
    const topic = `times-${randomUUID()}`;
    await log.createTopic(topic, 1);
    for (let at = 0; at < 3; at += 1) {
      await log.append(topic, Array.from({ length: 2 }, () => ({ partition: partition(0), key: Buffer.from('k'), value: Buffer.from('v'), headers: {} })));
    }
    const shown = await kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      '--bootstrap-server', brokers.join(), '--topic', topic, '--partition', '0', '--offset', 'earliest', '--max-messages', '6',
      '--formatter-property', 'print.timestamp=true', '--formatter-property', 'print.value=false',
    ]);
    const ours = (await readAll(log, topic, 0)).map(({ appendTimeMicros }) => `LogAppendTime:${appendTimeMicros / 1_000}`);
    assert.deepEqual(shown.trim().split('\n'), ours);
  });

  test('what the second client writes is read byte for byte, whatever it was compressed with on the way', async () => {
    const topic = `written-${randomUUID()}`;
    await log.createTopic(topic, 1);
    const producer = foreignProducer(brokers);
    try {
      let written = 0;
      for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
        const messages = Array.from({ length: 50 }, (_, at) => ({
          topic, partition: 0, key: Buffer.from(`${compression} ${at}`), value: Buffer.from('v'.repeat(at * 20)),
          headers: new Map([[Buffer.from('h'), Buffer.from(`${at}`)]]),
        }));
        await producer.send({ messages, compression });
        const records = await readAll(log, topic, 0, written);
        written += messages.length;
        const read = records.map(({ key, value, headers, refused }) => [Buffer.from(key), Buffer.from(value ?? []), Buffer.from(headers['h'] ?? []), refused]);
        assert.deepEqual(read, messages.map(({ key, value, headers }) => [key, value, [...headers.values()][0], undefined]), compression);
      }
    } finally {
      await producer.close(true);
    }
  });
});
