/**
 * A made-up set of 768 dimensions that is hard where embeddings are: clusters of very unequal sizes that overlap, each a thin sheet in its own few
 * directions, with noise in all of them, and vectors of different lengths.
 */
import type { DataSet } from './data-set.ts';
import { knownFilters, nearColumn, sliceColumn } from './filters.ts';
import { normalFrom, randomFrom } from './random.ts';

export const clusteredDimension = 768;
const seed = 768;
const clusters = 200;
const directions = 96;
/** Of the shared directions, so many make the sheet of a cluster. */
const sheet = 16;
const spread = 0.35;
const noise = 0.01;

export function clusteredSet(rows: number, queries: number, dimension: number = clusteredDimension): DataSet {
  const random = randomFrom(seed);
  const normal = normalFrom(random);
  const unit = (): Float32Array => {
    const vector = Float32Array.from({ length: dimension }, normal);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    return vector.map((value) => value / length);
  };
  const basis = Array.from({ length: directions }, unit);
  const all = Array.from({ length: clusters }, (_, i) => ({
    centre: unit(), axes: Array.from({ length: sheet }, () => basis[Math.floor(random() * directions)] ?? basis[0]),
    // As words are spread: the largest holds a sixth, the smallest a thousandth.
    weight: 1 / (i + 1),
  }));
  const total = all.reduce((sum, { weight }) => sum + weight, 0);

  const draw = (into: Float32Array): void => {
    let left = random() * total;
    const chosen = all.find(({ weight }) => { left -= weight; return left < 0; }) ?? all[0];
    if (chosen === undefined) return;
    into.set(chosen.centre);
    for (const axis of chosen.axes) {
      const far = normal() * spread;
      for (let i = 0; i < dimension; i += 1) into[i] = (into[i] ?? 0) + far * (axis?.[i] ?? 0);
    }
    const length = 0.5 + random();
    for (let i = 0; i < dimension; i += 1) into[i] = ((into[i] ?? 0) + normal() * noise) * length;
  };

  const asked = Array.from({ length: queries }, () => new Float32Array(dimension));
  for (const query of asked) draw(query);
  const vectors = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row += 1) draw(vectors.subarray(row * dimension, (row + 1) * dimension));
  const slices = sliceColumn(rows, seed + 1);
  const near = nearColumn(vectors, dimension, seed + 2);
  return {
    name: `clustered-${dimension}`, metric: 'cosine', dimension, rows, vectors, queries: asked, filters: knownFilters(slices, near),
    metadata: (row) => ({ slice: slices[row] ?? 0, near: near[row] ?? 0 }),
  };
}
