/** What the columns of a segment were asked last, with the rows that they answered: who filters asks the same again and again, and a segment never changes. */
import type { Columns, Selection } from './columns.ts';
import { Latest } from './latest.ts';
import type { Predicate } from './predicate.ts';
import type { RowSet } from './row-set.ts';

/** A set takes an eighth of a byte a row, so all of them a byte a row. */
const keptMax = 8;
/** Of the text of a predicate. A longer one takes so long to be answered that little is spared. */
const keyLengthMax = 2_048;

export class RecentSelections {
  readonly #columns: Columns;
  /** By the predicate's text. */
  readonly #kept = new Latest<string, RowSet>(keptMax);

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** See `Columns.select`. */
  select(predicate: Predicate): Selection {
    const key = keyOf(predicate);
    if (key === null) return this.#columns.select(predicate);
    const known = this.#kept.get(key);
    if (known !== undefined) return { rows: known.clone(), exact: true };
    const selection = this.#columns.select(predicate);
    // What only records can tell is found out row by row, among the rows that are live at the time.
    if (selection.exact) this.#kept.set(key, selection.rows.clone());
    return selection;
  }
}

/** One search asks all segments of a shard by the same predicate. */
const keys = new WeakMap<Predicate, string | null>();

/** The same for predicates that mean the same in the same form; null: too long. */
function keyOf(predicate: Predicate): string | null {
  const known = keys.get(predicate);
  if (known !== undefined) return known;
  const text = JSON.stringify(predicate, (_, value: unknown) => typeof value === 'bigint' ? { long: String(value) } : value);
  const key = text.length > keyLengthMax ? null : text;
  keys.set(predicate, key);
  return key;
}
