import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import avsc from 'avsc';
import fc from 'fast-check';
import { encodeVectorRecord, wireHeaderBytes, type MetadataValue } from '@proximadb/record';
import { startCommands, type Commands } from './testing/command.ts';

let commands: Commands;
const records = new Map<string, Buffer>();

before(async () => {
  commands = await startCommands();
  const { id: schemaId } = await commands.client.getSchema({ name: 'VectorRecord' });
  const scalar = fc.oneof(
    fc.constant(null), fc.boolean(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 20 }));
  const value: fc.Arbitrary<MetadataValue> = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
  const metadata = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), value), { selector: ([key]) => key, maxLength: 5 });
  const sampled = fc.record({ metadata, timestamp: fc.bigInt(0n, 2n ** 62n), x: fc.float({ min: 1, max: 2, noNaN: true }) });
  const samples = fc.sample(sampled, { numRuns: 1_200, seed: 7 });
  for (const [at, sample] of samples.entries()) {
    const id = `r${String(at).padStart(5, '0')}`;
    const expiresAt = at % 3 === 0 ? 2n ** 61n : null;
    const bytes = encodeVectorRecord(schemaId, { id, vector: [sample.x, 1, -1], metadata: new Map(sample.metadata), timestamp: sample.timestamp, expiresAt });
    records.set(id, Buffer.from(bytes));
  }
  await commands.client.createCollection({ name: 'source', dimension: 3, metric: 'euclidean' });
  const { token } = await commands.client.upsert({ collection: 'source', records: [...records.values()] });
  await commands.client.count({ collection: 'source', read: { consistency: 'session', token, maxStalenessMs: null, timeoutMs: null, allowPartial: false } });
});
after(() => commands[Symbol.asyncDispose]());

async function stored(collection: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof commands.client.scroll>> = await commands.client.scroll({ collection, limit: 1000, cursor, read });
    for (const { id, record } of page.records) found.set(id, Buffer.from(record));
    ({ cursor } = page);
  } while (cursor !== null);
  return found;
}

test('avro: the file holds the stored bytes, any Avro program reads it, and importing it gives equal bytes', async () => {
  const path = commands.path('out.avro');
  const exported = await commands.run(['export', '-c', 'source', '--format', 'avro', '--output', path, '--json']);
  assert.equal(exported.code, 0, exported.err);
  assert.deepEqual(JSON.parse(exported.out), { collection: 'source', format: 'avro', output: path, records: 1200 });

  const decoder = new avsc.streams.BlockDecoder({ noDecode: true });
  const datums: Buffer[] = [];
  decoder.on('data', (datum: Buffer) => datums.push(Buffer.from(datum)));
  decoder.end(readFileSync(path));
  await new Promise((resolve) => { decoder.on('end', resolve); });
  assert.deepEqual(datums, [...records.values()].map((bytes) => bytes.subarray(wireHeaderBytes)));

  const imported = await commands.run(['import', path, '-c', 'copy', '--create']);
  assert.equal(imported.code, 0, imported.err);
  assert.match(imported.err, /Made collection copy: dimension 3, metric euclidean/);
  assert.match(imported.err, /copied byte for byte/);
  assert.deepEqual(await stored('copy'), records);
});

test('jsonl: importing it gives equal bytes', async () => {
  const path = commands.path('out.jsonl');
  assert.equal((await commands.run(['export', '-c', 'source', '-o', path])).code, 0);
  const { code, err } = await commands.run(['import', path, '-c', 'text', '--create']);
  assert.equal(code, 0, err);
  assert.deepEqual(await stored('text'), records);
});

test('the files of segments are imported, too', async () => {
  await commands.server.settle('source');
  const { log } = await commands.client.getCollection({ collection: 'source' });
  const { partitions } = await commands.client.stats({ collection: 'source' });
  const files = partitions.flatMap(({ partition, segments }) =>
    segments.map(({ id }) => commands.path(`data/shards/${log}/${partition}/segments/${id}/records-0.avro`)));
  assert.ok(files.length >= 12);
  for (const [at, file] of files.entries()) writeFileSync(commands.path(`segment${at}.avro`), readFileSync(file));
  const { code, err } = await commands.run(['import', ...files.map((_, at) => commands.path(`segment${at}.avro`)), '-c', 'segments', '--create']);
  assert.equal(code, 0, err);
  assert.deepEqual(await stored('segments'), records);
});

test('a filter, standard output, and avro through a pipe', async () => {
  const some = await commands.run(['import', '-', '-c', 'small', '--create', '--dimension', '1'],
    { input: ['{"id":"a","vector":[1],"metadata":{"n":1}}', '{"id":"b","vector":[1],"metadata":{"n":2}}'].join('\n') });
  assert.equal(some.code, 0);
  await stored('small');
  const filtered = await commands.run(['export', '-c', 'small', '--filter', '{"n": {"$gt": 1}}']);
  assert.equal(filtered.out, '{"id":"b","vector":[1],"metadata":{"n":2},"timestamp":0}\n');
  assert.equal(filtered.err, '');
  const { outBytes } = await commands.run(['export', '-c', 'small', '--format', 'avro']);
  const decoder = new avsc.streams.BlockDecoder();
  const found: { id: string }[] = [];
  decoder.on('data', (record: { id: string }) => found.push(record));
  decoder.end(await buffer(Readable.from([outBytes])));
  await new Promise((resolve) => { decoder.on('end', resolve); });
  assert.deepEqual(found.map(({ id }) => id), ['a', 'b']);
});

test('an export that fails leaves no file, and an empty collection gives a whole one', async () => {
  const failed = await commands.run(['export', '-c', 'nowhere', '--format', 'avro', '-o', commands.path('none.avro')]);
  assert.equal(failed.code, 1);
  assert.equal(existsSync(commands.path('none.avro')), false);
  assert.match((await commands.run(['export', '-c', 'source', '-o', commands.path('no/such/folder.jsonl')])).err, /^NOT_FOUND .*no such file or folder/m);
  await commands.client.createCollection({ name: 'empty', dimension: 4 });
  assert.equal((await commands.run(['export', '-c', 'empty', '--format', 'avro', '-o', commands.path('empty.avro')])).code, 0);
  const again = await commands.run(['import', commands.path('empty.avro'), '-c', 'empty2', '--create']);
  assert.equal(again.code, 0, again.err);
  assert.equal((await commands.client.getCollection({ collection: 'empty2' })).dimension, 4);
});
