/**
 * All rows of a shard: the memtable, frozen memtables that are being sealed, and segments. Everything here is synchronous, so
 * whatever one call sees is one view; between two live rows of an id there is never a moment.
 */
import { assert } from '@proximadb/errors';
import type { SearchSpec, SegmentCost } from '@proximadb/query';
import type { RecordView } from '@proximadb/record';
import {
  distanceOf, Growing, hashId, prepareQuery, searchGrowing, searchSealed, type GrowingOptions, type Predicate, type RowStates, type Sealed, type SegmentAnswer,
} from '@proximadb/segment';

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

export class ShardRows {
  readonly #options: GrowingOptions;
  growing: Growing;
  /** Full memtables, the oldest first, each until its segment takes its place. */
  readonly frozen: Growing[] = [];
  readonly sealed: Sealed[] = [];

  constructor(options: GrowingOptions) {
    this.#options = options;
    this.growing = new Growing(options);
  }

  get parts(): Part[] {
    return [this.growing, ...this.frozen, ...this.sealed];
  }

  /** The live row of an id. */
  find(id: string, idBytes: Uint8Array): Place | undefined {
    for (const part of [this.growing, ...this.frozen]) {
      const row = part.find(id);
      if (row !== undefined) return { part, row };
    }
    if (this.sealed.length === 0) return undefined;
    const hash = hashId(idBytes);
    for (const part of this.sealed) {
      const row = part.find(idBytes, hash);
      if (row !== undefined) return { part, row };
    }
    return undefined;
  }

  add(view: RecordView, schemaId: number, offset: number): void {
    this.growing.add(view, schemaId, offset);
  }

  end(place: Place, offset: number): void {
    place.part.states.end(place.row, offset);
  }

  read({ part, row }: Place): LiveRow {
    return part instanceof Growing ? part.row(row) : { view: part.view(row), offset: part.rows.offsets[row] ?? 0 };
  }

  /** µs; Infinity: never. */
  expires({ part, row }: Place): number {
    return part instanceof Growing ? part.row(row).expires : part.rows.expires[row] ?? Infinity;
  }

  /** Moves the memtable to the frozen ones and starts an empty one. */
  freeze(): Growing {
    const frozen = this.growing;
    this.frozen.push(frozen);
    this.growing = new Growing(this.#options);
    return frozen;
  }

  /** Puts segments in the place of what they were made from. */
  replace(out: readonly Part[], sealed: readonly Sealed[]): void {
    for (const part of out) {
      const list: Part[] = part instanceof Growing ? this.frozen : this.sealed;
      const at = list.indexOf(part);
      assert(at >= 0, 'what is replaced is there');
      list.splice(at, 1);
    }
    this.sealed.push(...sealed);
  }

  /** Candidates of one search, at most k a part, and what each part cost where asked. */
  search(spec: SearchSpec, partition: number, nowMicros: number): { candidates: Candidate[]; costs: SegmentCost[] } {
    const { metric } = this.#options;
    const search = {
      metric, query: prepareQuery(metric, spec.vector), k: spec.k, predicate: spec.filter, exact: spec.exact, ef: spec.ef, nowMicros,
    };
    const candidates: Candidate[] = [];
    const costs: SegmentCost[] = [];
    for (const part of this.parts) {
      const started = spec.explain ? performance.now() : 0;
      const answer = part instanceof Growing ? searchGrowing(part, search) : searchSealed(part, search);
      this.#collect(part, answer, candidates);
      if (spec.explain) costs.push(cost(part, partition, answer, (performance.now() - started) * 1000));
    }
    return { candidates, costs };
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

  * #sealedInOrder(part: Sealed, predicate: Predicate | null, after: Uint8Array | null, nowMicros: number): Generator<LiveRow> {
    const selected = part.select(predicate, nowMicros);
    for (const row of part.inOrder(after)) if (selected.has(row)) yield this.read({ part, row });
  }

  #collect(part: Part, { top }: SegmentAnswer, into: Candidate[]): void {
    const offsets = part instanceof Growing ? undefined : part.rows.offsets;
    for (let i = 0; i < top.rows.length; i += 1) {
      const row = top.rows[i] ?? 0;
      const offset = offsets === undefined ? (part as Growing).row(row).offset : offsets[row] ?? 0;
      into.push({ part, row, offset, distance: distanceOf(this.#options.metric, top.distances[i] ?? 0) });
    }
  }
}

function visibleSize(states: RowStates, nowMicros: number): number {
  return states.visible(nowMicros).size;
}

/** A memtable has no order of ids: what is after `after` is sorted a page at a time. */
function* growingInOrder(part: Growing, predicate: Predicate | null, after: Uint8Array | null, nowMicros: number): Generator<LiveRow> {
  const rows: LiveRow[] = [];
  for (const row of part.select(predicate, nowMicros)) {
    const live = part.row(row);
    if (after === null || Buffer.compare(live.view.idBytes, after) > 0) rows.push(live);
  }
  rows.sort((a, b) => Buffer.compare(a.view.idBytes, b.view.idBytes));
  yield* rows;
}

function cost(part: Part, partition: number, answer: SegmentAnswer, micros: number): SegmentCost {
  const growing = part instanceof Growing;
  return {
    partition, segment: growing ? 'growing' : part.files.id, rows: growing ? part.count : part.rows.count,
    matching: answer.matching, strategy: answer.strategy, candidates: answer.candidates, micros,
  };
}
