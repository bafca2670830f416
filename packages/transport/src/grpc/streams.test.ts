import { strict as assert } from 'node:assert';
import process from 'node:process';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AppError } from '@proximadb/errors';
import type { SearchResponse, WriteResponse } from '@proximadb/schemas';
import fc from 'fast-check';
import { createClient, type Client, type Exchange } from '../client/client.ts';
import type { Handlers } from '../handlers.ts';
import { handlersWith, parts, written } from '../testing.ts';
import { startGrpc, type GrpcOptions, type RunningServer } from './server.ts';

const open: (() => Promise<void> | void)[] = [];
after(async () => { for (const close of open.reverse()) await close(); });

async function serve(handlers: Partial<Handlers>, options: Partial<GrpcOptions> = {}): Promise<{ client: Client; server: RunningServer }> {
  const server = await startGrpc({ port: 0, handlers: handlersWith(handlers), ...parts(), ...options });
  const client = createClient(`127.0.0.1:${server.port}`);
  open.push(() => server.close(50), () => client.close());
  return { client, server };
}

async function tokens(stream: Exchange<object, WriteResponse | SearchResponse>): Promise<{ tokens: string[]; error: AppError | undefined }> {
  const found: string[] = [];
  try {
    for await (const { token } of stream) found.push(token);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return { tokens: found, error };
  }
  return { tokens: found, error: undefined };
}

test('answers come in the order of the requests, whatever the order in which they are ready', async () => {
  const seed = Date.now() & 0x7fffffff;
  console.log(`seed ${seed}`);
  const { client } = await serve({
    search: async ({ k, offset }) => { await sleep(offset); return { hits: [], token: String(k), explain: null, coverage: null, logAway: null }; },
  });
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 30 }), async (delays) => {
    const stream = client.searchStream();
    const answers = tokens(stream);
    for (const [k, offset] of delays.entries()) await stream.send({ k, offset });
    stream.end();
    assert.deepEqual(await answers, { tokens: delays.map((_, k) => String(k)), error: undefined });
  }), { numRuns: 25, seed, interruptAfterTimeLimit: 4000, markInterruptAsFailure: false });
});

test('a stream that stays open for long keeps nothing of the requests that it has answered', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const { client } = await serve({ upsert: async () => written('') });
  const stream = client.upsertStream();
  const answers = stream[Symbol.asyncIterator]();
  const heapAfter = async (requests: number): Promise<number> => {
    for (let sent = 0; sent < requests; sent += 1) {
      await stream.send({ records: [] });
      await answers.next();
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const requests = 8_000;
  const heaps: number[] = [];
  for (let round = 0; round < 4; round += 1) heaps.push(await heapAfter(requests));
  // Code that is compiled on the way stays, too, in some of the rounds; what is kept of requests does in each.
  const kept = Math.min(...heaps.slice(1).map((heap, at) => (heap - (heaps[at] ?? 0)) / requests));
  stream.cancel();
  // A single promise that was forgotten takes more.
  assert.ok(kept < 50, `${kept.toFixed(0)} bytes a request`);
});

test('records in a stream are views on their message, too', async () => {
  const buffers: ArrayBufferLike[] = [];
  const { client } = await serve({ upsert: async ({ records }) => { buffers.push(...records.map(({ buffer }) => buffer)); return written(''); } });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  for (let index = 0; index < 2; index++) await stream.send({ records: [new Uint8Array(20_000), new Uint8Array(20_000)] });
  stream.end();
  await answers;
  assert.equal(buffers[0], buffers[1]);
  assert.equal(buffers[2], buffers[3]);
});

test('no more requests than the pipeline holds are under way; the rest waits with the client', async () => {
  let underWay = 0;
  let most = 0;
  let started = 0;
  const gate = Promise.withResolvers<void>();
  const { client } = await serve({
    upsert: async () => {
      started++;
      most = Math.max(most, ++underWay);
      await gate.promise;
      underWay--;
      return written('t');
    },
  }, { pipelineMax: 3 });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  let sent = 0;
  const sending = (async () => {
    for (let index = 0; index < 60; index++) {
      await stream.send({ records: [new Uint8Array(200_000)] });
      sent++;
    }
    stream.end();
  })();
  await sleep(300);
  assert.equal(started, 3);
  assert.ok(sent < 30, `${sent} of 60 requests of 200 kB were taken although nothing was answered`);
  gate.resolve();
  await sending;
  assert.equal((await answers).tokens.length, 60);
  assert.equal(most, 3);
});

test('a client that does not read its answers stops being served, and others are not affected', async () => {
  let handled = 0;
  const { client } = await serve({
    search: async () => { handled++; return { hits: [], token: 'x'.repeat(500_000), explain: null, coverage: null, logAway: null }; },
    count: async () => ({ count: 1n, token: '', coverage: null, logAway: null }),
  }, { pipelineMax: 4 });
  const stream = client.searchStream();
  const sending = (async () => { for (let index = 0; index < 300; index++) await stream.send({}); })().catch(() => undefined);
  await sleep(400);
  // The client's library reads 16 answers ahead; 4 more are under way, and one lies in each of the streams' buffers.
  assert.ok(handled <= 24, `${handled} requests were handled although no answer was read`);
  assert.equal((await client.count({})).count, 1n);
  stream.cancel();
  await sending;
});

test('the first request that fails ends the stream, after the answers before it and before all others', async () => {
  const { client } = await serve({
    upsert: async ({ requestId }) => {
      const number = Number(requestId);
      await sleep(number === 3 ? 30 : 10 - number);
      if (number >= 3) throw new AppError('INVALID_ARGUMENT', `number ${number}`, { details: [{ record: number, reason: 'bad' }] });
      return written(String(number));
    },
  });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  for (let index = 0; index < 6; index++) await stream.send({ requestId: String(index) }).catch(() => undefined);
  const { tokens: found, error } = await answers;
  assert.deepEqual(found, ['0', '1', '2']);
  assert.deepEqual([error?.code, error?.message, error?.details], ['INVALID_ARGUMENT', 'number 3', [{ record: 3, reason: 'bad' }]]);
  await assert.rejects(stream.send({}), (thrown: AppError) => thrown.code === 'INVALID_ARGUMENT');
});

test('a message of a stream waits until the bytes under way leave it room', async () => {
  const gate = Promise.withResolvers<void>();
  let started = 0;
  const { client } = await serve({ upsert: async () => { started++; await gate.promise; return written('t'); } }, { admission: { bytesMax: 25_000 } });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  for (let index = 0; index < 4; index++) await stream.send({ records: [new Uint8Array(10_000)] });
  stream.end();
  await sleep(100);
  assert.equal(started, 2);
  gate.resolve();
  assert.deepEqual(await answers, { tokens: ['t', 't', 't', 't'], error: undefined });
});

test('a client that cancels its stream aborts what is under way', async () => {
  const aborted = Promise.withResolvers<string>();
  const started = Promise.withResolvers<void>();
  const { client } = await serve({
    search: (_, { signal }) => new Promise((_resolve, reject) => {
      started.resolve();
      signal.addEventListener('abort', () => {
        aborted.resolve((signal.reason as AppError).code);
        reject(signal.reason as AppError);
      });
    }),
  });
  const stream = client.searchStream();
  const answers = tokens(stream);
  await stream.send({});
  await started.promise;
  stream.cancel();
  assert.equal(await aborted.promise, 'CANCELLED');
  assert.equal((await answers).error?.code, 'CANCELLED');
});

test('each request of a stream has its own time', async () => {
  const { client } = await serve({
    upsert: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as AppError))),
  });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  await stream.send({ timeoutMs: 30 });
  assert.equal((await answers).error?.code, 'DEADLINE_EXCEEDED');
});

test('when the server closes, a stream gets the answers to what was taken, then UNAVAILABLE', async () => {
  const started = Promise.withResolvers<void>();
  const { client, server } = await serve({ upsert: async () => { started.resolve(); await sleep(60); return written('t'); } });
  const stream = client.upsertStream();
  const answers = tokens(stream);
  await stream.send({});
  await started.promise;
  await server.close(2000);
  const { tokens: found, error } = await answers;
  assert.deepEqual(found, ['t']);
  assert.equal(error?.code, 'UNAVAILABLE');
});

test('a stream beyond the calls under way is refused', async () => {
  const { client } = await serve({}, { admission: { callsMax: 1 } });
  const first = client.upsertStream();
  await sleep(50);
  const second = client.searchStream();
  assert.equal((await tokens(second)).error?.code, 'RESOURCE_EXHAUSTED');
  first.end();
  assert.deepEqual(await tokens(first), { tokens: [], error: undefined });
});

test('an empty stream ends well', async () => {
  const { client } = await serve({});
  const stream = client.upsertStream();
  stream.end();
  assert.deepEqual(await tokens(stream), { tokens: [], error: undefined });
});
