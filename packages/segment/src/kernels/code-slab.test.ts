import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from '../testing/random.ts';
import { codesBytes, CodeSlab } from './index.ts';

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

const dimensions = [1, 3, 15, 16, 17, 100] as const;
const ordinary = fc.oneof(fc.constant(0), fc.float({ min: -1, max: 1, noNaN: true }));
const smallest = 2 ** -149;
const edge = fc.constantFrom(0, smallest, -smallest, 3e38, -3e38);

const cases: fc.Arbitrary<Case> = fc.constantFrom(...dimensions).chain((dimension) => {
  const vectorOf = (value: fc.Arbitrary<number>): fc.Arbitrary<Float32Array> =>
    fc.array(value, { minLength: dimension, maxLength: dimension }).map((values) => Float32Array.from(values));
  const vector = fc.oneof({ arbitrary: vectorOf(ordinary), weight: 7 }, { arbitrary: vectorOf(edge), weight: 1 });
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

interface Coded {
  readonly distance: number;
  /** What float32 may make of it by rounding. */
  readonly tolerance: number;
}

/** What the codes say, by plain arithmetic. What has no float counts as the largest. */
function distances({ dimension, vectors, query, centroid, place }: Case, base: number): Coded[] {
  const queryScale = largestOf(query) / 127;
  return vectors.map((vector) => {
    const difference = vector.map((x, i) => floatOf(x - centroid[i]!));
    const scale = Math.fround(largestOf(difference) / 63);
    let [sum, added, magnitude] = [0, 0, 0];
    for (let i = 0; i < dimension; i += 1) {
      const code = scale > 0 ? Math.max(-63, Math.min(63, even(Math.fround(difference[i]! / scale)))) : 0;
      sum += code * (queryScale > 0 ? Math.round(query[i]! / queryScale) : 0);
      const term = place === null ? 0 : difference[i]! * (difference[i]! + 2 * place[i]!);
      added += term;
      magnitude += Math.abs(term);
    }
    const product = weightOf(place) * queryScale * scale * sum;
    const distance = Math.abs(product) > most ? -Math.sign(product) * most : floatOf(base + floatOf(added) - product);
    // Each addition and the operations of a term round by at most 2⁻²⁴; denormals by more.
    const tolerance = (dimension / 4 + 8) * 2 ** -24 * (base + Math.min(most, magnitude) + Math.min(most, Math.abs(product))) + 2 ** -120;
    return { distance, tolerance };
  });
}

const most = 3.4028234663852886e38;
const floatOf = (x: number): number => Math.max(-most, Math.min(most, x));
const largestOf = (values: Float32Array): number => Math.max(...values.map(Math.abs));
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

/** Of products of a query that is as large as floats get, or whose scale is none, and of a place that is as large, nothing is said. */
const isTold = ({ query, place }: Case): boolean => {
  const asked = largestOf(query);
  return (asked === 0 || (asked > 1e-30 && asked < 1e30)) && (place === null || largestOf(place) < 1e30);
};

function assertNearest(found: Uint32Array, all: readonly Coded[], among: readonly number[], one: Case): void {
  assert.equal(found.length, Math.min(one.k, among.length));
  assert.equal(new Set(found).size, found.length);
  assert.ok(found.every((row) => among.includes(row)));
  if (!isTold(one)) return;
  const assertNoFarther = (row: number, other: number): void => {
    const [its, others] = [all[row]!, all[other]!];
    assert.ok(its.distance - others.distance <= its.tolerance + others.tolerance, `row ${row} at ${its.distance}, then ${other} at ${others.distance}`);
  };
  found.forEach((row, i) => { if (i > 0) assertNoFarther(found[i - 1]!, row); });
  const last = found.at(-1);
  for (const row of among) if (last !== undefined && !found.includes(row)) assertNoFarther(last, row);
}

test('the nearest by codes are found, of all rows and of those whose bits are set, wherever a range begins and ends', (context) => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  /** Of each dimension: cases, and those of them whose order was checked. */
  const counts = new Map(dimensions.map((dimension) => [dimension as number, { cases: 0, told: 0 }]));
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
    const count = counts.get(one.dimension)!;
    count.cases += 1;
    if (isTold(one)) count.told += 1;
  }), { seed, numRuns: 400 });
  const shares = [...counts].map(([dimension, { cases, told }]) => `${dimension}: ${told} of ${cases}`).join(', ');
  context.diagnostic(`checked of each dimension ${shares}`);
  for (const { cases, told } of counts.values()) assert.ok(cases >= 20 && told >= cases / 3, shares);
});

for (const [where, rows] of [['the cache', 3_003], ['memory', 40_003]] as const) {
  test(`of rows in ${where}, too, the nearest whose bits are set are found, few and many of them`, () => {
    const dimension = 20;
    const next = random(rows);
    const query = Float32Array.from({ length: dimension }, next);
    // Some are near, the first and the last of them all, too.
    const isNear = (row: number): boolean => row % 100 === 0 || row > rows - 4;
    const vectors = Array.from({ length: rows }, (_, row) => query.map((x) => (isNear(row) ? x : 0) + 0.3 * next()));
    const one = { dimension, vectors, query, centroid: new Float32Array(dimension), place: null, bits: [], k: 300, from: 0 };
    const slab = slabOf(one);
    const all = distances(one, 0);
    for (const isSet of [(row: number) => row % 3 === 0, (row: number) => row % 97 === 3, (row: number) => row % 50 !== 0, () => true]) {
      const among = vectors.map((_, row) => row).filter(isSet);
      slab.begin(one.query, 1, one.k, bitset(vectors.map((_, row) => isSet(row))));
      assert.equal(slab.scan(0, rows, 0), among.length);
      assertNearest(slab.finish(), all, among, one);
    }
  });
}

test('codes keep directions and lengths: the inner product is within a hundredth of what the lengths allow', () => {
  const dimension = 96;
  const vectorOf = (seed: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(seed * 7.13 + i * 1.7 + Math.cos(seed * i)));
  const vectors = Array.from({ length: 50 }, (_, row) => vectorOf(row).map((x) => x * 1.5 ** (row % 20)));
  const query = vectorOf(1_000);
  const slab = slabOf({ dimension, vectors, query, centroid: new Float32Array(dimension), place: null, bits: [], k: 1, from: 0 });
  vectors.forEach((vector, row) => {
    slab.begin(query, 1, 1, null);
    slab.scan(row, 1, 0);
    const dot = vector.reduce((sum, x, i) => sum + x * query[i]!, 0);
    const lengths = Math.hypot(...vector) * Math.hypot(...query);
    assert.ok(Math.abs(-slab.bound - dot) < 0.01 * lengths, `${-slab.bound} for ${dot}, of lengths ${lengths}`);
  });
});

test('rows of the largest floats, of denormals and of ordinary numbers are where their lengths put them, and none is lost', () => {
  const dimension = 20;
  const largest = most;
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
