/**
 * How many candidates of a graph hold how much of what is nearest: measured while it is built, by rows that it does not know yet, so that a
 * query that nobody stored is no surprise. The plan of a search reads it.
 */
import type { Metric, RecallStep } from '@proximadb/schemas';
import { graphMicros, scanMicros } from './costs.ts';
import { RowSet } from './filter/index.ts';
import { measuredNeighbours } from './lists/lists.ts';
import { countFound, nearestRows, singleDistances } from './neighbours.ts';
import { spreadRows } from './spread-rows.ts';

/** The fewest candidates first, recall never falling. Empty: nobody measured. */
export type Ladder = readonly RecallStep[];

/** What a graph measured of itself. */
export interface GraphRecall {
  readonly ladder: Ladder;
  /** See {@link reachOf}. */
  readonly reach: number | null;
}

/** Of the queries that are measured, nearly all; a few rows may lie apart from all others. */
const mostQueries = 0.98;

/** A distance of the kernels, whatever the query's length: under dot product that scales all of its distances, and says nothing of how near rows are. */
export function apart(metric: Metric, query: Float32Array, distance: number): number {
  if (metric !== 'dot') return distance;
  const length = Math.sqrt(query.reduce((sum, value) => sum + value * value, 0));
  // To a query of zeros all rows are as near.
  return length === 0 ? -Infinity : distance / length;
}

/**
 * The distance, as {@link apart} has it, within which most queries had the last of their ten nearest. Whose nearest lie farther away is not like the rows: of
 * such a query less is found than was measured, far less where none of them is like the rows.
 * @param farthest of each query. @returns null if there is none.
 */
export function reachOf(farthest: readonly number[]): number | null {
  return farthest.toSorted((a, b) => a - b)[Math.ceil(mostQueries * farthest.length) - 1] ?? null;
}

/** For a query that is not like the rows so many times as many candidates are asked for, or lists read, until that changes nothing. */
export const beyondReach = 4;

/**
 * Candidates of the first steps; each later one has twice as many as the fourth before it. Fewer would save little, and queries that are not like the
 * rows would pay for it: of 6,000 common words under dot product 48 candidates held 0.97 of what is nearest to such words, and 0.94 to others.
 */
const firstSteps = [64, 80, 96, 112] as const;
/** Fewer queries say nothing. */
const queriesMin = 16;
const queriesMax = 128;
/** Rows for each query, and numbers of all queries together: then measuring takes less than a twentieth of the time of building. Measured. */
const rowsAQuery = 80;
const queryNumbers = 36_000;
/** Neighbours that are taken to be missed beside those that were: of few queries that is much, of many next to nothing. */
export const missesBeside = 2;

/** Rows that the graph learns last, and is asked about before: spread over all, ascending. None of a small segment. */
export function unknownRows(rows: number, dimension: number): number[] {
  const count = Math.floor(Math.min(queriesMax, rows / rowsAQuery, Math.max(queriesMin, queryNumbers / dimension)));
  return count < queriesMin ? [] : spreadRows(rows, count);
}

export interface LadderMeasurement {
  readonly metric: Metric;
  readonly dimension: number;
  readonly rows: number;
  /** See `nearestRows`. */
  readonly vector: (row: number) => Float32Array;
  /** The same for rows in no order. */
  readonly single: (row: number) => Float32Array;
  /** What the graph does not know yet. */
  readonly unknown: readonly { readonly row: number; readonly vector: Float32Array }[];
  /** About the nearest rows that the graph knows. */
  readonly candidates: (query: Float32Array, count: number) => Uint32Array;
  /** Recall that nobody needs to know more than. */
  readonly recall: number;
}

/**
 * Ends where the recall is reached, or where comparing all rows would cost no more. A query that found all of its neighbours is not asked again:
 * what a search finds, a broader one finds, too. Where more rows than are sought are as near as the last of them, each of those will do.
 */
export function measureLadder({ metric, dimension, rows, vector, single, unknown, candidates, recall }: LadderMeasurement): GraphRecall {
  if (unknown.length === 0) return { ladder: [], reach: null };
  const known = RowSet.full(rows);
  for (const { row } of unknown) known.remove(row);
  const queries = unknown.map((one) => one.vector);
  const nearest = nearestRows({ metric, dimension, rows, vector, queries, k: measuredNeighbours + 1, among: known.words });
  const distanceTo = singleDistances(metric, dimension, single);
  const asked = queries.map((query, i) => {
    const sought = (nearest[i] ?? []).slice(0, measuredNeighbours);
    const [last, beyond] = (nearest[i] ?? []).slice(measuredNeighbours - 1);
    const farthest = last === undefined ? undefined : distanceTo(query, last);
    const isTied = farthest !== undefined && beyond !== undefined && distanceTo(query, beyond) === farthest;
    return { query, nearest: sought, farthest, isAsNear: (row: number): boolean => isTied && distanceTo(query, row) <= farthest, found: 0 };
  });
  const sought = asked.reduce((sum, one) => sum + one.nearest.length, 0);
  const reach = reachOf(asked.flatMap(({ query, farthest }) => (farthest === undefined ? [] : apart(metric, query, farthest))));
  const ladder: RecallStep[] = [];
  for (let step = 0; ; step += 1) {
    const count = candidatesAt(step);
    for (const one of asked) {
      if (one.found === one.nearest.length) continue;
      one.found = Math.max(one.found, countFound(one, candidates(one.query, count)));
    }
    const missed = sought - asked.reduce((sum, { found }) => sum + found, 0);
    const reached = Math.max(0, 1 - (missed + missesBeside) / sought);
    ladder.push({ candidates: count, recall: reached });
    if (reached >= recall || graphMicros(count, dimension) >= scanMicros(rows, dimension)) return { ladder, reach };
  }
}

function candidatesAt(step: number): number {
  return (firstSteps[step % firstSteps.length] ?? 0) * 2 ** Math.floor(step / firstSteps.length);
}

/** The first step that held a recall; else the last, which costs as much as comparing all rows. */
export function stepFor(ladder: Ladder, recall: number): RecallStep {
  const step = ladder.find((each) => each.recall >= recall) ?? ladder.at(-1);
  if (step === undefined) throw new RangeError('an empty ladder has no step');
  return step;
}

/**
 * More neighbours lie farther away: of x times as many the same share is among x to the power of this times as many candidates. Measured of 100
 * instead of 10 neighbours: 0.3 to 0.4 on words; on clusters of 768 dimensions more, from fewer candidates, where {@link candidatesAHit} is enough.
 */
const spread = 0.4;
const candidatesAHit = 2;

/** The fewest candidates that held a recall of ten neighbours, and what that says about k of them. */
export function candidatesFor(ladder: Ladder, recall: number, k: number): number {
  const { candidates } = stepFor(ladder, recall);
  if (k <= measuredNeighbours) return candidates;
  return Math.ceil(Math.max(candidates * (k / measuredNeighbours) ** spread, candidatesAHit * k));
}
