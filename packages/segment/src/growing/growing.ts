/**
 * The memtable: rows as they came from the log, searchable at once and exactly.
 * The record's bytes stay where the batch put them; the vector is copied once, into the slab where it is searched.
 */
import { assert } from '@proximadb/errors';
import type { RecordView } from '@proximadb/record';
import type { Metric } from '@proximadb/schemas';
import { Slab } from '../kernels/index.ts';
import { normalizes } from '../metric.ts';
import { RowStates, never } from '../rows.ts';
import type { Predicate, RowSet } from '../filter/index.ts';
import { GrowingColumns } from './columns.ts';

export interface GrowingOptions {
  readonly dimension: number;
  readonly metric: Metric;
  /** Rows it can take. */
  readonly rowsMax: number;
}

/** What is kept of a row beside its vector. */
export interface GrowingRow {
  readonly view: RecordView;
  readonly schemaId: number;
  readonly offset: number;
  /** µs; Infinity: never. */
  readonly expires: number;
}

const firstRows = 64;

export class Growing {
  readonly slab: Slab;
  readonly states: RowStates;
  readonly rowsMax: number;
  readonly #metric: Metric;
  readonly #rows: GrowingRow[] = [];
  /** The newest row of an id, live or ended. */
  readonly #byId = new Map<string, number>();
  readonly #columns: GrowingColumns;
  #recordBytes = 0;

  constructor(options: GrowingOptions) {
    this.#metric = options.metric;
    this.rowsMax = options.rowsMax;
    this.slab = new Slab({ dimension: options.dimension, rows: Math.min(firstRows, options.rowsMax), rowsMax: options.rowsMax });
    this.states = new RowStates(options.rowsMax);
    this.#columns = new GrowingColumns((row) => this.row(row).view);
  }

  /** Rows added, live or ended. */
  get count(): number {
    return this.#rows.length;
  }

  get isFull(): boolean {
    return this.#rows.length >= this.rowsMax;
  }

  /** Bytes of records and vectors held. */
  get bytes(): number {
    return this.#recordBytes + this.slab.bytes;
  }

  get recordBytes(): number {
    return this.#recordBytes;
  }

  row(row: number): GrowingRow {
    const found = this.#rows[row];
    assert(found !== undefined, 'a row of the memtable');
    return found;
  }

  /** The row that is live for an id. */
  find(id: string): number | undefined {
    const row = this.#byId.get(id);
    return row !== undefined && this.states.isLive(row) ? row : undefined;
  }

  /** Adds a record whose bytes were checked and will not change. The id must have no live row here. */
  add(view: RecordView, schemaId: number, offset: number): number {
    assert(!this.isFull, 'a full memtable takes no more rows');
    const row = this.#rows.length;
    this.slab.ensure(row + 1);
    view.copyVector(this.slab.row(row), 0);
    if (normalizes(this.#metric)) this.slab.normalize(row);
    const expiresAt = view.expiresAt;
    const expires = expiresAt === null ? never : Number(expiresAt);
    this.#rows.push({ view, schemaId, offset, expires });
    this.#byId.set(view.id, row);
    this.states.add(row, expires);
    this.#recordBytes += view.bytes.length;
    return row;
  }

  /** Rows that match, visible at an instant. */
  select(predicate: Predicate | null, nowMicros: number): RowSet {
    const visible = this.states.visible(nowMicros);
    return predicate === null ? visible : this.#columns.select(predicate, this.count, visible);
  }
}
