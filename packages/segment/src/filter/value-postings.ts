/** Rows of a column's values by their place in the order. */
import { orList, orPosting } from './posting.ts';
import { populationCount, type RowSet } from './row-set.ts';

/** Places in the list of values: the values from `first` up to, not including, `end`. */
export interface ValueRange {
  readonly first: number;
  readonly end: number;
}

export class ValuePostings {
  /** Values that there are. */
  readonly count: number;
  readonly #starts: Uint32Array;
  readonly #words: Uint32Array;
  readonly #bitmapWords: number;

  constructor(buffer: ArrayBufferLike, startsAt: number, count: number, bitmapWords: number) {
    this.count = count;
    this.#starts = new Uint32Array(buffer, startsAt, count + 1);
    this.#words = new Uint32Array(buffer, startsAt + (count + 1) * 4, this.#starts[count] ?? 0);
    this.#bitmapWords = bitmapWords;
  }

  get endAt(): number {
    return this.#words.byteOffset + this.#words.byteLength;
  }

  /** Words to read for a range: a row each, or a bitmap of all rows for a value of many. */
  wordsOf({ first, end }: ValueRange): number {
    return first >= end ? 0 : (this.#starts[end] ?? 0) - (this.#starts[first] ?? 0);
  }

  /** The first place before which so many words are to be read, or more. */
  placeAfter(words: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) < words) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lists of one value after the other are one list: of a range of many values most have one row. */
  or({ first, end }: ValueRange, into: RowSet): void {
    const starts = this.#starts;
    const bitmapWords = this.#bitmapWords;
    let listed = starts[first] ?? 0;
    let from = listed;
    for (let value = first; value < end; value += 1) {
      const next = starts[value + 1] ?? 0;
      if (next - from === bitmapWords) {
        orList(this.#words, listed, from, into);
        orPosting(this.#words, from, next, bitmapWords, into);
        listed = next;
      }
      from = next;
    }
    orList(this.#words, listed, from, into);
  }

  /** How often a row has a value in the range: the rows of it, if none has two. */
  entries(range: ValueRange): number {
    let count = 0;
    for (let value = range.first; value < range.end; value += 1) {
      const from = this.#starts[value] ?? 0;
      const next = this.#starts[value + 1] ?? 0;
      count += next - from === this.#bitmapWords ? bitsOf(this.#words, from, next) : next - from;
    }
    return count;
  }
}

function bitsOf(words: Uint32Array, from: number, end: number): number {
  let bits = 0;
  for (let i = from; i < end; i += 1) bits += populationCount(words[i] ?? 0);
  return bits;
}
