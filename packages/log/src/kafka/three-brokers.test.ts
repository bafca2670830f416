/** One of three brokers killed or frozen under writers: their leaders move, and nothing is lost. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { kafkaTool, missing, startKafka, type Kafka, type KafkaBroker } from '@proximadb/test-cluster';
import { offset, partition } from '../index.ts';
import { Cluster } from './broker/cluster.ts';
import { KafkaLog } from './index.ts';
import { readerSettings } from './options.ts';
import { Writers } from './testing/writers.ts';

const PARTITIONS = 6;

/** Gives partitions their replicas in another order, and makes the first of each its leader. */
async function elect(brokers: readonly string[], partitions: readonly { topic: string; partition: number; replicas: readonly number[] }[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'proximadb-elect-'));
  try {
    const file = join(folder, 'moves.json');
    await writeFile(file, JSON.stringify({ version: 1, partitions }));
    const server = ['--bootstrap-server', brokers.join()];
    await kafkaTool('org.apache.kafka.tools.reassign.ReassignPartitionsCommand', [...server, '--reassignment-json-file', file, '--execute']);
    await kafkaTool('org.apache.kafka.tools.LeaderElectionCommand', [...server, '--election-type', 'preferred', '--path-to-json-file', file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

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
    await using writers = new Writers(log, topic, PARTITIONS);
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
      try {
        await writers.progress(1_000);
      } finally {
        await broker(0).start();
      }
      await kafka.settled();
    });
  });

  test('leaders that move while their brokers live: no writer and no tail hears of it', async () => {
    // Java's tools may keep brokers from a core for longer than this suite's other log waits.
    await using patient = await KafkaLog.open({ brokers: kafka.bootstrap });
    const topic = `moved-${randomUUID()}`;
    await log.createTopic(topic, PARTITIONS);
    const stop = new AbortController();
    const seen = Array.from({ length: PARTITIONS }, () => 0);
    const tails = Promise.all(seen.map(async (_, at) => {
      for await (const batch of patient.tail(topic, partition(at), offset(0), stop.signal)) {
        assert.equal(batch.records[0]?.offset, seen[at]);
        seen[at] = batch.next;
      }
    }));
    await using writers = new Writers(patient, topic, PARTITIONS);
    await writers.progress(500);
    await using cluster = await Cluster.open(readerSettings({ brokers: kafka.bootstrap }));
    const leaders = async (): Promise<readonly number[]> => (await cluster.topic(topic))?.partitions.map(({ leader }) => leader) ?? [];
    const before = await leaders();
    // The first of a partition's replicas is its preferred leader.
    const moves = (await cluster.topic(topic))?.partitions.map(({ replicas }, at) => ({ topic, partition: at, replicas: replicas.toReversed() }));
    await elect(kafka.bootstrap, moves ?? []);
    for (const lateMs = performance.now() + 10_000; (await leaders()).some((leader, at) => leader === before[at]);) {
      assert.ok(performance.now() < lateMs, `${before.join()} became ${(await leaders()).join()}`);
      await delay(50);
    }
    await writers.progress(1_000);
    await writers.stop();
    const found = await writers.verify(log);
    assert.deepEqual({ ...found, written: 0 }, { written: 0, notWritten: 0, unknown: 0, doubled: 0, errors: {} });
    const ends = (await log.extents(topic)).map(({ end }) => Number(end));
    for (const lateMs = performance.now() + 10_000; seen.some((next, at) => next < (ends[at] ?? 0)) && performance.now() < lateMs;) await delay(10);
    stop.abort();
    await tails;
    assert.deepEqual(seen, ends);
  });

  test('frozen until its leaders have moved, then thawed: the same', async () => {
    await under('frozen', async (writers) => {
      await broker(1).pause();
      await writers.progress(1_000);
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
      await writers.progress(100);
    });
  });
});
