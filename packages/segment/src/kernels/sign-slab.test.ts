import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from '../testing/random.ts';
import { SignSlab, type SignSearch } from './index.ts';

const next = random(5);
const uniform = (dimension: number): Float32Array => Float32Array.from({ length: dimension }, next);

interface Filled {
  readonly slab: SignSlab;
  readonly vectors: readonly Float32Array[];
  readonly centroid: Float32Array;
  readonly withPlace: boolean;
}

function filled(vectors: readonly Float32Array[], centroid: Float32Array, withPlace: boolean): Filled {
  const slab = new SignSlab(centroid.length, vectors.length, withPlace);
  slab.setCentroid(centroid);
  vectors.forEach((vector, row) => { slab.encode(row, vector); });
  return { slab, vectors, centroid, withPlace };
}

/** Of the differences from the centroid: what the codes tell about. */
function distancesTo(query: Float32Array, { vectors, centroid, withPlace }: Filled): number[] {
  return vectors.map((vector) => {
    const difference = vector.map((value, i) => value - centroid[i]!);
    const product = difference.reduce((sum, value, i) => sum + value * query[i]!, 0);
    return withPlace ? difference.reduce((sum, value) => sum + value * value, 0) - 2 * product : -product;
  });
}

function searchOf({ withPlace, vectors }: Filled, wanted: number, deviations: number, visible: Uint32Array | null = null): SignSearch {
  return { weight: withPlace ? 2 : 1, deviations, count: vectors.length, wanted, visible };
}

function bitsOf(rows: readonly number[], count: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(count / 32));
  for (const row of rows) bits[row >> 5]! |= 1 << (row & 31);
  return bits;
}

const k = 10;

for (const dimension of [1, 3, 64, 100, 129, 384, 768, 1_000]) {
  for (const withPlace of [false, true]) {
    const what = withPlace ? 'squared L2' : 'inner products';
    test(`${dimension} numbers, ${what}: what may be as near as the tenth holds nearly all of the ten nearest, and few others`, () => {
      const centroid = uniform(dimension).map((value) => value * 3);
      // Far from 0, and of unequal lengths: what a centroid and a scale are for.
      const vectors = Array.from({ length: 700 }, (_, row) => uniform(dimension).map((value, i) => centroid[i]! + value * (1 + row % 7)));
      const one = filled(vectors, centroid, withPlace);
      let [found, offered, asked] = [0, 0, 0];
      for (let times = 0; times < 20; times += 1) {
        const query = uniform(dimension);
        const distances = distancesTo(query, one);
        for (const rows of [one.vectors.map((_, row) => row), one.vectors.map((_, row) => row).filter((row) => row % 3 === 1)]) {
          const nearest = rows.toSorted((a, b) => distances[a]! - distances[b]!).slice(0, k);
          const visible = rows.length === 700 ? null : bitsOf(rows, 700);
          const first = one.slab.nearest(query, searchOf(one, k, 2, visible));
          assert.equal(first.length, k);
          const last = distances[nearest.at(-1)!]!;
          const within = one.slab.within(last + Math.abs(last) * 1e-5);
          assert.deepEqual([...within], [...within].sort((a, b) => a - b));
          for (const row of [...first, ...within]) assert.ok(rows.includes(row));
          const all = new Set([...first, ...within]);
          found += nearest.filter((row) => all.has(row)).length;
          offered += all.size / rows.length;
          asked += 1;
        }
      }
      assert.ok(found >= 0.97 * k * asked, `${found} of ${k * asked}`);
      // Of few numbers the nearest of 233 rows are hardly nearer than the others.
      assert.ok(offered <= (dimension < 64 ? 0.5 : 0.8) * asked, `${offered / asked} of all rows`);
    });
  }
}

const edge = fc.oneof(fc.constant(0), fc.float({ min: -1, max: 1, noNaN: true }), fc.constantFrom(1e-45, -1e-45, 3e38, -3e38));

test('whatever numbers there are, as many come back as are wanted, none twice, none that is not visible, and within everything all are', () => {
  const cases = fc.constantFrom(1, 7, 127, 128, 130, 300).chain((dimension) => {
    const vector = fc.array(edge, { minLength: dimension, maxLength: dimension }).map((values) => Float32Array.from(values));
    return fc.record({
      vectors: fc.array(vector, { minLength: 1, maxLength: 50 }), query: vector, centroid: vector, withPlace: fc.boolean(),
      bits: fc.array(fc.boolean(), { minLength: 50, maxLength: 50 }), wanted: fc.integer({ min: 1, max: 60 }),
    });
  });
  fc.assert(fc.property(cases, ({ vectors, query, centroid, withPlace, bits, wanted }) => {
    const one = filled(vectors, centroid, withPlace);
    const all = vectors.map((_, row) => row);
    for (const rows of [all, all.filter((row) => bits[row])]) {
      const visible = rows === all ? null : bitsOf(rows, vectors.length);
      const first = one.slab.nearest(query, searchOf(one, wanted, 2, visible));
      assert.equal(first.length, Math.min(wanted, rows.length));
      assert.equal(new Set(first).size, first.length);
      assert.ok(first.every((row) => rows.includes(row)));
      assert.deepEqual([...one.slab.within(Infinity)], rows);
    }
  }), { numRuns: 300 });
});

test('rows of the largest floats, of denormals and of ordinary numbers are where their lengths put them: none is lost, none stands in the way', () => {
  const query = uniform(100);
  const [largest, smallest] = [3.4028234663852886e38, 2 ** -149];
  /** Along the query, all of one size. */
  const alike = (size: number): Float32Array => query.map((value) => Math.sign(value) * size);
  const vectors = [alike(-largest), alike(8 * smallest), alike(1), alike(-1), alike(largest), alike(-8 * smallest), new Float32Array(100)];
  const one = filled(vectors, new Float32Array(100), false);
  const search = searchOf(one, vectors.length, 2);
  const order = [...one.slab.nearest(query, search)];
  assert.deepEqual([...order.slice(0, 2), ...order.slice(-2)], [4, 2, 3, 0]);
  assert.deepEqual(order.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...one.slab.within(Infinity)], [0, 1, 2, 3, 4, 5, 6]);
  // What rows may be off by is in proportion to their lengths.
  const near = [...one.slab.within(-1e-3)];
  assert.deepEqual([1, 2, 4, 5, 6].filter((row) => near.includes(row)), [2, 4]);
  // Of the squares of the largest floats there is no order.
  const byL2 = filled(vectors, new Float32Array(100), true);
  for (const found of [byL2.slab.nearest(query, searchOf(byL2, vectors.length, 2)), byL2.slab.within(Infinity)]) {
    assert.deepEqual([...found].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6]);
  }
});

test('more rows than a cache holds, which are read in parts, are all looked at, each once, in their order', () => {
  const dimension = 256;
  // 704 bytes a block: three parts of 383 blocks and one of 381.
  const count = 24_473;
  const vectors = Array.from({ length: count }, () => uniform(dimension));
  const one = filled(vectors, new Float32Array(dimension), false);
  const query = uniform(dimension);
  const distances = distancesTo(query, one);
  const all = vectors.map((_, row) => row);
  // In the last case two parts have nothing that is visible, and one only its last block.
  for (const rows of [all, all.filter((row) => row % 3 === 1), all.filter((row) => row > 6_128 && row < 12_200 || row > 24_464)]) {
    const visible = rows === all ? null : bitsOf(rows, count);
    const nearest = rows.toSorted((a, b) => distances[a]! - distances[b]!).slice(0, k);
    const first = [...one.slab.nearest(query, searchOf(one, 500, 2, visible))];
    assert.equal(new Set(first).size, 500);
    assert.ok(nearest.filter((row) => first.includes(row)).length >= 9);
    assert.deepEqual([...one.slab.within(Infinity)], rows);
    const within = new Set(one.slab.within(distances[nearest.at(-1)!]!));
    assert.ok(nearest.filter((row) => within.has(row)).length >= 9 && within.size < rows.length / 2, `${within.size} of ${rows.length}`);
  }
});

test('rows that are equal are as near as each other, and what equals the centroid is where it is', () => {
  const centroid = uniform(100);
  const vector = uniform(100);
  const one = filled(Array.from({ length: 40 }, (_, row) => (row < 20 ? vector : centroid)), centroid, true);
  const query = vector.map((value, i) => value - centroid[i]!);
  const [mine] = distancesTo(query, one);
  assert.deepEqual([...one.slab.nearest(query, searchOf(one, 20, 2))].sort((a, b) => a - b), Array.from({ length: 20 }, (_, row) => row));
  assert.deepEqual([...one.slab.within(mine! + Math.abs(mine!) * 1e-5)], Array.from({ length: 20 }, (_, row) => row));
});

test('of rows at the distance 0 the first come first, under inner products, too', () => {
  const centroid = uniform(100);
  const one = filled(Array.from({ length: 40 }, () => centroid), centroid, false);
  for (const query of [uniform(100), uniform(100), new Float32Array(100)]) assert.deepEqual([...one.slab.nearest(query, searchOf(one, 5, 2))], [0, 1, 2, 3, 4]);
});

test('more deviations let more rows in, and none that fewer let in falls out', () => {
  const one = filled(Array.from({ length: 500 }, () => uniform(128)), new Float32Array(128), false);
  const query = uniform(128);
  const distance = distancesTo(query, one).toSorted((a, b) => a - b)[9]!;
  const within = [0, 1, 2, 4].map((deviations) => {
    one.slab.nearest(query, searchOf(one, k, deviations));
    return new Set(one.slab.within(distance));
  });
  within.slice(1).forEach((more, i) => { assert.ok([...within[i]!].every((row) => more.has(row)) && within[i]!.size < more.size); });
});

test('its content is all of it: another slab that is given it finds the same', () => {
  const one = filled(Array.from({ length: 70 }, () => uniform(130)), uniform(130), true);
  one.slab.recalls.set([0.9, 0.95]);
  const other = new SignSlab(130, 70, true);
  other.content.set(one.slab.content);
  const query = uniform(130);
  const found = [one.slab, other].map((slab) => [[...slab.nearest(query, searchOf(one, 20, 2))], [...slab.within(0)], [...slab.recalls], [...slab.centroid]]);
  assert.deepEqual(found[1], found[0]);
});
