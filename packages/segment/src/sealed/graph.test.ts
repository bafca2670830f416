import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platform } from 'node:process';
import { test } from 'node:test';
import { Slab } from '../kernels/index.ts';
import { kernelOf, prepareQuery } from '../metric.ts';
import { random } from '../testing/random.ts';
import { assertFindsItself, buildGraph, givenOf, Graph, type GraphRows, type GraphSettings } from './graph.ts';
import { unreachedRows } from './unreached.ts';

const settings: GraphSettings = { dimension: 8, metric: 'cosine', m: 8, efConstruction: 32, quantization: 'f32' };
const count = 500;
const next = random(3);
const vectors = Float32Array.from({ length: count * settings.dimension }, next);
const rowsOf = (count: number, vector: (row: number) => Float32Array): GraphRows => ({ count, inOrder: vector, single: vector });
const rows = rowsOf(count, (row) => vectors.subarray(row * settings.dimension, (row + 1) * settings.dimension));
const open = (of: GraphSettings, path: string, { count, single }: GraphRows): Graph => (
  new Graph(of, path, count, givenOf(of, { dimension: of.dimension, each: (row, _, visit) => { visit(row, single(row)); } }, count)));
const mappings = (path: string): number => readFileSync('/proc/self/maps', 'utf8').split('\n').filter((line) => line.includes(path)).length;
const descriptors = (): string => readdirSync('/proc/self/fd').sort().join();

test('a graph that is let go of is unmapped at once, and so is one that was only built', { skip: platform !== 'linux' && 'looks into /proc' }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-graph-'));
  try {
    const path = join(directory, 'graph.usearch');
    const before = descriptors();
    buildGraph(settings, rows, path, 0.9, 1);
    assert.equal(mappings(path), 0);
    const graphs = [open(settings, path, rows), open(settings, path, rows)];
    assert.equal(mappings(path), 2);
    assert.throws(() => open(settings, path, { ...rows, count: count + 1 }), { code: 'DATA_LOSS' });
    assert.equal(mappings(path), 2);
    const [first, second] = graphs;
    first?.[Symbol.dispose]();
    assert.equal(mappings(path), 1);
    assert.equal(second?.candidates(vectors.subarray(0, settings.dimension), 10).includes(0), true);
    second?.[Symbol.dispose]();
    second?.[Symbol.dispose]();
    assert.equal(mappings(path), 0);
    // No file was closed that is not its own.
    assert.equal(descriptors(), before);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

// Where a thread has to wait for a core while others add, some rows may be hard to find, though links lead to them (docs/adr/0014-threads-of-a-graph.md). That
// comes and goes: of three graphs the one in the middle counts. Links have to lead to all rows of each.
for (const [threads, most] of [[1, 0], [2, 0], [8, 20]] as const) {
  test(`threads that build together, ${threads}: links lead to each row, and of 20,000 at most ${most} are not found`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-graph-'));
    try {
      const [path, many, dimension] = [join(directory, 'graph.usearch'), 20_000, 16];
      const several: GraphSettings = { ...settings, dimension, metric: 'euclidean', m: 16, efConstruction: 64 };
      const values = Float32Array.from({ length: many * dimension }, random(5));
      const vector = (row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension);
      const missed = Array.from({ length: 3 }, () => {
        const learned = buildGraph(several, rowsOf(many, vector), path, 0.9, threads);
        assert.ok((learned.ladder.at(-1)?.recall ?? 0) >= 0.9, JSON.stringify(learned));
        assert.deepEqual(unreachedRows(path), []);
        using graph = open(several, path, rowsOf(many, vector));
        let rows = 0;
        for (let row = 0; row < many; row += 1) if (!graph.candidates(vector(row), 64).includes(row)) rows += 1;
        return rows;
      });
      const [, middle = many] = missed.toSorted((one, other) => one - other);
      assert.ok(middle <= most, `${missed.join(', ')} of ${many}`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

// Under dot product what the middle of all adds is lost.
for (const [metric, far] of [['cosine', 30], ['dot', 0], ['euclidean', 30], ['manhattan', 30]] as const) {
  test(`a graph of single bits under ${metric}: of vectors around ${far} in each dimension it leads to what is near`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-graph-'));
    try {
      const [path, many, dimension] = [join(directory, 'graph.usearch'), 3_000, 300];
      const bits: GraphSettings = { dimension, metric, m: 16, efConstruction: 64, quantization: 'b1' };
      const more = random(6);
      const directions = Array.from({ length: 40 }, () => Float32Array.from({ length: dimension }, more));
      const drawn = (): Float32Array => {
        const weights = directions.map(more);
        const vector = Float32Array.from({ length: dimension }, (_, i) => weights.reduce((sum, weight, d) => sum + weight * directions[d]![i]!, far));
        return prepareQuery(metric, vector).slice(0, dimension);
      };
      const all = Array.from({ length: many }, drawn);
      const ofAll = rowsOf(many, (row) => all[row]!);
      const learned = buildGraph(bits, ofAll, path, 0.9, 2);
      assert.ok((learned.ladder[0]?.recall ?? 0) >= 0.75, JSON.stringify(learned));
      assert.deepEqual(unreachedRows(path), []);
      using graph = open(bits, path, ofAll);
      const slab = new Slab({ dimension, rows: many, rowsMax: many });
      all.forEach((vector, row) => { slab.row(row).set(vector); });
      let found = 0;
      for (let i = 0; i < 50; i += 1) {
        const query = drawn();
        const [kernel, nearest] = [kernelOf(metric), new Set(graph.candidates(query, 300))];
        found += slab.scan(kernel, query, many, 10, null).rows.filter((row) => nearest.has(row)).length;
      }
      assert.ok(found >= 450, `${found} of 500`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test('a graph of single bits counts those of its vectors alone, where these fill no whole byte', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-graph-'));
  try {
    const [path, many, dimension] = [join(directory, 'graph.usearch'), 300, 12];
    const bits: GraphSettings = { dimension, metric: 'euclidean', m: 16, efConstruction: 64, quantization: 'b1' };
    const values = Float32Array.from({ length: many * dimension }, random(8));
    const vector = (row: number): Float32Array => values.subarray(row * dimension, (row + 1) * dimension);
    const all = Array.from({ length: many }, (_, row) => vector(row));
    const middle = Float32Array.from({ length: dimension }, (_, i) => all.reduce((sum, one) => sum + one[i]!, 0) / many);
    const signsOf = (one: Float32Array): boolean[] => [...one].map((value, i) => value > middle[i]!);
    buildGraph(bits, rowsOf(many, vector), path, 0.9, 1);
    using graph = open(bits, path, rowsOf(many, vector));
    for (let row = 0; row < many; row += 30) {
      const asked = signsOf(vector(row));
      const { rows: found, distances } = graph.nearest(vector(row), many);
      assert.ok(found.length > many / 2);
      const differing = [...found].map((other) => signsOf(vector(other)).filter((sign, i) => sign !== asked[i]).length);
      assert.deepEqual([...distances], differing);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a graph that does not find its own vectors is refused, one whose equal vectors crowd each other out is not', () => {
  const samples = Array.from({ length: 8 }, (_, row) => ({ row, vector: rows.single(row) }));
  const others = Uint32Array.from({ length: 256 }, (_, i) => 100 + i);
  const answering = (distance: number, found = others): Parameters<typeof assertFindsItself>[1] => (
    { nearest: () => ({ rows: found, distances: new Float32Array(found.length).fill(distance) }) });
  const unit = { ...settings, metric: 'euclidean' } as const;
  assert.throws(() => { assertFindsItself(unit, answering(0.01), samples); }, /GraphRefused: a graph does not find 8 of 8/);
  assert.throws(() => { assertFindsItself(unit, answering(0, others.subarray(0, 255)), samples); }, /GraphRefused/);
  assertFindsItself(unit, answering(0), samples);
  assertFindsItself(unit, answering(0.01, Uint32Array.from(samples, ({ row }) => row)), samples);
});
