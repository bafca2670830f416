import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AppError } from '@proximadb/errors';
import { method, SearchResponse } from '@proximadb/schemas';
import { asBuffer } from '../grpc/buffer.ts';
import { startGrpc, type GrpcOptions, type RunningServer } from '../grpc/server.ts';
import type { CallContext, Handlers } from '../handlers.ts';
import { handlersWith, parts, type Parts } from '../testing.ts';
import { createClient, type Client } from './client.ts';

const open: (() => Promise<void> | void)[] = [];
after(async () => { for (const close of open.reverse()) await close(); });

type Search = Handlers['search'];

/** The server answers with `k` as its token, unless a test says otherwise. */
const answer = (token: string): SearchResponse => SearchResponse.create({ token });
const echo: Search = async ({ k }) => answer(String(k));

async function serve(search: Search, options: Partial<GrpcOptions> = {}): Promise<{ client: Client; server: RunningServer; parts: Parts }> {
  const environment = parts();
  const server = await startGrpc({ port: 0, handlers: handlersWith({ search }), ...environment, ...options });
  const client = createClient(`127.0.0.1:${server.port}`, { searchStreams: true, backoffMs: 1 });
  open.push(() => server.close(50), () => client.close());
  return { client, server, parts: environment };
}

async function metric({ metrics }: Parts, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await metrics.text())?.[1] ?? 0);
}
const streamed = (environment: Parts): Promise<number> => metric(environment, /calls_total\{transport="grpc",operation="SearchStream",code="OK"\} (\d+)/);
const called = (environment: Parts): Promise<number> => metric(environment, /calls_total\{transport="grpc",operation="Search",code="OK"\} (\d+)/);
const underWay = (environment: Parts): Promise<number> => metric(environment, /grpc_calls_under_way (\d+)/);

const refusedAs = (code: string) => (error: unknown): boolean => error instanceof AppError && error.code === code;
const untilAborted = ({ signal }: CallContext, tell: () => void): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      tell();
      reject(signal.reason as Error);
    }, { once: true });
  });

test('searches one after the other take one stream, and no call of their own', async () => {
  const { client, parts: environment } = await serve(echo);
  for (let k = 1; k <= 20; k++) assert.equal((await client.search({ k })).token, String(k));
  assert.deepEqual([await streamed(environment), await called(environment), await underWay(environment)], [20, 0, 1]);
});

test('a slow search holds up nobody', async () => {
  const slow = Promise.withResolvers<undefined>();
  const { client } = await serve(async (request, context) => {
    if (request.k === 1) await slow.promise;
    return echo(request, context);
  });
  const first = client.search({ k: 1 });
  for (let k = 2; k <= 10; k++) assert.equal((await client.search({ k })).token, String(k));
  slow.resolve(undefined);
  assert.equal((await first).token, '1');
});

test('a search that fails takes no other with it, and the next ones are answered', async () => {
  const { client } = await serve(async (request, context) => {
    await sleep(5);
    if (request.k % 3 === 0) throw new AppError('INVALID_ARGUMENT', `no ${request.k}`, { details: [{ field: 'k', reason: 'bad' }] });
    return echo(request, context);
  });
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.allSettled(Array.from({ length: 12 }, (_, k) => client.search({ k })));
    answers.forEach((each, k) => {
      if (each.status === 'fulfilled') assert.equal(each.value.token, String(k));
      else {
        const { code, details } = each.reason as AppError;
        assert.deepEqual([k % 3, code, details], [0, 'INVALID_ARGUMENT', [{ field: 'k', reason: 'bad' }]]);
      }
    });
    assert.equal(answers.filter(({ status }) => status === 'rejected').length, 4);
  }
});

test('a search has its own time, of which the server knows, and ends there', async () => {
  const aborted = Promise.withResolvers<undefined>();
  const { client } = await serve(async (request, context) => (
    request.k === 1 ? untilAborted(context, () => { aborted.resolve(undefined); }) : echo(request, context)));
  await assert.rejects(client.search({ k: 1 }, { timeoutMs: 200 }), refusedAs('DEADLINE_EXCEEDED'));
  await aborted.promise;
  assert.equal((await client.search({ k: 2 }, { timeoutMs: 5_000 })).token, '2');
});

test('a server that does not even say that time is up is not waited for', async () => {
  const never = Promise.withResolvers<never>();
  const { client } = await serve(() => never.promise, { limits: { lateMsMax: 1_500 } });
  await assert.rejects(client.search({}, { timeoutMs: 100 }), refusedAs('DEADLINE_EXCEEDED'));
});

test('a search that is cancelled is cancelled on the server', async () => {
  const aborted = Promise.withResolvers<string>();
  const { client } = await serve(async (request, context) => (
    request.k === 1 ? untilAborted(context, () => { aborted.resolve((context.signal.reason as AppError).code); }) : echo(request, context)));
  await client.search({ k: 2 });
  const stop = new AbortController();
  const cancelled = client.search({ k: 1 }, { signal: stop.signal });
  setTimeout(() => { stop.abort(); }, 20);
  await assert.rejects(cancelled, refusedAs('CANCELLED'));
  assert.equal(await aborted.promise, 'CANCELLED');
  await assert.rejects(client.search({}, { signal: AbortSignal.abort() }), refusedAs('CANCELLED'));
  assert.equal((await client.search({ k: 3 })).token, '3');
});

test('what may succeed later is repeated', async () => {
  let failures = 2;
  const { client } = await serve(async (request, context) => {
    if (failures-- > 0) throw new AppError('RESOURCE_EXHAUSTED', 'busy', { retryAfterMs: 1 });
    return echo(request, context);
  });
  assert.equal((await client.search({ k: 4 })).token, '4');
});

test('a server that came back is searched again', async () => {
  const { client, server } = await serve(echo);
  await client.search({ k: 1 });
  await server.close(50);
  const again = await startGrpc({ port: server.port, handlers: handlersWith({ search: echo }), ...parts() });
  open.push(() => again.close(50));
  assert.equal((await client.search({ k: 2 })).token, '2');
});

test('more searches than there may be streams are answered, too', async () => {
  const gate = Promise.withResolvers<undefined>();
  let started = 0;
  const { client, parts: environment } = await serve(async (request, context) => {
    if (++started === 60) gate.resolve(undefined);
    await gate.promise;
    return echo(request, context);
  });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, k) => client.search({ k })));
  assert.deepEqual(answers.map(({ token }) => Number(token)), Array.from({ length: 60 }, (_, k) => k));
  assert.deepEqual([await streamed(environment), await called(environment)], [32, 28]);
});

test('streams that nobody uses are ended', async () => {
  const { client, parts: environment } = await serve(echo);
  await Promise.all([client.search({ k: 1 }), client.search({ k: 2 })]);
  assert.equal(await underWay(environment), 2);
  while (await underWay(environment) > 0) await sleep(20);
  assert.equal((await client.search({ k: 3 })).token, '3');
});

test('a server without the stream is asked by calls', async () => {
  const server = new Server();
  const search = method('Search');
  server.addService({
    Search: {
      path: search.grpcPath, requestStream: false, responseStream: false,
      requestSerialize: asBuffer, requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: asBuffer, responseDeserialize: (bytes: Buffer) => bytes,
    },
  }, { Search: (_: unknown, respond: (error: null, bytes: Uint8Array) => void) => { respond(null, SearchResponse.encode(answer('by a call'))); } });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => { if (error === null) resolve(bound); else reject(error); });
  });
  const client = createClient(`127.0.0.1:${port}`, { searchStreams: true });
  open.push(() => { server.forceShutdown(); }, () => client.close());
  for (let time = 0; time < 3; time++) assert.equal((await client.search({})).token, 'by a call');
});

test('a client that is closed ends its searches', async () => {
  const started = Promise.withResolvers<undefined>();
  const { client } = await serve((_request, context) => {
    started.resolve(undefined);
    return untilAborted(context, () => undefined);
  });
  const search = client.search({});
  search.catch(() => undefined);
  await started.promise;
  client.close();
  await assert.rejects(search, refusedAs('CANCELLED'));
});
