/**
 * k-means over a sample of a segment's vectors, after Lloyd: every vector goes to its nearest centroid, every centroid to the mean of its
 * vectors, a few times over. Of the same vectors come the same centroids, on every machine: replicas build the same segments.
 */
import type { Metric } from '@proximadb/schemas';
import { CoarseQuantizer, codeStride, Slab } from '../kernels/index.ts';
import { kernelOf } from '../metric.ts';
import { spreadRows } from '../spread-rows.ts';
import { meanOf } from '../vectors.ts';

/** Vectors a centroid to learn from. */
const sampleFactor = 24;
const rounds = 6;

/** Bytes of codes that are read from memory as fast as it gives them; of less, most of the time is waiting for the first. Measured. */
const listBytes = 22_400;
const listRowsMax = 200;

/**
 * About three times the root: so many centroids cost about as much to look at as the rows of the lists that are then read. Fewer, where lists
 * would be too short.
 */
export function listsFor(rows: number, dimension: number): number {
  const length = Math.min(listRowsMax, listBytes / codeStride(dimension));
  return Math.max(1, Math.min(65_536, Math.round(rows / length), Math.round(3 * Math.sqrt(rows))));
}

/**
 * Rows that stand for queries when recall is measured, ascending: spread over all, more of a small segment, where they cost less. No centroid
 * learns from them: what it learnt from would be found too easily.
 */
export function queryRows(rows: number): number[] {
  const count = Math.min(Math.ceil(rows / 10), Math.max(128, Math.min(400, Math.round(4_000_000 / rows))));
  return spreadRows(rows, count);
}

/** How a query is compared with centroids, and by codes with rows: L1 has no product, so squared L2 stands in for it. */
export function probeMetric(metric: Metric): 'ip' | 'l2sq' {
  return kernelOf(metric) === 'ip' ? 'ip' : 'l2sq';
}

/** How a vector is compared with centroids when it looks for its list: under cosine by direction, else by place. */
export function centroidMetric(metric: Metric): 'ip' | 'l2sq' {
  return metric === 'cosine' ? 'ip' : 'l2sq';
}

/**
 * Where queries and centroids are seen from when codes are compared by squared L2: the middle of the centroids. Codes tell a difference of a
 * hundredth of their length, so what lies far from 0 must not be seen from there. Null under inner products, which know no other origin.
 */
export function originOf(metric: Metric, centroids: Slab): Float32Array | null {
  if (probeMetric(metric) === 'ip') return null;
  return meanOf(centroids, [...Array(centroids.capacity).keys()]);
}

/** @param vector of a row, `dimension` floats, valid until the next call; normalised under cosine. @param count of centroids. */
export function trainCentroids(metric: Metric, dimension: number, rows: number, vector: (row: number) => Float32Array, count: number): Slab {
  const sample = sampled(rows, count * sampleFactor);
  const centroids = new Slab({ dimension, rows: count, rowsMax: count });
  // Spread over the sample, which is spread over the rows.
  spreadRows(sample.length, count).forEach((at, i) => { centroids.row(i).set(vector(sample[at] ?? 0)); });
  for (let round = 0; round < rounds; round += 1) move(metric, centroids, sample, vector);
  return centroids;
}

/** What finds the nearest of the centroids, as they are now. */
export function quantizerOf(metric: Metric, centroids: Slab): CoarseQuantizer {
  return new CoarseQuantizer(centroidMetric(metric), centroids, meanOf(centroids, [...Array(centroids.capacity).keys()]));
}

function move(metric: Metric, centroids: Slab, sample: readonly number[], vector: (row: number) => Float32Array): void {
  const { dimension, capacity: count } = centroids;
  const sums = new Float64Array(count * dimension);
  const sizes = new Uint32Array(count);
  quantizerOf(metric, centroids).each(sample, vector, (_, nearest, values) => {
    sizes[nearest] = (sizes[nearest] ?? 0) + 1;
    const at = nearest * dimension;
    for (let i = 0; i < dimension; i += 1) sums[at + i] = (sums[at + i] ?? 0) + (values[i] ?? 0);
  });
  for (let centroid = 0; centroid < count; centroid += 1) {
    const size = sizes[centroid] ?? 0;
    // Nobody's centroid stays where it was: of equal vectors there are fewer places than centroids.
    if (size === 0) continue;
    const into = centroids.row(centroid);
    for (let i = 0; i < dimension; i += 1) into[i] = (sums[centroid * dimension + i] ?? 0) / size;
    if (metric === 'cosine') centroids.normalize(centroid);
  }
}

/** Different rows, ascending, spread over all; none of those for queries, unless there are no others. */
function sampled(rows: number, wanted: number): number[] {
  const count = Math.min(rows, wanted);
  const queries = new Set(queryRows(rows));
  const sample = [...new Set(spreadRows(rows, count))].filter((row) => !queries.has(row));
  return sample.length === 0 ? [...queries] : sample;
}
