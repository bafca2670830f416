/** Filters over a memtable: whole chunks of rows get columns when a filter first asks, the newest rows are matched one by one. */
import { fieldsOf, type RecordView } from '@proximadb/record';
import { Columns, ColumnsBuilder, matches, RowSet, type Predicate } from '../filter/index.ts';

/** A multiple of 32, so that a chunk's rows are whole words of the answer. */
const chunkRows = 1024;

export class GrowingColumns {
  readonly #view: (row: number) => RecordView;
  readonly #chunks: Columns[] = [];

  constructor(view: (row: number) => RecordView) {
    this.#view = view;
  }

  /** The rows below `count` that are in `among` and match. */
  select(predicate: Predicate, count: number, among: RowSet): RowSet {
    const selected = new RowSet(among.rows);
    const whole = Math.floor(count / chunkRows);
    for (let chunk = 0; chunk < whole; chunk += 1) {
      const { rows, open } = this.#chunk(chunk).select(predicate);
      const start = chunk * chunkRows;
      selected.words.set(rows.words.subarray(0, chunkRows / 32), start / 32);
      open?.forEach((row) => { if (among.has(start + row) && !this.#matches(predicate, start + row)) selected.remove(start + row); });
    }
    selected.and(among);
    for (let row = whole * chunkRows; row < count; row += 1) {
      if (among.has(row) && this.#matches(predicate, row)) selected.add(row);
    }
    return selected;
  }

  #matches(predicate: Predicate, row: number): boolean {
    return matches(predicate, fieldsOf(this.#view(row)));
  }

  #chunk(chunk: number): Columns {
    const known = this.#chunks[chunk];
    if (known !== undefined) return known;
    const builder = new ColumnsBuilder();
    for (let i = 0; i < chunkRows; i += 1) builder.add(i, fieldsOf(this.#view(chunk * chunkRows + i)));
    const built = new Columns(builder.build(), chunkRows);
    this.#chunks[chunk] = built;
    return built;
  }
}
