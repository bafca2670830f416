/**
 * Chooses, segment by segment, how a search is answered, and runs it.
 * Only rows that are visible and match take part, before candidates are cut: k hits come back whenever k rows match.
 */
import type { Metric } from '@proximadb/schemas';
import type { CodedRows } from './coded-rows.ts';
import { exactMicros, graphMicros, pickMicros, signsMicros } from './costs.ts';
import type { Explanation } from './explanation.ts';
import type { Predicate, RowSet } from './filter/index.ts';
import type { Growing } from './growing/growing.ts';
import type { Top } from './kernels/index.ts';
import { apart, beyondReach, candidatesFor, stepFor } from './ladder.ts';
import { vainShares, type Among, type Lists } from './lists/lists.ts';
import { kernelOf } from './metric.ts';
import type { NearestSoFar } from './nearest-so-far.ts';
import { deviationsFor, deviationSteps, listsReading, recallRead } from './recall.ts';
import type { Sealed } from './sealed/sealed.ts';
import type { Vectors } from './vectors.ts';

export interface SegmentSearch {
  readonly metric: Metric;
  /** As `prepareQuery` gives it. */
  readonly query: Float32Array;
  readonly k: number;
  readonly predicate: Predicate | null;
  readonly exact: boolean;
  /** Candidates asked of a graph; null: as many as the target takes. */
  readonly ef: number | null;
  /** Share of the nearest that the collection wants found where no `ef` is said: more than 0.5 and less than 1. */
  readonly recallTarget: number;
  readonly nowMicros: number;
  /** What was found in other segments: then only what may be nearer is compared exactly. */
  readonly soFar?: NearestSoFar;
  /** What was measured of the codes of another segment of the same collection, for those that nobody measured: see `CodedRows.recalls`. */
  readonly recallsElsewhere?: readonly number[];
  /** Filled where there is one. */
  readonly explanation?: Explanation;
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
 * Of a graph that nobody measured: enough for recall@10 of 0.97 a segment on word vectors that were not indexed. A graph of more rows has
 * to be searched more broadly for that. Measured: of 30,000 rows 64 candidates hold 0.955 of the answers and 96 hold 0.974; of 100,000 rows
 * 64 hold 0.919 and 192 hold 0.977. Beyond that the line is drawn on, not measured.
 */
function unmeasuredCandidates(k: number, rows: number): number {
  const doublings = Math.max(0, Math.log2(rows / candidatesMinRows));
  return Math.max(candidatesMin + Math.round(candidatesADoubling * doublings), k * 2);
}

/** So many times the candidates more, by the share that a filter leaves out: nobody should have to ask for more because of it. */
const candidatesByFilter = 4;

/** Candidates asked of a segment's graph where no `ef` is said. */
function defaultCandidates({ ladder, rows }: Sealed, k: number, recallTarget: number): number {
  return Math.max(k, ladder.length === 0 ? unmeasuredCandidates(k, rows.count) : candidatesFor(ladder, recallRead(recallTarget, 'graph'), k));
}

export function searchGrowing(growing: Growing, search: SegmentSearch): SegmentAnswer {
  const rows = growing.select(search.predicate, search.nowMicros);
  search.explanation?.after('filter');
  const { slab: vectors, coded } = growing;
  return searchUnindexed({ vectors, coded }, growing.count, rows, search);
}

export function searchSealed(sealed: Sealed, search: SegmentSearch): SegmentAnswer {
  const rows = sealed.select(search.predicate, search.nowMicros);
  const count = rows.size;
  search.explanation?.after('filter');
  const { graph, lists } = sealed;
  if (lists !== undefined && !search.exact && count > 0) return searchLists(sealed, lists, rows, count, search);
  if (graph === undefined || search.exact || count === 0) return searchUnindexed(sealed, sealed.rows.count, rows, search, count);

  const wanted = Math.min(search.k, count);
  const { dimension } = sealed.vectors;
  const total = sealed.rows.count;
  const exact = exactMicros(count, total, dimension);
  const byDefault = defaultCandidates(sealed, search.k, search.recallTarget);
  const breadth = breadthOf(search, byDefault);
  const codes = isCoded(sealed, count, search, breadth) ? signsMicros(count, total, dimension) : Infinity;
  // What does not match is found, too: ask for more, in proportion.
  const oversampling = total / count;
  const usual = search.ef ?? byDefault;
  const matches = Math.min(count, Math.max(search.predicate === null ? usual : usual * (1 + candidatesByFilter * (1 - count / total)), wanted));
  let ask = Math.min(total, Math.ceil(matches * oversampling));
  let widened = false;
  /** Of the last hit, before a query unlike the rows was asked for more. */
  let before: number | undefined;
  search.explanation?.consider('graph', graphMicros(ask, dimension));
  while (graphMicros(ask, dimension) < Math.min(exact, codes)) {
    const candidates = graph.candidates(search.query, ask).filter((row) => rows.has(row));
    search.explanation?.after('search');
    // Where far fewer match than elsewhere, those that do are the last to be found, and others of about their distance are not.
    const areEnough = candidates.length >= Math.max(wanted, matches / 2);
    if (areEnough) {
      const answer = rescored(sealed.vectors, candidates, 'graph', search, count);
      const last = answer.top.distances.at(-1);
      if (last === before || !isBeyond(sealed.reach, answer.top, search)) {
        considerOthers(search, exact, codes);
        return answer;
      }
      // Codes find what is nearest to any query: by their bounds they know what may be near.
      if (codes < Infinity) break;
      before = last;
    }
    if (ask === total) break;
    ask = Math.min(total, ask * (areEnough ? beyondReach : 2));
    widened = true;
  }
  const answer = searchUnindexed(sealed, total, rows, search, count, breadth);
  return widened && answer.strategy === 'exact_over_matches' ? { ...answer, strategy: 'graph_then_exact' } : answer;
}

/** What a segment does by default for a search without a filter. */
export interface SegmentDefaults {
  /** Share of the ten nearest that it finds, as measured when its index was built; 1 where rows are compared exactly; null: nobody measured. */
  readonly recall: number | null;
  /** Candidates asked of its graph; null: it has none, or is compared exactly. */
  readonly ef: number | null;
  /** Lists that are read (0: codes of one bit or all rows are, in their place), and lists that there are; null: it has none. */
  readonly listsRead: number | null;
  readonly lists: number | null;
}

/** For ten hits. */
const hitsByDefault = 10;

export function defaultsOf(sealed: Sealed, recallTarget: number): SegmentDefaults {
  const { graph, lists, ladder, coded, rows: { count }, vectors: { dimension } } = sealed;
  const byCodes = coded === undefined ? Infinity : signsMicros(count, count, dimension);
  if (lists !== undefined) {
    const listsRead = defaultLists(lists, count, { predicate: null, k: hitsByDefault, recallTarget });
    const byLists = lists.micros(listsRead, count) + pickMicros(candidatesMin, dimension);
    if (byLists < byCodes) return { recall: lists.recallOf(listsRead), ef: null, listsRead, lists: lists.count };
  }
  const none = { recall: null, ef: null, listsRead: lists === undefined ? null : 0, lists: lists?.count ?? null };
  const ef = graph === undefined ? null : defaultCandidates(sealed, hitsByDefault, recallTarget);
  const byGraph = ef === null ? Infinity : graphMicros(ef, dimension);
  if (Math.min(byGraph, byCodes) >= exactMicros(count, count, dimension)) return { ...none, recall: 1 };
  if (byGraph < byCodes) return { ...none, ef, recall: ladder.length === 0 ? null : stepFor(ladder, recallRead(recallTarget, 'graph')).recall };
  const deviations = coded === undefined ? 0 : deviationsOf(coded, { predicate: null, recallTarget }, 1);
  return { ...none, recall: coded?.recalls[deviationSteps.findIndex((step) => step === deviations)] ?? null };
}

/** What `ef` is measured by where there is no graph: of lists twice as many are read for twice of it. */
const efByDefault = 64;
/** Candidates that are scored from full vectors: codes mistake neighbours at about one distance for one another. */
const candidatesAHit = 4;

function defaultLists(lists: Lists, rows: number, { predicate, k, recallTarget }: Pick<SegmentSearch, 'predicate' | 'k' | 'recallTarget'>): number {
  return lists.listsFor(recallRead(recallTarget, listsReading(rows, predicate !== null)), k);
}

/** What a search asks of lists. */
interface ListsPlan {
  readonly sealed: Sealed;
  readonly lists: Lists;
  readonly search: SegmentSearch;
  /** Rows that take part. */
  readonly count: number;
  /** Lists to read, and candidates, at first. */
  readonly asked: number;
  readonly wanted: number;
  readonly among: Among | null;
  /** In µs: what the search takes without them. */
  readonly otherwise: number;
}

function searchLists(sealed: Sealed, lists: Lists, rows: RowSet, count: number, search: SegmentSearch): SegmentAnswer {
  const total = sealed.rows.count;
  const share = shareOf(search);
  // What matches a filter lies farther apart: who asks for little without one would find too little of it.
  const breadth = search.predicate === null ? share : Math.max(1, share);
  const wanted = candidatesByCodes(search, share);
  const { dimension } = sealed.vectors;
  const asked = Math.max(1, Math.min(lists.count, Math.ceil(defaultLists(lists, total, search) * breadth)));
  const vainShare = search.predicate === null ? vainShares.deleted : vainShares.filtered;
  const among = count === total ? null : { words: rows.words, count, vainShare };
  const byLists = lists.micros(lists.expected({ lists: asked, among }), count) + pickMicros(wanted, dimension);
  search.explanation?.consider('lists', byLists);
  const exact = exactMicros(count, total, dimension);
  const codes = isCoded(sealed, count, search, breadthOf(search)) ? signsMicros(count, total, dimension) : Infinity;
  const otherwise = Math.min(exact, codes);
  if (count <= wanted || otherwise <= byLists) return searchUnindexed(sealed, total, rows, search, count);
  const plan = { sealed, lists, search, count, asked, wanted, among, otherwise };
  const answer = search.predicate === null ? readLists(plan) : readMatches(plan);
  if (answer === undefined) return searchUnindexed(sealed, total, rows, search, count);
  considerOthers(search, exact, codes);
  return answer;
}

/** Without a filter: for a query that is unlike the rows, more lists until that changes nothing. */
function readLists({ sealed, lists, search, count, asked, wanted, among }: ListsPlan): SegmentAnswer {
  let before: number | undefined;
  for (let read = asked; ; read = Math.min(lists.count, read * beyondReach)) {
    const candidates = lists.candidates({ query: search.query, wanted, lists: read, among }).rows;
    search.explanation?.after('search');
    const answer = rescored(sealed.vectors, candidates, 'lists', search, count);
    const last = answer.top.distances.at(-1);
    if (last === before || read === lists.count || !isBeyond(sealed.reach, answer.top, search)) return answer;
    before = last;
  }
}

/** With a filter: more candidates where codes mistake their order. @returns undefined where so many of them take longer than what else there is. */
function readMatches({ sealed, lists, search, count, asked, wanted, among, otherwise }: ListsPlan): SegmentAnswer | undefined {
  // Where one hit is among the candidates says little: where ten are says more.
  const k = Math.max(search.k, hitsByDefault);
  for (let most = wanted; most === wanted || pickMicros(most, sealed.vectors.dimension) < otherwise; most *= candidatesMore) {
    const candidates = lists.candidates({ query: search.query, wanted: most, lists: asked, among }).rows;
    search.explanation?.after('search');
    const answer = rescored(sealed.vectors, candidates, 'lists', { ...search, k }, count);
    if (candidates.length === most && areMistaken(candidates, answer.top.rows)) continue;
    return { ...answer, top: { rows: answer.top.rows.subarray(0, search.k), distances: answer.top.distances.subarray(0, search.k) } };
  }
  return undefined;
}

/** So many times as many candidates by codes, where these mistake their order. */
const candidatesMore = 4;

/**
 * Whether others than these candidates may be nearer: what is nearest is not among the first of them by their codes, but all over them. So it is where a filter
 * leaves out what is near, and those that match lie about as far away as thousands of others.
 */
function areMistaken(candidates: Uint32Array, nearest: Uint32Array): boolean {
  const found = new Set(nearest);
  return candidates.subarray(candidates.length >>> 1).some((row) => found.has(row));
}

/**
 * Whether a query is so unlike the rows that less of what is nearest to it was found than was measured. Not of a search that says by itself how much is to be
 * read, and not with a filter: what matches lies farther away.
 */
function isBeyond(reach: number | null, { distances }: Top, { metric, query, predicate, ef, soFar }: SegmentSearch): boolean {
  const last = distances[Math.min(distances.length, hitsByDefault) - 1];
  if (reach === null || ef !== null || predicate !== null || last === undefined) return false;
  // Within reach all is as measured: where others are so near, nothing beyond it counts.
  return apart(metric, query, Math.min(last, soFar?.bound ?? Infinity)) > reach;
}

/** Candidates that a search asks for, in shares of what is asked for by default: of the segment's graph, if it has one. */
function shareOf({ ef }: SegmentSearch, byDefault = efByDefault): number {
  return ef === null ? 1 : ef / byDefault;
}

/** The same, of codes: the fewer are scored exactly at first, the less is known of which others may be as near. */
function breadthOf(search: SegmentSearch, byDefault = efByDefault): number {
  return Math.max(1, shareOf(search, byDefault));
}

/** Candidates by codes, for their exact distances. */
function candidatesByCodes({ k }: SegmentSearch, breadth: number): number {
  return Math.max(candidatesMin, k, Math.ceil(candidatesAHit * k * breadth));
}

/** Of fewer rows whose codes would have to be made, exact distances cost less. */
const rowsToCodeMin = 1_024;

interface Unindexed {
  readonly vectors: Vectors;
  readonly coded: CodedRows | undefined;
}

/** Whether codes come into question. */
function isCoded({ coded }: Unindexed, count: number, search: SegmentSearch, breadth: number): boolean {
  if (search.exact || coded === undefined) return false;
  return count >= Math.max(coded.areMade ? 0 : rowsToCodeMin, 2 * candidatesByCodes(search, breadth));
}

/** Without an index: by codes where there are many rows. */
function searchUnindexed(
  unindexed: Unindexed, total: number, rows: RowSet, search: SegmentSearch, count = rows.size, breadth = breadthOf(search),
): SegmentAnswer {
  const { vectors, coded } = unindexed;
  const exact = exactMicros(count, total, vectors.dimension);
  const codes = isCoded(unindexed, count, search, breadth) ? signsMicros(count, total, vectors.dimension) : Infinity;
  if (coded === undefined || codes >= exact) {
    if (codes < Infinity) search.explanation?.consider('codes', codes);
    return scan(vectors, total, rows, search, count);
  }
  considerOthers(search, exact, codes);
  const { query, k, explanation, soFar } = search;
  const [wanted, deviations, bound] = [candidatesByCodes(search, breadth), deviationsOf(coded, search, breadth), soFar?.bound ?? Infinity];
  const { top, candidates } = coded.search({ query, k, wanted, deviations, bound, count: total, visible: count === total ? null : rows, explanation });
  return { top, strategy: 'codes', matching: search.predicate === null ? null : count, candidates };
}

/** Deviations are of each row by itself, so what so many find is much the same in all segments, small ones and memtables included. */
function deviationsOf(
  { recalls }: CodedRows, { predicate, recallTarget, recallsElsewhere = [] }: Pick<SegmentSearch, 'predicate' | 'recallTarget' | 'recallsElsewhere'>,
  breadth: number,
): number {
  return deviationsFor(recalls.length > 0 ? recalls : recallsElsewhere, recallRead(recallTarget, predicate === null ? 'codes' : 'filteredCodes'), breadth);
}

function considerOthers({ explanation }: SegmentSearch, exact: number, codes: number): void {
  if (codes < Infinity) explanation?.consider('codes', codes);
  explanation?.consider('exact', exact);
}

/** Candidates, by their exact distances. */
function rescored(vectors: Vectors, candidates: Uint32Array, strategy: Strategy, search: SegmentSearch, count: number): SegmentAnswer {
  const top = vectors.scanList(kernelOf(search.metric), search.query, candidates, search.k);
  search.explanation?.after('rescoring');
  return { top, strategy, matching: search.predicate === null ? null : count, candidates: candidates.length };
}

function scan(vectors: Vectors, rowCount: number, rows: RowSet, search: SegmentSearch, count = rows.size): SegmentAnswer {
  const matching = search.predicate === null ? null : count;
  if (count === 0) return { top: nothing, strategy: 'none', matching, candidates: 0 };
  search.explanation?.consider('exact', exactMicros(count, rowCount, vectors.dimension));
  const kernel = kernelOf(search.metric);
  const few = count * 8 < rowCount;
  const top = few
    ? vectors.scanList(kernel, search.query, rows.toArray(), search.k)
    : vectors.scan(kernel, search.query, rowCount, search.k, count === rowCount ? null : rows.words);
  search.explanation?.after('search');
  return { top, strategy: search.predicate === null ? 'exact' : 'exact_over_matches', matching, candidates: count };
}
