import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials, Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { AppError, AssertionError, grpcStatus } from '@proximadb/errors';
import { createLogger, createMetrics } from '@proximadb/process';
import type { Shards } from '@proximadb/query';
import { exchangePath, ShardAnswers, ShardCall, ShardCalls, type ShardAnswer } from '@proximadb/schemas';
import type { ServedShards } from './answer.ts';
import { startShardServer, type ShardServerConfig } from './index.ts';

const log = 7;
const at = [{ partition: 0, atLeast: 0 }];
const covered = { watermarks: [{ partition: 0, watermark: 9, logAway: null }], missing: [] };
const unused = async (): Promise<never> => { throw new AppError('UNIMPLEMENTED', 'not in this test'); };
const none: ServedShards = { search: unused, get: unused, scroll: unused, count: unused, outcomes: unused, report: unused, digest: unused };

/** What a client sees of a stream, without any of our own client's habits. */
class Raw {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly answers: ShardAnswer[] = [];
  status: StatusObject | undefined;

  constructor(client: Client) {
    this.stream = client.makeBidiStreamRequest(exchangePath, (bytes: Buffer) => bytes, (bytes) => bytes, new Metadata(), {});
    this.stream.on('data', (message: Buffer) => { this.answers.push(...ShardAnswers.decode(message).answers); });
    this.stream.on('error', () => undefined);
    this.stream.on('status', (status: StatusObject) => { this.status = status; });
  }

  send(...calls: Partial<ShardCall>[]): void {
    this.stream.write(Buffer.from(ShardCalls.encode({ calls: calls.map((call) => ShardCall.create({ timeoutMs: 10_000, log, at, ...call })) })));
  }

  of(id: number): ShardAnswer['answer'] | undefined {
    return this.answers.find((answer) => answer.id === id)?.answer;
  }

  errorOf(id: number): string | undefined {
    const answer = this.of(id);
    return answer?.kind === 'error' ? answer.value.code : undefined;
  }
}

const count = (id: number): Partial<ShardCall> => ({ id, call: { kind: 'count', value: { filter: null } } });
const cancel = (id: number): Partial<ShardCall> => ({ id, call: { kind: 'cancel', value: {} } });
const get = (id: number): Partial<ShardCall> => ({ id, call: { kind: 'get', value: { ids: ['a'] } } });

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 120_000;
  while (!holds()) {
    assert.ok(performance.now() < endMs, `in time: ${what}`);
    await delay(5);
  }
}

async function serve(shards: Partial<ServedShards>, config: Partial<ShardServerConfig> = {}) {
  const bugs: Error[] = [];
  const metrics = createMetrics({ processMetrics: false });
  const server = await startShardServer({
    shards: { ...none, ...shards }, port: 0, config, metrics, logger: createLogger({ level: 'silent' }), onBug: (error) => { bugs.push(error); },
  });
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  return {
    server, bugs, metrics, open: () => new Raw(client),
    async [Symbol.asyncDispose]() {
      client.close();
      server.destroy();
    },
  };
}

/** Calls that are answered when the test says so. */
function gate() {
  const signals: AbortSignal[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Shards['count'] = async (request, _filter, signal) => {
    assert.ok(signal !== undefined);
    signals.push(signal);
    await promise;
    return { count: request.timeoutMs, ...covered };
  };
  return { held, signals, release: resolve };
}

describe('calls', () => {
  test('are answered in the order in which they are done, errors with all that belongs to them', async () => {
    await using parts = await serve({
      count: async ({ timeoutMs }) => {
        await delay(timeoutMs);
        if (timeoutMs === 1) throw new AppError('ABORTED', 'no', { details: [{ record: 3, reason: 'exists' }], retryAfterMs: 12.5, token: 'abc' });
        return { count: timeoutMs, ...covered };
      },
    });
    const raw = parts.open();
    raw.send({ ...count(1), timeoutMs: 300 }, { ...count(2), timeoutMs: 100 }, { ...count(3), timeoutMs: 1 });
    await until('three answers', () => raw.answers.length === 3);
    assert.deepEqual(raw.answers.map(({ id }) => id), [3, 2, 1]);
    assert.deepEqual(raw.of(2), { kind: 'count', value: { count: 100, ...covered } });
    assert.deepEqual(raw.of(3), {
      kind: 'error',
      value: { code: 'ABORTED', message: 'no', details: [{ record: 3, field: null, reason: 'exists' }], retryAfterMs: 13, token: 'abc' },
    });
    assert.match(await parts.metrics.text(), /proximadb_shard_calls_total\{call="count",code="ABORTED"\} 1/);
  });

  test('that are cancelled, or whose stream is over, are told so; no answer comes', async () => {
    const { held, signals, release } = gate();
    await using parts = await serve({ count: held });
    const raw = parts.open();
    raw.send(count(1), count(2), count(3));
    await until('three calls', () => signals.length === 3);
    raw.send(cancel(2), cancel(99));
    await until('one is cancelled', () => signals[1]!.aborted);
    assert.deepEqual(signals.map(({ aborted }) => aborted), [false, true, false]);
    assert.equal((signals[1]!.reason as AppError).code, 'CANCELLED');
    raw.stream.cancel();
    await until('all are', () => signals.every(({ aborted }) => aborted));
    release();
    const next = parts.open();
    next.send(count(1));
    await until('another stream goes on', () => next.answers.length === 1);
    assert.equal(raw.answers.length, 0);
  });

  test('beyond what a stream may have are refused, with a time to come back; others are answered', async () => {
    const { held, signals, release } = gate();
    await using parts = await serve({ count: held }, { callsMax: 3, retryAfterMs: 21 });
    const raw = parts.open();
    raw.send(count(1), count(2), count(3), count(4), count(5));
    await until('two refusals', () => raw.answers.length === 2);
    assert.deepEqual(raw.answers.map(({ id }) => id), [4, 5]);
    const refusal = raw.of(4);
    assert.ok(refusal?.kind === 'error');
    assert.deepEqual([refusal.value.code, refusal.value.retryAfterMs, signals.length], ['RESOURCE_EXHAUSTED', 21, 3]);
    release();
    await until('the others', () => raw.answers.length === 5);
    raw.send(count(6));
    await until('there is room again', () => raw.of(6)?.kind === 'count');
  });

  test('that this release does not know are refused, and nothing else is', async () => {
    await using parts = await serve({ count: async () => ({ count: 1, ...covered }) });
    const raw = parts.open();
    raw.send({ id: 1, call: null }, count(2));
    await until('two answers', () => raw.answers.length === 2);
    assert.deepEqual([raw.errorOf(1), raw.of(2)?.kind], ['UNIMPLEMENTED', 'count']);
  });

  test('that cannot be read, or take the id of another, end the stream and its calls', async () => {
    const { held, signals } = gate();
    await using parts = await serve({ count: held });
    const spoils: ((raw: Raw) => void)[] = [
      (raw) => { raw.stream.write(Buffer.from([10, 200])); }, (raw) => { raw.send(count(1)); }, (raw) => { raw.send(count(0)); },
    ];
    for (const spoil of spoils) {
      signals.length = 0;
      const raw = parts.open();
      raw.send(count(1));
      await until('it is under way', () => signals.length === 1);
      spoil(raw);
      await until('the stream is over', () => raw.status !== undefined);
      assert.equal(raw.status?.code, grpcStatus.INVALID_ARGUMENT);
      assert.ok(signals[0]!.aborted);
    }
  });

  test('that meet our own bug are answered with INTERNAL, and the bug is told', async () => {
    await using parts = await serve({ count: async () => { throw new AssertionError('the sky is blue'); } });
    const raw = parts.open();
    raw.send(count(1));
    await until('an answer', () => raw.answers.length === 1);
    assert.equal(raw.errorOf(1), 'INTERNAL');
    assert.deepEqual(parts.bugs.map(({ message }) => message), ['the sky is blue']);
  });

  test('streams beyond the limit are refused', async () => {
    await using parts = await serve({ count: async () => ({ count: 1, ...covered }) }, { streamsMax: 1 });
    const [first, second] = [parts.open(), parts.open()];
    first.send(count(1));
    await until('the first is answered', () => first.answers.length === 1);
    second.send(count(1));
    await until('the second is refused', () => second.status !== undefined);
    assert.equal(second.status?.code, grpcStatus.RESOURCE_EXHAUSTED);
  });
});

describe('outcomes', () => {
  const wanted = [0, 1, 2].map((partition) => ({ partition, through: 5, count: 1, evenUnknown: false }));
  const call = (id: number, allowPartial: boolean): Partial<ShardCall> => ({ id, allowPartial, call: { kind: 'outcomes', value: { requestId: 'r', wanted } } });

  test('of partitions that cannot say are named, and the others given', async () => {
    const asked: number[][] = [];
    await using parts = await serve({
      outcomes: async (_log, _requestId, those) => {
        asked.push(those.map(({ partition }) => partition));
        if (those.some(({ partition }) => partition === 1)) throw new AppError('UNAVAILABLE', 'partition 1 is not served here');
        return those.map(({ partition }) => ({ partition, outcomes: [{ kind: 'applied' as const, offset: 4 }] }));
      },
    });
    const raw = parts.open();
    raw.send(call(1, true), call(2, false));
    await until('two answers', () => raw.answers.length === 2);
    const answer = raw.of(1);
    assert.ok(answer?.kind === 'outcomes');
    assert.deepEqual(answer.value.partitions.map(({ partition }) => partition), [0, 2]);
    assert.deepEqual(answer.value.missing, [{ partition: 1, code: 'UNAVAILABLE', reason: 'partition 1 is not served here' }]);
    assert.equal(raw.errorOf(2), 'UNAVAILABLE');
    assert.deepEqual(asked.toSorted((left, right) => right.length - left.length), [[0, 1, 2], [0, 1, 2], [0], [1], [2]]);
  });

  test('that fail for another reason fail the call', async () => {
    await using parts = await serve({ outcomes: async () => { throw new AppError('FAILED_PRECONDITION', 'no such request'); } });
    const raw = parts.open();
    raw.send(call(1, true));
    await until('an answer', () => raw.answers.length === 1);
    assert.equal(raw.errorOf(1), 'FAILED_PRECONDITION');
  });
});

describe('a reader that does not read', () => {
  const mebibyte = 1024 * 1024;
  const row = (bytes: number) => ({ id: 'a', partition: 0, offset: 1, record: new Uint8Array(bytes) });

  test('is sent no more than its connection takes; what waits for it has a limit; it gets everything once it reads', async () => {
    let given = 0;
    await using parts = await serve({
      get: async () => {
        given += 1;
        return { rows: [row(mebibyte)], ...covered };
      },
    }, { waitingBytesMax: 8 * mebibyte });
    const raw = parts.open();
    raw.stream.pause();
    for (let id = 1; id <= 100; id += 1) {
      raw.send(get(id));
      await new Promise(setImmediate);
    }
    await until('all have been asked', () => given === 100);
    await delay(50);
    const waiting = Number(/proximadb_shard_answer_bytes_waiting (\d+)/.exec(await parts.metrics.text())?.[1]);
    assert.ok(waiting >= 8 * mebibyte && waiting < 10 * mebibyte, `${waiting} bytes wait`);
    raw.stream.resume();
    const over = new Map<number, number>();
    const bytes = (): number => raw.answers.reduce((sum, { answer }) => sum + (answer?.kind === 'part' ? answer.value.bytes.length : 0), 0);
    await until('all answers', () => {
      for (const { id, answer } of raw.answers) if (answer?.kind === 'part') over.set(id, answer.value.total);
      return raw.answers.filter(({ answer }) => answer?.kind === 'error').length + over.size === 100
        && bytes() === [...over.values()].reduce((sum, total) => sum + total, 0);
    });
    assert.ok(over.size >= 8 && over.size <= 20, `${over.size} were given`);
    for (const { id, answer } of raw.answers) if (answer?.kind === 'error') assert.equal(raw.errorOf(id), 'RESOURCE_EXHAUSTED');
    assert.match(await parts.metrics.text(), /proximadb_shard_answer_bytes_waiting 0/);
  });

  test('is not listened to either, once refusals wait for it', async () => {
    const { held, signals } = gate();
    await using parts = await serve({ count: held }, { callsMax: 2 });
    const raw = parts.open();
    raw.stream.pause();
    // More refusals than the connection and its reader take.
    const [messages, each] = [150, 1_000];
    for (let i = 0; i < messages; i += 1) raw.send(...Array.from({ length: each }, (_, at) => count(1 + i * each + at)));
    await until('two calls are under way', () => signals.length === 2);
    let unsent = -1;
    for (let same = 0; same < 4; same += 1) {
      await delay(250);
      if (raw.stream.writableLength !== unsent) same = 0;
      unsent = raw.stream.writableLength;
    }
    assert.ok(unsent > 10, `${unsent} messages are not taken`);
    raw.stream.resume();
    await until('each call but those under way has its answer', () => raw.answers.length === messages * each - 2);
    assert.equal(raw.stream.writableLength, 0);
  });

  test('is given up after a while: its calls end, and nothing is kept for it', async () => {
    const { held, signals } = gate();
    await using parts = await serve({ count: held, get: async () => ({ rows: [row(mebibyte)], ...covered }) }, { stalledMsMax: 200 });
    const raw = parts.open();
    raw.stream.pause();
    raw.send(count(1), ...Array.from({ length: 40 }, (_, i) => get(i + 2)));
    await until('the call is told', () => signals[0]?.aborted === true);
    assert.match(await parts.metrics.text(), /proximadb_shard_answer_bytes_waiting 0/);
    raw.stream.resume();
    await until('the stream is over', () => raw.status !== undefined);
    assert.equal(raw.status?.code, grpcStatus.UNAVAILABLE);
  });

  test('an answer that is too large for good is refused without a time to come back', async () => {
    await using parts = await serve({ get: async () => ({ rows: [row(2_000)], ...covered }) }, { answerBytesMax: 1_024 });
    const raw = parts.open();
    raw.send(get(1));
    await until('an answer', () => raw.answers.length === 1);
    const answer = raw.of(1);
    assert.ok(answer?.kind === 'error');
    assert.deepEqual([answer.value.code, answer.value.retryAfterMs], ['RESOURCE_EXHAUSTED', null]);
  });
});

describe('the end', () => {
  test('in good order: callers are told, what is under way is answered, what comes is refused', async () => {
    const { held, signals, release } = gate();
    await using parts = await serve({ count: held });
    const raw = parts.open();
    raw.send(count(1));
    await until('it is under way', () => signals.length === 1);
    const closed = parts.server.close(5_000);
    await until('the caller is told', () => raw.of(0)?.kind === 'draining');
    raw.send(count(2));
    await until('a refusal', () => raw.errorOf(2) === 'UNAVAILABLE');
    release();
    await closed;
    await until('an answer', () => raw.of(1)?.kind === 'count');
    await until('the stream is over', () => raw.status !== undefined);
    assert.equal(raw.status?.code, 0);
  });

  test('after the time of grace it comes anyway', async () => {
    const { held, signals } = gate();
    await using parts = await serve({ count: held });
    const raw = parts.open();
    raw.send(count(1));
    await until('it is under way', () => signals.length === 1);
    const started = performance.now();
    await parts.server.close(100);
    assert.ok(performance.now() - started < 10_000);
    await until('the call is told', () => signals[0]!.aborted);
    await until('the stream is over', () => raw.status !== undefined);
    assert.notEqual(raw.status?.code, 0);
  });

  test('a caller that says that it has asked everything gets all its answers, and the stream ends well', async () => {
    const { held, signals, release } = gate();
    await using parts = await serve({ count: held });
    const raw = parts.open();
    raw.send(count(1), count(2));
    await until('they are under way', () => signals.length === 2);
    raw.stream.end();
    await delay(20);
    release();
    await until('the stream is over', () => raw.status !== undefined);
    assert.deepEqual([raw.status?.code, raw.answers.length], [0, 2]);
  });

  test('a port that is taken is said to be so', async () => {
    await using parts = await serve({});
    const other = startShardServer({
      shards: none, port: parts.server.port, metrics: createMetrics({ processMetrics: false }), logger: createLogger({ level: 'silent' }),
    });
    await assert.rejects(other, { code: 'UNAVAILABLE', message: /cannot listen on 127\.0\.0\.1/ });
  });
});
