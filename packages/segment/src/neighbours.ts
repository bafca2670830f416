/** The nearest rows of several queries, by exact distances: what recall is measured against. Rows are read once, block by block. */
import type { Metric } from '@proximadb/schemas';
import { Slab } from './kernels/index.ts';
import { kernelOf } from './metric.ts';

/** Of vectors: all queries are compared with a block while it is in the processor's cache. */
const blockBytes = 1 << 20;
/** What the rows of a block are a multiple of: then they are whole words of a bitset. */
const wordRows = 32;

export interface NeighbourSearch {
  readonly metric: Metric;
  readonly dimension: number;
  readonly rows: number;
  /** Of a row, `dimension` floats, valid until the next call; normalised under cosine. Asked for all rows in order. */
  readonly vector: (row: number) => Float32Array;
  /** As `prepareQuery` gives them. */
  readonly queries: readonly Float32Array[];
  readonly k: number;
  /** Bitset of the rows that take part; null: all. */
  readonly among: Uint32Array | null;
}

interface Neighbour {
  readonly row: number;
  readonly distance: number;
}

/** Of each query its nearest rows, nearest first. */
export function nearestRows({ metric, dimension, rows, vector, queries, k, among }: NeighbourSearch): number[][] {
  const kernel = kernelOf(metric);
  const nearest: Neighbour[][] = queries.map(() => []);
  const blockRows = Math.min(rows, wordRows * Math.ceil(blockBytes / (dimension * Float32Array.BYTES_PER_ELEMENT * wordRows)));
  const block = new Slab({ dimension, rows: blockRows, rowsMax: blockRows });
  for (let first = 0; first < rows; first += blockRows) {
    const count = Math.min(blockRows, rows - first);
    for (let i = 0; i < count; i += 1) block.row(i).set(vector(first + i));
    const visible = among === null ? null : among.subarray(first / wordRows, Math.ceil((first + count) / wordRows));
    queries.forEach((query, i) => {
      const before = nearest[i] ?? [];
      const { rows: found, distances } = block.scan(kernel, query, count, k, visible);
      const farthest = before.length < k ? Infinity : before.at(-1)?.distance ?? Infinity;
      const nearer: Neighbour[] = [];
      for (let at = 0; at < found.length && (before.length < k || (distances[at] ?? 0) < farthest); at += 1) {
        nearer.push({ row: first + (found[at] ?? 0), distance: distances[at] ?? 0 });
      }
      if (nearer.length > 0) nearest[i] = [...before, ...nearer].sort((a, b) => a.distance - b.distance || a.row - b.row).slice(0, k);
    });
  }
  return nearest.map((found) => found.map(({ row }) => row));
}

/** What a query should find. */
export interface Sought {
  readonly nearest: readonly number[];
  /** Whether another row would do: it is as near as the last of those. */
  readonly isAsNear: (row: number) => boolean;
}

/** How many of the nearest rows are among the candidates, or others that are as near: of equal vectors any will do. */
export function countFound({ nearest, isAsNear }: Sought, candidates: Uint32Array): number {
  const wanted = new Set(nearest);
  let found = candidates.reduce((sum, row) => sum + (wanted.has(row) ? 1 : 0), 0);
  for (const row of candidates) {
    if (found === nearest.length) break;
    if (!wanted.has(row) && isAsNear(row)) found += 1;
  }
  return found;
}

/** Exact distances of one row at a time, as the kernels have them. @param single a row's vector, as {@link NeighbourSearch.vector}, of rows in no order. */
export function singleDistances(metric: Metric, dimension: number, single: (row: number) => Float32Array): (query: Float32Array, row: number) => number {
  const kernel = kernelOf(metric);
  const slab = new Slab({ dimension, rows: 1, rowsMax: 1 });
  return (query, row) => {
    slab.row(0).set(single(row));
    return slab.distance(kernel, query, 0);
  };
}
