import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as GrpcClient, credentials, loadPackageDefinition, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { AppError, AssertionError, grpcStatus, invalid, type Code } from '@proximadb/errors';
import { method, UpsertRequest, type ReadOptions } from '@proximadb/schemas';
import { protoPath as healthProto } from 'grpc-health-check';
import { createClient, type Client, type ClientOptions } from '../client/client.ts';
import type { CallContext, Handlers } from '../handlers.ts';
import { handlersWith, parts, written, type Parts } from '../testing.ts';
import { startGrpc, type GrpcOptions, type RunningServer } from './server.ts';
import { fromStatus, toStatus } from './status.ts';

const open: (() => Promise<void> | void)[] = [];
after(async () => { for (const close of open.reverse()) await close(); });

async function serve(handlers: Partial<Handlers>, options: Partial<GrpcOptions> = {}, clientOptions: ClientOptions = {}):
Promise<{ client: Client; server: RunningServer; address: string; parts: Parts }> {
  const environment = parts();
  const server = await startGrpc({ port: 0, handlers: handlersWith(handlers), ...environment, ...options });
  const address = `127.0.0.1:${server.port}`;
  const client = createClient(address, { attemptsMax: 1, ...clientOptions });
  open.push(() => server.close(50), () => client.close());
  return { client, server, address, parts: environment };
}

const refusedAs = (code: Code) => (error: unknown): boolean => error instanceof AppError && error.code === code;
const readFor = (timeoutMs: number): ReadOptions => ({ consistency: null, token: null, maxStalenessMs: null, timeoutMs, allowPartial: false });
const untilAborted = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

test('records reach the handler as views on one received message, byte for byte', async () => {
  const records = Array.from({ length: 20 }, (_, index) => new Uint8Array(5000 + index).fill(index));
  let seen: readonly Uint8Array[] = [];
  const { client } = await serve({ upsert: async (request) => { seen = request.records; return written('t', ['1-2']); } });
  const answer = await client.upsert({ collection: 'c', records });
  assert.deepEqual(answer, { token: 't', versions: ['1-2'], refused: [] });
  assert.deepEqual(seen.map((bytes) => Buffer.from(bytes)), records.map((bytes) => Buffer.from(bytes)));
  const buffers = new Set(seen.map((bytes) => bytes.buffer));
  assert.equal(buffers.size, 1, 'all records lie in one message');
  // Neighbours in the message: each record's tag (1 byte) and length (2 bytes) lie between them. Copies would not be so.
  for (let index = 1; index < seen.length; index++) {
    assert.equal(seen[index]!.byteOffset, seen[index - 1]!.byteOffset + seen[index - 1]!.byteLength + 3);
  }
});

test('every error arrives as it was thrown', async () => {
  let thrown = new AppError('INTERNAL', '');
  const { client } = await serve({ getCollection: async () => { throw thrown; } });
  for (const code of Object.keys(grpcStatus) as Code[]) {
    thrown = new AppError(code, `${code} – ☂`, { details: [{ record: 3, field: 'vector[7]', reason: 'must be finite' }, { reason: 'x' }], token: 'abc' });
    await assert.rejects(client.getCollection({ collection: 'c' }), (error: AppError) => {
      assert.deepEqual([error.code, error.message, error.details, error.token, error.retryAfterMs], [code, thrown.message, thrown.details, 'abc', undefined]);
      return true;
    });
  }
  thrown = new AppError('RESOURCE_EXHAUSTED', 'later', { retryAfterMs: 12.3 });
  await assert.rejects(client.getCollection({}), (error: AppError) => error.retryAfterMs === 13 && error.retryable);
});

test('an error with very many details is cut to what a header may hold, never to something unreadable', () => {
  const details = Array.from({ length: 10_000 }, (_, record) => ({ record, field: `metadata.${'k'.repeat(2000)}`, reason: '☂'.repeat(2000) }));
  const error = new AppError('INVALID_ARGUMENT', '😀'.repeat(5000), { details, token: 't'.repeat(3000) });
  const status = toStatus(error);
  const back = fromStatus({ ...status, name: 'Error', message: '' });
  assert.equal(back.code, 'INVALID_ARGUMENT');
  assert.equal(back.token, error.token);
  assert.ok(back.message.isWellFormed());
  assert.ok(back.details.length >= 1 && back.details[0]!.record === 0);
  assert.ok((status.metadata.get('proximadb-error-bin')[0] as Buffer).length <= 4096 + 3000);
});

test('a status without our trailer keeps its code', () => {
  const { metadata } = toStatus(new AppError('INTERNAL', ''));
  metadata.remove('proximadb-error-bin');
  assert.equal(fromStatus({ code: status.UNAVAILABLE, details: 'gone', metadata }).code, 'UNAVAILABLE');
  assert.equal(fromStatus({ code: status.UNKNOWN, details: 'x', metadata }).code, 'INTERNAL');
  metadata.set('proximadb-error-bin', Buffer.from([0xff, 0xff]));
  assert.equal(fromStatus({ code: status.NOT_FOUND, details: 'x', metadata }).code, 'NOT_FOUND');
});

test('what is not a message is refused as INVALID_ARGUMENT and reaches no handler', async () => {
  const { address } = await serve({ upsert: async () => assert.fail('must not be called') });
  const raw = new GrpcClient(address, credentials.createInsecure());
  open.push(() => raw.close());
  for (const bytes of [Buffer.from([0xff]), Buffer.from([0x0a, 0x05, 0x61]), Buffer.from([0x0a, 0x01, 0xff])]) {
    const error = await new Promise<ServiceError | null>((resolve) => {
      raw.makeUnaryRequest(method('Upsert').grpcPath, (x: Buffer) => x, (x) => x, bytes, resolve);
    });
    assert.equal(error?.code, status.INVALID_ARGUMENT);
    assert.match(error.details, /not a UpsertRequest/);
  }
});

test('what is not there yet is UNIMPLEMENTED', async () => {
  const { client } = await serve({});
  await assert.rejects(client.stats({ collection: 'c' }), refusedAs('UNIMPLEMENTED'));
});

test('an unforeseen throw is INTERNAL and logged; a failed assertion is handed on as our bug', async () => {
  const bugs: Error[] = [];
  const { client, parts: { lines } } = await serve({
    count: async () => { throw new TypeError('broken'); },
    scroll: async () => { throw new AssertionError('impossible'); },
  }, { onBug: (error) => bugs.push(error) });
  await assert.rejects(client.count({}), refusedAs('INTERNAL'));
  assert.equal(bugs.length, 0);
  assert.match(lines.join(''), /"event":"call-failed".*"operation":"Count".*broken/);
  await assert.rejects(client.scroll({}), refusedAs('INTERNAL'));
  assert.deepEqual(bugs.map((bug) => bug.message), ['impossible']);
});

test('a message above the limit is refused', async () => {
  const { client } = await serve({ upsert: async () => written('t') }, { messageBytesMax: 10_000 });
  await client.upsert({ records: [new Uint8Array(9000)] });
  await assert.rejects(client.upsert({ records: [new Uint8Array(11_000)] }), refusedAs('RESOURCE_EXHAUSTED'));
});

test('past the calls or bytes under way a caller is told when to come back', async () => {
  const gate = Promise.withResolvers<void>();
  let started = 0;
  const { client } = await serve({ upsert: async () => { started++; await gate.promise; return written('t'); } },
    { admission: { callsMax: 3, bytesMax: 10_000, retryAfterMs: 77 } });
  const first = client.upsert({ records: [new Uint8Array(8000)] });
  while (started < 1) await sleep(2);
  const busy = (error: AppError): boolean => error.code === 'RESOURCE_EXHAUSTED' && error.retryAfterMs === 77;
  await assert.rejects(client.upsert({ records: [new Uint8Array(8000)] }), busy);
  const more = [client.upsert({}), client.upsert({})];
  while (started < 3) await sleep(2);
  await assert.rejects(client.upsert({}), busy);
  gate.resolve();
  await Promise.all([first, ...more]);
  await client.upsert({ records: [new Uint8Array(8000)] });
});

test('the time of a request is its own, the client\'s, or the default, never more than the most', async () => {
  const seen: number[] = [];
  const note = ({ deadline }: CallContext): void => { seen.push(deadline.remainingMs()); };
  const { client } = await serve({
    upsert: async (_, context) => { note(context); return written(''); },
    count: async (_, context) => { note(context); return { count: 0n, token: '', coverage: null, logAway: null }; },
  }, { limits: { timeoutMsDefault: 5000, timeoutMsMax: 20_000 } });
  await client.upsert({ timeoutMs: 300 }, { timeoutMs: 10_000 });
  await client.count({ read: readFor(400) }, { timeoutMs: 10_000 });
  await client.upsert({ timeoutMs: 10_000 }, { timeoutMs: 700 });
  await client.upsert({ timeoutMs: 100_000 }, { timeoutMs: 100_000 });
  const within = (value: number | undefined, low: number, high: number): void => assert.ok(value !== undefined && value > low && value <= high, String(value));
  within(seen[0], 200, 300);
  within(seen[1], 300, 400);
  within(seen[2], 500, 700);
  within(seen[3], 19_000, 20_000);
  await assert.rejects(client.upsert({ timeoutMs: 0 }), (error: AppError) => error.code === 'INVALID_ARGUMENT' && error.details[0]?.field === 'timeoutMs');
});

test('at its deadline a handler is told; it may still answer with what it knows, and is answered for if it does not', async () => {
  let late = 0;
  const { client } = await serve({
    upsert: async (_, context) => untilAborted(context).catch((error: AppError) => { throw new AppError(error.code, 'late', { token: 'tok' }); }),
    count: async () => { late++; await sleep(3_000); return { count: 0n, token: '', coverage: null, logAway: null }; },
  }, { limits: { lateMsMax: 50 } });
  await assert.rejects(client.upsert({ timeoutMs: 40 }), (error: AppError) => error.code === 'DEADLINE_EXCEEDED' && error.token === 'tok');
  const started = performance.now();
  await assert.rejects(client.count({ read: readFor(40) }), refusedAs('DEADLINE_EXCEEDED'));
  assert.ok(performance.now() - started < 2_000);
  assert.equal(late, 1);
});

test('a client that goes away aborts its handler', async () => {
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<Code>();
  const { client } = await serve({
    count: async (_, context) => {
      started.resolve();
      return untilAborted(context).catch((error: AppError) => { aborted.resolve(error.code); throw error; });
    },
  });
  const controller = new AbortController();
  const call = client.count({}, { signal: controller.signal });
  await started.promise;
  controller.abort();
  await assert.rejects(call, refusedAs('CANCELLED'));
  assert.equal(await aborted.promise, 'CANCELLED');
});

test('a client repeats what may succeed later, with one request id and the attempts counted', async () => {
  const seen: [string | null, number][] = [];
  const { client } = await serve({
    upsert: async ({ requestId, attempt }) => {
      seen.push([requestId, attempt]);
      if (seen.length < 3) throw new AppError('UNAVAILABLE', 'not yet', { retryAfterMs: 1 });
      return written('t');
    },
    count: async () => { throw invalid('no'); },
  }, {}, { attemptsMax: 4, backoffMs: 1 });
  assert.equal((await client.upsert({})).token, 't');
  assert.deepEqual(seen.map(([, attempt]) => attempt), [0, 1, 2]);
  assert.equal(new Set(seen.map(([id]) => id)).size, 1);
  assert.match(seen[0]![0] ?? '', /^[0-9a-f]{32}$/);
  await assert.rejects(client.count({}), refusedAs('INVALID_ARGUMENT'));
});

test('of several servers a client leaves the one that is gone, for the same request on another one', async () => {
  const seen: unknown[] = [];
  const first = await serve({ upsert: async () => written('first') });
  const second = await serve({
    upsert: async ({ requestId }) => {
      seen.push(requestId);
      return written('second');
    },
  });
  await using client = createClient(`127.0.0.1:${first.server.port},127.0.0.1:${second.server.port}`, { backoffMs: 1 });
  const upsert = (requestId: string) => client.upsert({ collection: 'c', records: [new Uint8Array([1])], requestId });
  assert.deepEqual(await upsert('a'), written('first'));
  await first.server.close(0);
  assert.deepEqual(await upsert('b'), written('second'));
  assert.deepEqual(await upsert('c'), written('second'));
  assert.deepEqual(seen, ['b', 'c']);
});

test('a client gives up after its attempts, and when nobody is there', async () => {
  let calls = 0;
  const { client, server } = await serve({ count: async () => { calls++; throw new AppError('UNAVAILABLE', 'never'); } }, {}, { attemptsMax: 3, backoffMs: 1 });
  await assert.rejects(client.count({}), refusedAs('UNAVAILABLE'));
  assert.equal(calls, 3);
  await server.close(10);
  await assert.rejects(client.count({}), refusedAs('UNAVAILABLE'));
});

test('closing lets a call under way end, and cuts it off after the grace time', async () => {
  for (const { workMs, graceMs, ends } of [{ workMs: 100, graceMs: 20_000, ends: true }, { workMs: 20_000, graceMs: 50, ends: false }]) {
    const started = Promise.withResolvers<void>();
    const { client, server } = await serve({
      count: async (_, { signal }) => {
        started.resolve();
        await sleep(workMs, undefined, { signal });
        return { count: 7n, token: '', coverage: null, logAway: null };
      },
    });
    const call = client.count({}).then(({ count }) => count, (error: AppError) => error.code);
    await started.promise;
    const closed = performance.now();
    await server.close(graceMs);
    assert.ok(performance.now() - closed < 10_000);
    if (ends) assert.equal(await call, 7n);
    else assert.notEqual(await call, 7n);
  }
});

test('a port that is taken is refused with a clear error', async () => {
  const { server } = await serve({});
  await assert.rejects(startGrpc({ port: server.port, handlers: handlersWith({}), ...parts() }), (error: AppError) =>
    error.code === 'UNAVAILABLE' && error.message.includes(String(server.port)));
});

test('calls are counted by operation and answer', async () => {
  const { client, parts: { metrics } } = await serve({ count: async () => ({ count: 1n, token: '', coverage: null, logAway: null }) });
  await client.count({});
  await client.count({});
  await client.stats({}).catch(() => undefined);
  const text = await metrics.text();
  assert.match(text, /proximadb_calls_total\{transport="grpc",operation="Count",code="OK"\} 2/);
  assert.match(text, /proximadb_calls_total\{transport="grpc",operation="Stats",code="UNIMPLEMENTED"\} 1/);
  assert.match(text, /proximadb_grpc_calls_under_way 0/);
});

interface HealthCalls {
  check(request: { service: string }, done: (error: ServiceError | null, answer?: { status: string }) => void): void;
  watch(request: { service: string }): ClientReadableStream<{ status: string }>;
}

test('health is what the process says when it is asked, and a watcher is told of changes', async () => {
  let ready = false;
  const environment = parts(() => ({ ready }));
  const { address } = await serve({}, environment);
  const loaded = loadPackageDefinition(loadSync(healthProto, { enums: String })) as unknown as
    { grpc: { health: { v1: { Health: new (address: string, with_: ReturnType<typeof credentials.createInsecure>) => GrpcClient & HealthCalls } } } };
  const health = new loaded.grpc.health.v1.Health(address, credentials.createInsecure());
  open.push(() => health.close());
  const ask = (service: string): Promise<string> => new Promise((resolve, reject) =>
    health.check({ service }, (error, answer) => (error === null ? resolve(answer?.status ?? '') : reject(error))));
  assert.deepEqual([await ask(''), await ask('proximadb.v1.ProximaDB')], ['NOT_SERVING', 'NOT_SERVING']);
  ready = true;
  assert.deepEqual([await ask(''), await ask('proximadb.v1.ProximaDB')], ['SERVING', 'SERVING']);
  await assert.rejects(ask('other'), (error: ServiceError) => error.code === status.NOT_FOUND);

  const watched = health.watch({ service: 'proximadb.v1.ProximaDB' });
  watched.on('error', () => { /* Cancelled below. */ });
  const told: string[] = [];
  watched.on('data', (answer: { status: string }) => { told.push(answer.status); });
  const until = async (count: number): Promise<void> => { while (told.length < count) await sleep(5); };
  await until(1);
  ready = false;
  await until(2);
  ready = true;
  await until(3);
  watched.cancel();
  assert.deepEqual(told, ['SERVING', 'NOT_SERVING', 'SERVING']);
});

/** `list_services` of grpc.reflection.v1, by hand: field 7 of the request is the empty string; the answer is searched for names. */
for (const version of ['v1', 'v1alpha']) test(`reflection ${version} names the service and has its file`, async () => {
  const { address } = await serve({});
  const raw = new GrpcClient(address, credentials.createInsecure());
  open.push(() => raw.close());
  const ask = (request: Buffer): Promise<Buffer> => new Promise((resolve, reject) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const call = raw.makeBidiStreamRequest<Buffer, Buffer>(path, (x) => x, (x) => x);
    call.once('data', resolve);
    call.once('error', reject);
    call.end(request);
  });
  const request = (field: number, text: string): Buffer => Buffer.concat([Buffer.from([field << 3 | 2, text.length]), Buffer.from(text)]);
  const services = (await ask(request(7, ''))).toString('latin1');
  assert.ok(services.includes('proximadb.v1.ProximaDB'));
  const file = (await ask(request(4, 'proximadb.v1.ProximaDB.SearchStream'))).toString('latin1');
  assert.ok(file.includes('UpsertRequest') && file.includes('request_id'));
  await assert.rejects(ask(Buffer.from([0xff])), { code: status.INVALID_ARGUMENT });
});

test('a request as other clients encode it is understood', async () => {
  const bytes = UpsertRequest.encode(UpsertRequest.create({ collection: 'c', records: [new Uint8Array([1, 2])], attempt: 2 }));
  assert.deepEqual(Buffer.from(bytes).toString('hex'), '0a01631202' + '01022802');
});
