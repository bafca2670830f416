/** The only broker frozen, killed, started again: what was acknowledged is there. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { missing, startKafka, type Kafka, type KafkaBroker } from '@proximadb/test-cluster';
import { offset, partition, type AppendEntry } from '../index.ts';
import { Cluster } from './broker/cluster.ts';
import { failureOf } from './fetch/broker-fetcher.ts';
import { KafkaLog } from './index.ts';
import { readerSettings } from './options.ts';
import { Writers } from './testing/writers.ts';
import { fetchRequest, type FetchAnswer } from './wire/fetch.ts';

describe('Kafka log: its only broker is down', { skip: missing('kafka') }, () => {
  let kafka: Kafka;
  let log: KafkaLog;
  before(async () => {
    kafka = await startKafka();
    log = await KafkaLog.open({
      brokers: kafka.bootstrap, replicationFactor: 1, requestTimeoutMs: 1_000, appendTimeoutMs: 2_000, operationTimeoutMs: 2_000, leaderTimeoutMs: 2_000,
    });
  });
  after(async () => {
    await log[Symbol.asyncDispose]();
    await kafka[Symbol.asyncDispose]();
  });
  const broker = (): KafkaBroker => {
    const [found] = kafka.brokers;
    assert.ok(found !== undefined);
    return found;
  };
  const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'UNAVAILABLE';

  test('frozen and thawed: nothing acknowledged is lost, nothing doubled, and the writers go on', async () => {
    const topic = `frozen-${randomUUID()}`;
    await log.createTopic(topic, 4);
    await using writers = new Writers(log, topic, 4);
    for (const frozenMs of [300, 1_500, 3_000]) {
      await writers.progress(300);
      await broker().pause();
      await delay(frozenMs);
      await broker().resume();
    }
    await writers.progress(300);
    await writers.stop();
    const found = await writers.verify(log);
    assert.equal(found.doubled, 0, JSON.stringify(found));
    assert.ok(found.unknown > 0 && (found.errors['UNAVAILABLE'] ?? 0) > 0, 'the longest freeze outlasted an append');
  });

  test('when it answers again, no topic waits for another to go on', async () => {
    const entries: AppendEntry[] = [{ partition: partition(0), key: Buffer.from('k'), value: Buffer.from('v'), headers: {} }];
    const topics = Array.from({ length: 30 }, (_, i) => `one-of-many-${i}-${randomUUID()}`);
    for (const topic of topics) {
      await log.createTopic(topic, 1);
      await log.append(topic, entries);
    }
    await broker().pause();
    const unanswered = await Promise.allSettled(topics.map((topic) => log.append(topic, entries)));
    assert.ok(unanswered.every(({ status }) => status === 'rejected'));
    await broker().resume();
    const { length } = topics;
    // A round of the recovery takes half a second: thirty, if it went from topic to topic.
    for (const untilMs = performance.now() + 60_000; topics.length > 0 && performance.now() < untilMs; await delay(20)) {
      const results = await Promise.allSettled(topics.map((topic) => log.append(topic, entries)));
      const waiting = topics.filter((_, at) => results[at]?.status === 'rejected');
      topics.splice(0, topics.length, ...waiting);
    }
    assert.equal(topics.length, 0, `${topics.length} of ${length} topics still wait`);
  });

  test('killed with -9 under writers and started again: the same; reading is UNAVAILABLE meanwhile, and then goes on', async () => {
    const topic = `killed-${randomUUID()}`;
    const made = await log.createTopic(topic, 4);
    await using writers = new Writers(log, topic, 4);
    await writers.progress(500);
    const tail = log.tail(topic, partition(0), offset(0), new AbortController().signal)[Symbol.asyncIterator]();
    let next = 0;
    const ended = (async () => {
      for (let result = await tail.next(); result.done !== true; result = await tail.next()) next = result.value.next;
    })();
    await Promise.all([
      assert.rejects(ended, isUnavailable),
      broker().kill('SIGKILL').then(async () => {
        await assert.rejects(log.extents(topic), isUnavailable);
        await assert.rejects(log.describeTopic(topic), isUnavailable);
      }),
    ]);
    await broker().start();
    await writers.progress(500);
    await writers.stop();
    const found = await writers.verify(log);
    assert.equal(found.doubled, 0, JSON.stringify(found));
    assert.deepEqual(await log.describeTopic(topic), made);
    const [extent] = await log.extents(topic);
    for await (const batch of log.tail(topic, partition(0), offset(next), new AbortController().signal)) {
      next = batch.next;
      if (next === extent?.end) break;
    }
    assert.equal(next, extent?.end);
  });

  test('who has read records that the leader does not have is told where the histories part', async () => {
    const topic = `parted-${randomUUID()}`;
    const { topicId } = await log.createTopic(topic, 1);
    const entries = (count: number): AppendEntry[] => Array.from({ length: count }, () => (
      { partition: partition(0), key: Buffer.from('k'), value: Buffer.from('v'), headers: {} }));
    await log.append(topic, entries(10));
    await broker().restart();
    await log.append(topic, entries(5));
    await using cluster = await Cluster.open(readerSettings({ brokers: kafka.bootstrap }));
    const link = await cluster.link(cluster.controllerId, 'read');
    const ask = async (at: number, lastEpoch: number): Promise<FetchAnswer | undefined> => {
      const asked = { topicId, partition: 0, leaderEpoch: -1, offset: at, lastEpoch, bytesMax: 1_000 };
      return (await link.send(fetchRequest([asked], { waitMs: 0, bytesMax: 1_000 }))).partitions[0];
    };
    const place = { place: { topic, topicId, partition: 0 }, position: 12 };
    const [{ leaderEpoch = -1 } = {}] = (await cluster.topic(topic))?.partitions ?? [];
    assert.ok(leaderEpoch > 0, 'the restart began a new epoch');
    const [same, parted] = [await ask(12, leaderEpoch), await ask(12, 0)];
    assert.ok(same !== undefined && parted !== undefined);
    assert.deepEqual([same.divergesAt, parted.divergesAt], [undefined, 10]);
    assert.equal(failureOf(place, same), undefined);
    assert.equal(failureOf(place, parted)?.code, 'DATA_LOSS');
  });
});
