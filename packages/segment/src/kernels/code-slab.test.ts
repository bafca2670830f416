import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codesBytes, CodeSlab } from './index.ts';

const value = fc.oneof(fc.constant(0), fc.float({ min: -1, max: 1, noNaN: true }), fc.constantFrom(1e-45, -1e-45, 3e38, -3e38));

interface Case {
  readonly dimension: number;
  readonly vectors: readonly Float32Array[];
  readonly query: Float32Array;
  readonly centroid: Float32Array;
  /** Null: distances are inner products. */
  readonly place: Float32Array | null;
  readonly bits: readonly boolean[];
  readonly k: number;
  readonly from: number;
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(1, 3, 15, 16, 17, 100).chain((dimension) => {
  const vector = fc.array(value, { minLength: dimension, maxLength: dimension }).map((values) => Float32Array.from(values));
  return fc.integer({ min: 1, max: 80 }).chain((rows) => fc.record({
    dimension: fc.constant(dimension), vectors: fc.array(vector, { minLength: rows, maxLength: rows }), query: vector,
    centroid: vector, place: fc.option(vector, { nil: null }), bits: fc.array(fc.boolean(), { minLength: rows, maxLength: rows }),
    k: fc.integer({ min: 1, max: rows + 2 }), from: fc.nat({ max: rows - 1 }),
  }));
});

function slabOf({ dimension, vectors, centroid, place }: Case): CodeSlab {
  const slab = new CodeSlab(dimension, vectors.length);
  slab.setCentroid(centroid, place);
  vectors.forEach((vector, row) => { slab.encode(row, vector); });
  return slab;
}

/** What the codes say, by plain arithmetic. */
function distances({ dimension, vectors, query, centroid, place }: Case, base: number): number[] {
  const largest = (values: Float32Array): number => Math.max(...values.map(Math.abs));
  const queryScale = largest(query) / 127;
  return vectors.map((vector) => {
    const difference = vector.map((x, i) => Math.max(-most, Math.min(most, x - centroid[i]!)));
    const scale = Math.fround(largest(difference) / 63);
    let sum = 0;
    let added = 0;
    for (let i = 0; i < dimension; i += 1) {
      const code = scale > 0 ? Math.max(-63, Math.min(63, even(Math.fround(difference[i]! / scale)))) : 0;
      sum += code * (queryScale > 0 ? Math.round(query[i]! / queryScale) : 0);
      if (place !== null) added += difference[i]! * (difference[i]! + 2 * place[i]!);
    }
    return base + added - weightOf(place) * queryScale * scale * sum;
  });
}

const most = 3.4028234663852886e38;
const weightOf = (place: Float32Array | null): number => (place === null ? 1 : 2);

/** Rounds, and halves to the even neighbour. */
function even(x: number): number {
  const below = Math.floor(x);
  if (x - below === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(x);
}

function bitset(bits: readonly boolean[]): Uint32Array {
  const words = new Uint32Array(Math.ceil(bits.length / 32));
  bits.forEach((bit, row) => { if (bit) words[row >>> 5]! |= 1 << (row & 31); });
  return words;
}

/** Float32 rounds; and where it overflows, or a query's scale is below its smallest number, nothing can be said of the order. */
function assertNearest(found: Uint32Array, all: readonly number[], among: readonly number[], { k, query, centroid, place, vectors }: Case): void {
  assert.equal(found.length, Math.min(k, among.length));
  assert.equal(new Set(found).size, found.length);
  assert.ok(found.every((row) => among.includes(row)));
  const sizes = [...vectors, centroid, place ?? new Float32Array(1)].flatMap((vector) => [...vector].map(Math.abs));
  const asked = Math.max(...query.map(Math.abs));
  if (Math.max(...sizes) * Math.max(asked, ...sizes) > 1e30 || asked < 1e-30) return;
  const tolerance = 1e-4 * Math.max(1, ...all.map(Math.abs));
  const wanted = among.map((row) => all[row]!).sort((a, b) => a - b);
  found.forEach((row, i) => { assert.ok(Math.abs(all[row]! - wanted[i]!) <= tolerance, `${all[row]} at place ${i}, where ${wanted[i]} belongs`); });
}

test('the nearest by codes are found, of all rows and of those whose bits are set, wherever a range begins and ends', () => {
  fc.assert(fc.property(cases, (one) => {
    const slab = slabOf(one);
    const all = distances(one, 0.5);
    const weight = weightOf(one.place);
    const rows = one.vectors.map((_, row) => row).filter((row) => row >= one.from);
    slab.begin(one.query, weight, one.k, null);
    assert.equal(slab.scan(one.from, rows.length, 0.5), rows.length);
    assertNearest(slab.finish(), all, rows, one);
    const set = rows.filter((row) => one.bits[row]);
    slab.begin(one.query, weight, one.k, bitset(one.bits));
    const middle = one.from + (rows.length >> 1);
    assert.equal(slab.scan(one.from, middle - one.from, 0.5) + slab.scan(middle, one.vectors.length - middle, 0.5), set.length);
    assertNearest(slab.finish(), all, set, one);
  }), { numRuns: 400 });
});

test('codes keep directions and lengths: the inner product is within a hundredth of what the lengths allow', () => {
  const dimension = 96;
  const random = (seed: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(seed * 7.13 + i * 1.7 + Math.cos(seed * i)));
  const vectors = Array.from({ length: 50 }, (_, row) => random(row).map((x) => x * 1.5 ** (row % 20)));
  const query = random(1_000);
  const one = { dimension, vectors, query, centroid: new Float32Array(dimension), place: null, bits: [], k: 50, from: 0 };
  const coded = distances(one, 0);
  vectors.forEach((vector, row) => {
    const dot = vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
    const lengths = Math.hypot(...vector) * Math.hypot(...query);
    assert.ok(Math.abs(-coded[row]! - dot) < 0.01 * lengths);
  });
});

test('rows of the largest floats, of denormals and of ordinary numbers are where their lengths put them, and none is lost', () => {
  const dimension = 20;
  const [largest, smallest] = [most, 2 ** -149];
  const query = Float32Array.from({ length: dimension }, (_, i) => Math.cos(i * 1.3));
  const alike = (size: number): Float32Array => query.map((x) => Math.sign(x) * size);
  const vectors = [alike(-largest), alike(8 * smallest), alike(1), alike(-1), alike(largest), alike(-8 * smallest), new Float32Array(dimension)];
  const zero = new Float32Array(dimension);
  const nearest = (place: Float32Array | null): number[] => {
    const slab = slabOf({ dimension, vectors, query, centroid: zero, place, bits: [], k: vectors.length, from: 0 });
    slab.begin(query, weightOf(place), vectors.length, null);
    slab.scan(0, vectors.length, 0);
    return [...slab.finish()];
  };
  const byProduct = nearest(null);
  assert.deepEqual([...byProduct.slice(0, 2), ...byProduct.slice(-2)], [4, 2, 3, 0]);
  // Of the squares of the largest floats there is no order.
  for (const order of [byProduct, nearest(zero)]) assert.deepEqual(order.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6]);
});

test('its content is all of it: another slab that is given it finds the same', () => {
  const vectors = Array.from({ length: 40 }, (_, row) => Float32Array.from({ length: 20 }, (_x, i) => Math.sin(row * i + row)));
  const one = slabOf({ dimension: 20, vectors, query: vectors[0]!, centroid: vectors[1]!, place: vectors[2]!, bits: [], k: 5, from: 0 });
  assert.equal(one.content.length, codesBytes(20, 40));
  const other = new CodeSlab(20, 40);
  other.content.set(one.content);
  const found = [one, other].map((slab) => {
    slab.begin(vectors[3]!, 2, 5, null);
    slab.scan(0, 40, 0);
    return [...slab.finish()];
  });
  assert.deepEqual(found[0], found[1]);
});
