import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import type { Metric } from '@proximadb/schemas';
import { CodeSlab, normalized, Slab } from '../kernels/index.ts';
import { kernelOf, normalizes, prepareQuery } from '../metric.ts';
import { random } from '../testing/random.ts';
import { clusterRows, encodeCodes, measureDepths, type Clustering } from './build.ts';
import { decodeLists, encodeLists, Lists, vainShares, type Among } from './lists.ts';

/** Around so many places; what is near to one place is not near to another. */
function blobs(count: number, dimension: number, places: number, seed: number): Float32Array[] {
  const next = random(seed);
  const centres = Array.from({ length: places }, () => Array.from({ length: dimension }, () => 3 * next()));
  return Array.from({ length: count }, (_, i) => Float32Array.from(centres[i % places] ?? [], (at) => at + next()));
}

interface Made {
  readonly vectors: readonly Float32Array[];
  readonly clustering: Clustering;
  readonly lists: Lists;
  readonly slab: Slab;
  /** The nearest rows by exact distances. */
  readonly exact: (query: Float32Array, k: number, visible: Uint32Array | null) => number[];
}

function make(metric: Metric, given: readonly Float32Array[]): Made {
  const dimension = given[0]!.length;
  const vectors = normalizes(metric) ? given.map(normalized) : given;
  const clustering = clusterRows(metric, dimension, vectors.length, (row) => vectors[row]!);
  const ordered = (row: number): Float32Array => vectors[clustering.order[row]!]!;
  const codes = new CodeSlab(dimension, vectors.length);
  encodeCodes(metric, dimension, clustering, ordered, (bytes, place) => { codes.content.set(bytes, place); });
  const { starts, centroids } = clustering;
  // Through its file, as a segment has it.
  const file = decodeLists(encodeLists({ dimension, rows: vectors.length, starts, centroids, ...measureDepths(metric, dimension, clustering, ordered) }));
  const slab = new Slab({ dimension, rows: vectors.length, rowsMax: vectors.length });
  for (let row = 0; row < vectors.length; row += 1) slab.row(row).set(ordered(row));
  const exact = (query: Float32Array, k: number, visible: Uint32Array | null): number[] =>
    [...slab.scan(kernelOf(metric), query, vectors.length, k, visible).rows];
  return { vectors, clustering, lists: new Lists(metric, file, codes), slab, exact };
}

function bitset(rows: number, has: (row: number) => boolean): { readonly visible: Uint32Array; readonly count: number } {
  const visible = new Uint32Array(Math.ceil(rows / 32));
  let count = 0;
  for (let row = 0; row < rows; row += 1) {
    if (!has(row)) continue;
    visible[row >>> 5]! |= 1 << (row & 31);
    count += 1;
  }
  return { visible, count };
}

describe('lists', () => {
  test('hold every row once, in the list of its nearest centroid, and come out the same again', () => {
    const vectors = blobs(3_000, 12, 40, 1);
    const { order, starts, centroids } = make('euclidean', vectors).clustering;
    assert.deepEqual([...order].sort((a, b) => a - b), vectors.map((_, row) => row));
    for (let list = 0; list + 1 < starts.length; list += 1) {
      for (let place = starts[list]!; place < starts[list + 1]!; place += 1) {
        assert.equal(centroids.scan('l2sq', vectors[order[place]!]!, starts.length - 1, 1, null).rows[0], list);
      }
    }
    assert.deepEqual(make('euclidean', vectors).clustering.order, order, 'replicas make the same segments');
  });

  for (const metric of ['cosine', 'dot', 'euclidean', 'manhattan'] as const) {
    test(`under ${metric}: as many lists as the recall asks for find that share, of queries that were not measured, too`, () => {
      const vectors = blobs(6_000, 24, 60, 2);
      const { lists, exact } = make(metric, vectors.slice(0, 5_900));
      for (const [recall, k] of [[0.9, 10], [0.97, 10], [0.97, 100]] as const) {
        let found = 0;
        for (const given of vectors.slice(5_900)) {
          const query = prepareQuery(metric, given);
          const { rows, lists: read } = lists.candidates({ query, wanted: 4 * k, lists: lists.listsFor(recall, k), among: null });
          assert.ok(read >= lists.listsFor(recall, k));
          const candidates = new Set(rows);
          found += exact(query, k, null).filter((row) => candidates.has(row)).length;
        }
        assert.ok(found / (100 * k) >= recall - 0.03, `${found / (100 * k)} of ${recall}, k = ${k}`);
      }
      assert.ok(lists.listsFor(0.9, 10) <= lists.listsFor(0.97, 10) && lists.listsFor(0.97, 10) <= lists.count);
    });
  }

  test('rows that lie far from zero, and close together, are found as well as others', () => {
    const vectors = blobs(6_000, 24, 60, 7).map((vector) => vector.map((x) => x + 1_000));
    const { lists, exact } = make('euclidean', vectors.slice(0, 5_900));
    let found = 0;
    for (const query of vectors.slice(5_900)) {
      const { rows } = lists.candidates({ query, wanted: 40, lists: lists.listsFor(0.98, 10), among: null });
      found += exact(query, 10, null).filter((row) => rows.includes(row)).length;
    }
    assert.ok(found >= 950, `${found} of 1000`);
  });

  test('rows that count are found wherever they are: few, near the query, or far from it only', () => {
    const vectors = blobs(8_000, 16, 80, 3);
    const { lists, slab, exact } = make('euclidean', vectors);
    const query = vectors[5]!;
    const distance = (row: number): number => Math.sqrt(slab.distance('l2sq', query, row));
    const sorted = vectors.map((_, row) => distance(row)).sort((a, b) => a - b);
    const cases: [string, (row: number) => boolean][] = [
      ['each 50th', (row) => row % 50 === 0], ['the nearest tenth', (row) => distance(row) <= sorted[800]!],
      ['the farthest tenth', (row) => distance(row) >= sorted[7_200]!],
    ];
    for (const [what, has] of cases) {
      const { visible, count } = bitset(vectors.length, has);
      const among = { words: visible, count, vainShare: vainShares.filtered };
      const { rows } = lists.candidates({ query, wanted: 64, lists: lists.listsFor(0.97, 10), among });
      assert.equal(rows.length, 64, what);
      assert.ok(rows.every(has), what);
      const found = exact(query, 10, visible).filter((row) => rows.includes(row)).length;
      assert.ok(found >= 9, `${what}: ${found} of 10`);
    }
  });

  test('under a filter that follows the vector lists are read until nothing nearer comes, for queries inside of it, outside, and on its edge', () => {
    const places = blobs(64, 24, 64, 8);
    const next = random(9);
    // They overlap: every row has neighbours in other lists.
    const all = Array.from({ length: 20_300 }, (_, i) => (places[i % 64] ?? new Float32Array(24)).map((at) => at / 3 + 2 * next()));
    const { lists, slab, exact, vectors } = make('cosine', all.slice(0, 20_000));
    const middle = all[7] ?? new Float32Array(24);
    const distance = (row: number): number => slab.distance('ip', prepareQuery('cosine', middle), row);
    const sorted = vectors.map((_, row) => distance(row)).sort((a, b) => a - b);
    for (const share of [0.5, 0.3, 0.1]) {
      const { visible, count } = bitset(vectors.length, (row) => distance(row) <= (sorted[share * vectors.length] ?? Infinity));
      let found = 0;
      for (const given of all.slice(20_000)) {
        const query = prepareQuery('cosine', given);
        const among = { words: visible, count, vainShare: vainShares.filtered };
        const { rows } = lists.candidates({ query, wanted: 64, lists: lists.listsFor(0.9, 10), among });
        const candidates = new Set(rows);
        found += exact(query, 10, visible).filter((row) => candidates.has(row)).length;
      }
      assert.ok(found >= 0.985 * 3_000, `${share}: ${found} of 3000`);
    }
  });

  test('of a row that is deleted a search reads little more, of a filter more, in which nothing is nearer', () => {
    const vectors = blobs(20_000, 16, 300, 5);
    const { lists } = make('cosine', vectors);
    const { visible: words, count } = bitset(vectors.length, (row) => row !== 17);
    const asked = lists.listsFor(0.98, 10);
    let read = { all: 0, deleted: 0, filtered: 0 };
    for (const query of vectors.slice(0, 100).map((vector) => prepareQuery('cosine', vector))) {
      const search = { query, wanted: 64, lists: asked };
      const ask = (among: Among | null): number => lists.candidates({ ...search, among }).lists;
      read = {
        all: read.all + ask(null), deleted: read.deleted + ask({ words, count, vainShare: vainShares.deleted }),
        filtered: read.filtered + ask({ words, count, vainShare: vainShares.filtered }),
      };
    }
    assert.ok(read.deleted >= read.all && read.deleted <= 1.7 * read.all, JSON.stringify(read));
    assert.ok(read.filtered >= 2.5 * read.all, JSON.stringify(read));
    assert.equal(lists.expected({ lists: asked, among: null }), asked);
    // Rounded up twice, and four lists are always read in vain.
    assert.ok(lists.expected({ lists: asked, among: { words, count, vainShare: vainShares.deleted } }) <= asked * 4 / 3 + 4);
  });

  test('as many candidates come back as are wanted and there, however few lists that would be', () => {
    const { lists } = make('cosine', blobs(500, 8, 5, 4));
    const query = Float32Array.from({ length: 8 }, (_, i) => i);
    for (const wanted of [1, 100, 499, 500, 10_000]) {
      const { rows } = lists.candidates({ query, wanted, lists: 1, among: null });
      assert.equal(rows.length, Math.min(wanted, 500));
      assert.equal(new Set(rows).size, rows.length);
    }
  });

  const odd: [string, readonly Float32Array[]][] = [
    ['one row', [Float32Array.of(1, 2)]], ['rows that are all equal', Array.from({ length: 2_000 }, () => Float32Array.of(0.5, -1, 2))],
    ['zeros', Array.from({ length: 300 }, () => new Float32Array(5))], ['one dimension', Array.from({ length: 1_000 }, (_, i) => Float32Array.of(i - 500))],
    ['4,096 dimensions', blobs(60, 4_096, 6, 5)], 
    ['the largest numbers', Array.from({ length: 200 }, (_, i) => Float32Array.of(i % 2 === 0 ? 3e38 : -3e38, i))],
    ['the smallest numbers', Array.from({ length: 200 }, (_, i) => Float32Array.of(i * 1e-45, -i * 1e-44))],
    ['duplicates by the hundred', Array.from({ length: 3_000 }, (_, i) => Float32Array.of(i % 10, (i % 10) ** 2))],
  ];
  for (const metric of ['cosine', 'dot', 'euclidean', 'manhattan'] as const) {
    for (const [what, vectors] of odd) {
      test(`${what} under ${metric}: all of them come back if all are wanted`, () => {
        const { lists } = make(metric, vectors);
        const { rows } = lists.candidates({ query: vectors[0]!, wanted: vectors.length, lists: 1, among: null });
        assert.deepEqual([...rows].sort((a, b) => a - b), vectors.map((_, row) => row));
      });
    }
  }
});
