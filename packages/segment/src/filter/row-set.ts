/** A set of a segment's rows: one bit a row. README.md says why not roaring bitmaps. */
import { assert } from '@proximadb/errors';

/** Words of 32 rows that hold one bit for each of `rows`. */
export function wordsFor(rows: number): number {
  return Math.ceil(rows / 32);
}

// The loops keep the words and their count in locals: read from the object at each step, they take three times as long.

/**
 * Rows 0 to `rows` − 1 of one segment, each in or out. Takes rows / 8 bytes, however many are in.
 * `and`, `or`, `andNot` and `complement` change the set in place and return it.
 */
export class RowSet {
  /** Rows that there are, in the set or not. */
  readonly rows: number;
  /** Row r is bit r % 32 of word r / 32. Bits past the last row are always 0: who writes words keeps it so. */
  readonly words: Uint32Array;

  /**
   * @param words taken over, not copied: what another thread sent, for one. Empty set if left out.
   */
  constructor(rows: number, words: Uint32Array = new Uint32Array(wordsFor(rows))) {
    assert(Number.isInteger(rows) && rows >= 0 && words.length === wordsFor(rows), 'a row set has one bit a row');
    assert(rows % 32 === 0 || (words[words.length - 1] ?? 0) >>> (rows % 32) === 0, 'a row set has no bits past its last row');
    this.rows = rows;
    this.words = words;
  }

  /** All of the rows. */
  static full(rows: number): RowSet {
    return new RowSet(rows).complement();
  }

  clone(): RowSet {
    return new RowSet(this.rows, this.words.slice());
  }

  add(row: number): this {
    assert(row >= 0 && row < this.rows, 'a row outside its set');
    this.words[row >>> 5] = (this.words[row >>> 5] ?? 0) | (1 << (row & 31));
    return this;
  }

  remove(row: number): this {
    assert(row >= 0 && row < this.rows, 'a row outside its set');
    this.words[row >>> 5] = (this.words[row >>> 5] ?? 0) & ~(1 << (row & 31));
    return this;
  }

  /** False for a row outside, too. */
  has(row: number): boolean {
    return row >= 0 && row < this.rows && ((this.words[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0;
  }

  /** How many rows are in: counted at each call, 512 words (16,384 rows) in about 0.5 µs. */
  get size(): number {
    const words = this.words;
    const count = words.length;
    let size = 0;
    for (let i = 0; i < count; i += 1) size += populationCount(words[i] ?? 0);
    return size;
  }

  /** Whether no row is in; stops at the first that is. */
  get isEmpty(): boolean {
    return this.nextFrom(0) < 0;
  }

  and(other: RowSet): this {
    const theirs = this.#wordsOf(other);
    const words = this.words;
    const count = words.length;
    for (let i = 0; i < count; i += 1) words[i] = (words[i] ?? 0) & (theirs[i] ?? 0);
    return this;
  }

  or(other: RowSet): this {
    const theirs = this.#wordsOf(other);
    const words = this.words;
    const count = words.length;
    for (let i = 0; i < count; i += 1) words[i] = (words[i] ?? 0) | (theirs[i] ?? 0);
    return this;
  }

  andNot(other: RowSet): this {
    const theirs = this.#wordsOf(other);
    const words = this.words;
    const count = words.length;
    for (let i = 0; i < count; i += 1) words[i] = (words[i] ?? 0) & ~(theirs[i] ?? 0);
    return this;
  }

  /** In becomes out, out becomes in, up to the last row. */
  complement(): this {
    const words = this.words;
    const count = words.length;
    for (let i = 0; i < count; i += 1) words[i] = ~(words[i] ?? 0);
    if (this.rows % 32 !== 0) words[count - 1] = (words[count - 1] ?? 0) & ((1 << (this.rows % 32)) - 1);
    return this;
  }

  /** The first row in the set that is not below `row`; −1 if there is none. For loops that allocate nothing. */
  nextFrom(row: number): number {
    let index = row >>> 5;
    if (index >= this.words.length) return -1;
    let word = (this.words[index] ?? 0) & (-1 << (row & 31));
    while (word === 0) {
      index += 1;
      if (index >= this.words.length) return -1;
      word = this.words[index] ?? 0;
    }
    return index * 32 + lowestBit(word);
  }

  /** Calls back for each row in the set, ascending; allocates nothing. Rows may be removed meanwhile. */
  forEach(visit: (row: number) => void): void {
    for (let row = this.nextFrom(0); row >= 0; row = this.nextFrom(row + 1)) visit(row);
  }

  /** Rows ascending; those already passed, and the current one, may be removed meanwhile. */
  * [Symbol.iterator](): Generator<number, void, undefined> {
    for (let row = this.nextFrom(0); row >= 0; row = this.nextFrom(row + 1)) yield row;
  }

  /** The rows in the set, ascending. */
  toArray(): Uint32Array {
    const words = this.words;
    const count = words.length;
    const list = new Uint32Array(this.size);
    let end = 0;
    for (let i = 0; i < count; i += 1) {
      // As a signed word it stays an integer of the machine, at a quarter of the time.
      for (let word = (words[i] ?? 0) | 0; word !== 0; word &= word - 1) {
        list[end] = i * 32 + lowestBit(word);
        end += 1;
      }
    }
    return list;
  }

  #wordsOf(other: RowSet): Uint32Array {
    assert(other.rows === this.rows, 'row sets of different segments do not mix');
    return other.words;
  }
}

/** Place of the lowest bit of a word that is not 0. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Bits that are set in a word: pairs, then nibbles, then bytes are added up side by side. */
export function populationCount(word: number): number {
  let sums = word - ((word >>> 1) & 0x55555555);
  sums = (sums & 0x33333333) + ((sums >>> 2) & 0x33333333);
  return Math.imul((sums + (sums >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
