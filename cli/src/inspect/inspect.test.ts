import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeVectorRecord } from '@proximadb/record';
import { runHere, startCommands, type Commands } from '../testing/command.ts';

let commands: Commands;
let log = '';
/** Of a partition that has one. */
let segment = '';
const large = 9_223_372_036_854_775_807n;

before(async () => {
  commands = await startCommands();
  const { client } = commands;
  ({ log } = { log: String((await client.createCollection({ name: 'words', dimension: 2, partitions: 2 })).log) });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  const records = Array.from({ length: 300 }, (_, at) =>
    encodeVectorRecord(schemaId, { id: `r${at}`, vector: [at + 1, 1], metadata: new Map([['large', large]]), expiresAt: at === 0 ? 2n ** 61n : null }));
  await client.upsert({ collection: 'words', records, requestId: 'request of a test' });
  await client.delete({ collection: 'words', ids: ['r1'] });
  await commands.server.settle('words');
  const partition = join(commands.folder, 'data', 'shards', log, '0', 'segments');
  segment = join(partition, readdirSync(partition)[0] ?? '');
});
after(() => commands[Symbol.asyncDispose]());

const inspect = (...args: string[]): ReturnType<typeof runHere> => runHere(['inspect', ...args]);
const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await inspect(...args, '--json')).out) as Record<string, unknown>;

test('a data folder that a server has open: topics and shards, read beside it', async () => {
  const { code, out } = await inspect(join(commands.folder, 'data'));
  assert.equal(code, 0);
  assert.match(out, /in use by\s+process \d+: what follows is a moment of it/);
  assert.match(out, new RegExp(`^proximadb-words-${log}\\s+2\\s+301\\s+301$`, 'm'));
  assert.match(out, new RegExp(`^words\\s+${log}\\s+0\\s+\\d+\\s+\\d+\\s+1\\s`, 'm'));
  const view = await json(join(commands.folder, 'data'));
  assert.deepEqual((view['shards'] as { partition: number }[]).map(({ partition }) => partition), [0, 1]);
  // The server goes on as before.
  assert.equal((await commands.client.count({ collection: 'words' })).count, 299n);
});

test('a data folder without a server says nothing of one', async () => {
  const copy = commands.path('copy');
  cpSync(join(commands.folder, 'data'), copy, { recursive: true });
  const { code, out } = await inspect(copy);
  assert.equal(code, 0, out);
  assert.doesNotMatch(out, /in use by/);
  assert.match(out, new RegExp(`^proximadb-words-${log}\\s+2\\s+301\\s+301$`, 'm'));
});

test('a collection that was given other settings: its new generation is there', async () => {
  const { client } = commands;
  await client.createCollection({ name: 'changed', dimension: 2, partitions: 1 });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  await client.upsert({ collection: 'changed', records: [encodeVectorRecord(schemaId, { id: 'a', vector: [1, 1] })] });
  const reindexed = await commands.run(['reindex', 'changed', '--partitions', '3']);
  assert.equal(reindexed.code, 0, reindexed.err);
  const { log: newLog } = await client.getCollection({ collection: 'changed' });
  const view = await json(join(commands.folder, 'data'));
  const topic = (view['topics'] as { topic: string; partitions: unknown[] }[]).find((one) => one.topic === `proximadb-changed-${newLog}`);
  assert.equal(topic?.partitions.length, 3);
  assert.deepEqual(view['problems'], []);
});

test('the records of a topic: key, kind, request; by partition and offset', async () => {
  const topic = `proximadb-words-${log}`;
  const data = join(commands.folder, 'data');
  const all = (await json(data, '--topic', topic, '--limit', '1000'))['records'] as { key: string; kind: string; partition: number; requestId: string }[];
  assert.equal(all.length, 301);
  assert.equal(all.filter(({ kind }) => kind.startsWith('record, schema')).length, 301, 'a delete is a record of its own schema');
  assert.match(all.find(({ key }) => key === 'r7')?.requestId ?? '', /^request of a test #\d+$/);
  const some = (await json(data, '--topic', topic, '--partition', '1', '--from', '5', '--limit', '3'))['records'] as { partition: number; offset: number }[];
  assert.deepEqual(some.map(({ partition, offset }) => [partition, offset]), [[1, 5], [1, 6], [1, 7]]);
  assert.match((await inspect(data, '--topic', 'nothing')).err, /NOT_FOUND the log has no topic nothing/);
  assert.match((await inspect(data, '--topic', topic, '--partition', '2')).err, /has the partitions 0 to 1/);
});

test('a manifest, by its shard and by itself', async () => {
  const shard = join(commands.folder, 'data', 'shards', log, '0');
  const { code, out } = await inspect(shard);
  assert.equal(code, 0);
  assert.match(out, new RegExp(`^topic\\s+proximadb-words-${log} `, 'm'));
  assert.match(out, /^settings\s+dimension 2, cosine, hnsw/m);
  assert.equal((await inspect(join(shard, 'manifest.avro'))).out, out);
});

test('a segment: rows with every digit, files, checksums', async () => {
  const { code, out, err } = await inspect(segment, '--limit', '3', '--json', '--verify');
  assert.equal(code, 0, err);
  assert.match(out, /"metadata":\{"large":9223372036854775807\}/);
  const view = JSON.parse(out) as { rows: number; records: unknown[]; files: { name: string }[]; problems: string[] };
  assert.equal(view.records.length, 3);
  assert.ok(view.rows > 3);
  assert.deepEqual(view.problems, []);
  assert.ok(view.files.some(({ name }) => name === 'records-0.avro'));
});

test('a damaged record and a damaged file are found, and exit with 1', async () => {
  const shard = commands.path('damaged');
  cpSync(join(commands.folder, 'data', 'shards', log, '0'), shard, { recursive: true });
  const copy = join(shard, 'segments', segment.split('/').at(-1) ?? '');
  const path = join(copy, 'records-0.avro');
  const content = readFileSync(path);
  const at = content.length - 40;
  content.writeUInt8(content.readUInt8(at) ^ 1, at);
  writeFileSync(path, content);
  const { code, out } = await inspect(copy, '--verify');
  assert.equal(code, 1);
  assert.match(out, /records-0\.avro fails the checksum of the manifest/);
  assert.match(out, /row \d+ \(offset \d+\) fails its checksum/);
  writeFileSync(join(copy, 'rows.bin'), 'no rows');
  const rows = await inspect(copy);
  assert.match(rows.err, /^DATA_LOSS .*rows\.bin is damaged/);
  assert.doesNotMatch(rows.err, /^ {4}at /m);
});

test('an Avro file: ours and others', async () => {
  const { code, out } = await inspect(join(segment, 'records-0.avro'), '--limit', '2');
  assert.equal(code, 0);
  assert.match(out, /^schema\s+proximadb\.v1\.storage\.LogValue$/m);
  assert.match(out, /^1\s+\d+\s+\{"id":"r\d+","vector":\[/m);
  const manifest = await json(join(commands.folder, 'data', 'shards', log, '0', 'manifest.avro'));
  assert.equal(manifest['kind'], 'manifest');
});

test('what is nothing of ours is said to be so', async () => {
  assert.match((await inspect(commands.folder)).err, /^NOT_FOUND .* is neither a data folder, nor a log, a shard or a segment/);
  assert.match((await inspect(commands.path('nothing'))).err, /^NOT_FOUND .*no such file or folder/);
  writeFileSync(commands.path('text'), 'hello');
  assert.match((await inspect(commands.path('text'))).err, /^INVALID_ARGUMENT .* is no Avro object container file/);
});
