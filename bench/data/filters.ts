/** Two fields that every data set has, so that filters of known selectivity can be asked of any: one that ignores the vector, one that follows it. */
import type { RangeFilter } from './data-set.ts';
import { shuffled } from './random.ts';

/** Values of both fields are 0 to 999, each of as many rows as any other (give or take one). */
export const steps = 1_000;
export const shares: readonly number[] = [0.5, 0.1, 0.01, 0.001];

/** Which thousandth of the rows a row belongs to, drawn by lot. */
export function sliceColumn(rows: number, seed: number): Uint16Array {
  const slices = new Uint16Array(rows);
  shuffled(rows, seed).forEach((row, rank) => { slices[row] = stepOf(rank, rows); });
  return slices;
}

/**
 * Which thousandth a row belongs to, by its angle to one row that is drawn by lot: `near < 10` is the hundredth of the rows around that one.
 * Most queries lie elsewhere, which is what makes such a filter hard for a graph.
 */
export function nearColumn(vectors: Float32Array, dimension: number, seed: number): Uint16Array {
  const rows = vectors.length / dimension;
  const anchorRow = shuffled(rows, seed)[0] ?? 0;
  const anchor = vectors.subarray(anchorRow * dimension, (anchorRow + 1) * dimension);
  const cosines = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let product = 0;
    let square = 0;
    for (let i = 0; i < dimension; i += 1) {
      const value = vectors[row * dimension + i] ?? 0;
      product += value * (anchor[i] ?? 0);
      square += value * value;
    }
    cosines[row] = square === 0 ? -Infinity : product / Math.sqrt(square);
  }
  const order = Uint32Array.from({ length: rows }, (_, row) => row).sort((one, other) => (cosines[other] ?? 0) - (cosines[one] ?? 0) || one - other);
  const near = new Uint16Array(rows);
  order.forEach((row, rank) => { near[row] = stepOf(rank, rows); });
  return near;
}

/** The filters on both fields, with the share that they really match. */
export function knownFilters(slices: Uint16Array, near: Uint16Array): RangeFilter[] {
  return ([['slice', slices, 'uncorrelated'], ['near', near, 'correlated']] as const).flatMap(([field, column, kind]) => shares.map((share): RangeFilter => {
    const below = Math.round(share * steps);
    return { field, below, kind, share: column.reduce((sum, value) => sum + (value < below ? 1 : 0), 0) / column.length };
  }));
}

function stepOf(rank: number, rows: number): number {
  return Math.floor(rank * steps / rows);
}
