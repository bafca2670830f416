/** Views of one column in a segment's buffer: distinct values ascending, and the rows of each. layout.ts has the bytes. */
import { roundingOf } from './order.ts';
import type { RowSet } from './row-set.ts';
import { ValuePostings, type ValueRange } from './value-postings.ts';

export class NumberColumn {
  readonly #doubles: Float64Array;
  /** What the doubles lack to the exact values; undefined where they lack nothing. */
  readonly #lacks: Int16Array | undefined;
  readonly postings: ValuePostings;

  /** @param at byte offset of the column in the buffer, a multiple of 8. */
  constructor(buffer: ArrayBufferLike, at: number, bitmapWords: number) {
    const [count = 0, rounded = 0] = new Uint32Array(buffer, at, 2);
    this.#doubles = new Float64Array(buffer, at + 8, count);
    this.postings = new ValuePostings(buffer, at + 8 + count * 8, count, bitmapWords);
    this.#lacks = rounded === 1 ? new Int16Array(buffer, this.postings.endAt, count) : undefined;
  }

  get size(): number {
    return this.#doubles.length;
  }

  equalTo(value: number | bigint): ValueRange {
    return { first: this.place(value, false), end: this.place(value, true) };
  }

  /** How many values are below a value, or not above it if `after`. */
  place(value: number | bigint, after: boolean): number {
    const double = Number(value);
    const lack = roundingOf(value);
    let low = 0;
    let high = this.#doubles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = (this.#doubles[middle] ?? 0) - double || (this.#lacks?.[middle] ?? 0) - lack;
      if (order < 0 || (after && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class StringColumn {
  readonly #offsets: Uint32Array;
  readonly #blob: Buffer;
  readonly postings: ValuePostings;

  /** @param at byte offset of the column in the buffer, a multiple of 8. */
  constructor(buffer: ArrayBufferLike, at: number, bitmapWords: number) {
    const [count = 0] = new Uint32Array(buffer, at, 1);
    this.#offsets = new Uint32Array(buffer, at + 8, count + 1);
    this.postings = new ValuePostings(buffer, at + 8 + (count + 1) * 4, count, bitmapWords);
    this.#blob = Buffer.from(buffer, this.postings.endAt, this.#offsets[count] ?? 0);
  }

  get size(): number {
    return this.#offsets.length - 1;
  }

  equalTo(value: Uint8Array): ValueRange {
    const first = this.place(value, false);
    const isThere = first < this.size && compareBytes(this.#blob, this.#offsets[first] ?? 0, this.#offsets[first + 1] ?? 0, value) === 0;
    return { first, end: isThere ? first + 1 : first };
  }

  startingWith(prefix: Uint8Array): ValueRange {
    const end = this.#placeBy((from, to) => compareBytes(this.#blob, from, Math.min(to, from + prefix.length), prefix) <= 0);
    return { first: this.place(prefix, false), end };
  }

  /** How many values are below a value, or not above it if `after`. */
  place(value: Uint8Array, after: boolean): number {
    const limit = after ? 0 : -1;
    return this.#placeBy((from, end) => compareBytes(this.#blob, from, end, value) <= limit);
  }

  /** Adds the rows of all values that have `part` as a substring. One pass over the bytes. */
  orContaining(part: Uint8Array, into: RowSet): void {
    if (part.length === 0) {
      this.postings.or({ first: 0, end: this.size }, into);
      return;
    }
    for (let found = this.#blob.indexOf(part); found >= 0;) {
      const value = this.#valueAt(found);
      const end = this.#offsets[value + 1] ?? 0;
      // One that reaches into the next value is none, and no later one in this value can fit.
      if (found + part.length <= end) this.postings.or({ first: value, end: value + 1 }, into);
      found = end < this.#blob.length ? this.#blob.indexOf(part, end) : -1;
    }
  }

  /** The value whose bytes hold a place in the blob. */
  #valueAt(at: number): number {
    return this.#placeBy((_, end) => end <= at);
  }

  /** How many values come before: `isBefore` holds for the first ones and for no other. */
  #placeBy(isBefore: (from: number, end: number) => boolean): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#offsets[middle] ?? 0, this.#offsets[middle + 1] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Negative, 0 or positive: how the bytes from `from` to `end` compare with others. */
export function compareBytes(bytes: Uint8Array, from: number, end: number, other: Uint8Array): number {
  const length = Math.min(end - from, other.length);
  for (let i = 0; i < length; i += 1) {
    const order = (bytes[from + i] ?? 0) - (other[i] ?? 0);
    if (order !== 0) return order;
  }
  return end - from - other.length;
}
