/**
 * Chooses, segment by segment, how a search is answered, and runs it.
 * Only rows that are visible and match take part, before candidates are cut: k hits come back whenever k rows match.
 */
import type { Metric } from '@proximadb/schemas';
import type { CodedRows } from './coded-rows.ts';
import type { Predicate, RowSet } from './filter/index.ts';
import type { Growing } from './growing/growing.ts';
import type { Top } from './kernels/index.ts';
import type { Lists } from './lists/lists.ts';
import { kernelOf } from './metric.ts';
import type { Sealed } from './sealed/sealed.ts';
import type { Vectors } from './vectors.ts';

export interface SegmentSearch {
  readonly metric: Metric;
  /** As `prepareQuery` gives it. */
  readonly query: Float32Array;
  readonly k: number;
  readonly predicate: Predicate | null;
  readonly exact: boolean;
  /** Candidates asked of a graph; null: {@link defaultCandidates}. */
  readonly ef: number | null;
  readonly nowMicros: number;
}

export type Strategy = 'graph' | 'lists' | 'codes' | 'exact' | 'exact_over_matches' | 'graph_then_exact' | 'none';

export interface SegmentAnswer {
  /** Nearest first, with the kernel's distances. */
  readonly top: Top;
  readonly strategy: Strategy;
  /** Rows that passed the filter; null without one. */
  readonly matching: number | null;
  /** Rows whose exact distance was computed. */
  readonly candidates: number;
}

const nothing: Top = { rows: new Uint32Array(), distances: new Float32Array() };

const candidatesMin = 64;
/** Rows that {@link candidatesMin} is enough for, and what is added to it with each doubling. */
const candidatesMinRows = 16_384;
const candidatesADoubling = 48;

/**
 * Enough for recall@10 of 0.97 a segment on word vectors that were not indexed; over several segments it is more. A graph of more rows has
 * to be searched more broadly for that. Measured: of 30,000 rows 64 candidates hold 0.955 of the answers and 96 hold 0.974; of 100,000 rows
 * 64 hold 0.919 and 192 hold 0.977. Beyond that the line is drawn on, not measured.
 * @param rows of the segment.
 */
export function defaultCandidates(k: number, rows: number): number {
  const doublings = Math.max(0, Math.log2(rows / candidatesMinRows));
  return Math.max(candidatesMin + Math.round(candidatesADoubling * doublings), k * 2);
}

export function searchGrowing(growing: Growing, search: SegmentSearch): SegmentAnswer {
  const { slab: vectors, coded } = growing;
  return searchUnindexed({ vectors, coded }, growing.count, growing.select(search.predicate, search.nowMicros), search);
}

export function searchSealed(sealed: Sealed, search: SegmentSearch): SegmentAnswer {
  const rows = sealed.select(search.predicate, search.nowMicros);
  const count = rows.size;
  const { graph, lists } = sealed;
  if (lists !== undefined && !search.exact && count > 0) return searchLists(sealed, lists, rows, count, search);
  if (graph === undefined || search.exact || count === 0) return searchUnindexed(sealed, sealed.rows.count, rows, search, count);

  const wanted = Math.min(search.k, count);
  const { dimension } = sealed.vectors;
  const total = sealed.rows.count;
  // What does not match is found, too: ask for more, in proportion.
  const oversampling = total / count;
  let ask = Math.min(total, Math.ceil(Math.max(search.ef ?? defaultCandidates(search.k, total), wanted) * oversampling));
  let widened = false;
  while (graphMicros(ask, dimension) < scanMicros(count, dimension)) {
    const candidates = graph.candidates(search.query, ask).filter((row) => rows.has(row));
    if (candidates.length >= wanted) {
      const top = sealed.vectors.scanList(kernelOf(search.metric), search.query, candidates, search.k);
      return { top, strategy: 'graph', matching: search.predicate === null ? null : count, candidates: candidates.length };
    }
    if (ask === total) break;
    ask = Math.min(total, ask * 2);
    widened = true;
  }
  const answer = scan(sealed.vectors, total, rows, search, count);
  return widened ? { ...answer, strategy: 'graph_then_exact' } : answer;
}

/**
 * What is read by default finds this share of the nearest, as each segment measured by itself, of queries like its rows; of others it is less. Small
 * segments cost little, and their neighbours are farther apart: more is read. With a filter nobody should have to ask for more.
 */
const recallByDefault = 0.98;
const recallOfSmall = 0.99;
const recallWithFilter = 0.995;
const smallRows = 16_384;
/** What `ef` is measured by: twice as many candidates, twice as many lists. */
const efByDefault = 64;
/** Candidates that are scored from full vectors: codes mistake neighbours at about one distance for one another. */
const candidatesAHit = 4;
/** Codes, read in order, that cost as much as the exact distance of a row that lies anywhere. Measured (`npm run bench -- segments`). */
const codesADistance = 8;

function searchLists(sealed: Sealed, lists: Lists, rows: RowSet, count: number, search: SegmentSearch): SegmentAnswer {
  const total = sealed.rows.count;
  const matching = search.predicate === null ? null : count;
  const breadth = (search.ef ?? efByDefault) / efByDefault;
  const wanted = candidatesFor(search);
  const recall = search.predicate !== null ? recallWithFilter : total >= smallRows ? recallByDefault : recallOfSmall;
  const asked = Math.max(1, Math.min(lists.count, Math.ceil(lists.listsFor(recall, search.k) * breadth)));
  // Of so few matches the exact distances cost no more than all the codes on the way.
  if (count <= Math.max(wanted, total * asked / lists.count / codesADistance)) return scan(sealed.vectors, total, rows, search, count);
  const found = lists.candidates({ query: search.query, wanted, lists: asked, visible: count === total ? null : rows.words, count });
  const top = sealed.vectors.scanList(kernelOf(search.metric), search.query, found.rows, search.k);
  return { top, strategy: 'lists', matching, candidates: found.rows.length };
}

/** Candidates by codes, for their exact distances. */
function candidatesFor({ k, ef }: SegmentSearch): number {
  return Math.max(candidatesMin, Math.ceil(candidatesAHit * k * (ef ?? efByDefault) / efByDefault));
}

/** So few rows are compared exactly in no time. */
const codedRowsMin = 1_024;

interface Unindexed {
  readonly vectors: Vectors;
  readonly coded: CodedRows | undefined;
}

/** Rows that have no index: by codes where there are many. */
function searchUnindexed({ vectors, coded }: Unindexed, total: number, rows: RowSet, search: SegmentSearch, count = rows.size): SegmentAnswer {
  const wanted = candidatesFor(search);
  if (search.exact || coded === undefined || count < Math.max(codedRowsMin, 2 * wanted)) return scan(vectors, total, rows, search, count);
  const found = coded.candidates(search.query, total, wanted, count === total ? null : rows.words);
  const top = vectors.scanList(kernelOf(search.metric), search.query, found, search.k);
  return { top, strategy: 'codes', matching: search.predicate === null ? null : count, candidates: found.length };
}

function scan(vectors: Vectors, rowCount: number, rows: RowSet, search: SegmentSearch, count = rows.size): SegmentAnswer {
  const matching = search.predicate === null ? null : count;
  if (count === 0) return { top: nothing, strategy: 'none', matching, candidates: 0 };
  const kernel = kernelOf(search.metric);
  const few = count * 8 < rowCount;
  const top = few
    ? vectors.scanList(kernel, search.query, rows.toArray(), search.k)
    : vectors.scan(kernel, search.query, rowCount, search.k, count === rowCount ? null : rows.words);
  return { top, strategy: search.predicate === null ? 'exact' : 'exact_over_matches', matching, candidates: count };
}

/** Costs measured on 100 to 768 dimensions (see packages/segment/DESIGN.md); only their ratio decides. */
function scanMicros(rows: number, dimension: number): number {
  return rows * dimension * 0.00012;
}

function graphMicros(candidates: number, dimension: number): number {
  return candidates * (0.4 + dimension * 0.006);
}
