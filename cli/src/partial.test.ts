import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { partitionOf } from '@proximadb/log';
import { createLogger } from '@proximadb/process';
import { encodeVectorRecord } from '@proximadb/record';
import { ReadOptions } from '@proximadb/schemas';
import { createStandalone, standaloneConfig, type Standalone } from '@proximadb/standalone';
import { connect, type GrpcDatabase, type UnaryCalls } from 'proximadb';
import { runHere } from './testing/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'proximadb-partial-'));
const ids = Array.from({ length: 20 }, (_, i) => `w${i}`);
const there = ids.filter((id) => partitionOf(Buffer.from(id), 2) === 0);
let server: Standalone;
let db: GrpcDatabase;
let client: UnaryCalls;

async function start(): Promise<void> {
  const config = standaloneConfig.parse({
    data: join(folder, 'data'), grpcPort: 0, restPort: 0, graceMs: 500, logLevel: 'silent', gateway: { partitionsDefault: 12 },
  });
  server = await createStandalone(config, { logger: createLogger({ level: 'silent' }) });
  await server.whenReady();
  db = connect(`127.0.0.1:${server.grpcPort}`, { attemptsMax: 1 });
  client = db.calls;
}

async function stop(): Promise<void> {
  db.close();
  await server[Symbol.asyncDispose]();
}

/** A server one of whose two shards has stopped: a byte of its records was changed while it was down. */
before(async () => {
  await start();
  const { log } = await client.createCollection({ name: 'words', dimension: 2, partitions: 2, metric: 'euclidean' });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  await client.upsert({ collection: 'words', records: ids.map((id, i) => encodeVectorRecord(schemaId, { id, vector: [i, 1] })) });
  await client.count({ collection: 'words', read: ReadOptions.create({ consistency: 'strong' }) });
  await server.settle('words');
  await stop();
  for (const path of globSync(join(folder, 'data', 'shards', String(log), '1', 'segments', '*', '*'))) {
    const bytes = readFileSync(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }
  await start();
});
after(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const search = (...more: string[]) =>
  runHere(['search', '-c', 'words', '--vector', '[0, 1]', '-k', '20', ...more], { environment: { PROXIMADB_SERVER: `127.0.0.1:${server.grpcPort}` } });
const rest = async (path: string, body: object) => {
  const answer = await fetch(`http://127.0.0.1:${server.restPort}/v1/collections/words/${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() as Record<string, unknown> };
};

test('search --allow-partial shows what can be found, and says what is missing', async () => {
  const text = await search('--allow-partial');
  assert.equal(text.code, 0);
  assert.match(text.err, /^Partition 1 is not in the answer: .*checksum/);
  const { out } = await search('--allow-partial', '--json');
  const { hits, coverage } = JSON.parse(out) as { hits: { id: string }[]; coverage: { partitions: number; answered: number; missing: object[] } };
  assert.deepEqual(hits.map(({ id }) => id), there);
  assert.deepEqual([coverage.partitions, coverage.answered, coverage.missing.length], [2, 1, 1]);
});

test('without it the search fails', async () => {
  const { code, err } = await search();
  assert.notEqual(code, 0);
  assert.match(err, /^UNAVAILABLE .*checksum/);
});

test('over REST and over gRPC the coverage is the same', async () => {
  const { coverage } = await client.search({ collection: 'words', vector: Float32Array.of(0, 1), read: ReadOptions.create({ allowPartial: true }) });
  assert.equal(coverage?.missing[0]?.partition, 1);
  const found = await rest('search', { vector: [0, 1], allowPartial: true });
  assert.deepEqual([found.status, found.body['coverage']], [200, coverage]);
  const counted = await rest('records/count', { allowPartial: true });
  assert.deepEqual([counted.body['count'], counted.body['coverage']], [there.length, coverage]);
  const batch = await rest('search/batch', { searches: [{ vector: [0, 1] }], allowPartial: true });
  assert.deepEqual((batch.body['results'] as { coverage: object }[])[0]?.coverage, coverage);
});

test('over REST a whole answer is asked for by default, and a part of a page is refused', async () => {
  assert.equal((await rest('search', { vector: [0, 1] })).status, 503);
  const scroll = await rest('records/scroll', { allowPartial: true });
  assert.equal(scroll.status, 400);
  assert.match(JSON.stringify(scroll.body), /"field":"allowPartial"/);
});
