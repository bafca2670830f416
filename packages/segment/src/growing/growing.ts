/**
 * The memtable: rows as they came from the log, searchable at once.
 * The record's bytes stay where the batch put them; the vector is copied once, into the slab where it is searched.
 */
import { crc32c } from '@node-rs/crc32';
import { assert } from '@proximadb/errors';
import type { RecordView, Walker } from '@proximadb/record';
import type { Metric } from '@proximadb/schemas';
import { CodedRows } from '../coded-rows.ts';
import { Slab } from '../kernels/index.ts';
import { normalizes } from '../metric.ts';
import { RowStates, never } from '../rows.ts';
import type { Predicate, RowSet } from '../filter/index.ts';
import { GrowingColumns } from './columns.ts';
import { GrowingRows, type GrowingColumnsOfRows } from './rows.ts';

export interface GrowingOptions {
  readonly dimension: number;
  readonly metric: Metric;
  /** Rows it can take. */
  readonly rowsMax: number;
}

const firstRows = 64;

export class Growing {
  readonly slab: Slab;
  /** See {@link CodedRows}. */
  readonly coded: CodedRows | undefined;
  readonly states: RowStates;
  readonly rowsMax: number;
  readonly #metric: Metric;
  readonly #rows = new GrowingRows();
  readonly #columns: GrowingColumns;
  #recordBytes = 0;

  constructor(options: GrowingOptions) {
    this.#metric = options.metric;
    this.rowsMax = options.rowsMax;
    this.slab = new Slab({ dimension: options.dimension, rows: Math.min(firstRows, options.rowsMax), rowsMax: options.rowsMax });
    this.coded = CodedRows.of(options.metric, this.slab, options.rowsMax);
    this.states = new RowStates(Math.min(firstRows, options.rowsMax));
    this.#columns = new GrowingColumns((row) => this.view(row));
  }

  /** Rows added, live or ended. */
  get count(): number {
    return this.#rows.count;
  }

  get isFull(): boolean {
    return this.#rows.count >= this.rowsMax;
  }

  /** Bytes of records, vectors and codes held. */
  get bytes(): number {
    return this.#recordBytes + this.slab.bytes + (this.coded?.bytes ?? 0);
  }

  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** What is known of each row beside its record and vector. Valid until the next `add`. */
  get rows(): GrowingColumnsOfRows {
    return this.#rows.columns;
  }

  /** The record of a row, where its batch put it. */
  datum(row: number): Uint8Array {
    return this.#rows.datum(row);
  }

  /** CRC-32C of a row's record. */
  checksum(row: number): number {
    return crc32c(this.datum(row));
  }

  view(row: number): RecordView {
    return this.#rows.view(row);
  }

  id(row: number): string {
    return this.#rows.view(row).id;
  }

  schemaId(row: number): number {
    return this.#rows.schemaId(row);
  }

  /** The row that is live for an id. `hash` as `hashId` says. */
  find(idBytes: Uint8Array, hash: number): number | undefined {
    const row = this.#rows.find(idBytes, hash);
    return row !== undefined && this.states.isLive(row) ? row : undefined;
  }

  /**
   * Adds a record whose bytes were checked and will not change. The id must have no live row here.
   * @param walker of the record's schema. @param hash of the id, as `hashId` says.
   */
  add(view: RecordView, walker: Walker, schemaId: number, offset: number, hash: number): number {
    assert(!this.isFull, 'a full memtable takes no more rows');
    const expiresAt = view.expiresAt;
    const expires = expiresAt === null ? never : Number(expiresAt);
    const row = this.#rows.add({ view, walker, schemaId, offset, expires, hash });
    this.slab.ensure(row + 1);
    view.copyVector(this.slab.row(row), 0);
    if (normalizes(this.#metric)) this.slab.normalize(row);
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
