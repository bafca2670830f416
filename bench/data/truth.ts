/** The exact answers, by plain arithmetic in double precision over all rows: what recall is measured against. */
import { matches, vectorAt, type DataSet, type RangeFilter } from './data-set.ts';

/** Who is asked: all rows, those that match a filter, or those that were left after deleting. */
export type Asked = RangeFilter | 'all' | 'kept';

export interface Truth {
  /** Of each query the rows, the nearest first, fewer than k only if fewer match. */
  of(asked: Asked): readonly Uint32Array[];
}

/** Every second row is deleted. */
export function isKept(row: number): boolean {
  return row % 2 === 0;
}

export function exactTruth(set: DataSet, k: number): Truth {
  const asked: readonly Asked[] = ['all', 'kept', ...set.filters];
  const inverseNorms = normsOf(set).map((norm) => (norm === 0 ? 0 : 1 / norm));
  const members = new Map(asked.map((one) => [one, membersOf(set, one)]));
  const found = new Map<Asked, Uint32Array[]>(asked.map((one) => [one, []]));
  const distances = new Float64Array(set.rows);
  for (const query of set.queries) {
    for (let row = 0; row < set.rows; row += 1) distances[row] = distance(set, query, row, inverseNorms[row] ?? 0);
    for (const one of asked) found.get(one)?.push(nearest(distances, members.get(one), k));
  }
  return {
    of(one) {
      const rows = found.get(one);
      if (rows === undefined) throw new Error('no truth was computed for this filter');
      return rows;
    },
  };
}

/** Smaller is nearer; a query's own length changes nothing in the order. */
function distance({ vectors, dimension, metric }: DataSet, query: Float32Array, row: number, inverseNorm: number): number {
  const start = row * dimension;
  let sum = 0;
  if (metric === 'cosine') {
    for (let i = 0; i < dimension; i += 1) sum -= (vectors[start + i] as number) * (query[i] as number);
    return sum * inverseNorm;
  }
  for (let i = 0; i < dimension; i += 1) {
    const difference = (vectors[start + i] as number) - (query[i] as number);
    sum += difference * difference;
  }
  return sum;
}

function normsOf(set: DataSet): Float64Array {
  return Float64Array.from({ length: set.rows }, (_, row) => Math.sqrt(vectorAt(set, row).reduce((sum, value) => sum + value * value, 0)));
}

function membersOf(set: DataSet, asked: Asked): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < set.rows; row += 1) {
    if (asked === 'all' || (asked === 'kept' ? isKept(row) : matches(asked, set.metadata(row)))) rows.push(row);
  }
  return Uint32Array.from(rows);
}

function nearest(distances: Float64Array, members: Uint32Array = new Uint32Array(0), k: number): Uint32Array {
  // Kept sorted, the farthest last: after the first rows hardly any comes in.
  const rows: number[] = [];
  let farthest = Infinity;
  for (const row of members) {
    const mine = distances[row] ?? Infinity;
    if (mine >= farthest && rows.length === k) continue;
    let at = rows.length;
    while (at > 0 && (distances[rows[at - 1] ?? 0] ?? 0) > mine) at -= 1;
    rows.splice(at, 0, row);
    if (rows.length > k) rows.pop();
    farthest = distances[rows.at(-1) ?? 0] ?? Infinity;
  }
  return Uint32Array.from(rows);
}
