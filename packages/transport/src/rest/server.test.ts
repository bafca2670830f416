import { strict as assert } from 'node:assert';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, AssertionError, grpcStatus, httpStatus, invalid, type Code } from '@proximadb/errors';
import { compileWalker, encodeVectorRecord, type MetadataValue, type Walker } from '@proximadb/record';
import { jsonSchema, methods, PartitionStats, SegmentStats, schemaText, StatsResponse, type GetRequest, type Hit, type JsonSchemaName,
  type SearchResponse } from '@proximadb/schemas';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { CallContext, Handlers } from '../handlers.ts';
import type { RunningServer } from '../grpc/server.ts';
import { handlersWith, parts, written, type Parts } from '../testing.ts';
import { startRest, type RestOptions } from './server.ts';

const open: (() => Promise<void> | void)[] = [];
after(async () => { for (const close of open.reverse()) await close(); });

interface Detail { record?: number; field?: string; reason: string }
interface ErrorBody { error: { code: string; message: string; details: Detail[]; retryAfterMs?: number; token?: string } }
interface Answer { status: number; body: unknown; text: string; headers: Headers }
type Call = (method: string, path: string, body?: string | object, headers?: Record<string, string>) => Promise<Answer>;
interface Served { server: RunningServer; call: Call; parts: Parts }

const schemaIds = { VectorRecord: 7, PatchRecord: 8 };
const walkers = new Map<number, Walker>([[7, compileWalker(JSON.parse(schemaText('VectorRecord')))]]);
function walker(schemaId: number): Walker {
  const found = walkers.get(schemaId);
  if (found === undefined) throw invalid('unknown schema id');
  return found;
}

async function serve(handlers: Partial<Handlers>, options: Partial<RestOptions> = {}): Promise<Served> {
  const environment = parts();
  const server = await startRest({ port: 0, handlers: handlersWith(handlers), schemaIds, walker, ...environment, ...options });
  open.push(() => server.close(50));
  const call: Call = async (method, path, body, headers = body === undefined ? {} : { 'content-type': 'application/json' }) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method, headers, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) as unknown : text, headers: response.headers };
  };
  return { server, call, parts: environment };
}

const errorOf = ({ body }: Answer): ErrorBody['error'] => (body as ErrorBody).error;
const metadata = (entries: Record<string, MetadataValue>): ReadonlyMap<string, MetadataValue> => new Map(Object.entries(entries));
const stored = (id: string): Uint8Array =>
  encodeVectorRecord(7, { id, vector: [0.1, -2, 3e-20], metadata: metadata({ long: 9007199254740993n, double: 2 }), timestamp: 5n });
const ajv = new Ajv2020({ strict: false });
const fits = (name: JsonSchemaName, body: unknown): void => assert.ok(ajv.validate(jsonSchema(name), body), `${name}: ${ajv.errorsText()}`);

test('records become the bytes that a client would have written, with their conditions', async () => {
  const requests: Parameters<Handlers['upsert']>[0][] = [];
  const { call } = await serve({ upsert: async (request) => { requests.push(request); return written('tok', ['1-2', '1-3']); } });
  const answer = await call('PUT', '/v1/collections/a%20b/records', `{"records": [
    {"id": "x", "vector": [1, 2.5, -3e2], "metadata": {"n": 9007199254740993, "d": 1.0, "s": ["a", null, {"k": true}]}, "timestamp": "5"},
    {"id": "y", "vector": [], "expiresAt": 9, "ifVersion": "1-42"},
    {"id": "z", "vector": [], "ifAbsent": true}], "requestId": "r", "attempt": 2, "timeoutMs": 5000}`);
  assert.equal(answer.status, 200, answer.text);
  fits('WriteResponse', answer.body);
  assert.deepEqual(answer.body, { token: 'tok', versions: ['1-2', '1-3'], refused: [] });
  const [request] = requests;
  assert.ok(request !== undefined);
  const expected = [
    encodeVectorRecord(7, {
      id: 'x', vector: [1, 2.5, -300], timestamp: 5n,
      metadata: metadata({ n: 9007199254740993n, d: 1, s: ['a', null, metadata({ k: true })] }),
    }),
    encodeVectorRecord(7, { id: 'y', vector: [], expiresAt: 9n }),
    encodeVectorRecord(7, { id: 'z', vector: [] }),
  ];
  assert.deepEqual(request.records.map((bytes) => Buffer.from(bytes).toString('hex')), expected.map((bytes) => Buffer.from(bytes).toString('hex')));
  assert.deepEqual(request.conditions.map(({ condition }) => condition?.kind ?? null), [null, 'ifVersion', 'ifAbsent']);
  assert.deepEqual([request.collection, request.requestId, request.attempt, request.timeoutMs], ['a b', 'r', 2, 5000]);
  await call('PUT', '/v1/collections/c/records', { records: [{ id: 'x', vector: [] }] });
  assert.deepEqual(requests[1]?.conditions, [], 'without conditions there are none');
});

test('every answer ends with a line break, so that a terminal shows each on a line of its own', async () => {
  const { call } = await serve({ upsert: async () => written('tok', ['1-2']) });
  assert.match((await call('PUT', '/v1/collections/a/records', { records: [{ id: 'x', vector: [] }] })).text, /\}\n$/);
  for (const path of ['/v1/nothing', '/health/live', '/openapi.json']) assert.match((await call('GET', path)).text, /\}\n$/, path);
});

test('a request that JSON cannot make wholly is refused with record and field, and reaches no handler', async () => {
  const never = async (): Promise<never> => assert.fail('called');
  const { call } = await serve({ upsert: never, delete: never, search: never, searchBatch: never, updateCollection: never });
  const record = (rest: string): string => `{"records": [{"id": "a", "vector": []}, {"id": "b"${rest}}]}`;
  const table: [string, string, string, number | undefined, string | undefined, RegExp][] = [
    ['PUT', '/records', '', undefined, undefined, /body is empty/],
    ['PUT', '/records', '{', undefined, undefined, /JSON, at character 1/],
    ['PUT', '/records', '[]', undefined, undefined, /must be a JSON object, not an array/],
    ['PUT', '/records', '{"records": [], "records": []}', undefined, undefined, /there twice/],
    ['PUT', '/records', '{}', undefined, 'records', /is missing/],
    ['PUT', '/records', '{"records": null}', undefined, 'records', /must not be null/],
    ['PUT', '/records', '{"records": {}}', undefined, 'records', /must be an array, not an object/],
    ['PUT', '/records', '{"records": [], "recrods": 1}', undefined, 'recrods', /no such field; there are records, requestId, attempt, timeoutMs/],
    ['PUT', '/records', '{"records": [], "collection": "x"}', undefined, 'collection', /no such field/],
    ['PUT', '/records', '{"records": [], "conditions": []}', undefined, 'conditions', /no such field/],
    ['PUT', '/records', '{"records": [], "attempt": 1.5}', undefined, 'attempt', /whole number/],
    ['PUT', '/records', '{"records": [], "attempt": 3000000000}', undefined, 'attempt', /32 bits/],
    ['PUT', '/records', '{"records": [], "attempt": "1"}', undefined, 'attempt', /must be a whole number, not a string/],
    ['PUT', '/records', '{"records": [], "requestId": 5}', undefined, 'requestId', /must be a string, not a number/],
    ['PUT', '/records', '{"records": [], "timeoutMs": 0}', undefined, 'timeoutMs', /at least 1/],
    ['PUT', '/records', '{"records": [5]}', 0, undefined, /a record is an object/],
    ['PUT', '/records', record(''), 1, 'vector', /is missing/],
    ['PUT', '/records', record(', "vector": [1, "2"]'), 1, 'vector[1]', /must be a number/],
    ['PUT', '/records', record(', "vector": [1, 1e39]'), 1, 'vector[1]', /32-bit/],
    ['PUT', '/records', record(', "vector": [NaN]'), undefined, undefined, /JSON, at character/],
    ['PUT', '/records', record(', "vector": [], "metadata": {"a": {"b": 9223372036854775808}}'), 1, 'metadata.a.b', /64 bits/],
    ['PUT', '/records', record(', "vector": [], "colour": 1'), 1, 'colour', /no such field/],
    ['PUT', '/records', record(', "vector": [], "ifAbsent": false'), 1, 'ifAbsent', /must be true/],
    ['PUT', '/records', record(', "vector": [], "ifVersion": 5'), 1, 'ifVersion', /must be a version/],
    ['PUT', '/records', record(', "vector": [], "ifVersion": "1-2", "ifPresent": true'), 1, 'ifPresent', /only one of ifPresent, ifVersion/],
    ['POST', '/records/delete', '{"ids": ["a", 5]}', undefined, 'ids[1]', /must be a string/],
    ['POST', '/records/delete', '{"ids": ["a"], "conditions": [{}]}', undefined, 'conditions[0]', /is empty/],
    ['POST', '/records/delete', '{"ids": ["a"], "conditions": [{"ifFoo": true}]}', undefined, 'conditions[0].ifFoo', /no such field/],
    ['POST', '/records/delete', '{"filter": {"a": {"$bad": 1}}}', undefined, 'filter.a.$bad', /no operator/],
    ['POST', '/search', '{"vector": [1, null]}', undefined, 'vector[1]', /must be a number, not null/],
    ['POST', '/search', '{"vector": [1], "include": ["vectors"]}', undefined, 'include[0]', /one of vector, metadata/],
    ['POST', '/search', '{"vector": [1], "consistency": "exact"}', undefined, 'consistency', /one of eventual, session, bounded, strong/],
    ['POST', '/search', '{"vector": [1], "read": {}}', undefined, 'read', /no such field/],
    ['POST', '/search', '{"vector": [1], "exact": 1}', undefined, 'exact', /a boolean/],
    ['POST', '/search/batch', '{"searches": [{"vector": [1]}, {"vector": [1], "filter": {"$or": 5}}]}', undefined, 'searches[1].filter.$or', /an array/],
    ['POST', '/search/batch', '{"searches": [{"vector": [1], "kk": 5}]}', undefined, 'searches[0].kk', /no such field/],
    ['POST', '/search?k=5', '{"vector": [1]}', undefined, 'k', /no such query parameter/],
    ['PATCH', '', '{"dimension": 5}', undefined, 'dimension', /cannot be changed/],
    ['PATCH', '', '{"dimensoin": 5}', undefined, 'dimensoin', /no such field/],
    ['PATCH', '', '{"tags": {"a": 5}}', undefined, 'tags.a', /must be a string/],
  ];
  for (const [method, path, body, place, field, reason] of table) {
    const answer = await call(method, `/v1/collections/c${path}`, body);
    const error = errorOf(answer);
    assert.deepEqual([answer.status, error.code], [400, 'INVALID_ARGUMENT'], `${body} → ${answer.text}`);
    fits('ErrorBody', answer.body);
    assert.deepEqual([error.details[0]?.record, error.details[0]?.field], [place, field], `${body} → ${answer.text}`);
    assert.match(error.message, reason, body);
  }
});

test('a body that is not UTF-8 is refused', async () => {
  const { call } = await serve({});
  const answer = await fetch(`http://127.0.0.1:${(await serve({})).server.port}/v1/collections`, {
    method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' }, body: new Uint8Array([0x22, 0xff, 0x22]),
  });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /not valid UTF-8/);
  assert.equal((await call('POST', '/v1/collections', `${'['.repeat(100)}`)).status, 400);
});

test('reads: defaults, options beside the fields, filters', async () => {
  let seen: unknown;
  const note = <T>(answer: T) => async (request: unknown): Promise<T> => { seen = request; return answer; };
  const { call } = await serve({
    search: note<SearchResponse>({ hits: [], token: 't', explain: null, coverage: null, logAway: null }),
    count: note({ count: 2n ** 60n, token: 't', coverage: null, logAway: null }),
    scroll: note({ records: [], cursor: null, token: 't', logAway: null }),
  });
  await call('POST', '/v1/collections/c/search', { vector: [1, 2], consistency: 'strong', timeoutMs: 500, filter: { a: 1 } });
  assert.deepEqual(seen, {
    collection: 'c', vector: new Float32Array([1, 2]), id: null, k: 0, offset: 0, scoreThreshold: null, exact: false, ef: null, include: [], explain: false,
    filter: { node: { kind: 'comparison', value: { path: ['a'], operator: 'eq', values: [{ value: { kind: 'long', value: 1n } }] } } },
    read: { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: 500, allowPartial: false },
  });
  const count = await call('POST', '/v1/collections/c/records/count', { filter: null });
  assert.deepEqual(seen, { collection: 'c', filter: null, read: null });
  assert.deepEqual(count.body, { count: '1152921504606846976', token: 't' });
  const scroll = await call('POST', '/v1/collections/c/records/scroll', { limit: 1e2, k: undefined });
  assert.deepEqual((seen as { limit: number }).limit, 100);
  assert.deepEqual(scroll.body, { records: [], token: 't' });
});

test('hits carry what is included and nothing else; longs keep all their digits', async () => {
  const hit = (id: string): Hit => ({ id, score: 0.5, distance: -1e-7, version: '1-5', record: stored(id) });
  const { call } = await serve({
    search: async () => ({ hits: [hit('a'), { ...hit('b'), record: null }], token: 't', explain: null, coverage: null, logAway: null }),
    searchBatch: async ({ searches }) => ({ results: searches.map(() => ({ hits: [hit('a')], token: 't', explain: null, coverage: null, logAway: null })) }),
  });
  const table: [string[], string][] = [
    [[], ''], [['vector'], ',"vector":[0.1,-2,3e-20]'], [['metadata'], ',"metadata":{"long":9007199254740993,"double":2.0}'],
    [['metadata', 'vector'], ',"vector":[0.1,-2,3e-20],"metadata":{"long":9007199254740993,"double":2.0}'],
  ];
  for (const [include, rest] of table) {
    const answer = await call('POST', '/v1/collections/c/search', { vector: [1], include });
    fits('SearchResponse', answer.body);
    assert.equal(answer.text, `{"hits":[{"id":"a","score":0.5,"distance":-1e-7,"version":"1-5"${rest}},`
      + '{"id":"b","score":0.5,"distance":-1e-7,"version":"1-5"}],"token":"t"}\n');
  }
  const batch = await call('POST', '/v1/collections/c/search/batch', { searches: table.map(([include]) => ({ vector: [1], include })) });
  fits('SearchBatchResponse', batch.body);
  for (const [index, [, rest]] of table.entries()) assert.ok(batch.text.split('{"hits"')[index + 1]!.includes(`"version":"1-5"${rest}}]`));
});

test('stored records carry everything by default; one record is answered as itself, whatever characters its id has', async () => {
  const ids: string[] = [];
  let seen: GetRequest | undefined;
  const { call } = await serve({
    get: async (request) => {
      seen = request;
      ids.push(...request.ids);
      return { records: request.ids.filter((id) => id !== 'missing').map((id) => ({ id, version: '1-5', record: stored(id) })), token: 't', logAway: null };
    },
  });
  for (const id of ['x', 'a/b/c', '..', 'ä ☂?#%2F', 'get', '%', '😀'.repeat(128)]) {
    const answer = await call('GET', `/v1/collections/c/records/${encodeURIComponent(id).replace(/\./g, '%2E')}`);
    // A client resolves two dots, escaped or not, before it sends them.
    if (id === '..') continue;
    assert.equal(answer.status, 200, answer.text);
    fits('GetResponse', { records: [answer.body], token: '' });
    assert.equal((answer.body as { id: string }).id, id);
    assert.equal(ids.at(-1), id);
    assert.ok(answer.text.includes('"metadata":{"long":9007199254740993,"double":2.0}') && answer.text.includes('"vector":['));
  }
  const some = await call('GET', '/v1/collections/c/records/x?include=vector&consistency=session&token=abc&timeoutMs=900');
  assert.deepEqual(Object.keys(some.body as object), ['id', 'version', 'vector', 'timestamp']);
  assert.deepEqual(seen?.read, { consistency: 'session', token: 'abc', maxStalenessMs: null, timeoutMs: 900, allowPartial: false });
  await call('GET', '/v1/collections/c/records/x?include=vector&include=metadata');
  assert.deepEqual(seen?.include, ['vector', 'metadata']);
  const missing = await call('GET', '/v1/collections/c/records/missing');
  assert.deepEqual([missing.status, errorOf(missing).code], [404, 'NOT_FOUND']);
  assert.match(errorOf(missing).message, /no record "missing"/);
  for (const [query, field] of [['incl=vector', 'incl'], ['timeoutMs=soon', 'timeoutMs'], ['token=a&token=b', 'token'], ['ids=y', 'ids']] as const) {
    const answer = await call('GET', `/v1/collections/c/records/x?${query}`);
    assert.deepEqual([answer.status, errorOf(answer).details[0]?.field], [400, field], answer.text);
  }
  const several = await call('POST', '/v1/collections/c/records/get', { ids: ['x', 'missing', 'y'], include: ['metadata'] });
  fits('GetResponse', several.body);
  const keys = (several.body as { records: object[] }).records.map((record) => Object.keys(record).join());
  assert.deepEqual(keys, Array(2).fill('id,version,metadata,timestamp'));
});

test('statistics answer, though a figure in them is called records as a list of others is', async () => {
  const segments = [SegmentStats.create({ id: 's', rows: 3, dead: 1, indexed: true, bytes: 2n ** 40n })];
  const partition = PartitionStats.create({ state: 'serving', segments });
  const { call } = await serve({ stats: async () => StatsResponse.create({ collection: 'c', records: 2n ** 53n, partitions: [partition] }) });
  const answer = await call('GET', '/v1/collections/c/stats');
  assert.equal(answer.status, 200, answer.text);
  fits('StatsResponse', answer.body);
  const { records, partitions } = answer.body as { records: string; partitions: { segments: object[] }[] };
  assert.equal(records, '9007199254740992');
  assert.deepEqual(partitions[0]?.segments, [{ id: 's', rows: 3, dead: 1, indexed: true, bytes: 2 ** 40 }]);
});

test('every error has the status of its code, and says the same as in gRPC', async () => {
  let thrown = new AppError('INTERNAL', '');
  const { call } = await serve({ getCollection: async () => { throw thrown; } });
  for (const code of Object.keys(grpcStatus) as Code[]) {
    const details = [{ record: 3, field: 'score_threshold', reason: 'a' }, { field: 'metadata.a_b', reason: 'b' }];
    thrown = new AppError(code, `${code} ☂`, { details, token: 'tok' });
    const answer = await call('GET', '/v1/collections/c');
    assert.equal(answer.status, httpStatus(thrown));
    fits('ErrorBody', answer.body);
    assert.deepEqual(errorOf(answer), {
      code, message: `${code} ☂`, details: [{ record: 3, field: 'scoreThreshold', reason: 'a' }, { field: 'metadata.a_b', reason: 'b' }], token: 'tok',
    });
    assert.equal(answer.headers.get('retry-after'), null);
  }
  thrown = new AppError('UNAVAILABLE', 'later', { retryAfterMs: 1200.5 });
  const answer = await call('GET', '/v1/collections/c');
  assert.deepEqual([answer.status, answer.headers.get('retry-after'), errorOf(answer).retryAfterMs], [503, '2', 1201]);
});

test('what is not there: routes, methods, media types, sizes, encodings, operations', async () => {
  const { call, server } = await serve({}, { bodyBytesMax: 100 });
  const expectError = (answer: Answer, status: number, code: string): void => {
    assert.deepEqual([answer.status, errorOf(answer).code], [status, code], answer.text);
    fits('ErrorBody', answer.body);
  };
  expectError(await call('GET', '/v2/collections'), 404, 'NOT_FOUND');
  expectError(await call('GET', '/'), 404, 'NOT_FOUND');
  const wrongMethod = await call('DELETE', '/v1/collections');
  expectError(wrongMethod, 405, 'UNIMPLEMENTED');
  assert.equal(wrongMethod.headers.get('allow'), 'GET, POST');
  expectError(await call('POST', '/v1/collections', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'INVALID_ARGUMENT');
  expectError(await call('POST', '/v1/collections', 'x', { 'content-type': 'text/plain' }), 415, 'INVALID_ARGUMENT');
  expectError(await call('POST', '/v1/collections', JSON.stringify({ name: 'x'.repeat(200) })), 413, 'RESOURCE_EXHAUSTED');
  expectError(await call('GET', '/v1/collections/%ff'), 400, 'INVALID_ARGUMENT');
  expectError(await call('DELETE', '/v1/collections/c', '{"a": 1}'), 400, 'INVALID_ARGUMENT');
  expectError(await call('GET', '/v1/collections/c/stats?x=1'), 400, 'INVALID_ARGUMENT');
  expectError(await call('GET', '/v1/collections/c/stats'), 501, 'UNIMPLEMENTED');
  const raw = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
    let text = '';
    socket.on('data', (data) => { text += data.toString(); }).on('close', () => resolve(text));
  });
  assert.match(raw, /^HTTP\/1\.1 400 [^]*"code":"INVALID_ARGUMENT"/);
});

test('every route of the table answers, and OpenAPI lists exactly these', async () => {
  const { call } = await serve({});
  const openApi = (await call('GET', '/openapi.json')).body as { openapi: string; paths: Record<string, Record<string, unknown>> };
  assert.match(openApi.openapi, /^3\.1\./);
  const listed = Object.entries(openApi.paths).flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
  const table = methods.flatMap(({ http, extraHttp }) => [http, extraHttp ?? null]).filter((http) => http !== null)
    .map(({ method, path }) => `${method} ${path}`);
  const operation = ['GET /health/live', 'GET /health/ready', 'GET /metrics', 'GET /openapi.json'];
  assert.deepEqual(listed.sort(), [...table, ...operation].sort());
  for (const route of table) {
    const [method = '', path = ''] = route.split(' ');
    const answer = await call(method, path.replace(/\{\w+\}/g, 'x'), method === 'GET' || method === 'DELETE' ? undefined : '{"unknown": 1}');
    assert.ok(answer.status === 501 || answer.status === 400, `${route}: ${answer.text}`);
  }
});

test('health tells the probe, with the progress until it is ready', async () => {
  let ready = false;
  const { call } = await serve({}, { readiness: () => ({ ready, progress: { state: ready ? 'serving' : 'replaying', applied: 5n } }) });
  assert.equal((await call('GET', '/health/live')).status, 200);
  const before = await call('GET', '/health/ready');
  assert.deepEqual([before.status, before.body], [503, { ready: false, state: 'replaying', applied: '5' }]);
  ready = true;
  assert.equal((await call('GET', '/health/ready')).status, 200);
});

test('metrics count calls by operation and answer', async () => {
  const { call } = await serve({ count: async () => ({ count: 1n, token: '', coverage: null, logAway: null }) });
  await call('POST', '/v1/collections/c/records/count', {});
  await call('POST', '/v1/collections/c/records/count', { x: 1 });
  const { text, headers } = await call('GET', '/metrics');
  assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  assert.match(text, /proximadb_calls_total\{transport="rest",operation="Count",code="OK"\} 1/);
  assert.match(text, /proximadb_calls_total\{transport="rest",operation="Count",code="INVALID_ARGUMENT"\} 1/);
});

const untilAborted = ({ signal }: CallContext): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

test('the time of a request ends in 504; a client that goes away aborts its handler', async () => {
  const aborted = Promise.withResolvers<Code>();
  const { call, server } = await serve({
    count: async (_, context) => untilAborted(context),
    stats: async (_, context) => untilAborted(context).catch((error: AppError) => { aborted.resolve(error.code); throw error; }),
  });
  const late = await call('POST', '/v1/collections/c/records/count', { timeoutMs: 30 });
  assert.deepEqual([late.status, errorOf(late).code], [504, 'DEADLINE_EXCEEDED']);
  const going = httpRequest({ port: server.port, host: '127.0.0.1', path: '/v1/collections/c/stats' }).on('error', () => undefined);
  going.end();
  await sleep(50);
  going.destroy();
  assert.equal(await aborted.promise, 'CANCELLED');
});

test('past the calls or bytes under way the answer is 429 with a time to come back; operators are still answered', async () => {
  const gate = Promise.withResolvers<void>();
  let started = 0;
  const { call } = await serve({ count: async () => { started++; await gate.promise; return { count: 1n, token: '', coverage: null, logAway: null }; } },
    { admission: { callsMax: 2, bytesMax: 1000, retryAfterMs: 300 } });
  const path = '/v1/collections/c/records/count';
  const first = call('POST', path, `{"timeoutMs": 5000${' '.repeat(900)}}`);
  while (started < 1) await sleep(2);
  const busy = await call('POST', path, `{"timeoutMs": 5000${' '.repeat(900)}}`);
  assert.deepEqual([busy.status, busy.headers.get('retry-after'), errorOf(busy).retryAfterMs], [429, '1', 300]);
  const second = call('POST', path, {});
  while (started < 2) await sleep(2);
  assert.equal((await call('GET', '/v1/collections')).status, 429);
  assert.equal((await call('GET', '/health/live')).status, 200);
  gate.resolve();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal((await call('POST', path, {})).status, 200);
});

test('an unforeseen throw is 500 and logged; a failed assertion is handed on as our bug', async () => {
  const bugs: Error[] = [];
  const { call, parts: { lines } } = await serve({
    listCollections: async () => { throw new TypeError('broken'); }, stats: async () => { throw new AssertionError('impossible'); },
  }, { onBug: (error) => bugs.push(error) });
  assert.equal((await call('GET', '/v1/collections')).status, 500);
  assert.match(lines.join(''), /"event":"call-failed".*"operation":"ListCollections".*broken/);
  assert.equal((await call('GET', '/v1/collections/c/stats')).status, 500);
  assert.deepEqual(bugs.map(({ message }) => message), ['impossible']);
});

test('closing lets calls under way end, refuses new ones, and cuts off after the grace time', async () => {
  for (const { workMs, graceMs, ends } of [{ workMs: 100, graceMs: 20_000, ends: true }, { workMs: 20_000, graceMs: 50, ends: false }]) {
    const started = Promise.withResolvers<void>();
    const { call, server } = await serve({
      count: async (_, { signal }) => {
        started.resolve();
        await sleep(workMs, undefined, { signal });
        return { count: 7n, token: '', coverage: null, logAway: null };
      },
    });
    const under = call('POST', '/v1/collections/c/records/count', {}).then(({ status }) => status, () => 'cut off');
    await started.promise;
    const closed = performance.now();
    await server.close(graceMs);
    assert.ok(performance.now() - closed < 10_000);
    assert.equal(await under, ends ? 200 : 'cut off');
    await assert.rejects(call('GET', '/health/live'));
  }
});

test('a port that is taken is refused with a clear error', async () => {
  const { server } = await serve({});
  await assert.rejects(startRest({ port: server.port, handlers: handlersWith({}), schemaIds, walker, ...parts() }), (error: AppError) =>
    error.code === 'UNAVAILABLE' && error.message.includes(String(server.port)));
});

test('pages of the origins that are named may ask, and no others', async () => {
  const { call } = await serve({ search: async () => { throw new AppError('RESOURCE_EXHAUSTED', 'later', { retryAfterMs: 5 }); } },
    { corsOrigins: ['https://app.example', 'http://localhost:3000'] });
  const path = '/v1/collections/c/search';
  const preflight = (origin: string): Promise<Answer> => call('OPTIONS', path, undefined,
    { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,authorization' });
  const allowed = await preflight('https://app.example');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
  assert.deepEqual((allowed.headers.get('access-control-allow-methods') ?? '').split(/, */).sort(), ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']);
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type,authorization');
  assert.equal((await preflight('https://other.example')).headers.get('access-control-allow-origin'), null);
  const answer = await call('POST', path, '{"vector": [1]}', { origin: 'http://localhost:3000', 'content-type': 'application/json' });
  assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [429, 'http://localhost:3000']);
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /retry-after/);
  const health = await call('GET', '/health/ready', undefined, { origin: 'https://app.example' });
  assert.equal(health.headers.get('access-control-allow-origin'), 'https://app.example');

  const { call: callAll } = await serve({}, { corsOrigins: ['*'] });
  assert.equal((await callAll('GET', '/health/live', undefined, { origin: 'null' })).headers.get('access-control-allow-origin'), '*');
  const { call: callNone } = await serve({});
  assert.equal((await callNone('GET', '/health/live', undefined, { origin: 'https://app.example' })).headers.get('access-control-allow-origin'), null);
  assert.equal((await callNone('OPTIONS', path, undefined, { origin: 'https://app.example', 'access-control-request-method': 'POST' })).status, 405);
});
