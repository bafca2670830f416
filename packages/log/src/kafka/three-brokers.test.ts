/** One of three brokers killed or frozen under writers: their leaders move, and nothing is lost. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { missing, startKafka, type Kafka, type KafkaBroker } from '@proximadb/test-cluster';
import { offset, partition } from '../index.ts';
import { KafkaLog } from './index.ts';
import { Writers } from './testing/writers.ts';

const PARTITIONS = 6;

describe('Kafka log: one of three brokers is down', { skip: missing('kafka') }, () => {
  let kafka: Kafka;
  let log: KafkaLog;
  before(async () => {
    kafka = await startKafka({ brokers: 3 });
    log = await KafkaLog.open({ brokers: kafka.bootstrap, requestTimeoutMs: 1_500 });
  });
  after(async () => {
    await log[Symbol.asyncDispose]();
    await kafka[Symbol.asyncDispose]();
  });
  const broker = (at: number): KafkaBroker => {
    const found = kafka.brokers[at];
    assert.ok(found !== undefined);
    return found;
  };

  /** Reads every partition as it grows, as a shard does: who was cut off goes on where it ended. */
  function followAll(topic: string, signal: AbortSignal): { readonly seen: number[]; readonly done: Promise<unknown> } {
    const seen = new Array<number>(PARTITIONS).fill(0);
    const done = Promise.all(seen.map(async (_, at) => {
      while (!signal.aborted) {
        try {
          for await (const batch of log.tail(topic, partition(at), offset(seen[at] ?? 0), signal)) {
            assert.equal(batch.records[0]?.offset, seen[at]);
            seen[at] = batch.next;
          }
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error));
          await delay(20);
        }
      }
    }));
    return { seen, done };
  }

  async function under(title: string, fault: (writers: Writers) => Promise<void>): Promise<void> {
    const topic = `${title}-${randomUUID()}`;
    await log.createTopic(topic, PARTITIONS);
    const stop = new AbortController();
    const { seen, done } = followAll(topic, stop.signal);
    const writers = new Writers(log, topic, PARTITIONS);
    await writers.progress(500);
    await fault(writers);
    await writers.progress(500);
    await writers.stop();
    const found = await writers.verify(log);
    assert.equal(found.doubled, 0, JSON.stringify(found));
    const ends = (await log.extents(topic)).map(({ end }) => Number(end));
    for (const lateMs = performance.now() + 10_000; seen.some((next, at) => next < (ends[at] ?? 0)) && performance.now() < lateMs;) await delay(10);
    stop.abort();
    await done;
    assert.deepEqual(seen, ends, 'the tails have seen everything');
  }

  test('killed with -9, then back: nothing acknowledged is lost, nothing doubled, and both writing and reading go on without it', async () => {
    await under('killed', async (writers) => {
      await broker(0).kill('SIGKILL');
      await writers.progress(1_000, 20_000);
      await broker(0).start();
      await kafka.settled();
    });
  });

  test('frozen until its leaders have moved, then thawed: the same', async () => {
    await under('frozen', async (writers) => {
      await broker(1).pause();
      await writers.progress(1_000, 20_000);
      await delay(1_000);
      await broker(1).resume();
      await kafka.settled();
    });
  });

  test('with two of three down no append is acknowledged, and none is lost when they are back', async () => {
    await under('two-down', async (writers) => {
      await Promise.all([broker(1).pause(), broker(2).pause()]);
      await delay(6_000);
      await Promise.all([broker(1).resume(), broker(2).resume()]);
      await kafka.settled();
      await writers.progress(100, 20_000);
    });
  });
});
