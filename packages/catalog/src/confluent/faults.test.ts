import { strict as assert } from 'node:assert';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { AppError, type Code } from '@proximadb/errors';
import { ConfluentRegistry, type ConfluentOptions } from './index.ts';
import { json, Pretended } from './testing/pretended.ts';

const schema = '{"type":"record","name":"R","fields":[]}';
const nothing = { error_code: 40403, message: 'Schema not found' };

function client(url: string, options: Partial<ConfluentOptions> = {}): ConfluentRegistry {
  return new ConfluentRegistry({ url, timeoutMs: 20_000, pauseMs: 1, ...options });
}

async function failure(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof AppError, String(error));
  return error;
}

describe('what is no answer of a registry is an outage, and no refusal and no unknown id', () => {
  const outages: readonly [what: string, answer: (response: ServerResponse) => void, words: RegExp][] = [
    ['a gateway that reaches nobody', (response) => { response.writeHead(502).end('<html>Bad Gateway</html>'); }, /status 502/],
    ['a registry that fails', (response) => { json(response, 500, { error_code: 50001, message: 'Error in the store' }); }, /500: Error in the store/],
    ['a registry that starts', (response) => { json(response, 503, {}); }, /status 503/],
    ['the 404 of a web server', (response) => { response.writeHead(404).end('<html>Not Found</html>'); }, /404 and not as a schema registry/],
    ['the 404 of another service', (response) => { json(response, 404, { error_code: 404, message: 'HTTP 404 Not Found' }); }, /path may be missing/],
    ['a redirection', (response) => { response.writeHead(302, { location: '/login' }).end(); }, /status 302/],
    ['the 400 of a proxy', (response) => { response.writeHead(400).end('bad'); }, /status 400/],
    ['a page in the place of JSON', (response) => { response.writeHead(200).end('<html>Welcome</html>'); }, /status 200 and not as/],
    ['JSON of something else', (response) => { json(response, 200, { hello: 'world' }); }, /gives no text for schema id 7/],
    ['an empty answer', (response) => { response.writeHead(204).end(); }, /status 204/],
    ['an answer that breaks off', (response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"schema":');
      setTimeout(() => response.destroy(), 10);
    }, /does not answer: aborted/],
    ['a connection that breaks', (response) => { response.destroy(); }, /does not answer: socket hang up/],
  ];
  for (const [what, answer, words] of outages) {
    test(what, async () => {
      await using server = await Pretended.start(answer);
      const error = await failure(client(server.url).byId(7));
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, words);
      assert.equal((await failure(client(server.url).register('s', schema))).code, 'UNAVAILABLE');
    });
  }

  test('a body that comes too slowly ends at the deadline', async () => {
    await using server = await Pretended.start((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => { clearInterval(drip); });
    });
    const startMs = performance.now();
    const error = await failure(client(server.url, { timeoutMs: 300 }).byId(7));
    assert.ok(performance.now() - startMs < 30_000);
    assert.equal(error.code, 'UNAVAILABLE');
    assert.match(error.message, /within (300|2\d\d) ms/, 'what is left of the time when the question leaves');
  });
});

test('an answer of any length is read no further than its bound', async () => {
  let written = 0;
  await using server = await Pretended.start((response) => {
    response.writeHead(200);
    const more = (): void => {
      while (written < 64 * 1024 * 1024 && !response.destroyed) {
        written += 65_536;
        if (!response.write('x'.repeat(65_536))) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const error = await failure(client(server.url).byId(7));
  assert.equal(error.code, 'RESOURCE_EXHAUSTED');
  assert.equal(error.retryable, false);
  assert.ok(written < 32 * 1024 * 1024, `${written} bytes`);
  assert.equal(server.asked.length, 1);
});

describe('what the registry says is passed on, and not asked again', () => {
  const said: readonly [what: string, status: number, body: unknown, code: Code, words: RegExp][] = [
    ['wrong credentials', 401, { error_code: 401, message: 'Unauthorized' }, 'UNAUTHENTICATED', /credentials: Unauthorized\. An operator/],
    ['wrong credentials without a word', 401, undefined, 'UNAUTHENTICATED', /credentials\. An operator/],
    ['missing permission', 403, { error_code: 40301, message: 'User is denied operation Write' }, 'PERMISSION_DENIED', /denied operation Write/],
  ];
  for (const [what, status, body, code, words] of said) {
    test(what, async () => {
      await using server = await Pretended.start((response) => {
        if (body === undefined) response.writeHead(status).end();
        else json(response, status, body);
      });
      for (const call of [client(server.url).byId(7), client(server.url).register('s', schema)]) {
        const error = await failure(call);
        assert.equal(error.code, code);
        assert.match(error.message, words);
      }
      assert.equal(server.asked.length, 2);
    });
  }

  test('an unknown id', async () => {
    await using server = await Pretended.start((response) => { json(response, 404, nothing); });
    assert.equal(await client(server.url).byId(7), undefined);
    assert.equal(server.asked.length, 1);
  });

  test('too many questions, with the time to come back', async () => {
    await using server = await Pretended.start((response) => { response.writeHead(429, { 'retry-after': '3' }).end('{}'); });
    const error = await failure(client(server.url).byId(7));
    assert.equal(error.code, 'UNAVAILABLE');
    assert.equal(error.retryAfterMs, 3_000);
  });
});

type Said = readonly [status: number, body: unknown];

const level = (compatibilityLevel: string): Said => [200, { compatibilityLevel }];

/** A registry in which nothing is registered and no level is set, but for what is given. */
function empty(answers: Readonly<Record<string, Said>>): Promise<Pretended> {
  return Pretended.start((response, { method, path }) => {
    const [status, body] = answers[`${method} ${path.replace(/\?.*/, '')}`] ?? [404, nothing];
    json(response, status, body);
  });
}

test('the level is set before the first version is registered', async () => {
  await using server = await empty({
    'GET /config': level('BACKWARD'), 'PUT /config/s': [200, {}], 'POST /subjects/s/versions': [200, { id: 5 }],
  });
  assert.equal(await client(server.url).register('s', schema), 5);
  assert.deepEqual(server.asked.map(({ method, path }) => `${method} ${path}`),
    ['POST /subjects/s', 'GET /config/s', 'GET /config', 'PUT /config/s', 'POST /subjects/s/versions']);
  assert.deepEqual(server.asked.slice(3).map(({ body }) => JSON.parse(body) as unknown), [{ compatibility: 'BACKWARD_TRANSITIVE' }, { schema }]);
});

test('a registry that takes a level only for a subject with a version gets it afterwards', async () => {
  await using server = await empty({ 'GET /config': level('NONE'), 'POST /subjects/s/versions': [200, { id: 5 }] });
  assert.equal(await client(server.url).register('s', schema), 5);
  assert.deepEqual(server.asked.map(({ method, path }) => `${method} ${path}`).filter((each) => !each.startsWith('GET')),
    ['POST /subjects/s', 'PUT /config/s', 'POST /subjects/s/versions', 'PUT /config/s']);
});

test('what holds for all subjects is not loosened for ours', async () => {
  const unset: Said = [404, { error_code: 40408, message: "Subject 's' does not have subject-level compatibility configured" }];
  for (const own of [unset, level('NONE')]) {
    await using server = await empty({
      'GET /config': level('FULL_TRANSITIVE'), 'GET /config/s': own, 'PUT /config/s': [200, {}],
      'POST /subjects/s/versions': [200, { id: 5 }],
    });
    await client(server.url).register('s', schema);
    const put = server.asked.filter(({ method }) => method === 'PUT');
    assert.deepEqual(put.map(({ body }) => JSON.parse(body) as unknown), [{ compatibility: 'FULL_TRANSITIVE' }]);
  }
});

test('a level of which we know nothing is left alone', async () => {
  await using server = await empty({ 'GET /config/s': level('STRICTEST'), 'POST /subjects/s/versions': [200, { id: 5 }] });
  assert.equal(await client(server.url).register('s', schema), 5);
  assert.deepEqual(server.asked.filter(({ method }) => method === 'PUT'), []);
});

test('whoever may only read gets the ids of what others have registered, and nothing else', async () => {
  const denied = [403, { error_code: 40301, message: 'read only' }] as const;
  await using server = await empty({
    'GET /config': level('BACKWARD'), 'PUT /config/s': denied, 'PUT /config/new': denied,
    'POST /subjects/s': [200, { subject: 's', id: 9, version: 2, schema }],
  });
  const registry = client(server.url);
  assert.equal(await registry.register('s', schema), 9);
  assert.equal((await failure(registry.register('new', schema))).code, 'PERMISSION_DENIED');
});

test('a registry that is set to read-only refuses as a whole, and not this schema', async () => {
  await using server = await empty({
    'GET /config/s': level('BACKWARD_TRANSITIVE'),
    'POST /subjects/s/versions': [422, { error_code: 42205, message: 'Subject s is in read-only mode' }],
  });
  const error = await failure(client(server.url).register('s', schema));
  assert.equal(error.code, 'FAILED_PRECONDITION');
  assert.match(error.message, /read-only mode/);
});

test('the reasons of an incompatible schema are asked for, of all versions, and are one line of bounded length', async () => {
  await using server = await empty({
    'GET /config/s': level('BACKWARD_TRANSITIVE'),
    'POST /subjects/s/versions': [409, { error_code: 409, message: 'Schema being registered is incompatible with an earlier schema' }],
    'POST /compatibility/subjects/s/versions': [200, { is_compatible: false, messages: ['reader lacks\n\u001b[31m a default', 'x'.repeat(5_000), 7] }],
  });
  const error = await failure(client(server.url).register('s', schema));
  assert.equal(error.code, 'INVALID_ARGUMENT');
  assert.match(error.message, /subject s: Schema being registered is incompatible with an earlier schema; reader lacks \[31m a default; x+…$/);
  assert.ok(error.message.length < 1_500);
  assert.ok(server.asked.some(({ path }) => path === '/compatibility/subjects/s/versions?verbose=true'));
});

test('ids that are none are not taken', async () => {
  for (const id of [0, -1, 1.5, '7', null, 2 ** 31]) {
    await using server = await empty({ 'GET /config/s': level('BACKWARD_TRANSITIVE'), 'POST /subjects/s/versions': [200, { id }] });
    assert.equal((await failure(client(server.url).register('s', schema))).code, 'UNAVAILABLE', String(id));
  }
});

describe('several URLs', () => {
  const known = { schema };
  const fails = (response: ServerResponse): void => { response.writeHead(503).end(); };
  const answers = (response: ServerResponse): void => { json(response, 200, known); };

  test('are asked in turn until one answers, and that is asked first from then on', async () => {
    await using one = await Pretended.start(fails);
    await using two = await Pretended.start(answers);
    const registry = client(`${one.url},${two.url}`);
    for (let time = 0; time < 3; time++) assert.equal(await registry.byId(7), schema);
    assert.deepEqual([one.asked.length, two.asked.length], [1, 3]);
  });

  test('that are all down are tried again, a bounded number of times, and are named with what each said', async () => {
    await using one = await Pretended.start(fails);
    await using two = await Pretended.start(fails);
    const error = await failure(client(`${one.url},${two.url}`, { roundsMax: 2 }).byId(7));
    assert.deepEqual([one.asked.length, two.asked.length], [2, 2]);
    for (const { url } of [one, two]) assert.ok(error.message.includes(`${url} answers with status 503`), error.message);
  });

  test('one that is silent leaves the others time to answer', async () => {
    await using silent = await Pretended.start(() => undefined);
    await using other = await Pretended.start(answers);
    assert.equal(await client(`${silent.url},${other.url}`, { timeoutMs: 4_000 }).byId(7), schema);
    assert.equal(silent.asked.length, 1);
  });

  test('that recovered after a first round answer in the second', async () => {
    await using server = await Pretended.start((response, _asked, at) => { (at === 0 ? fails : answers)(response); });
    assert.equal(await client(server.url).byId(7), schema);
  });
});

test('each URL gets its own credentials, and no error shows them', async () => {
  await using one = await Pretended.start((response) => { response.writeHead(503).end(); });
  await using two = await Pretended.start((response) => { json(response, 500, {}); });
  const urls = [one, two].map(({ url }, at) => url.replace('://', `://user${at}:secret${at}@`)).join();
  const error = await failure(client(urls).byId(7));
  assert.doesNotMatch(`${error.stack ?? ''}${JSON.stringify(error)}${String(error.cause)}`, /secret|user0/);
  for (const [at, { asked }] of [one, two].entries()) {
    assert.equal(asked[0]?.authorization, `Basic ${Buffer.from(`user${at}:secret${at}`).toString('base64')}`);
  }
});

test('past their number questions are refused at once, and answered again when there is room', async () => {
  const held: ServerResponse[] = [];
  await using server = await Pretended.start((response) => { held.push(response); });
  const registry = client(server.url, { questionsMax: 2 });
  const first = [registry.byId(1), registry.byId(2)];
  const error = await failure(registry.byId(3));
  assert.equal(error.code, 'RESOURCE_EXHAUSTED');
  assert.ok(error.retryable);
  while (held.length < 2) await new Promise(setImmediate);
  for (const response of held) json(response, 404, nothing);
  assert.deepEqual(await Promise.all(first), [undefined, undefined]);
  const third = registry.byId(3);
  while (held.length < 3) await new Promise(setImmediate);
  for (const response of held.slice(2)) json(response, 404, nothing);
  assert.equal(await third, undefined);
});

test('what is no schema and what is no subject is not even asked about', async () => {
  await using server = await empty({});
  const registry = client(server.url);
  for (const [subject, text] of [['s', '{'], ['s', 'x'.repeat(300_000)], ['', schema], ['s'.repeat(300), schema]] as const) {
    for (const call of [registry.register(subject, text), registry.find(subject, text), registry.verdict(subject, text)]) {
      assert.equal((await failure(call)).code, 'INVALID_ARGUMENT');
    }
  }
  assert.equal(server.asked.length, 0);
});

test('ids are remembered up to a number, and forgotten when the registry has lost them', async () => {
  let lost = false;
  await using server = await Pretended.start((response, { path }) => {
    const id = Number(/\d/.exec(path)?.[0]);
    if (path.startsWith('/schemas/')) json(response, lost ? 404 : 200, lost ? nothing : { schema });
    else if (path.startsWith('/config')) json(response, 200, { compatibilityLevel: 'FULL_TRANSITIVE' });
    else json(response, 200, { subject: `s${id}`, id: lost ? id + 10 : id, version: 1, schema });
  });
  const registry = client(server.url, { idsMax: 2 });
  for (const subject of ['s1', 's2', 's3']) await registry.register(subject, schema);
  const asked = server.asked.length;
  assert.deepEqual([await registry.register('s2', schema), await registry.register('s3', schema)], [2, 3]);
  assert.equal(server.asked.length, asked);
  await registry.register('s1', schema);
  assert.ok(server.asked.length > asked);
  lost = true;
  assert.equal(await registry.byId(3), undefined);
  assert.equal(await registry.register('s3', schema), 13);
});

test('where nobody listens there is no answer', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => { server.close(resolve); });
  const error = await failure(client(`http://127.0.0.1:${port}/path`).byId(7));
  assert.equal(error.code, 'UNAVAILABLE');
  assert.match(error.message, new RegExp(`http://127.0.0.1:${port}/path does not answer: .*ECONNREFUSED`));
});
