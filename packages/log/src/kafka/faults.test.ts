/** Answers that never arrive, on a real broker behind a proxy. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { answerTo, missing, requestOf, startKafka, type Kafka, type KafkaFrame } from '@proximadb/test-cluster';
import { offset, partition, type Batch, type Log } from '../index.ts';
import { KafkaLog } from './index.ts';
import { Writers } from './testing/writers.ts';

describe('Kafka log: answers that never arrive', { skip: missing('kafka') }, () => {
  let kafka: Kafka;
  let log: KafkaLog;
  before(async () => {
    kafka = await startKafka({ proxied: true });
    log = await KafkaLog.open({ brokers: kafka.proxied ?? [], replicationFactor: 1, requestTimeoutMs: 700 });
  });
  after(async () => {
    await log[Symbol.asyncDispose]();
    await kafka[Symbol.asyncDispose]();
  });
  const newTopic = async (partitions: number): Promise<string> => {
    const topic = `faults-${randomUUID()}`;
    await log.createTopic(topic, partitions);
    return topic;
  };
  const proxy = (): NonNullable<Kafka['brokers'][number]['proxy']> => {
    const found = kafka.brokers[0]?.proxy;
    assert.ok(found !== undefined);
    return found;
  };

  const losses: readonly [string, (frame: KafkaFrame) => boolean, 'cut' | 'hang', number][] = [
    ['an answer to an append is lost with its connection', answerTo('produce'), 'cut', 8],
    ['an answer to an append is lost and the connection stands still', answerTo('produce'), 'hang', 3],
    ['an append is lost with its connection', requestOf('produce'), 'cut', 8],
    ['the answers to an append and to its repetition are lost', answerTo('produce'), 'cut', 4],
  ];
  for (const [title, matches, then, rounds] of losses) {
    test(`${title}: nothing acknowledged is lost, nothing doubled, no writer hears of it`, async () => {
      const topic = await newTopic(4);
      await using writers = new Writers(log, topic, 4);
      for (let round = 0; round < rounds; round += 1) {
        await writers.progress(100);
        await proxy().swallow(matches, { then, times: title.includes('repetition') ? 2 : 1 }).done;
      }
      await writers.progress(200);
      await writers.stop();
      const found = await writers.verify(log);
      assert.ok(found.written > rounds * 100);
      assert.deepEqual({ ...found, written: 0 }, { written: 0, notWritten: 0, unknown: 0, doubled: 0, errors: {} });
    });
  }

  test('answers to fetches that are lost: a tail that is begun again where it ended has every record once', async () => {
    const topic = await newTopic(3);
    await using writers = new Writers(log, topic, 3);
    const seen = [0, 0, 0];
    const stop = new AbortController();
    let interruptions = 0;
    const followers = seen.map(async (_, at) => {
      while (!stop.signal.aborted) {
        try {
          for await (const batch of log.tail(topic, partition(at), offset(seen[at] ?? 0), stop.signal)) {
            for (const record of batch.records) {
              assert.equal(record.offset, seen[at]);
              seen[at] = record.offset + 1;
            }
          }
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error));
          interruptions += 1;
        }
      }
    });
    for (const then of ['cut', 'hang', 'cut', 'hang', 'cut'] as const) {
      await writers.progress(200);
      await proxy().swallow(answerTo('fetch'), { then }).done;
    }
    await writers.progress(200);
    await writers.stop();
    const ends = (await log.extents(topic)).map(({ end }) => Number(end));
    const lateMs = performance.now() + 10_000;
    while (seen.some((next, at) => next < (ends[at] ?? 0)) && performance.now() < lateMs) await delay(10);
    stop.abort();
    await Promise.all(followers);
    assert.deepEqual(seen, ends);
    assert.ok(interruptions >= 5, `${interruptions} interruptions`);
  });

  test('a tail whose connection is lost ends with UNAVAILABLE; who begins again goes on', async () => {
    const topic = await newTopic(1);
    await log.append(topic, [entry('a')]);
    const tail = log.tail(topic, partition(0), offset(0), new AbortController().signal)[Symbol.asyncIterator]();
    assert.equal(offsetsOf(await tail.next()), '0');
    proxy().cut();
    await assert.rejects(async () => tail.next(), (error) => error instanceof AppError && error.code === 'UNAVAILABLE');
    await log.append(topic, [entry('b')]);
    const again = log.tail(topic, partition(0), offset(1), new AbortController().signal)[Symbol.asyncIterator]();
    assert.equal(offsetsOf(await again.next()), '1');
    await again.return?.();
  });

  test('a log whose brokers do not answer at first is opened once one does; if none does in its time, that is said', async () => {
    const options = { brokers: kafka.proxied ?? [], replicationFactor: 1, connectTimeoutMs: 300 };
    proxy().hold();
    try {
      await assert.rejects(KafkaLog.open({ ...options, openTimeoutMs: 500 }), (error) =>
        error instanceof AppError && error.code === 'UNAVAILABLE' && /no Kafka broker answers/.test(error.message));
      const opening = KafkaLog.open(options);
      await delay(700);
      proxy().flow();
      await using opened = await opening;
      assert.equal(opened.clusterId, log.clusterId);
    } finally {
      proxy().flow();
    }
  });

  test('while no broker answers: the first appends end with their fates in their time, the next at once; then all goes on by itself', async () => {
    await using impatient = await KafkaLog.open({ brokers: kafka.proxied ?? [], replicationFactor: 1, requestTimeoutMs: 400, appendTimeoutMs: 1_500 });
    const topic = await newTopic(2);
    await impatient.append(topic, [entry('a')]);
    proxy().hold();
    const [onItsWay, waiting] = [outcome(impatient, topic, ['b']), delay(50).then(() => outcome(impatient, topic, ['c']))];
    await delay(900);
    const refused = await outcome(impatient, topic, ['d']);
    assert.deepEqual([refused.code, refused.fates, refused.tookMs < 500, refused.retries], ['UNAVAILABLE', undefined, true, true], JSON.stringify(refused));
    const [first, second] = await Promise.all([onItsWay, waiting]);
    assert.deepEqual([first.code, first.fates], ['UNAVAILABLE', ['unknown']]);
    assert.deepEqual([second.code, second.fates], ['UNAVAILABLE', ['not_written']]);
    assert.ok(first.tookMs < 5_000 && second.tookMs < 5_000, `${first.tookMs} and ${second.tookMs} ms`);
    proxy().flow();
    await delay(1_200);
    const { offsets } = await impatient.append(topic, [entry('e')]);
    const { records } = await log.read(topic, partition(0), offset(0), 100_000);
    const values = records.map(({ value }) => Buffer.from(value ?? []).toString());
    assert.deepEqual([values[0], values[offsets[0] ?? 0]], ['a', 'e']);
    assert.ok(!values.includes('c') && !values.includes('d'), values.join());
  });

  test('a signal ends an append at once: cancelled if nothing was sent, else of unknown fate', async () => {
    await using impatient = await KafkaLog.open({ brokers: kafka.proxied ?? [], replicationFactor: 1, requestTimeoutMs: 700 });
    const topic = await newTopic(1);
    await impatient.append(topic, [entry('a')]);
    proxy().hold();
    const stop = new AbortController();
    const sent = outcome(impatient, topic, ['b'], stop.signal);
    await delay(20);
    const waiting = outcome(impatient, topic, ['c'], stop.signal);
    await delay(20);
    stop.abort();
    assert.deepEqual((await sent).fates, ['unknown']);
    assert.deepEqual([(await waiting).code, (await waiting).fates], ['CANCELLED', undefined]);
    proxy().flow();
    const { offsets } = await impatient.append(topic, [entry('d')]);
    const { records } = await log.read(topic, partition(0), offset(0), 100_000);
    const values = records.map(({ value }) => Buffer.from(value ?? []).toString());
    assert.ok(!values.includes('c'), values.join());
    assert.equal(values[offsets[0] ?? -1], 'd');
  });

  test('after an append of unknown fate that nobody waits for any more, the broker does not take the next one for it', async () => {
    await using impatient = await KafkaLog.open({ brokers: kafka.proxied ?? [], replicationFactor: 1, requestTimeoutMs: 500 });
    const topic = await newTopic(1);
    await impatient.append(topic, [entry('a')]);
    const lost = proxy().swallow(answerTo('produce'), { then: 'hang' });
    const stop = new AbortController();
    const sent = outcome(impatient, topic, ['b'], stop.signal);
    await lost.done;
    stop.abort();
    assert.deepEqual((await sent).fates, ['unknown']);
    const { offsets } = await impatient.append(topic, [entry('c')]);
    const { records } = await log.read(topic, partition(0), offset(0), 100_000);
    assert.deepEqual([records.map(({ value }) => Buffer.from(value ?? []).toString()), offsets], [['a', 'b', 'c'], [2]]);
  });
});

const entry = (value: string): { partition: ReturnType<typeof partition>; key: Buffer; value: Buffer; headers: Record<string, never> } =>
  ({ partition: partition(0), key: Buffer.from('k'), value: Buffer.from(value), headers: {} });

const offsetsOf = (result: IteratorResult<Batch>): string => (result.done === true ? 'ended' : result.value.records.map((record) => record.offset).join());

async function outcome(log: Log, topic: string, values: readonly string[], signal?: AbortSignal): Promise<{
  readonly code: string; readonly fates: readonly string[] | undefined; readonly tookMs: number; readonly retries: boolean; readonly message: string;
}> {
  const startedMs = performance.now();
  const error = await log.append(topic, values.map(entry), signal).then(() => assert.fail('it was appended'), (thrown: unknown) => thrown);
  assert.ok(error instanceof AppError, String(error));
  const fates = 'fates' in error ? (error.fates as { kind: string }[]).map(({ kind }) => kind) : undefined;
  return { code: error.code, fates, tookMs: performance.now() - startedMs, retries: error.retryAfterMs !== undefined, message: error.message };
}
