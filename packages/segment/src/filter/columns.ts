/** The columns of one segment: which rows meet a predicate, answered from a buffer that is read in place. */
import { assert, unreachable } from '@proximadb/errors';
import { isTimestamp } from '@proximadb/record';
import { exactly, intersect, invert, isExact, unite, type RowBounds } from './bounds.ts';
import { compareBytes, NumberColumn, StringColumn } from './column.ts';
import { Latest } from './latest.ts';
import { assertLittleEndian, entryWords, header, headerWords, magic, pathBytes, slot, unitBytes } from './layout.ts';
import { orPosting } from './posting.ts';
import type { Bound, Predicate, Scalar } from './predicate.ts';
import { PrefixSets } from './prefix-sets.ts';
import { RowSet, wordsFor } from './row-set.ts';
import type { ValuePostings, ValueRange } from './value-postings.ts';

/** Sets are the caller's own, to change as it likes. */
export interface Selection {
  /** Every row that matches is in. */
  readonly rows: RowSet;
  /** Those of them that may not match: `matches` on their records tells. null: there is none. */
  readonly open: RowSet | null;
}

/** Slots of a path whose rows may match, too. */
type OpenSlots = readonly number[];
const nothingOpen: OpenSlots = [];
const longStrings: OpenSlots = [slot.long, slot.long + 1];
const longStringsDirectly: OpenSlots = [slot.long];
const directOrInArray = [0, 1] as const;
/** A range that takes fewer words is read word by word: less than two sets of a large segment take. */
const walkedWordsMax = 8_192;
/** Columns whose sets are kept: a byte a row each, at most. */
const prefixSetsMax = 4;

export class Columns {
  readonly #rows: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #bitmapWords: number;
  readonly #paths: number;
  readonly #pathOffsets: Uint32Array;
  readonly #pathBytes: Uint8Array;
  /** Of columns that ranges were asked of, by where their postings end; null where a row has two values. */
  readonly #prefixSets = new Latest<number, PrefixSets | null>(prefixSetsMax);

  /**
   * @param bytes what `ColumnsBuilder.build` made, starting on 8 bytes; kept and read in place. Its checksum was verified before:
   *   a wrong shape is our bug.
   * @param rows rows of the segment; those beyond the last that was added have no metadata.
   */
  constructor(bytes: Uint8Array, rows: number) {
    assertLittleEndian();
    assert(bytes.byteOffset % unitBytes === 0, 'columns start on 8 bytes');
    assert(bytes.byteLength >= headerWords * 4 && bytes.byteLength % unitBytes === 0, 'not the columns of a segment');
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    assert(this.#header(header.magic) === magic, 'not the columns of a segment');
    assert(this.#header(header.units) * unitBytes === bytes.byteLength, 'the columns of a segment were cut or grew');
    assert(this.#header(header.rowEnd) <= rows, 'columns of more rows than the segment has');
    this.#rows = rows;
    this.#bitmapWords = wordsFor(this.#header(header.rowEnd));
    this.#paths = this.#header(header.paths);
    const offsetsAt = this.#header(header.pathOffsets) * (unitBytes / 4);
    this.#pathOffsets = this.#words.subarray(offsetsAt, offsetsAt + this.#paths + 1);
    const pathsAt = this.#header(header.pathBytes) * unitBytes;
    this.#pathBytes = bytes.subarray(pathsAt, pathsAt + (this.#pathOffsets[this.#paths] ?? 0));
  }

  select(predicate: Predicate): Selection {
    const bounds = this.#bounds(predicate);
    return { rows: bounds.upper, open: isExact(bounds) ? null : bounds.upper.clone().andNot(bounds.lower) };
  }

  /**
   * The share of rows that would match if comparisons had nothing to do with each other: by how many rows each of them holds for (those that
   * only their records can tell included). 0 to 1.
   */
  estimate(predicate: Predicate): number {
    switch (predicate.kind) {
      case 'and': return predicate.of.reduce((share, part) => share * this.estimate(part), 1);
      case 'or': return 1 - predicate.of.reduce((share, part) => share * (1 - this.estimate(part)), 1);
      case 'not': return 1 - this.estimate(predicate.of);
      default: return this.#bounds(predicate).upper.size / Math.max(1, this.#rows);
    }
  }

  #bounds(predicate: Predicate): RowBounds {
    switch (predicate.kind) {
      case 'and': return this.#combine(predicate.of, RowSet.full(this.#rows), intersect);
      case 'or': return this.#combine(predicate.of, new RowSet(this.#rows), unite);
      case 'not': return invert(this.#bounds(predicate.of));
      case 'exists': return this.#leaf(predicate.path, (entry, into) => this.#orSlot(entry + slot.exists, into));
      case 'in': return this.#leaf(predicate.path, (entry, into) => this.#orValues(entry, predicate.values, into));
      case 'range': return this.#leaf(predicate.path, (entry, into) => this.#orRange(entry, predicate.lower, predicate.upper, into));
      case 'contains': return this.#leaf(predicate.path, (entry, into) => this.#orContaining(entry, predicate.value, into));
      case 'prefix': return this.#leaf(predicate.path, (entry, into) => {
        const prefix = Buffer.from(predicate.prefix);
        for (const column of this.#stringColumns(entry)) this.#orWithin(column, column.startingWith(prefix), into);
        return longStrings;
      });
      default: return unreachable(predicate);
    }
  }

  #combine(parts: readonly Predicate[], none: RowSet, combine: (a: RowBounds, b: RowBounds) => RowBounds): RowBounds {
    const [first, ...others] = parts;
    if (first === undefined) return exactly(none);
    return others.reduce((bounds, part) => combine(bounds, this.#bounds(part)), this.#bounds(first));
  }

  /** `ask` gets the word of the path's entry, adds what matches for certain, and names what may match, too. */
  #leaf(path: readonly string[], ask: (entry: number, into: RowSet) => OpenSlots): RowBounds {
    const lower = new RowSet(this.#rows);
    const entry = this.#entryOf(path);
    // Of columns of earlier releases nobody knows the records' own timestamps, which all records have.
    if (entry === undefined && isTimestamp(path)) return { lower, upper: RowSet.full(this.#rows) };
    const open = entry === undefined ? [header.unindexed] : ask(entry, lower).map((at) => entry + at);
    const postings = open.filter((at) => this.#words[at] !== 0);
    if (postings.length === 0) return exactly(lower);
    const upper = lower.clone();
    for (const at of postings) this.#orSlot(at, upper);
    return { lower, upper };
  }

  #orValues(entry: number, values: readonly Scalar[], into: RowSet): OpenSlots {
    const open = directOrInArray.map((inArray) => this.#orEqual(entry, values, inArray, into));
    return open.includes(true) ? longStrings : nothingOpen;
  }

  #orContaining(entry: number, value: Scalar, into: RowSet): OpenSlots {
    const open = this.#orEqual(entry, [value], 1, into);
    if (typeof value !== 'string') return nothingOpen;
    this.#strings(entry, 0)?.orContaining(Buffer.from(value), into);
    return open ? longStrings : longStringsDirectly;
  }

  /** @returns whether a string too long for the columns was asked for. */
  #orEqual(entry: number, values: readonly Scalar[], inArray: 0 | 1, into: RowSet): boolean {
    const numbers = this.#numbers(entry, inArray);
    const strings = this.#strings(entry, inArray);
    let long = false;
    for (const value of values) {
      if (value === null) this.#orSlot(entry + slot.nulls + inArray, into);
      else if (typeof value === 'boolean') this.#orSlot(entry + (value ? slot.trues : slot.falses) + inArray, into);
      else if (typeof value === 'string') {
        const bytes = Buffer.from(value);
        if (bytes.length > this.#header(header.stringBytesMax)) long = true;
        else strings?.postings.or(strings.equalTo(bytes), into);
      } else numbers?.postings.or(numbers.equalTo(value), into);
    }
    return long;
  }

  #orRange(entry: number, lower: Bound | null, upper: Bound | null, into: RowSet): OpenSlots {
    const kinds = [lower, upper].filter((bound) => bound !== null).map(({ value }) => typeof value === 'string' ? 'string' : 'number');
    // Bounds of two kinds hold for no value, and none at all for none, either.
    if (kinds.includes('string') === kinds.includes('number')) return nothingOpen;
    if (kinds.includes('number')) {
      for (const column of this.#numberColumns(entry)) {
        this.#orWithin(column, valuesWithin(column, lower, upper, (value) => value as number | bigint), into);
      }
      return nothingOpen;
    }
    for (const column of this.#stringColumns(entry)) {
      this.#orWithin(column, valuesWithin(column, lower, upper, (value) => Buffer.from(value as string)), into);
    }
    return longStrings;
  }

  #orWithin({ postings }: NumberColumn | StringColumn, range: ValueRange, into: RowSet): void {
    const sets = postings.wordsOf(range) < walkedWordsMax ? null : this.#prefixSetsOf(postings);
    (sets ?? postings).or(range, into);
  }

  #prefixSetsOf(postings: ValuePostings): PrefixSets | null {
    const known = this.#prefixSets.get(postings.endAt);
    if (known !== undefined) return known;
    const sets = PrefixSets.of(postings, this.#rows);
    this.#prefixSets.set(postings.endAt, sets);
    return sets;
  }

  #numberColumns(entry: number): NumberColumn[] {
    return directOrInArray.map((inArray) => this.#numbers(entry, inArray)).filter((column) => column !== undefined);
  }

  #stringColumns(entry: number): StringColumn[] {
    return directOrInArray.map((inArray) => this.#strings(entry, inArray)).filter((column) => column !== undefined);
  }

  #numbers(entry: number, inArray: 0 | 1): NumberColumn | undefined {
    const place = this.#words[entry + slot.numbers + inArray] ?? 0;
    return place === 0 ? undefined : new NumberColumn(this.#bytes.buffer, this.#bytes.byteOffset + place * unitBytes, this.#bitmapWords);
  }

  #strings(entry: number, inArray: 0 | 1): StringColumn | undefined {
    const place = this.#words[entry + slot.strings + inArray] ?? 0;
    return place === 0 ? undefined : new StringColumn(this.#bytes.buffer, this.#bytes.byteOffset + place * unitBytes, this.#bitmapWords);
  }

  /** Adds the rows of the posting whose place stands in a word. */
  #orSlot(at: number, into: RowSet): OpenSlots {
    const place = this.#words[at] ?? 0;
    if (place !== 0) {
      const from = place * (unitBytes / 4) + 1;
      orPosting(this.#words, from, from + (this.#words[from - 1] ?? 0), this.#bitmapWords, into);
    }
    return nothingOpen;
  }

  /** The first word of a path's entry; undefined for a path without columns. */
  #entryOf(path: readonly string[]): number | undefined {
    const wanted = pathBytes(path);
    let low = 0;
    let high = this.#paths;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(this.#pathBytes, this.#pathOffsets[middle] ?? 0, this.#pathOffsets[middle + 1] ?? 0, wanted);
      if (order === 0) return this.#header(header.pathTable) * (unitBytes / 4) + middle * entryWords;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  #header(word: number): number {
    return this.#words[word] ?? 0;
  }
}

/** `keyOf` makes of a bound's value, whose kind is the column's, what the column looks for. */
function valuesWithin<Key>(
  column: { readonly size: number; place(value: Key, after: boolean): number }, lower: Bound | null, upper: Bound | null,
  keyOf: (value: Bound['value']) => Key,
): ValueRange {
  return {
    first: lower === null ? 0 : column.place(keyOf(lower.value), !lower.inclusive),
    end: upper === null ? column.size : column.place(keyOf(upper.value), upper.inclusive),
  };
}
