/**
 * A column's rows for ranges of many values. Where no row has two values, the rows of a range are those of all values before its end, without those of the
 * values before its beginning; and the rows of the first values are kept at equal steps. So a range reads two of these sets and what lies between a step and
 * a bound, in place of all that it holds.
 */
import { RowSet } from './row-set.ts';
import type { ValuePostings, ValueRange } from './value-postings.ts';

/** A set takes an eighth of a byte a row. */
const setsMax = 8;

interface Prefix {
  /** The values before it. */
  readonly end: number;
  readonly rows: RowSet;
}

export class PrefixSets {
  readonly #postings: ValuePostings;
  readonly #prefixes: readonly Prefix[];

  private constructor(postings: ValuePostings, prefixes: readonly Prefix[]) {
    this.#postings = postings;
    this.#prefixes = prefixes;
  }

  /** @returns null for a column of which a row has two values. Takes as long as a range of all its values. */
  static of(postings: ValuePostings, rows: number): PrefixSets | null {
    const all = { first: 0, end: postings.count };
    const words = postings.wordsOf(all);
    const prefixes: Prefix[] = [{ end: 0, rows: new RowSet(rows) }];
    const growing = new RowSet(rows);
    let first = 0;
    for (let step = 1; step <= setsMax; step += 1) {
      const end = postings.placeAfter(words * step / setsMax);
      if (end === first) continue;
      postings.or({ first, end }, growing);
      prefixes.push({ end, rows: growing.clone() });
      first = end;
    }
    return growing.size === postings.entries(all) ? new PrefixSets(postings, prefixes) : null;
  }

  or({ first, end }: ValueRange, into: RowSet): void {
    into.or(this.#before(end).andNot(this.#before(first)));
  }

  /** The rows of the values before a place: a new set. */
  #before(place: number): RowSet {
    const nearest = this.#prefixes.reduce((best, each) => this.#between(each.end, place) < this.#between(best.end, place) ? each : best);
    const rows = nearest.rows.clone();
    if (nearest.end <= place) {
      this.#postings.or({ first: nearest.end, end: place }, rows);
      return rows;
    }
    const beyond = new RowSet(rows.rows);
    this.#postings.or({ first: place, end: nearest.end }, beyond);
    return rows.andNot(beyond);
  }

  /** Words to read between two places. */
  #between(one: number, other: number): number {
    return this.#postings.wordsOf({ first: Math.min(one, other), end: Math.max(one, other) });
  }
}
