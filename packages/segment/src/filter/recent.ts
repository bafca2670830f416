/** What a segment was asked last, with the rows that match: who filters asks the same again and again, and a segment never changes. */
import type { Columns } from './columns.ts';
import { Latest } from './latest.ts';
import type { Predicate } from './predicate.ts';
import type { RowSet } from './row-set.ts';

/** A set takes an eighth of a byte a row, so all of them a byte a row. */
const keptMax = 8;
/** Of the text of a predicate. A longer one takes so long to be answered that little is spared. */
const keyLengthMax = 2_048;

export class RecentSelections {
  readonly #columns: Columns;
  readonly #matches: (predicate: Predicate, row: number) => boolean;
  /** By the predicate's text. */
  readonly #kept = new Latest<string, RowSet>(keptMax);

  /** @param matches by a row's record, where its columns cannot tell. */
  constructor(columns: Columns, matches: (predicate: Predicate, row: number) => boolean) {
    this.#columns = columns;
    this.#matches = matches;
  }

  /** The rows that match, those that are not live any more included; a set of the caller's own. */
  select(predicate: Predicate): RowSet {
    const key = keyOf(predicate);
    const known = key === null ? undefined : this.#kept.get(key);
    if (known !== undefined) return known.clone();
    const { rows, open } = this.#columns.select(predicate);
    open?.forEach((row) => { if (!this.#matches(predicate, row)) rows.remove(row); });
    if (key !== null) this.#kept.set(key, rows.clone());
    return rows;
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
