import type { KernelMetric, Top } from './kernels/index.ts';
import { spreadRows } from './spread-rows.ts';

/** Full vectors, wherever they lie: exact distances come from them. See `Slab`. */
export interface Vectors {
  readonly dimension: number;
  /** Of memory held. */
  readonly bytes: number;
  scan(metric: KernelMetric, query: Float32Array, count: number, k: number, visible: Uint32Array | null): Top;
  scanList(metric: KernelMetric, query: Float32Array, list: Uint32Array, k: number): Top;
  each(first: number, count: number, visit: (row: number, vector: Float32Array) => void): void;
}

const largest = 3.4028234663852886e38;

/** Of each number, as far as float32 goes. */
export function difference(vector: Float32Array, other: Float32Array): Float32Array {
  return vector.map((value, i) => Math.max(-largest, Math.min(largest, value - (other[i] ?? 0))));
}

/** Rows whose mean is the middle of all. */
const sampleRows = 1_024;

/** About the mean of the first rows, of the same vectors always the same. */
export function middleOf(vectors: Pick<Vectors, 'dimension' | 'each'>, rows: number): Float32Array {
  return meanOf(vectors, spreadRows(rows, Math.min(rows, sampleRows)));
}

/** The mean of some rows; 0 of none. */
export function meanOf(vectors: Pick<Vectors, 'dimension' | 'each'>, rows: readonly number[]): Float32Array {
  const { dimension } = vectors;
  const sums = new Float64Array(dimension);
  for (const at of rows) {
    vectors.each(at, 1, (_, row) => {
      for (let i = 0; i < dimension; i += 1) sums[i] = (sums[i] ?? 0) + (row[i] ?? 0);
    });
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, rows.length));
}
