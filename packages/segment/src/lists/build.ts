/** Making the lists of a segment: which rows go where before it is written, and the codes once its vectors are. */
import type { Metric } from '@proximadb/schemas';
import { codePlaces, CodeSlab, codeStride, type Slab } from '../kernels/index.ts';
import { apart, reachOf } from '../ladder.ts';
import { countFound, nearestRows, singleDistances } from '../neighbours.ts';
import { difference } from '../vectors.ts';
import { listsFor, originOf, probeMetric, quantizerOf, queryRows, trainCentroids } from './cluster.ts';
import { measuredNeighbours, recallSteps, type Lists, type ListsFile } from './lists.ts';

export interface Clustering {
  /** Rows in the order of their lists; within a list as they were. */
  readonly order: Uint32Array;
  /** Of list i the places starts[i] … starts[i + 1] − 1 of that order. */
  readonly starts: Uint32Array;
  readonly centroids: Slab;
}

/**
 * @param vector of a row, `dimension` floats, valid until the next call. It is asked for a sample in order, a few times, then for all.
 * @param count of lists.
 */
export function clusterRows(
  metric: Metric, dimension: number, rows: number, vector: (row: number) => Float32Array, count = listsFor(rows, dimension),
): Clustering {
  const centroids = trainCentroids(metric, dimension, rows, vector, count);
  const lists = new Uint32Array(rows);
  const starts = new Uint32Array(centroids.capacity + 1);
  quantizerOf(metric, centroids).each(Uint32Array.from({ length: rows }, (_, row) => row), vector, (row, list) => {
    lists[row] = list;
    starts[list + 1] = (starts[list + 1] ?? 0) + 1;
  });
  for (let list = 1; list < starts.length; list += 1) starts[list] = (starts[list] ?? 0) + (starts[list - 1] ?? 0);
  const next = starts.slice();
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const list = lists[row] ?? 0;
    const place = next[list] ?? 0;
    next[list] = place + 1;
    order[place] = row;
  }
  return { order, starts, centroids };
}

/** Of codes that are made at once. */
const partBytes = 1 << 18;

/**
 * Codes of all rows, as the file has them.
 * @param vector of a row in the order of the lists. @param write bytes at a place of the file, whose length is `codesBytes`; what is not written is 0.
 */
export function encodeCodes(
  metric: Metric, dimension: number, { starts, centroids }: Clustering, vector: (row: number) => Float32Array,
  write: (bytes: Uint8Array, place: number) => void,
): void {
  const rows = starts.at(-1) ?? 0;
  const codes = new CodeSlab(dimension, Math.min(rows, Math.ceil(partBytes / codeStride(dimension))));
  const origin = originOf(metric, centroids);
  for (let list = 0; list + 1 < starts.length; list += 1) {
    const centroid = centroids.row(list).slice(0, dimension);
    codes.setCentroid(centroid, origin === null ? null : difference(centroid, origin));
    const end = starts[list + 1] ?? 0;
    for (let first = starts[list] ?? 0; first < end; first += codes.rows) {
      const count = Math.min(codes.rows, end - first);
      for (let i = 0; i < count; i += 1) codes.encode(i, vector(first + i));
      const places = codePlaces(dimension, rows, first);
      codes.parts(count).forEach((part, i) => { write(part, places[i] ?? 0); });
    }
  }
}

/** More neighbours than whose depths are kept, which lie farther away. */
const far = 100;

/**
 * How many lists a search has to read until it comes to a neighbour: of rows that the centroids do not know and that are not their own
 * neighbours. See {@link ListsFile}. And what these are, for {@link measureCodes}.
 */
export function measureDepths(
  metric: Metric, dimension: number, { order, starts, centroids }: Clustering, vector: (row: number) => Float32Array,
): Pick<ListsFile, 'depths' | 'spread'> & { readonly asked: readonly Asked[] } {
  const rows = starts.at(-1) ?? 0;
  const lists = starts.length - 1;
  const unknown = new Set(queryRows(rows));
  const asked = [...order.keys()].filter((place) => unknown.has(order[place] ?? 0));
  const queries = asked.map((row) => Float32Array.from(vector(row)));
  const nearest = nearestRows({ metric, dimension, rows, vector, queries, k: far + 1, among: null });
  const nearDepths: number[] = [];
  const farDepths: number[] = [];
  const measured: Asked[] = [];
  queries.forEach((query, i) => {
    const nearestLists = centroids.scan(probeMetric(metric), query, lists, lists, null).rows;
    const depthOf = new Uint32Array(lists);
    nearestLists.forEach((list, at) => { depthOf[list] = at + 1; });
    const found = (nearest[i] ?? []).filter((row) => row !== asked[i]).slice(0, far);
    measured.push({ query, row: asked[i] ?? 0, nearest: found.slice(0, measuredNeighbours) });
    const depthsOf = found.map((row) => depthOf[listOf(starts, row)] ?? lists);
    nearDepths.push(...depthsOf.slice(0, measuredNeighbours));
    farDepths.push(...depthsOf);
  });
  for (const all of [nearDepths, farDepths]) all.sort((a, b) => a - b);
  const depths = Uint32Array.from({ length: recallSteps }, (_, step) => quantile(nearDepths, (step + 1) / recallSteps) ?? lists);
  const growth = (quantile(farDepths, mostOfThem) ?? lists) / (quantile(nearDepths, mostOfThem) ?? lists);
  return { depths, spread: Math.max(0, Math.min(1, Math.log(growth) / Math.log(far / measuredNeighbours))), asked: measured };
}

/** A row that stood for a query, and its nearest others. */
export interface Asked {
  readonly query: Float32Array;
  readonly row: number;
  readonly nearest: readonly number[];
}

/** Of lists, when codes are measured: as many as hold nearly all. */
const recallRead = 0.99;
/** As few as a search takes. */
const candidatesRead = 64;

/**
 * Which share of what is nearest codes lead to, in lists that hold nearly all of it. They tell a difference of about a hundredth of the query's length: where
 * what is near each other lies a thousand times nearer than the rest, they tell nothing.
 * @param single a row's vector, of rows in no order. @returns that share, and the reach of the rows: see {@link reachOf}.
 */
export function measureCodes(
  metric: Metric, { dimension }: ListsFile, lists: Lists, asked: readonly Asked[], single: (row: number) => Float32Array,
): { readonly found: number; readonly reach: number | null } {
  const distanceTo = singleDistances(metric, dimension, single);
  const read = lists.listsFor(recallRead, measuredNeighbours);
  const farthestOf: number[] = [];
  let sought = 0;
  let found = 0;
  for (const { query, row, nearest } of asked) {
    const last = nearest.at(-1);
    if (last === undefined) continue;
    const farthest = distanceTo(query, last);
    farthestOf.push(apart(metric, query, farthest));
    const { rows } = lists.candidates({ query, wanted: candidatesRead + 1, lists: read, among: null });
    sought += nearest.length;
    found += countFound({ nearest, isAsNear: (each) => distanceTo(query, each) <= farthest }, rows.filter((each) => each !== row));
  }
  return { found: sought === 0 ? 1 : found / sought, reach: reachOf(farthestOf) };
}

const mostOfThem = 0.95;

function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.ceil(part * sorted.length) - 1];
}

/** The list that a row lies in. */
function listOf(starts: Uint32Array, row: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= row) low = middle;
    else high = middle;
  }
  return low;
}

