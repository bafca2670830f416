/**
 * Codes of rows, of one bit a number: which rows are worth an exact distance, in a fraction of the time that exact distances of all take. Those of a
 * memtable are made as it is searched, those of a segment stand in a file of its own.
 */
import type { Metric } from '@proximadb/schemas';
import { signCandidates } from './costs.ts';
import type { Explanation } from './explanation.ts';
import { RowSet } from './filter/index.ts';
import { SignSlab, type KernelMetric, type Top } from './kernels/index.ts';
import { missesBeside, unknownRows } from './ladder.ts';
import { measuredNeighbours } from './lists/lists.ts';
import { kernelOf } from './metric.ts';
import { nearestRows } from './neighbours.ts';
import { deviationSteps } from './recall.ts';
import { difference, middleOf, type Vectors } from './vectors.ts';

/** Rows that one search gives their codes: these, or a share of those that have none, which takes about as long as comparing all of them exactly. */
const codedASearch = 512;
const shareASearch = 16;

/**
 * Where k rows are known already, so much fewer are wanted beside those that may be nearer: to keep 64 of 8,192 rows in order takes twice the time of reading
 * all their codes. Measured of 22 such segments, at the same deviations: with all of them 2.4 ms a search at a recall of 0.990, with a sixteenth 1.7 ms at
 * 0.985, with one 1.55 ms at 0.977. Recalls are measured with as few, so deviations make up for it.
 */
function boundedCandidates(wanted: number): number {
  return Math.ceil(wanted / 16);
}

export interface CodedSearch {
  readonly query: Float32Array;
  readonly k: number;
  /** Rows that get exact distances first, at least k: by the k-th of them it is known which others may be nearer. Where there is a bound, a few of them. */
  readonly wanted: number;
  /** See `SignSearch`. */
  readonly deviations: number;
  /** A kernel's distance of which k rows are known elsewhere that are no farther; infinite: there are none. */
  readonly bound: number;
  /** Rows 0 … count − 1 are searched. */
  readonly count: number;
  /** Rows that take part; null: all. */
  readonly visible: RowSet | null;
  readonly explanation: Explanation | undefined;
}

export class CodedRows {
  readonly #metric: Metric;
  readonly #vectors: Vectors;
  readonly #rowsMax: number;
  /** Whether no search has to make them. */
  readonly areMade: boolean;
  /** Taken with the first search: many memtables are never searched. */
  #signs: SignSlab | undefined;
  /** Rows that have codes. */
  #count = 0;

  private constructor(metric: Metric, vectors: Vectors, rowsMax: number, made: SignSlab | undefined) {
    this.#metric = metric;
    this.#vectors = vectors;
    this.#rowsMax = rowsMax;
    this.#signs = made;
    this.areMade = made !== undefined;
    if (made !== undefined) this.#count = made.rows;
  }

  /**
   * Undefined under a metric that has no product: its rows are searched exactly.
   * @param made codes of all rows; undefined: they are made as rows are searched.
   */
  static of(metric: Metric, vectors: Vectors, rowsMax: number, made?: SignSlab): CodedRows | undefined {
    return kernelOf(metric) === 'l1' ? undefined : new CodedRows(metric, vectors, rowsMax, made);
  }

  get bytes(): number {
    return this.#signs?.bytes ?? 0;
  }

  /** Of searches with so many deviations, one of {@link deviationSteps} each; empty: nobody measured. */
  get recalls(): readonly number[] {
    const recalls = this.#signs?.recalls ?? [];
    return deviationSteps.map((_, step) => recalls[step] ?? 0).filter((recall) => recall > 0);
  }

  /** The nearest by exact distances of those rows that may be, by their codes; and how many these were. */
  search(search: CodedSearch): { readonly top: Top; readonly candidates: number } {
    const { query, k, wanted, bound, count, visible, explanation } = search;
    const signs = this.#signsOf(count);
    let found = this.#candidates(signs, search, bound === Infinity ? wanted : boundedCandidates(wanted));
    // A bound that says little here, since what others hold is far away.
    if (bound < Infinity && found.others.length > signCandidates(count)) found = this.#candidates(signs, search, wanted);
    const { first, nearest, others } = found;
    const list = this.#count === count ? others : Uint32Array.from([...others, ...this.#uncoded(count, visible)]);
    explanation?.after('search');
    if (list.length === 0) return { top: nearest, candidates: first.length };
    const top = nearer(nearest, this.#vectors.scanList(kernelOf(this.#metric), query, list, k), k);
    explanation?.after('rescoring');
    return { top, candidates: first.length + list.length };
  }

  /** Of the rows that have codes: the nearest by these, the nearest of them by exact distances, and which others may be as near. */
  #candidates(
    signs: SignSlab, { query, k, deviations, bound, visible, explanation }: CodedSearch, wanted: number,
  ): { readonly first: Uint32Array; readonly nearest: Top; readonly others: Uint32Array } {
    const kernel = kernelOf(this.#metric);
    const middle = signs.centroid;
    // Differences from the middle of all: what else a distance has is the same for all rows.
    const asked = kernel === 'l2sq' ? difference(query, middle) : query;
    const first = signs.nearest(asked, { weight: weightOf(kernel), deviations, count: this.#count, wanted, visible: visible?.words ?? null });
    explanation?.after('search');
    const nearest = this.#vectors.scanList(kernel, query, first, k);
    explanation?.after('rescoring');
    const reach = nearest.rows.length < k ? rounded(bound) : Math.min(farthest(nearest), rounded(bound));
    // Fewer than were wanted are all.
    return { first, nearest, others: first.length < wanted ? none : without(first, signs.within(reach - constantOf(kernel, asked, middle))) };
  }

  /** To give a row its codes takes as long as tens of exact distances, so a search does that for a few rows only. */
  #signsOf(count: number): SignSlab {
    const { dimension } = this.#vectors;
    this.#signs ??= emptySigns(this.#metric, this.#rowsMax, middleOf(this.#vectors, count));
    const signs = this.#signs;
    const slice = Math.min(count - this.#count, Math.max(codedASearch, Math.ceil((count - this.#count) / shareASearch)));
    this.#vectors.each(this.#count, slice, (row, vector) => { signs.encode(row, vector.subarray(0, dimension)); });
    this.#count += slice;
    return signs;
  }

  #uncoded(count: number, visible: RowSet | null): number[] {
    const rows = Array.from({ length: count - this.#count }, (_, i) => this.#count + i);
    return visible === null ? rows : rows.filter((row) => visible.has(row));
  }
}

/**
 * Codes of all rows of a segment, as its file has them; undefined under a metric that has no product.
 * @param vector of a row, `dimension` floats, valid until the next call. It is asked for a sample, then for all in order.
 */
export function codesOf(metric: Metric, dimension: number, rows: number, vector: (row: number) => Float32Array): SignSlab | undefined {
  if (kernelOf(metric) === 'l1') return undefined;
  const each = (first: number, count: number, visit: (row: number, values: Float32Array) => void): void => {
    for (let row = first; row < first + count; row += 1) visit(row, vector(row));
  };
  const signs = emptySigns(metric, rows, middleOf({ dimension, each }, rows));
  each(0, rows, (row, values) => { signs.encode(row, values); });
  if (rows >= measuredRowsMin) measure(metric, signs, vector);
  return signs;
}

/** Of fewer rows it takes too much of the time in which they are written, and they are merged soon. */
const measuredRowsMin = 16_384;
/** As few as a search has that knows a bound. */
const firstCandidates = boundedCandidates(64);

/**
 * Notes which share of what is nearest is found with how many deviations: of rows that stand for queries nobody stored. A query that found all of its
 * neighbours is not asked again.
 */
function measure(metric: Metric, signs: SignSlab, vector: (row: number) => Float32Array): void {
  const { dimension, rows } = signs;
  const queryRows = unknownRows(rows, dimension);
  const known = RowSet.full(rows);
  for (const row of queryRows) known.remove(row);
  const queries = queryRows.map((row) => vector(row).slice());
  const nearest = nearestRows({ metric, dimension, rows, vector, queries, k: measuredNeighbours, among: known.words });
  const kernel = kernelOf(metric);
  const middle = signs.centroid;
  const asked = queries.map((query, i) => {
    const rowsOf = nearest[i] ?? [];
    const given = kernel === 'l2sq' ? difference(query, middle) : query;
    const last = exactDistance(kernel, query, vector(rowsOf.at(-1) ?? 0));
    return { given, nearest: rowsOf, within: rounded(last) - constantOf(kernel, given, middle), found: 0 };
  });
  const sought = asked.reduce((sum, one) => sum + one.nearest.length, 0);
  const recalls = deviationSteps.map((deviations) => {
    for (const one of asked) {
      if (one.found === one.nearest.length) continue;
      const search = { weight: weightOf(kernel), deviations, count: rows, wanted: firstCandidates, visible: known.words };
      const found = new Set([...signs.nearest(one.given, search), ...signs.within(one.within)]);
      one.found = one.nearest.filter((row) => found.has(row)).length;
    }
    const missed = sought - asked.reduce((sum, { found }) => sum + found, 0);
    return Math.max(0, 1 - (missed + missesBeside) / sought);
  });
  signs.recalls.set(recalls);
}

/** As the kernels have it, in double precision. */
function exactDistance(kernel: KernelMetric, one: Float32Array, other: Float32Array): number {
  return kernel === 'l2sq' ? one.reduce((sum, value, i) => sum + (value - (other[i] ?? 0)) ** 2, 0)
    : -one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
}

/** For codes of rows under a metric. */
export function signSlabFor(metric: Metric, dimension: number, rows: number): SignSlab {
  return new SignSlab(dimension, rows, kernelOf(metric) === 'l2sq');
}

function emptySigns(metric: Metric, rows: number, middle: Float32Array): SignSlab {
  const signs = signSlabFor(metric, middle.length, rows);
  signs.setCentroid(middle);
  return signs;
}

function weightOf(kernel: KernelMetric): number {
  return kernel === 'l2sq' ? 2 : 1;
}

/** What all distances have besides what codes tell: |q − m|², or −q · m. */
function constantOf(kernel: KernelMetric, asked: Float32Array, middle: Float32Array): number {
  const other = kernel === 'l2sq' ? asked : middle;
  let product = 0;
  for (let i = 0; i < asked.length; i += 1) product += (asked[i] ?? 0) * (other[i] ?? 0);
  return kernel === 'l2sq' ? product : -product;
}

/** Of distances: theirs, and a little more. */
const rounding = 1e-5;

function rounded(distance: number): number {
  return Number.isFinite(distance) ? distance + Math.abs(distance) * rounding : distance;
}

/** Of the last hit, and what it may be rounded by. */
function farthest({ distances }: Top): number {
  return rounded(distances.at(-1) ?? Infinity);
}

const none = new Uint32Array();

function without(some: Uint32Array, rows: Uint32Array): Uint32Array {
  const known = new Set(some);
  return rows.filter((row) => !known.has(row));
}

/** The k nearest of both, none of which is in the other. */
function nearer(one: Top, other: Top, k: number): Top {
  const length = Math.min(k, one.rows.length + other.rows.length);
  const rows = new Uint32Array(length);
  const distances = new Float32Array(length);
  for (let at = 0, i = 0, j = 0; at < length; at += 1) {
    const [mine, its] = [one.distances[i] ?? Infinity, other.distances[j] ?? Infinity];
    const isMine = j === other.rows.length || (i < one.rows.length && (mine < its || (mine === its && (one.rows[i] ?? 0) < (other.rows[j] ?? 0))));
    rows[at] = (isMine ? one.rows[i] : other.rows[j]) ?? 0;
    distances[at] = isMine ? mine : its;
    if (isMine) i += 1;
    else j += 1;
  }
  return { rows, distances };
}
