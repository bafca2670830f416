/** Topics that are made, found otherwise, trimmed, deleted and made again, on a real broker. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type Code } from '@proximadb/errors';
import { missing, sharedKafka } from '@proximadb/test-cluster';
import { offset, partition, type AppendEntry, type LogRecord } from '../index.ts';
import { Cluster } from './broker/cluster.ts';
import { KafkaLog, openKafkaReader } from './index.ts';
import { readerSettings } from './options.ts';
import { alterSettingRequest, createTopicRequest } from './wire/topics.ts';

const isCode = (code: Code) => (error: unknown): boolean => error instanceof AppError && error.code === code;
const entries = (count: number, at = 0, bytes = 10): AppendEntry[] => Array.from({ length: count }, (_, index) => (
  { partition: partition(at), key: Buffer.from('k'), value: Buffer.alloc(bytes, index), headers: {} }));

describe('Kafka log: topics', { skip: missing('kafka') }, () => {
  let brokers: readonly string[];
  let log: KafkaLog;
  /** Another process, as far as the broker can tell. */
  let other: KafkaLog;
  before(async () => {
    brokers = (await sharedKafka()).bootstrap;
    [log, other] = await Promise.all([KafkaLog.open({ brokers, replicationFactor: 1 }), KafkaLog.open({ brokers, replicationFactor: 1 })]);
  });
  after(async () => { await Promise.all([log[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]); });
  const newTopic = async (partitions = 1): Promise<string> => {
    const topic = `topics-${randomUUID()}`;
    await log.createTopic(topic, partitions);
    return topic;
  };
  const tailOf = (topic: string, from: number, at = 0): { next: () => Promise<readonly LogRecord[]>; end: () => Promise<unknown> } => {
    const tail = log.tail(topic, partition(at), offset(from), new AbortController().signal)[Symbol.asyncIterator]();
    return {
      next: async () => {
        const result = await tail.next();
        return result.done === true ? [] : result.value.records;
      },
      end: async () => tail.return?.(),
    };
  };

  test('a topic has the settings on which the promises rest, and one that has others is refused, with each difference named', async () => {
    const topic = `foreign-${randomUUID()}`;
    await using cluster = await Cluster.open(readerSettings({ brokers }));
    const link = await cluster.link(cluster.controllerId, 'topics');
    const { error } = await link.send(createTopicRequest(topic, 3, 1, { 'retention.ms': '1000', 'cleanup.policy': 'compact' }, 5_000));
    assert.equal(error, 0);
    await assert.rejects(log.createTopic(topic, 2), (thrown) => {
      assert.ok(thrown instanceof AppError && thrown.code === 'FAILED_PRECONDITION', String(thrown));
      assert.deepEqual(Object.fromEntries(thrown.details.map(({ field, reason }) => [field, reason])), {
        'partitions': 'is 3, not 2', 'cleanup.policy': 'is compact, not delete', 'compression.type': 'is producer, not uncompressed',
        'max.message.bytes': 'is 1048588, not 8388608', 'message.timestamp.type': 'is CreateTime, not LogAppendTime', 'retention.ms': 'is 1000, not -1',
      });
      return true;
    });
    const ours = await newTopic(2);
    await log.createTopic(ours, 2);
    assert.deepEqual(await log.settingsAmiss(ours), []);
    assert.equal((await link.send(alterSettingRequest(ours, 'retention.bytes', '1000'))).error, 0);
    assert.deepEqual(await other.settingsAmiss(ours), [{ field: 'retention.bytes', reason: 'is 1000, not -1' }]);
    await assert.rejects(log.createTopic(ours, 2), /retention\.bytes is 1000, not -1/);
  });

  test('more replicas than there are brokers cannot be had', async () => {
    await using demanding = await KafkaLog.open({ brokers, operationTimeoutMs: 1_000 });
    const made = demanding.createTopic(`demanding-${randomUUID()}`, 1);
    await assert.rejects(made, (error) => isCode('FAILED_PRECONDITION')(error) && /REPLICATION_FACTOR/.test(String(error)));
  });

  test('records that are deleted behind a tail do not touch it, busy or idle', async () => {
    const topic = await newTopic(2);
    await log.append(topic, [...entries(10, 0), ...entries(10, 1)]);
    const [idle, busy] = [tailOf(topic, 10, 0), tailOf(topic, 0, 1)];
    const idleNext = idle.next();
    assert.equal((await busy.next()).length, 10);
    await other.trim(topic, partition(0), offset(10));
    await other.trim(topic, partition(1), offset(7));
    await delay(1_200);
    await log.append(topic, [...entries(1, 0), ...entries(1, 1)]);
    assert.deepEqual([(await idleNext)[0]?.offset, (await busy.next())[0]?.offset], [10, 10]);
    await Promise.all([idle.end(), busy.end()]);
  });

  test('records that are deleted before a reader has come are OUT_OF_RANGE, with new ones behind them or without', async () => {
    const topic = await newTopic(2);
    await log.append(topic, [...entries(10, 0), ...entries(10, 1)]);
    await other.trim(topic, partition(0), offset(10));
    await other.trim(topic, partition(1), offset(5));
    for (const [at, from] of [[0, 4], [1, 4], [0, 9], [0, 11], [1, 11]] as const) {
      await assert.rejects(tailOf(topic, from, at).next(), isCode('OUT_OF_RANGE'), `${at}/${from}`);
      await assert.rejects(log.read(topic, partition(at), offset(from), 10), isCode('OUT_OF_RANGE'), `${at}/${from}`);
    }
  });

  test('a topic deleted and made again by another process, longer than before: its tails end, those who read by name get the new one', async () => {
    const topic = await newTopic();
    await log.append(topic, entries(5));
    const old = await log.describeTopic(topic);
    const [waiting, slow] = [tailOf(topic, 5), tailOf(topic, 0)];
    await slow.next();
    const ended = assert.rejects(waiting.next(), isCode('NOT_FOUND'));
    await other.deleteTopic(topic);
    await other.createTopic(topic, 1);
    await other.append(topic, entries(50));
    await ended;
    await assert.rejects(slow.next(), isCode('NOT_FOUND'));
    assert.notEqual((await log.describeTopic(topic))?.topicId, old?.topicId);
    assert.deepEqual(await log.extents(topic), [{ start: 0, end: 50 }]);
    assert.equal((await log.read(topic, partition(0), offset(49), 10)).next, 50);
    assert.deepEqual((await log.append(topic, entries(1))).offsets, [50]);
  });

  test('a deleted topic stops none of its neighbours: not their appends, not their tails', async () => {
    const [gone, neighbour] = [await newTopic(), await newTopic()];
    await log.append(gone, entries(1));
    await log.append(neighbour, entries(1));
    const tail = tailOf(neighbour, 1);
    const ended = assert.rejects(tailOf(gone, 1).next(), isCode('NOT_FOUND'));
    await other.deleteTopic(gone);
    const refused = assert.rejects(log.append(gone, entries(1)), isCode('NOT_FOUND'));
    const latenciesMs: number[] = [];
    for (let at = 1; at <= 100; at += 1) {
      const startedMs = performance.now();
      const next = tail.next();
      await log.append(neighbour, entries(1));
      assert.equal((await next)[0]?.offset, at);
      latenciesMs.push(performance.now() - startedMs);
      await delay(5);
    }
    await Promise.all([ended, refused]);
    assert.ok(Math.max(...latenciesMs) < 2_000, `the slowest took ${Math.max(...latenciesMs).toFixed()} ms`);
    await tail.end();
  });

  test('a topic that was made again with more partitions is found so by who appends to it', async () => {
    const topic = await newTopic();
    await log.append(topic, entries(1));
    await assert.rejects(log.append(topic, entries(1, 1)), isCode('INVALID_ARGUMENT'));
    await other.deleteTopic(topic);
    await other.createTopic(topic, 2);
    assert.deepEqual((await log.append(topic, entries(1, 1))).offsets, [0]);
  });

  test('records up to the limit are taken and read whole; one past it is INVALID_ARGUMENT and names the record', async () => {
    const topic = await newTopic();
    const [most] = entries(1, 0, 8 * 1024 * 1024 - 200);
    assert.ok(most !== undefined);
    await log.append(topic, [...entries(1), most, ...entries(1)]);
    const tail = tailOf(topic, 0);
    const records: LogRecord[] = [];
    while (records.length < 3) records.push(...await tail.next());
    assert.deepEqual(records[1]?.value?.length, most.value?.length);
    await tail.end();
    await assert.rejects(log.append(topic, [...entries(1), ...entries(1, 0, 8 * 1024 * 1024)]), (error) =>
      error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details[0]?.record === 1);
    assert.deepEqual(await log.extents(topic), [{ start: 0, end: 3 }]);
  });

  test('a slow consumer holds a few MiB and stalls nobody', async () => {
    const topic = await newTopic(2);
    await using reader = await openKafkaReader({ brokers });
    for (let round = 0; round < 20; round += 1) await log.append(topic, entries(10, 0, 100_000));
    const slow = reader.tail(topic, partition(0), offset(0), new AbortController().signal)[Symbol.asyncIterator]();
    await slow.next();
    const quick = reader.tail(topic, partition(1), offset(0), new AbortController().signal)[Symbol.asyncIterator]();
    const latenciesMs: number[] = [];
    for (let at = 0; at < 50; at += 1) {
      const next = quick.next();
      const startedMs = performance.now();
      await log.append(topic, entries(1, 1));
      await next;
      latenciesMs.push(performance.now() - startedMs);
    }
    assert.ok(latenciesMs.toSorted((a, b) => a - b)[25]! < 100, latenciesMs.map((ms) => ms.toFixed()).join());
    let next = 0;
    for (let result = await slow.next(); next < 200; result = await slow.next()) {
      assert.ok(result.done !== true);
      next = result.value.next;
      if (next === 200) break;
    }
    await Promise.all([slow.return?.(), quick.return?.()]);
  });
});
