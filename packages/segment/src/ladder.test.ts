import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { apart, candidatesFor, measureLadder, reachOf, stepFor, unknownRows } from './ladder.ts';
import { queryRows } from './lists/cluster.ts';
import { nearestRows } from './neighbours.ts';
import { random } from './testing/random.ts';

const ladder = [{ candidates: 32, recall: 0.8 }, { candidates: 48, recall: 0.95 }, { candidates: 64, recall: 0.99 }];

test('the first step that held a recall is taken, or the last where none did', () => {
  assert.deepEqual([0.5, 0.8, 0.9, 0.96, 1].map((recall) => stepFor(ladder, recall).candidates), [32, 32, 48, 64, 64]);
});

test('more neighbours take more candidates, never fewer than there are hits', () => {
  const asked = [1, 10, 11, 50, 100, 1_000, 10_000].map((k) => candidatesFor(ladder, 0.95, k));
  assert.deepEqual(asked.slice(0, 2), [48, 48]);
  assert.deepEqual(asked, [...asked].sort((a, b) => a - b));
  assert.ok(candidatesFor(ladder, 0.95, 10_000) >= 10_000);
});

test('reach has nothing to do with how long queries are under dot product, and queries of zeros are within it', () => {
  const [one, long, zeros] = [Float32Array.of(3, 4), Float32Array.of(300, 400), new Float32Array(2)];
  assert.deepEqual([apart('dot', one, -10), apart('dot', long, -1_000), apart('dot', zeros, -0)], [-2, -2, -Infinity]);
  assert.equal(apart('euclidean', long, 7), 7);
  assert.equal(reachOf([apart('dot', zeros, -0), -1, -3]), -1);
  assert.equal(reachOf([]), null);
});

test('rows that are asked about are different ones, spread over all; a small segment has none', () => {
  assert.deepEqual(unknownRows(1_000, 100), []);
  for (const [rows, dimension] of [[4_096, 4], [30_000, 768], [262_144, 100], [4_096, 4_096]] as const) {
    const asked = unknownRows(rows, dimension);
    assert.ok(asked.length >= 16 && asked.length <= 128);
    assert.equal(new Set(asked).size, asked.length);
    assert.ok(asked.every((row) => row >= 0 && row < rows));
    assert.ok(asked[0]! < rows / 16 && asked.at(-1)! > rows * 15 / 16);
  }
});

test('rows that are asked about are of all kinds, where rows of several kinds take turns', () => {
  for (const rows of [4_096, 6_000, 16_384, 25_600, 262_144]) {
    for (const asked of [unknownRows(rows, 4), queryRows(rows)]) {
      for (const kinds of [2, 4, 5, 8, 10]) {
        const counts = new Array<number>(kinds).fill(0);
        for (const row of asked) counts[row % kinds]! += 1;
        assert.ok(Math.min(...counts) >= 0.4 * asked.length / kinds, `${counts.join()} of ${asked.length}, of ${rows} rows`);
      }
    }
  }
});

const next = random(5);
const width = 6;
const vectors = Array.from({ length: 50_000 }, () => Float32Array.from({ length: width }, next));
const plainNearest = (query: Float32Array, k: number, has: (row: number) => boolean): number[] => {
  const distances = vectors.map((vector) => vector.reduce((sum, x, i) => sum + (x - query[i]!) ** 2, 0));
  return [...vectors.keys()].filter(has).sort((a, b) => distances[a]! - distances[b]! || a - b).slice(0, k);
};

test('the nearest rows are those of plain arithmetic, over many blocks, and only of those that take part', () => {
  const queries = [vectors[3]!, Float32Array.from({ length: width }, next)];
  const search = { metric: 'euclidean', dimension: width, rows: vectors.length, vector: (row: number) => vectors[row]!, queries, k: 20 } as const;
  assert.deepEqual(nearestRows({ ...search, among: null }), queries.map((query) => plainNearest(query, 20, () => true)));
  const among = new Uint32Array(Math.ceil(vectors.length / 32)).fill(0xaaaa_aaaa);
  assert.deepEqual(nearestRows({ ...search, among }), queries.map((query) => plainNearest(query, 20, (row) => row % 2 === 1)));
});

test('a ladder tells which share of the nearest the candidates hold, of rows that are known only, and ends where the recall is reached', () => {
  const rows = 5_000;
  const unknown = unknownRows(rows, width).map((row) => ({ row, vector: vectors[row]! }));
  const hidden = new Set(unknown.map(({ row }) => row));
  const asked: number[] = [];
  /** Knows the nearest of each query, and finds every second of them until it is asked for 96. */
  const candidates = (query: Float32Array, wanted: number): Uint32Array => {
    asked.push(wanted);
    const nearest = plainNearest(query, 10, (row) => row < rows && !hidden.has(row));
    return Uint32Array.from(wanted < 96 ? nearest.filter((_, at) => at % 2 === 0) : nearest);
  };
  const vector = (row: number): Float32Array => padded(vectors[row]!);
  const { ladder: measured, reach } = measureLadder({ metric: 'euclidean', dimension: 4_096, rows, vector, single: vector, candidates: (query, wanted) =>
    candidates(query.subarray(0, width), wanted), unknown: unknown.map(({ row, vector }) => ({ row, vector: padded(vector) })), recall: 0.9 });
  // Two more than were missed, so that few queries do not promise much.
  const sought = 10 * unknown.length;
  assert.deepEqual(measured, [[64, sought / 2], [80, sought / 2], [96, 0]].map(([wanted = 0, missed = 0]) =>
    ({ candidates: wanted, recall: 1 - (missed + 2) / sought })));
  assert.equal(asked.length, 3 * unknown.length);
  const farthest = unknown.map(({ vector: query }) => {
    const [last = 0] = plainNearest(query, 10, (row) => row < rows && !hidden.has(row)).slice(9);
    return vectors[last]!.reduce((sum, x, i) => sum + (x - query[i]!) ** 2, 0);
  });
  const within = farthest.filter((each) => each <= (reach ?? 0) * 1.000_01).length;
  assert.ok(Math.abs(within - 0.98 * unknown.length) <= 1, `of ${within} of ${unknown.length} queries the tenth lies within reach`);
});

/** Of so many dimensions a graph is asked for many candidates before comparing all rows costs less. */
function padded(vector: Float32Array): Float32Array {
  const wide = new Float32Array(4_096);
  wide.set(vector);
  return wide;
}
