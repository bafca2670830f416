/** What is known of an answer: rows that match for certain, and rows that may. The two are one object where nothing is open. */
import type { RowSet } from './row-set.ts';

/** `lower` is a subset of `upper`. Every function here takes its arguments over. */
export interface RowBounds {
  readonly lower: RowSet;
  readonly upper: RowSet;
}

export function exactly(rows: RowSet): RowBounds {
  return { lower: rows, upper: rows };
}

export function isExact({ lower, upper }: RowBounds): boolean {
  return lower === upper;
}

export function intersect(a: RowBounds, b: RowBounds): RowBounds {
  if (isExact(a) && isExact(b)) return exactly(a.lower.and(b.lower));
  return settle(apart(a), (rows, theirs) => rows.and(theirs), b);
}

export function unite(a: RowBounds, b: RowBounds): RowBounds {
  if (isExact(a) && isExact(b)) return exactly(a.lower.or(b.lower));
  return settle(apart(a), (rows, theirs) => rows.or(theirs), b);
}

/** What may match does not for certain, and what matches for certain cannot be out: the bounds change places. */
export function invert({ lower, upper }: RowBounds): RowBounds {
  if (lower === upper) return exactly(lower.complement());
  return { lower: upper.complement(), upper: lower.complement() };
}

function apart({ lower, upper }: RowBounds): RowBounds {
  return { lower: lower === upper ? lower.clone() : lower, upper };
}

/** What was open may be closed now: by an `and` with nothing, for one. */
function settle(a: RowBounds, combine: (rows: RowSet, theirs: RowSet) => RowSet, b: RowBounds): RowBounds {
  const lower = combine(a.lower, b.lower);
  const upper = combine(a.upper, b.upper);
  return lower.size === upper.size ? exactly(upper) : { lower, upper };
}
