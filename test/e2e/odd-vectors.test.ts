/** Vectors that no embedding should be, through the whole server: k of them are found, and what is found is as near as what is nearest. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import type { CreateCollectionRequest, Metric } from '@proximadb/schemas';
import { Random } from '../crash/random.ts';
import { startServer, type TestServer } from './server.ts';
import { oneSegment } from './words.ts';

const k = 10;
const queriesAsked = 20;
const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
const random = new Random(37);
const drawn = (count: number, dimension: number): Float32Array[] =>
  Array.from({ length: count }, () => Float32Array.from({ length: dimension }, () => random.next() + random.next() + random.next() - 1.5));

const few = drawn(10, 8);
const some = drawn(4_000, 16);
const sets: Readonly<Record<string, { readonly metrics: readonly Metric[]; readonly vectors: readonly Float32Array[] }>> = {
  'of one dimension': { metrics: ['euclidean', 'cosine'], vectors: drawn(4_000, 1) },
  'of 4,096 dimensions': { metrics: ['cosine', 'dot'], vectors: drawn(600, 4_096) },
  'ten of them, by the hundred': { metrics: ['cosine', 'manhattan'], vectors: Array.from({ length: 4_000 }, (_, row) => few[row % 10]!) },
  'nearly equal': { metrics: ['euclidean'], vectors: drawn(4_000, 8).map((each, row) => few[row % 8]!.map((x, i) => x + each[i]! / 1_000)) },
  'of lengths from a thousandth to thousands': {
    metrics: ['dot', 'euclidean'], vectors: some.map((each, row) => each.map((x) => x * 10 ** (row % 7 - 3))),
  },
};
const kinds = [{ index: 'hnsw', storage: 'memory' }, { index: 'hnsw', storage: 'disk' }, { index: 'ivf', storage: 'disk' }] as const;

let server: TestServer;
before(async () => { server = await startServer({ indexer: oneSegment }); });
after(() => server[Symbol.asyncDispose]());

/** All rows in segments, once nothing is built any more: graphs and lists that would find too little are refused, and those rows stay without. */
async function fill(settings: Partial<CreateCollectionRequest> & { readonly name: string }, vectors: readonly Float32Array[]): Promise<void> {
  const { client, standalone } = server;
  const { name } = settings;
  await client.createCollection({ dimension: vectors[0]!.length, partitions: 1, ...settings });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let from = 0; from < vectors.length; from += 500) {
    const records = vectors.slice(from, from + 500).map((vector, i) => encodeVectorRecord(schemaId, { id: `r${from + i}`, vector }));
    await client.upsert({ collection: name, records });
  }
  assert.equal((await client.count({ collection: name, read: strong })).count, BigInt(vectors.length));
  await standalone.settle(name);
  for (let restsSince = performance.now(); ; await sleep(50)) {
    const { indexed, growing, building } = await client.stats({ collection: name });
    if (growing > 0n || building > 0n) restsSince = performance.now();
    else if (indexed === BigInt(vectors.length) || performance.now() - restsSince > 2 * oneSegment.idleMs) return;
  }
}

/** The share of hits that are as near as what an exact search finds. @param gone rows that may not be found. */
async function shareOfNear(collection: string, vectors: readonly Float32Array[], gone: ReadonlySet<string>): Promise<number> {
  let near = 0;
  for (let asked = 0; asked < queriesAsked; asked += 1) {
    const vector = vectors[Math.floor((asked + 0.5) * vectors.length / queriesAsked)]!;
    const [exact, found] = await Promise.all([true, false].map((isExact) => server.client.search({ collection, vector, k, exact: isExact, read: strong })));
    for (const { hits } of [exact!, found!]) {
      assert.deepEqual([hits.length, new Set(hits.map(({ id }) => id)).size], [k, k]);
      assert.ok(hits.every(({ id, distance }) => !gone.has(id) && Number.isFinite(distance)), JSON.stringify(hits.map(({ id, distance }) => [id, distance])));
    }
    const farthest = exact!.hits.at(-1)!.distance;
    near += found!.hits.filter(({ distance }) => distance <= farthest).length;
  }
  return near / (k * queriesAsked);
}

for (const partitions of [1, 2]) {
  test(`of many as near as each other a page repeats nothing of those before: ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`, async () => {
    const name = `pages-${partitions}`;
    const { client, standalone } = server;
    await client.createCollection({ name, dimension: 8, partitions });
    const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
    // Written in an order that is not that of their ids.
    const ids = Array.from({ length: 40 }, (_, i) => `r${i * 7 % 40}`);
    await client.upsert({ collection: name, records: ids.map((id) => encodeVectorRecord(schemaId, { id, vector: few[0]! })) });
    for (const _ of ['in memory', 'in segments']) {
      const pages: string[] = [];
      for (let offset = 0; offset < ids.length; offset += k) {
        const { hits } = await client.search({ collection: name, vector: few[0]!, k, offset, read: strong });
        pages.push(...hits.map(({ id }) => id));
      }
      assert.deepEqual(pages.toSorted(), ids.toSorted());
      await standalone.settle(name);
    }
  });
}

for (const [what, { metrics, vectors }] of Object.entries(sets)) {
  describe(`vectors ${what}`, { concurrency: true }, () => {
    for (const metric of metrics) {
      for (const { index, storage } of kinds) {
        test(`${index}, storage ${storage}, under ${metric}: at rest, and after a third was deleted`, async (context) => {
          const name = `${what.replaceAll(/[^a-z0-9]+/g, '-')}-${metric}-${index}-${storage}`;
          await fill({ name, metric, index, storage }, vectors);
          const atRest = await shareOfNear(name, vectors, new Set());
          const gone = new Set(Array.from({ length: Math.ceil(vectors.length / 3) }, (_, i) => `r${3 * i}`));
          await server.client.delete({ collection: name, ids: [...gone] });
          const left = await shareOfNear(name, vectors, gone);
          context.diagnostic(`${atRest} at rest, ${left} after the deletes`);
          assert.ok(atRest >= 0.95 && left >= 0.95, `${atRest} and ${left} are as near as the nearest`);
        });
      }
    }
  });
}
