/** `proximadb start` from the outside: as an operator, a probe, a load balancer and a curious client meet it. */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as RawClient, credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { AppError } from '@proximadb/errors';
import { encodePatchRecord, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import type { ReadOptions } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { protoPath as healthProto } from 'grpc-health-check';
import { callRest, ChildServer, startServer, TemporaryFolder, type TestServer } from './server.ts';

const strong: ReadOptions = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false };

async function schemaId(client: Client, name = 'VectorRecord'): Promise<number> {
  return (await client.getSchema({ name })).id;
}

describe('proximadb start', () => {
  test('prints its free ports, answers on them, ends with 0 when it is told to, and keeps everything', async () => {
    using folder = new TemporaryFolder();
    const data = join(folder.path, 'made', 'by the server');
    let version = '';
    let log = 0n;
    {
      await using server = new ChildServer(data);
      const { grpcPort, restPort } = await server.ready();
      assert.ok(grpcPort > 0 && restPort > 0 && grpcPort !== restPort);
      assert.match(server.output, /its data is in .*by the server/);
      assert.match(server.output, /curl .*\/v1\/collections/, 'it says what to type next');
      await using client = createClient(`127.0.0.1:${grpcPort}`);
      ({ log } = await client.createCollection({ name: 'words', dimension: 2, tags: { kept: 'yes' } }));
      const record = encodeVectorRecord(await schemaId(client), { id: 'a', vector: [1, 2], metadata: new Map([['n', 2n ** 60n]]) });
      const written = await client.upsert({ collection: 'words', records: [record] });
      [version = ''] = written.versions;
      server.kill('SIGTERM');
      const { code, signal, output } = await server.ended;
      assert.deepEqual([code, signal], [0, null], output);
      assert.match(output, /Stopping[^]*Stopped/);
    }
    assert.ok(existsSync(join(data, 'log')));
    await using server = new ChildServer(data);
    const { restPort } = await server.ready();
    const collection = await callRest(restPort, 'GET', '/v1/collections/words');
    assert.deepEqual((collection.body as { tags: object; log: number }).tags, { kept: 'yes' });
    assert.equal((collection.body as { log: number }).log, Number(log));
    const record = await callRest(restPort, 'GET', '/v1/collections/words/records/a');
    assert.equal(record.text, `{"id":"a","version":"${version}","vector":[1,2],"metadata":{"n":1152921504606846976},"timestamp":0}\n`);
    server.kill('SIGINT');
    assert.equal((await server.ended).code, 0);
  });

  test('a folder has one server: the second is told which, ends with 1, and disturbs nobody', async () => {
    using folder = new TemporaryFolder();
    await using first = new ChildServer(folder.path);
    const { restPort } = await first.ready();
    const second = new ChildServer(folder.path);
    const { code, output } = await second.ended;
    assert.notEqual(code, 0);
    assert.match(output, /FAILED_PRECONDITION .*data directory .* is in use by process \d+/);
    assert.doesNotMatch(output, /\n\s+at /, 'a mistake of the operator has no stack');
    assert.equal((await callRest(restPort, 'GET', '/health/ready')).status, 200);
  });

  test('a collection whose shards are on several threads is deleted without a complaint', async () => {
    using folder = new TemporaryFolder();
    await using server = new ChildServer(folder.path, ['--indexer-threads', '3']);
    const { grpcPort } = await server.ready();
    await using client = createClient(`127.0.0.1:${grpcPort}`);
    const id = await schemaId(client);
    const records = Array.from({ length: 600 }, (_, i) => encodeVectorRecord(id, { id: String(i), vector: [1, i] }));
    const { log } = await client.createCollection({ name: 'words', dimension: 2, partitions: 3 });
    await client.upsert({ collection: 'words', records });
    assert.equal((await client.count({ collection: 'words', read: strong })).count, 600n);
    await client.deleteCollection({ collection: 'words' });
    while (existsSync(join(folder.path, 'shards', String(log)))) await sleep(10);
    server.kill('SIGTERM');
    const { code, output } = await server.ended;
    assert.equal(code, 0);
    assert.doesNotMatch(output, /"level":"(warn|error)"/);
  });

  test('mistakes in flags, and a port that is taken, end it with what to mend', async () => {
    using folder = new TemporaryFolder();
    const table: [string[], RegExp][] = [
      [['--grpcport', '5'], /--grpcport: is unknown .*did you mean --grpc-port/], [['--query-ids-max', 'many'], /query\.idsMax/],
      [['--indexer-growing-rows-max', '3'], /indexer\.growingRowsMax/],
    ];
    for (const [flags, expected] of table) {
      const { code, output } = await new ChildServer(folder.path, flags).ended;
      assert.equal(code, 1, output);
      assert.match(output, expected);
    }
    await using running = new ChildServer(join(folder.path, 'one'));
    const { restPort } = await running.ready();
    const { code, output } = await new ChildServer(join(folder.path, 'two'), ['--rest-port', String(restPort)]).ended;
    assert.equal(code, 1);
    assert.match(output, new RegExp(`REST cannot listen on 127.0.0.1:${restPort}`));
  });

  test('SIGTERM lets calls under way end, and takes no new ones', async () => {
    using folder = new TemporaryFolder();
    await using server = new ChildServer(folder.path);
    const { grpcPort, restPort } = await server.ready();
    await using client = createClient(`127.0.0.1:${grpcPort}`, { attemptsMax: 1 });
    await client.createCollection({ name: 'words', dimension: 512 });
    const id = await schemaId(client);
    // Enough to be under way when the signal comes; each is acknowledged or refused, whole.
    const batches = Array.from({ length: 40 }, (_, batch) => Array.from({ length: 250 }, (_each, i) =>
      encodeVectorRecord(id, { id: `${batch}-${i}`, vector: new Float32Array(512).fill(1 + batch) })));
    const outcomes = batches.map((records) => client.upsert({ collection: 'words', records })
      .then(() => 'written', (error: unknown) => (error instanceof AppError && ['UNAVAILABLE', 'CANCELLED'].includes(error.code) ? 'refused' : String(error))));
    await Promise.race(outcomes);
    server.kill('SIGTERM');
    const settled = await Promise.all(outcomes);
    assert.deepEqual(settled.filter((outcome) => outcome !== 'written' && outcome !== 'refused'), []);
    assert.equal((await server.ended).code, 0, server.output);
    await assert.rejects(callRest(restPort, 'GET', '/health/live'));

    await using again = new ChildServer(folder.path);
    await using reader = createClient(`127.0.0.1:${(await again.ready()).grpcPort}`);
    const { records } = await reader.get({ collection: 'words', ids: batches.map((_, batch) => `${batch}-249`), read: strong });
    const there = new Set(records.map((record) => record.id));
    settled.forEach((outcome, batch) => { if (outcome === 'written') assert.ok(there.has(`${batch}-249`), `batch ${batch} was acknowledged`); });
  });
});

describe('operation', () => {
  let server: TestServer;
  before(async () => { server = await startServer(); });
  after(() => server[Symbol.asyncDispose]());

  test('probes: alive and ready', async () => {
    const live = await server.rest('GET', '/health/live');
    const ready = await server.rest('GET', '/health/ready');
    assert.deepEqual([live.status, live.body, ready.status, (ready.body as { ready: boolean }).ready], [200, { live: true }, 200, true]);
  });

  test('metrics count what was asked, in the text format', async () => {
    await server.rest('GET', '/v1/collections');
    await server.client.listCollections({});
    await server.rest('GET', '/v1/collections/nowhere');
    const { text, headers } = await server.rest('GET', '/metrics');
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    for (const line of [
      /^proximadb_calls_total\{transport="rest",operation="ListCollections",code="OK"\} 1$/m,
      /^proximadb_calls_total\{transport="grpc",operation="ListCollections",code="OK"\} 1$/m,
      /^proximadb_calls_total\{transport="rest",operation="GetCollection",code="NOT_FOUND"\} 1$/m,
      /^proximadb_call_seconds_bucket\{/m,
      /^proximadb_write_bytes_in_flight 0$/m,
      /^process_resident_memory_bytes \d+|^proximadb_process_resident_memory_bytes \d+/m,
    ]) assert.match(text, line);
    const sample = /^(# (HELP|TYPE) \S+ .+|[a-zA-Z_:][\w:]*(\{[^}]*\})? (-?[\d.e+-]+|\+Inf|NaN))$/;
    for (const line of text.split('\n').filter((one) => one !== '')) assert.match(line, sample);
  });

  test('grpc.health.v1 says that server and service serve', async () => {
    const loaded = loadPackageDefinition(loadSync(healthProto, { enums: String })) as unknown as
      { grpc: { health: { v1: { Health: new (address: string, with_: ReturnType<typeof credentials.createInsecure>) => RawClient & { check: Check } } } } };
    const health = new loaded.grpc.health.v1.Health(`127.0.0.1:${server.standalone.grpcPort}`, credentials.createInsecure());
    try {
      const status = (service: string): Promise<string> => new Promise((resolve, reject) =>
        health.check({ service }, (error, answer) => (error === null ? resolve(answer?.status ?? '') : reject(error))));
      // The probes are asked ten times a second.
      for (const service of ['', 'proximadb.v1.ProximaDB']) {
        const deadline = performance.now() + 60_000;
        while (await status(service) !== 'SERVING') {
          assert.ok(performance.now() < deadline, 'it never serves');
          await sleep(20);
        }
      }
      await assert.rejects(status('nobody'), { code: 5 });
    } finally {
      health.close();
    }
  });

  test('reflection lists the service, and gives the file that declares it', async () => {
    const connection = new RawClient(`127.0.0.1:${server.standalone.grpcPort}`, credentials.createInsecure());
    try {
      const ask = (request: Buffer): Promise<Buffer> => new Promise((resolve, reject) => {
        const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
        const call = connection.makeBidiStreamRequest(path, (bytes: Buffer) => bytes, (bytes) => bytes, new Metadata());
        call.on('data', (bytes: Buffer) => { resolve(bytes); }).on('error', reject);
        call.write(request);
        call.end();
      });
      const field = (number: number, text: string): Buffer => Buffer.from([(number << 3) | 2, text.length, ...Buffer.from(text)]);
      // list_services = 7, file_containing_symbol = 4; the answers hold names and descriptors as they stand.
      assert.ok((await ask(field(7, '*'))).includes('proximadb.v1.ProximaDB'));
      const file = await ask(field(4, 'proximadb.v1.ProximaDB'));
      for (const name of ['Upsert', 'SearchStream', 'score_threshold', 'proximadb.v1']) assert.ok(file.includes(name), name);
    } finally {
      connection.close();
    }
  });
});

type Check = (request: { service: string }, done: (error: Error | null, answer?: { status: string }) => void) => void;

test('a collection that names no partitions has as many as threads hold shards, or as the server is told', async () => {
  for (const [partitionsDefault, partitions] of [[0, 3], [5, 5]] as const) {
    await using one = await startServer({ gateway: { partitionsDefault }, indexer: { threads: 3 } });
    assert.equal((await one.client.createCollection({ name: 'c', dimension: 2 })).partitions, partitions);
    assert.equal((await one.client.createCollection({ name: 'd', dimension: 2, partitions: 2 })).partitions, 2);
  }
});

describe('time to live', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ indexer: { growingRowsMax: 32, tickMs: 1_000, maintenanceMs: 20, idleMs: 50 } });
    await server.client.createCollection({ name: 'words', dimension: 2, partitions: 2 });
  });
  after(() => server[Symbol.asyncDispose]());

  const micros = (ms: number): bigint => BigInt(Math.round(ms * 1000));

  /** All ways to ask for one record. @returns which of them show it. */
  async function shownBy(id: string): Promise<string[]> {
    const { client, rest } = server;
    const collection = 'words';
    const vector = Float32Array.of(1, 2);
    const mine = { node: { kind: 'comparison', value: { path: ['mine'], operator: 'eq', values: [{ value: { kind: 'string', value: id } }] } } } as const;
    const answers: Readonly<Record<string, Promise<boolean>>> = {
      get: client.get({ collection, ids: [id], read: strong }).then(({ records }) => records.length > 0),
      eventual: client.get({ collection, ids: [id] }).then(({ records }) => records.length > 0),
      scroll: client.scroll({ collection, filter: mine, read: strong }).then(({ records }) => records.length > 0),
      count: client.count({ collection, filter: mine, read: strong }).then(({ count }) => count > 0n),
      exact: client.search({ collection, vector, filter: mine, exact: true, read: strong }).then(({ hits }) => hits.length > 0),
      search: client.search({ collection, vector, k: 1_000, read: strong }).then(({ hits }) => hits.some((hit) => hit.id === id)),
      like: client.search({ collection, vector: new Float32Array(), id, read: strong }).then(() => true, (error: AppError) => error.code !== 'NOT_FOUND'),
      rest: rest('GET', `/v1/collections/words/records/${id}`).then(({ status }) => status === 200),
    };
    const shown = await Promise.all(Object.entries(answers).map(async ([name, answer]) => (await answer ? [name] : [])));
    return shown.flat().sort();
  }

  const everywhere = ['count', 'eventual', 'exact', 'get', 'like', 'rest', 'scroll', 'search'];
  const write = async (id: string, expiresAt: bigint | null): Promise<void> => {
    const metadata = new Map<string, MetadataValue>([['mine', id]]);
    const record = encodeVectorRecord(await schemaId(server.client), { id, vector: [1, 2], metadata, expiresAt });
    await server.client.upsert({ collection: 'words', records: [record] });
  };

  for (const place of ['memory', 'a segment']) {
    test(`a record in ${place} is in every answer until its time has come, and in none from then on`, async () => {
      const id = place.replace(' ', '-');
      await write(`${id}-stays`, micros(Date.now() + 3_600_000));
      // A machine that is too slow to ask in time has more of it the next time.
      let expiresAtMs = 0;
      let shown: readonly string[] = [];
      for (let livesMs = 1_500; Date.now() >= expiresAtMs; livesMs *= 4) {
        expiresAtMs = Date.now() + livesMs;
        await write(id, micros(expiresAtMs));
        if (place === 'a segment') {
          await server.client.count({ collection: 'words', read: strong });
          await server.standalone.settle('words');
          assert.equal((await server.client.stats({ collection: 'words' })).growing, 0n);
        }
        shown = await shownBy(id);
      }
      assert.deepEqual(shown, everywhere);
      await sleep(expiresAtMs - Date.now() + 1);
      assert.deepEqual(await shownBy(id), []);
      assert.deepEqual(await shownBy(`${id}-stays`), everywhere);
    });
  }

  test('what is written with a time that has passed is never shown, and its id is free', async () => {
    await write('late', micros(Date.now() - 1));
    assert.deepEqual(await shownBy('late'), []);
    const record = encodeVectorRecord(await schemaId(server.client), { id: 'late', vector: [1, 2], metadata: new Map([['mine', 'late']]) });
    const { refused } = await server.client.upsert({ collection: 'words', records: [record], conditions: [{ condition: { kind: 'ifAbsent', value: {} } }] });
    assert.deepEqual(refused, []);
    assert.deepEqual(await shownBy('late'), everywhere);
  });

  test('a patch gives a record a time, and takes it away', async () => {
    await write('patched', null);
    const patch = async (expiresAt: bigint | null): Promise<void> => {
      const record = encodePatchRecord(await schemaId(server.client, 'PatchRecord'), { id: 'patched', expiresAt });
      await server.client.patch({ collection: 'words', patches: [record] });
    };
    await patch(micros(Date.now() + 3_600_000));
    await patch(null);
    assert.deepEqual(await shownBy('patched'), everywhere);
    await patch(micros(Date.now()));
    assert.deepEqual(await shownBy('patched'), []);
  });

  test('the space of expired records comes back as others are written', async () => {
    const { client, standalone } = server;
    await client.createCollection({ name: 'short', dimension: 2, partitions: 1 });
    const id = await schemaId(client);
    const upsert = async (prefix: string, count: number, expiresAt: bigint | null): Promise<void> => {
      const records = Array.from({ length: count }, (_, i) => encodeVectorRecord(id, { id: `${prefix}-${i}`, vector: [1, i], expiresAt }));
      await client.upsert({ collection: 'short', records });
      await client.count({ collection: 'short', read: strong });
    };
    const rowsOnDisk = async (): Promise<number> => {
      const { partitions } = await client.stats({ collection: 'short' });
      return partitions.flatMap(({ segments }) => segments).reduce((sum, { rows }) => sum + rows, 0);
    };
    await upsert('short', 150, micros(Date.now() + 300));
    await standalone.settle('short');
    assert.equal(await rowsOnDisk(), 150);
    await sleep(310);
    const deadline = performance.now() + 120_000;
    for (let i = 0; await rowsOnDisk() >= 150; i += 1) {
      assert.ok(performance.now() < deadline, `${await rowsOnDisk()} rows are still on the disk`);
      await upsert('long', 40, null);
      await sleep(50);
    }
    assert.equal((await client.count({ collection: 'short', read: strong })).count, 40n);
  });
});
