/** What graphs and lists find of what is exactly nearest, with the settings that a collection has by default and with others. */
import { strict as assert } from 'node:assert';
import { after, before, describe, test } from 'node:test';
import type { SearchResponse } from '@proximadb/schemas';
import { Random } from '../crash/random.ts';
import { startServer, type TestServer } from './server.ts';
import { dimension, load, oneSegment, queries, stored, type Words } from './words.ts';

const k = 10;
const rows = 30_000;
const bits = { m: 0, efConstruction: 0, quantization: 'b1' } as const;

let server: TestServer;
before(async () => { server = await startServer({ indexer: oneSegment }); });
after(() => server[Symbol.asyncDispose]());

/** How many of the exact ten are found, and how segments that have rows were searched. */
async function ask(name: string, vector: Float32Array, ef: number | null, on = server): Promise<{ readonly found: number; readonly strategies: string[] }> {
  const search = (exact: boolean): Promise<SearchResponse> => on.client.search({ collection: name, vector, k, exact, ef, explain: true });
  const [exact, graph] = await Promise.all([search(true), search(false)]);
  const nearest = new Set(exact.hits.map(({ id }) => id));
  assert.deepEqual([nearest.size, graph.hits.length], [k, k]);
  assert.ok(exact.explain?.segments.every(({ strategy }) => strategy.startsWith('exact') || strategy === 'none'), 'an exact search asks no index');
  // What both found is at the same distance: candidates are rescored from the full vectors.
  const distances = new Map(exact.hits.map(({ id, distance }) => [id, distance]));
  for (const { id, distance } of graph.hits) assert.ok(Math.abs((distances.get(id) ?? distance) - distance) < 1e-5, `${id} is rescored`);
  const strategies = (graph.explain?.segments ?? []).filter((segment) => segment.rows > 0).map(({ strategy }) => strategy);
  return { found: graph.hits.filter(({ id }) => nearest.has(id)).length, strategies };
}

/** The share of the exact ten that is found. @param strategies gathers how the segments were searched. */
async function recall(name: string, ef: number | null, strategies: Set<string>, on = server, asked = queries): Promise<number> {
  let all = 0;
  for (const vector of asked) {
    const { found, strategies: used } = await ask(name, vector, ef, on);
    for (const strategy of used) strategies.add(strategy);
    all += found;
  }
  return all / (k * asked.length);
}

/** A collection's only segment, as Stats show it, with the recall that it measured of itself. */
async function measured(name: string): Promise<{ readonly recall: number; readonly ef: number | null }> {
  const { partitions } = await server.client.stats({ collection: name });
  const [segment, ...others] = partitions.flatMap(({ segments }) => segments);
  assert.ok(segment?.recall !== undefined && segment.recall !== null && others.length === 0, 'one segment, which measured itself');
  return { recall: segment.recall, ef: segment.ef };
}

describe('recall@10 on word vectors', () => {
  test('cosine by default: at least 0.95; with a higher ef at least 0.99; a graph that is asked for little, i8, rescored: at least 0.9', async (context) => {
    await load(server, { name: 'cosine' }, stored.slice(0, rows));
    const { hnsw } = await server.client.getCollection({ collection: 'cosine' });
    assert.equal(hnsw.quantization, 'i8');
    const [byCodes, byGraph] = [new Set<string>(), new Set<string>()];
    const byDefault = await recall('cosine', null, byCodes);
    const broader = await recall('cosine', 256, byCodes);
    const little = await recall('cosine', 64, byGraph);
    context.diagnostic(`${rows} rows: ${byDefault} by default, ${broader} with ef 256, ${little} with ef 64`);
    assert.deepEqual([[...byCodes], [...byGraph]], [['codes'], ['graph']]);
    assert.ok(byDefault >= 0.95, `recall by default is ${byDefault}`);
    const { recall: said } = await measured('cosine');
    assert.ok(said > 0.95 && Math.abs(said - byDefault) < 0.03, `Stats say ${said}, ${byDefault} are found`);
    assert.ok(broader >= 0.99, `recall with ef 256 is ${broader}`);
    assert.ok(little >= 0.9, `recall with ef 64 is ${little}`);
  });

  for (const [metric, quantization] of [['euclidean', 'bf16'], ['dot', 'bf16'], ['manhattan', 'bf16']] as const) {
    test(`${metric} by default, ${quantization}: at least 0.95`, async (context) => {
      const fewer = 6_000;
      await load(server, { name: metric, metric }, stored.slice(0, fewer));
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
    await load(server, { name: 'bits', hnsw: bits }, stored.slice(0, 6_000));
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
      await load(server, { name, metric, index: 'ivf' }, stored.slice(0, count));
      const strategies = new Set<string>();
      const byDefault = await recall(name, null, strategies);
      const broader = await recall(name, 256, strategies);
      context.diagnostic(`${count} rows: ${byDefault} by default, ${broader} with ef 256`);
      assert.deepEqual([...strategies], ['lists'], 'every segment is searched by its lists');
      assert.ok(byDefault >= 0.95, `recall by default is ${byDefault}`);
      const { recall: said } = await measured(name);
      assert.ok(said > 0.95 && Math.abs(said - byDefault) < 0.03, `Stats say ${said}, ${byDefault} are found`);
      assert.ok(broader >= 0.99, `recall with ef 256 is ${broader}`);
    });
  }

  for (const index of ['hnsw', 'ivf'] as const) {
    test(`vectors that are all equal get their ${index}, too, and k of them are found`, async () => {
      const vector = Float32Array.from({ length: dimension }, (_, i) => i + 1);
      await load(server, { name: `equal-${index}`, index }, Array.from({ length: 2_000 }, (_, i) => [`equal-${i}`, vector] as const));
      const { hits } = await server.client.search({ collection: `equal-${index}`, vector, k: 50 });
      assert.deepEqual([hits.length, new Set(hits.map(({ id }) => id)).size], [50, 50]);
    });
  }

  test('where what is alike was written together, and lies in few of many segments: at least 0.95', async (context) => {
    await using other = await startServer({
      indexer: { growingRowsMax: 1_024, idleMs: 1_500, bulkIdleShare: 1, idleGraphRowsMin: 500, graphRowsMin: 1_024, segmentRowsMax: 2_048, maintenanceMs: 20 },
    });
    const count = 12_000;
    const alike = bySubject(stored.slice(0, count));
    for (const index of ['ivf', 'hnsw'] as const) {
      await load(other, { name: index, index }, alike);
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

describe('recall@10 of graphs that nothing answers in the place of: under manhattan there are no codes, and many numbers take long to compare', () => {
  const numbers = 256;
  const random = new Random(9);
  const directions = Array.from({ length: 28 }, () => Float32Array.from({ length: numbers }, () => random.next() - 0.5));
  /** Of fewer directions what is nearest would be found with as little for any target, and of more a scan would cost less. */
  const drawn = (): Float32Array => {
    const vector = new Float32Array(numbers);
    for (const direction of directions) {
      const far = random.next() - 0.5;
      for (let i = 0; i < numbers; i += 1) vector[i]! += far * direction[i]!;
    }
    return vector;
  };
  const all: Words = Array.from({ length: 10_000 }, (_, i) => [`r${i}`, drawn()] as const);
  const asked = Array.from({ length: 200 }, drawn);

  test('other targets than the default: the graph holds each, Stats say how much it finds, and for the higher one it is asked for more', async (context) => {
    const segments = [];
    for (const recallTarget of [0.9, 0.99]) {
      const name = `target-${recallTarget * 100}`;
      await load(server, { name, dimension: numbers, metric: 'manhattan', recallTarget }, all);
      const answers = [];
      for (const vector of asked) answers.push(await ask(name, vector, null));
      // A few lie farther from the rows than these from each other, and are compared with all of them.
      const byGraph = answers.filter(({ strategies }) => strategies.join() === 'graph');
      assert.ok(byGraph.length >= 0.85 * asked.length, `${byGraph.length} of ${asked.length} are answered by the graph`);
      const share = byGraph.reduce((sum, { found }) => sum + found, 0) / (k * byGraph.length);
      const segment = await measured(name);
      context.diagnostic(`target ${recallTarget}: ${share} of ${byGraph.length} queries by the graph; Stats say ${JSON.stringify(segment)}`);
      assert.ok(share >= recallTarget && segment.recall >= recallTarget, `recall is ${share}, and ${segment.recall} by its own measure`);
      assert.ok(Math.abs(segment.recall - share) < 0.03, `Stats say ${segment.recall}, ${share} are found`);
      segments.push(segment);
    }
    const [lower, higher] = segments;
    assert.ok(higher!.ef! > lower!.ef! && higher!.recall > lower!.recall, JSON.stringify(segments));
  });

  test('a graph of single bits: at least 0.9 of 128 candidates', async (context) => {
    await load(server, { name: 'manhattan-bits', dimension: numbers, metric: 'manhattan', hnsw: bits }, all);
    const strategies = new Set<string>();
    const share = await recall('manhattan-bits', 128, strategies, server, asked);
    context.diagnostic(`${share} with ef 128`);
    assert.deepEqual([...strategies], ['graph']);
    assert.ok(share >= 0.9, `recall is ${share}`);
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
