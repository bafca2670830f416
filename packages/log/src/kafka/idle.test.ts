/** A log at rest: it hardly ever asks, and costs next to nothing. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { missing, startKafka } from '@proximadb/test-cluster';
import { offset, partition } from '../index.ts';
import { KafkaLog, openKafkaReader } from './index.ts';

const PARTITIONS = 12;
const entries = Array.from({ length: PARTITIONS }, (_, at) => ({ partition: partition(at), key: Buffer.from('k'), value: Buffer.from('v'), headers: {} }));

describe('Kafka log: at rest', { skip: missing('kafka') }, () => {
  test('12 tails at their ends ask at most once a second and take under 1 % of a core; the next record is there at once', async () => {
    await using kafka = await startKafka({ proxied: true });
    const brokers = kafka.proxied ?? [];
    await using log = await KafkaLog.open({ brokers, replicationFactor: 1 });
    const topic = `idle-${randomUUID()}`;
    await log.createTopic(topic, PARTITIONS);
    await log.append(topic, entries);
    await using reader = await openKafkaReader({ brokers });
    const stop = new AbortController();
    const seenMs: number[] = [];
    // The second tail of a partition is another consumer of the same answers.
    const tails = [...Array.from({ length: PARTITIONS }, (_, at) => at), 0].map(async (at) => {
      for await (const { records } of reader.tail(topic, partition(at), offset(0), stop.signal)) if (records.length > 0) seenMs.push(performance.now());
    });
    await delay(1_500);
    let requests = 0;
    const counting = kafka.brokers[0]?.proxy?.swallow(({ direction }) => {
      if (direction === 'request') requests += 1;
      return false;
    });
    const cpu = process.cpuUsage();
    await delay(4_000);
    const { user, system } = process.cpuUsage(cpu);
    counting?.cancel();
    assert.ok(requests >= 1 && requests <= 4, `${requests} requests in 4 s`);
    assert.ok((user + system) / 40_000 < 1, `${((user + system) / 40_000).toFixed(2)} % of a core`);
    assert.equal(seenMs.length, PARTITIONS + 1);
    await log.append(topic, entries);
    const ackedMs = performance.now();
    while (seenMs.length < 2 * (PARTITIONS + 1)) await delay(1);
    assert.ok(Math.max(...seenMs) - ackedMs < 900, `${Math.max(...seenMs) - ackedMs} ms`);
    stop.abort();
    await Promise.all(tails);
  });

  test('a log that was closed says so at once, to those who wait, too', async () => {
    await using kafka = await startKafka();
    const log = await KafkaLog.open({ brokers: kafka.bootstrap, replicationFactor: 1 });
    const topic = `closed-${randomUUID()}`;
    await log.createTopic(topic, 1);
    const isClosed = (error: unknown): boolean => error instanceof AppError && error.code === 'UNAVAILABLE' && /closed/.test(error.message);
    const waiting = assert.rejects(async () => {
      for await (const batch of log.tail(topic, partition(0), offset(0), new AbortController().signal)) assert.fail(`${batch.next}`);
    }, isClosed);
    await delay(200);
    await log[Symbol.asyncDispose]();
    await waiting;
    const startedMs = performance.now();
    for (const call of [
      () => log.append(topic, entries.slice(0, 1)), () => log.extents(topic), () => log.read(topic, partition(0), offset(0), 1), () => log.describeTopic(topic),
      () => log.createTopic(topic, 1), () => log.trim(topic, partition(0), offset(0)), () => log.closeTopic(topic), () => log.isClosed(topic),
    ]) await assert.rejects(call, isClosed);
    assert.ok(performance.now() - startedMs < 5_000);
  });
});
