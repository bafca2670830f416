import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from '../testing/random.ts';
import { CoarseQuantizer, Slab } from './index.ts';

type Vectors = readonly Float32Array[];

function slabOf(vectors: Vectors): Slab {
  const slab = new Slab({ dimension: vectors[0]!.length, rows: vectors.length, rowsMax: vectors.length });
  vectors.forEach((vector, row) => { slab.row(row).set(vector); });
  return slab;
}

function meanOf(vectors: Vectors): Float32Array {
  return vectors[0]!.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]! / vectors.length, 0));
}

/** Of each vector, as they are visited. */
function assigned(metric: 'ip' | 'l2sq', centroids: Vectors, vectors: Vectors, middle = meanOf(centroids)): number[] {
  const found: number[] = [];
  const rows = vectors.map((_, row) => row);
  new CoarseQuantizer(metric, slabOf(centroids), middle).each(rows, (row) => vectors[row]!, (row, nearest, vector) => {
    assert.equal(row, found.length, 'as they come');
    assert.deepEqual([...vector], [...vectors[row]!], 'with its vector');
    found.push(nearest);
  });
  return found;
}

const squared = (one: Float32Array, other: Float32Array): number => one.reduce((sum, x, i) => sum + (x - other[i]!) ** 2, 0);
const largestOf = (values: Float32Array): number => Math.max(...values.map(Math.abs));

function nearestOf(centroids: Vectors, vector: Float32Array): number {
  const distances = centroids.map((centroid) => squared(centroid, vector));
  return distances.indexOf(Math.min(...distances));
}

const sizes = fc.record({ dimension: fc.constantFrom(1, 3, 15, 16, 17, 100), count: fc.integer({ min: 1, max: 40 }), rows: fc.integer({ min: 1, max: 9 }) });

test('what is found is as near as the nearest, but for what codes cannot tell', (context) => {
  const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  const cases = sizes.chain(({ dimension, count, rows }) => {
    const numbers = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: dimension, maxLength: dimension });
    const vector = numbers.map((values) => Float32Array.from(values));
    return fc.record({
      centroids: fc.array(vector, { minLength: count, maxLength: count }), vectors: fc.array(vector, { minLength: rows, maxLength: rows }),
      // Where all of it lies makes no difference.
      away: fc.constantFrom(0, 1, -100),
    });
  });
  fc.assert(fc.property(cases, ({ away, ...placed }) => {
    const [centroids, vectors] = [placed.centroids, placed.vectors].map((all) => all.map((vector) => vector.map((x) => x + away)));
    const middle = meanOf(centroids!);
    assigned('l2sq', centroids!, vectors!).forEach((found, row) => {
      const vector = vectors![row]!;
      const sought = vector.map((x, i) => x - middle[i]!);
      /** By which a squared distance by codes may be off. */
      const errorOf = (centroid: Float32Array): number => {
        const apart = centroid.map((x, i) => x - middle[i]!);
        const [step, soughtStep] = [largestOf(apart) / 63, largestOf(sought) / 127];
        return sought.reduce((sum, x, i) => sum + Math.abs(x) * step + (Math.abs(apart[i]!) + step) * soughtStep, 0) + 1e-4 * (1 + Math.abs(away));
      };
      const nearest = centroids![nearestOf(centroids!, vector)]!;
      const chosen = centroids![found]!;
      const more = squared(chosen, vector) - squared(nearest, vector);
      assert.ok(more <= errorOf(chosen) + errorOf(nearest), `${more} farther than the nearest`);
    });
  }), { seed, numRuns: 300 });
});

for (const metric of ['ip', 'l2sq'] as const) {
  test(`of hundreds of centroids it is the nearest itself, in all but a few cases (${metric})`, () => {
    const next = random(7);
    const drawn = (): Float32Array => {
      const vector = Float32Array.from({ length: 96 }, next);
      const length = Math.hypot(...vector);
      return vector.map((x) => x / length);
    };
    const centroids = Array.from({ length: 300 }, drawn);
    const vectors = Array.from({ length: 1_001 }, drawn);
    // The middle is only about where it is said to be.
    const found = assigned(metric, centroids, vectors, meanOf(centroids).map((x) => x - 0.1));
    const missed = found.filter((nearest, row) => nearest !== nearestOf(centroids, vectors[row]!)).length;
    assert.ok(missed <= 10, `${missed} of 1,001`);
  });
}

test('of centroids that are equally near it is the first', () => {
  const one = Float32Array.of(1, 2, 3);
  assert.deepEqual(assigned('l2sq', Array.from({ length: 30 }, () => one), [one, Float32Array.of(0, 0, 0)]), [0, 0]);
});

test('the largest floats, denormals and zeros have a centroid, too, and among such as codes tell apart their own', () => {
  const largest = 3.4028234663852886e38;
  const sizesOf = [largest, -largest, 1, -1, 2 ** -149, 0];
  const centroids = sizesOf.map((size) => new Float32Array(20).fill(size));
  const zero = new Float32Array(20);
  const found = assigned('l2sq', centroids, centroids, zero);
  assert.ok(found.every((nearest) => nearest >= 0 && nearest < centroids.length), String(found));
  const ordinary = centroids.slice(2, 4);
  assert.deepEqual(assigned('l2sq', ordinary, [...ordinary, zero.map(() => 0.5)], zero), [0, 1, 0]);
});
