/** The order in which rows go into a graph: each soon after others that lie near it, so that what it is compared with is in the processor's cache still. */
import type { Metric } from '@proximadb/schemas';
import { RowSet } from '../filter/index.ts';
import type { Slab } from '../kernels/index.ts';
import { clusterRows } from '../lists/build.ts';
import { centroidMetric } from '../lists/cluster.ts';

/** Of a cluster's rows and links: a part of what a core has for itself (L2). */
const clusterBytes = 256 * 1024;
/** So few clusters would be in the cache in any order. */
const clustersMin = 8;
/** Of a link in USearch. */
const linkBytes = 4;

/** What a graph keeps of a row. */
interface Kept {
  readonly metric: Metric;
  readonly dimension: number;
  /** Bytes of a number. */
  readonly numberBytes: number;
  /** Links a node above the lowest level, where it has twice as many. */
  readonly m: number;
}

/**
 * Cluster by cluster, each followed by the nearest of those that are left.
 * @param vector as `clusterRows` has it.
 * @returns rows 0 … rows − 1.
 */
export function nearbyOrder({ metric, dimension, numberBytes, m }: Kept, rows: number, vector: (row: number) => Float32Array): Uint32Array {
  const clusters = Math.round(rows * (dimension * numberBytes + 2 * m * linkBytes) / clusterBytes);
  if (clusters < clustersMin) return Uint32Array.from({ length: rows }, (_, row) => row);
  const { order, starts, centroids } = clusterRows(metric, dimension, rows, vector, Math.min(clusters, Math.round(Math.sqrt(rows))));
  const nearby = new Uint32Array(rows);
  let at = 0;
  for (const cluster of chained(metric, centroids)) {
    const members = order.subarray(starts[cluster], starts[cluster + 1]);
    nearby.set(members, at);
    at += members.length;
  }
  return nearby;
}

function chained(metric: Metric, centroids: Slab): number[] {
  const { capacity: count, dimension } = centroids;
  const left = RowSet.full(count);
  const chain: number[] = [];
  for (let next: number | undefined = 0; next !== undefined;) {
    chain.push(next);
    left.remove(next);
    const last = centroids.row(next).slice(0, dimension);
    next = centroids.scan(centroidMetric(metric), last, count, 1, left.words).rows[0];
  }
  return chain;
}
