import type { Slab } from './kernels/index.ts';

const largest = 3.4028234663852886e38;

/** Of each number, as far as float32 goes. */
export function difference(vector: Float32Array, other: Float32Array): Float32Array {
  return vector.map((value, i) => Math.max(-largest, Math.min(largest, value - (other[i] ?? 0))));
}

/** The mean of every `step`th of the first rows of a slab; 0 of none. */
export function meanOf(slab: Slab, rows: number, step = 1): Float32Array {
  const { dimension } = slab;
  const sums = new Float64Array(dimension);
  for (let at = 0; at < rows; at += step) {
    const row = slab.row(at);
    for (let i = 0; i < dimension; i += 1) sums[i] = (sums[i] ?? 0) + (row[i] ?? 0);
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, Math.ceil(rows / step)));
}
