/** A collection of storage disk beside one of storage memory, through the API: the same answers, whatever became of the rows. */
import { strict as assert } from 'node:assert';
import { globSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encodeVectorRecord } from '@proximadb/record';
import type { Filter, IndexKind, SearchRequest, StorageKind } from '@proximadb/schemas';
import { startServer, TemporaryFolder, type TestServer } from './server.ts';

const dimension = 128;
const rows = 6_000;
const k = 10;
/** Of so few rows a graph that aims at the collection's recall would be asked so broadly that a scan costs less. */
const ef = 64;
const kinds = ['memory', 'disk'] as const;
const indexer = { idleMs: 1_500, bulkIdleShare: 1, idleGraphRowsMin: 200, graphRowsMin: 100_000, maintenanceMs: 50 };

const vectorOf = (row: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(row * (i + 1.3)) + Math.cos(row * 0.37 + i));
const queries = Array.from({ length: 20 }, (_, i) => vectorOf(rows * 2 + i * 7.5));
const below = (value: number): Filter =>
  ({ node: { kind: 'comparison', value: { path: ['n'], operator: 'lt', values: [{ value: { kind: 'long', value: BigInt(value) } }] } } });
const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;

for (const index of ['ivf', 'hnsw'] as const) {
  describe(`index ${index}, by storage`, () => {
    const folder = new TemporaryFolder();
    let server: TestServer;
    before(async () => {
      server = await startServer({ data: folder.path, indexer });
      for (const storage of kinds) await fill(server, storage, index);
    });
    after(async () => {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    test('what was asked for is shown', async () => {
      for (const storage of kinds) assert.equal((await server.client.getCollection({ collection: storage })).storage, storage);
    });

    test('once indexed: the same answers, and no memory for vectors', async () => {
      await indexed(server, rows);
      const strategies = await assertSame(server);
      assert.deepEqual([...strategies], [index === 'ivf' ? 'lists' : 'codes']);
      const [held = 0, stored = 0] = await Promise.all(kinds.map(async (collection) => Number((await server.client.stats({ collection })).memoryBytes)));
      assert.ok(held - stored >= rows * dimension * 4, `${held} and ${stored} bytes`);
    });

    test('after deletes, other vectors, and the merge that follows', async () => {
      for (const collection of kinds) {
        await server.client.delete({ collection, ids: Array.from({ length: 900 }, (_, i) => `r${i * 3}`) });
        await write(server, collection, Array.from({ length: 1_500 }, (_, i) => [`r${i * 3 + 1}`, rows + i]));
      }
      await assertSame(server);
      await indexed(server, rows - 900);
      await assertSame(server);
    });

    test('after a restart', async () => {
      await server[Symbol.asyncDispose]();
      server = await startServer({ data: folder.path, indexer });
      await assertSame(server);
    });

    test('a file of vectors that is cut short while it is searched is named; the others are searched on; a restart says so, too', async () => {
      const { log } = await server.client.getCollection({ collection: 'disk' });
      const files = globSync(`**/${log}/0/segments/*/vectors.f32`, { cwd: folder.path });
      assert.ok(files.length > 0);
      for (const file of files) truncateSync(join(folder.path, file), 64);
      const search = (collection: StorageKind) => server.client.search({ collection, vector: queries[0]!, k, exact: true });
      await assert.rejects(search('disk'), { code: 'DATA_LOSS', message: /vectors\.f32 has no byte/ });
      assert.equal((await search('memory')).hits.length, k);
      await server[Symbol.asyncDispose]();
      server = await startServer({ data: folder.path, indexer });
      await assert.rejects(search('disk'), { message: /vectors\.f32 does not have/ });
      assert.equal((await search('memory')).hits.length, k);
    });
  });
}

async function fill(server: TestServer, storage: StorageKind, index: IndexKind): Promise<void> {
  await server.client.createCollection({ name: storage, dimension, metric: 'euclidean', index, storage, partitions: 1 });
  await write(server, storage, Array.from({ length: rows }, (_, row) => [`r${row}`, row]));
}

/** @param records ids, and whose vector each gets. */
async function write({ client }: TestServer, collection: string, records: readonly (readonly [string, number])[]): Promise<void> {
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let from = 0; from < records.length; from += 500) {
    await client.upsert({
      collection, records: records.slice(from, from + 500).map(([id, row]) =>
        encodeVectorRecord(schemaId, { id, vector: vectorOf(row), metadata: new Map([['n', BigInt(row % 1_000)]]) })),
    });
  }
}

/** Until nothing is left to be built, and what has ended was left out of all segments that are worn. */
async function indexed({ client }: TestServer, live: number): Promise<void> {
  const deadline = performance.now() + 300_000;
  for (const collection of kinds) {
    assert.equal((await client.count({ collection, read: strong })).count, BigInt(live));
    for (;;) {
      const { growing, building, partitions } = await client.stats({ collection });
      const segments = partitions.flatMap((partition) => partition.segments);
      const isDone = segments.length > 0 && segments.every((segment) => segment.indexed && segment.dead <= segment.rows * 0.3);
      if (isDone && building === 0n && growing < indexer.idleGraphRowsMin) break;
      const seen = segments.map((segment) => `${segment.dead} of ${segment.rows} are dead`).join(', ');
      assert.ok(performance.now() < deadline, `${growing} rows are not sealed; ${seen}`);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
}

/** Exact answers are one; others have nearly all of them, and only what matches. @returns how segments were searched that are not asked exactly. */
async function assertSame({ client }: TestServer): Promise<Set<string>> {
  const strategies = new Set<string>();
  let found = 0;
  let sought = 0;
  for (const vector of queries) {
    for (const share of [1_000, 500, 20]) {
      const request: Partial<SearchRequest> = { vector, k, filter: share === 1_000 ? null : below(share), read: strong };
      const [held, stored] = await Promise.all(kinds.map((collection) => client.search({ ...request, collection, exact: true })));
      const exact = held!.hits.map(({ id, distance }) => ({ id, distance }));
      assert.equal(exact.length, k);
      assert.deepEqual(stored!.hits.map(({ id, distance }) => ({ id, distance })), exact);
      const { hits, explain } = await client.search({ ...request, collection: 'disk', ef, explain: true });
      assert.equal(hits.length, k);
      if (share === 1_000) for (const { strategy, rows: count } of explain?.segments ?? []) if (count > 0) strategies.add(strategy);
      const distances = new Map(exact.map(({ id, distance }) => [id, distance]));
      for (const { id, distance } of hits) assert.equal(distance, distances.get(id) ?? distance);
      found += hits.filter(({ id }) => distances.has(id)).length;
      sought += k;
    }
  }
  assert.ok(found / sought >= 0.95, `recall is ${found / sought}`);
  return strategies;
}
