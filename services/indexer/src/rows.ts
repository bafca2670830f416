/**
 * All rows of a shard: the memtable, frozen memtables that are being sealed, and segments. Everything here is synchronous, so
 * whatever one call sees is one view; between two live rows of an id there is never a moment.
 */
import { assert } from '@proximadb/errors';
import type { SearchSpec, SegmentCost } from '@proximadb/query';
import type { RecordView, Walker } from '@proximadb/record';
import type { IndexKind } from '@proximadb/schemas';
import {
  distanceOf, Explanation, Growing, hashId, NearestSoFar, prepareQuery, searchGrowing, searchSealed, type GrowingOptions, type Predicate, type RowStates,
  type Sealed, type SegmentAnswer, type SegmentSearch,
} from '@proximadb/segment';
import type { Indexing } from './policy.ts';
import { PossibleIds } from './possible-ids.ts';
import { ReplicaSum } from './replica-sum.ts';

type Part = Growing | Sealed;

/** Where a row is. Valid until the next change of the segments. */
export interface Place {
  readonly part: Part;
  readonly row: number;
}

export interface Candidate extends Place {
  /** The metric's raw figure. */
  readonly distance: number;
  readonly offset: number;
}

export interface LiveRow {
  readonly view: RecordView;
  readonly offset: number;
}

export interface RowsOptions extends GrowingOptions {
  /** Of the collection; flat: whatever is asked is answered exactly. */
  readonly index: IndexKind;
  /** Of the collection. */
  readonly recallTarget: number;
}

/** So many ids of rows that are gone are known at least. */
const goneIdsMax = 65_536;

/** More rows than a segment can have. */
const indexedFirst = 2 ** 32;

export class ShardRows {
  readonly #options: RowsOptions;
  /** Of all live rows, expired ones included. */
  readonly #sum = new ReplicaSum();
  /** Of all rows that came, by `add` and `restore` alone. */
  #ids = new PossibleIds();
  growing: Growing;
  /** Full memtables, the oldest first, each until its segment takes its place. */
  readonly frozen: Growing[] = [];
  readonly sealed: Sealed[] = [];

  constructor(options: RowsOptions) {
    this.#options = options;
    this.growing = new Growing(options);
  }

  /** What is held beside the parts. */
  get memoryBytes(): number {
    return this.#ids.bytes;
  }

  get parts(): Part[] {
    return [this.growing, ...this.frozen, ...this.sealed];
  }

  /** The live row of an id. */
  find(idBytes: Uint8Array, hash = hashId(idBytes)): Place | undefined {
    if (!this.#ids.mayHave(hash)) return undefined;
    return findIn(this.growing, idBytes, hash) ?? findAmong(this.frozen, idBytes, hash) ?? findAmong(this.sealed, idBytes, hash);
  }

  /** @param walker of the record's schema. @param checksum CRC-32C of the record. @param hash of the id, as `hashId` says. */
  add(view: RecordView, walker: Walker, schemaId: number, offset: number, checksum: number, hash = hashId(view.idBytes)): void {
    // First, as nothing must be there whose id cannot be.
    this.#ids.add(hash);
    this.growing.add(view, walker, schemaId, offset, hash);
    this.#sum.add(offset, hash, checksum);
  }

  end(place: Place, offset: number): void {
    place.part.states.end(place.row, offset);
    this.#leave(place.part, place.row, this.#sum);
  }

  /** A segment that was there before this process. */
  restore(sealed: Sealed): void {
    const { offsets, hashes, checksums, count } = sealed.rows;
    for (let row = 0; row < count; row += 1) this.#ids.add(hashes[row] ?? 0);
    this.sealed.push(sealed);
    for (let row = 0; row < count; row += 1) {
      if (sealed.states.isLive(row)) this.#sum.add(offsets[row] ?? 0, hashes[row] ?? 0, checksums[row] ?? 0);
    }
  }

  /** Rows of a segment that are left out where it is replaced: those that had not ended have expired. */
  drop(sealed: Sealed, rows: readonly number[]): void {
    for (const row of rows) if (sealed.states.isLive(row)) this.#leave(sealed, row, this.#sum);
  }

  /** The sum over the rows that are live at an instant of the log's time. See {@link ReplicaSum}. */
  sumAt(logTime: number): string {
    const sum = this.#sum.clone();
    for (const part of this.parts) for (const row of part.states.expired(logTime)) this.#leave(part, row, sum);
    return sum.toString();
  }

  #leave(part: Part, row: number, sum: ReplicaSum): void {
    const { offsets, hashes } = part.rows;
    sum.remove(offsets[row] ?? 0, hashes[row] ?? 0, part.checksum(row));
  }

  read({ part, row }: Place): LiveRow {
    return { view: part.view(row), offset: part.rows.offsets[row] ?? 0 };
  }

  id({ part, row }: Place): string {
    return part.id(row);
  }

  /** Ids by the offsets of their records, of those among some that are still there, live or not. */
  idsAt(offsets: ReadonlySet<number>): Map<number, string> {
    const ids = new Map<number, string>();
    for (const part of this.parts) {
      const { rows } = part;
      const count = countOf(part);
      for (let row = 0; row < count; row += 1) if (offsets.has(rows.offsets[row] ?? -1)) ids.set(rows.offsets[row] ?? 0, part.id(row));
    }
    return ids;
  }

  /** µs; Infinity: never. */
  expires({ part, row }: Place): number {
    return part.rows.expires[row] ?? Infinity;
  }

  /** Moves the memtable to the frozen ones and starts an empty one. */
  freeze(): Growing {
    const frozen = this.growing;
    this.frozen.push(frozen);
    this.growing = new Growing(this.#options);
    return frozen;
  }

  /** Puts segments in the place of what they were made from; they have no other rows. */
  replace(out: readonly Part[], sealed: readonly Sealed[]): void {
    for (const part of out) {
      const list: Part[] = part instanceof Growing ? this.frozen : this.sealed;
      const at = list.indexOf(part);
      assert(at >= 0, 'what is replaced is there');
      list.splice(at, 1);
    }
    this.sealed.push(...sealed);
    this.#forgetGoneIds();
  }

  /** Where most ids that are known belong to rows that are gone, those that are there are gathered anew. */
  #forgetGoneIds(): void {
    const { parts } = this;
    const there = parts.reduce((sum, part) => sum + countOf(part), 0);
    if (this.#ids.count <= 2 * there + goneIdsMax) return;
    const ids = new PossibleIds(there);
    for (const part of parts) for (let row = 0; row < countOf(part); row += 1) ids.add(part.rows.hashes[row] ?? 0);
    this.#ids = ids;
  }

  /**
   * Candidates of one search, at most k a part, and what each part cost where asked.
   * @param soFar what other shards found; what is found here is added.
   */
  search(
    spec: SearchSpec, predicate: Predicate | null, partition: number, nowMicros: number, soFar = new NearestSoFar(spec.k),
  ): { candidates: Candidate[]; costs: SegmentCost[] } {
    const { metric, index, recallTarget } = this.#options;
    const { k, ef, vector } = spec;
    const recallsElsewhere = this.sealed.find(({ coded }) => coded !== undefined && coded.recalls.length > 0)?.coded?.recalls ?? [];
    const search = {
      metric, query: prepareQuery(metric, vector), k, predicate, exact: spec.exact || index === 'flat', ef, recallTarget, nowMicros, soFar, recallsElsewhere,
    };
    const candidates: Candidate[] = [];
    const costs: SegmentCost[] = [];
    for (const part of this.#telling()) {
      if (spec.explain) costs.push(this.#explained(part, search, partition, candidates));
      else this.#collect(part, searchPart(part, search), soFar, candidates);
    }
    return { candidates, costs };
  }

  #explained(part: Part, search: SegmentSearch & { readonly soFar: NearestSoFar }, partition: number, candidates: Candidate[]): SegmentCost {
    const startedMs = performance.now();
    const explanation = new Explanation();
    const answer = searchPart(part, { ...search, explanation });
    this.#collect(part, answer, search.soFar, candidates);
    const micros = (performance.now() - startedMs) * 1_000;
    const growing = part instanceof Growing;
    const { predicate, nowMicros } = search;
    return {
      partition, segment: growing ? 'growing' : part.files.id, rows: countOf(part),
      estimatedMatching: growing || predicate === null ? null : part.estimate(predicate, nowMicros), matching: answer.matching,
      considered: explanation.considered, strategy: answer.strategy, candidates: answer.candidates, micros,
      filterMicros: explanation.took.filter, searchMicros: explanation.took.search, rescoringMicros: explanation.took.rescoring,
    };
  }

  count(predicate: Predicate | null, nowMicros: number): number {
    return this.parts.reduce((sum, part) => sum + part.select(predicate, nowMicros).size, 0);
  }

  /** Visible rows that match, ascending by their ids' bytes, after an id. Ends when the consumer does. */
  * scroll(predicate: Predicate | null, after: Uint8Array | null, nowMicros: number): Generator<LiveRow> {
    const heads: { row: LiveRow; rest: Generator<LiveRow> }[] = [];
    const advance = (rest: Generator<LiveRow>): void => {
      const next = rest.next();
      if (next.done === true) return;
      // Few parts: a sorted list is the simplest heap.
      let at = heads.length;
      while (at > 0 && Buffer.compare(heads[at - 1]?.row.view.idBytes ?? new Uint8Array(), next.value.view.idBytes) > 0) at -= 1;
      heads.splice(at, 0, { row: next.value, rest });
    };
    for (const part of this.parts) {
      advance(part instanceof Growing ? growingInOrder(part, predicate, after, nowMicros) : this.#sealedInOrder(part, predicate, after, nowMicros));
    }
    for (let head = heads.shift(); head !== undefined; head = heads.shift()) {
      yield head.row;
      advance(head.rest);
    }
  }

  visibleCount(nowMicros: number): number {
    return this.parts.reduce((sum, { states }) => sum + visibleSize(states, nowMicros), 0);
  }

  /** Live rows of segments that are to have a graph or lists, and have none. */
  get unindexedCount(): number {
    return this.sealed.reduce((sum, { awaitsIndex, states }) => sum + (awaitsIndex ? states.liveCount : 0), 0);
  }

  /** Of rows that are to have a graph or lists, those in memory included. */
  get indexing(): Indexing {
    const live = this.parts.reduce((sum, { states }) => sum + states.liveCount, 0);
    const indexed = this.sealed.reduce((sum, { awaitsIndex, states }) => sum + (awaitsIndex ? 0 : states.liveCount), 0);
    return { waiting: live - indexed, indexed };
  }

  * #sealedInOrder(part: Sealed, predicate: Predicate | null, after: Uint8Array | null, nowMicros: number): Generator<LiveRow> {
    const selected = part.select(predicate, nowMicros);
    for (const row of part.inOrder(after)) if (selected.has(row)) yield this.read({ part, row });
  }

  /** All parts, those first that say most about what is near for the least: with an index, then with many rows. */
  #telling(): Part[] {
    const rank = (part: Part): number => (part instanceof Growing ? part.count : part.rows.count + (part.isIndexed ? indexedFirst : 0));
    return this.parts.sort((one, other) => rank(other) - rank(one));
  }

  #collect(part: Part, { top }: SegmentAnswer, soFar: NearestSoFar, into: Candidate[]): void {
    const { offsets } = part.rows;
    soFar.add(top.distances);
    for (let i = 0; i < top.rows.length; i += 1) {
      const row = top.rows[i] ?? 0;
      into.push({ part, row, offset: offsets[row] ?? 0, distance: distanceOf(this.#options.metric, top.distances[i] ?? 0) });
    }
  }
}

function countOf(part: Part): number {
  return part instanceof Growing ? part.count : part.rows.count;
}

function findIn(part: Part, idBytes: Uint8Array, hash: number): Place | undefined {
  const row = part.find(idBytes, hash);
  return row === undefined ? undefined : { part, row };
}

function findAmong(parts: readonly Part[], idBytes: Uint8Array, hash: number): Place | undefined {
  for (const part of parts) {
    const place = findIn(part, idBytes, hash);
    if (place !== undefined) return place;
  }
  return undefined;
}

function visibleSize(states: RowStates, nowMicros: number): number {
  return states.visible(nowMicros).size;
}

/** A memtable has no order of ids: what is after `after` is sorted a page at a time. */
function* growingInOrder(part: Growing, predicate: Predicate | null, after: Uint8Array | null, nowMicros: number): Generator<LiveRow> {
  const rows: LiveRow[] = [];
  for (const row of part.select(predicate, nowMicros)) {
    const live = { view: part.view(row), offset: part.rows.offsets[row] ?? 0 };
    if (after === null || Buffer.compare(live.view.idBytes, after) > 0) rows.push(live);
  }
  rows.sort((a, b) => Buffer.compare(a.view.idBytes, b.view.idBytes));
  yield* rows;
}

function searchPart(part: Part, search: SegmentSearch): SegmentAnswer {
  return part instanceof Growing ? searchGrowing(part, search) : searchSealed(part, search);
}
