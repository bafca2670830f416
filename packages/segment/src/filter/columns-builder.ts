/** Writes the columns of a segment from its records' metadata. Synchronous; README.md has the times. */
import { assert } from '@proximadb/errors';
import type { Metadata, MetadataValue } from '@proximadb/record';
import { assertLittleEndian, entryWords, header, headerWords, magic, pathBytes, slot, unitBytes } from './layout.ts';
import { isArray, isMap } from './matcher.ts';
import { canonicalNumber, roundingOf, sortNumbers, sortStrings } from './order.ts';
import { postingWords, setBit } from './posting.ts';
import { wordsFor } from './row-set.ts';

export interface ColumnLimits {
  /** Paths that get columns. Rows with a path beyond are marked, and verified by whoever asks for a path without columns. */
  readonly pathsMax: number;
  /** UTF-8 bytes of a string that gets into a column. Rows with a longer one are marked, a path. */
  readonly stringBytesMax: number;
  /** Distinct values of a path and kind, and its (value, row) pairs. A path with more gets no columns, as if it were beyond `pathsMax`. */
  readonly distinctMax: number;
  readonly pairsMax: number;
}

/** Of the largest segments eight values a row that never come again, and 128 in all: a set of hashes in each record is more. */
export const columnLimits: ColumnLimits = { pathsMax: 1024, stringBytesMax: 1024, distinctMax: 2 ** 22, pairsMax: 2 ** 26 };

/** Gathers what the rows of a segment hold; memory grows with the rows' scalars, up to 16 bytes each and the distinct values. */
export class ColumnsBuilder {
  readonly #limits: ColumnLimits;
  readonly #root: PathNode;
  #paths = 0;
  #rowEnd = 0;
  readonly #unindexed = new RowList();

  constructor(limits: ColumnLimits = columnLimits) {
    this.#limits = limits;
    this.#root = new PathNode(limits);
  }

  /** Rows come in ascending order, each once; gaps are rows without metadata. The map is not kept. */
  add(row: number, metadata: Metadata): void {
    assert(Number.isInteger(row) && row >= this.#rowEnd && row < 2 ** 32 - 1, 'rows are added in ascending order, each once');
    this.#rowEnd = row + 1;
    this.#addMap(this.#root, metadata, row);
  }

  /** @returns a buffer that starts on 8 bytes; equal metadata gives equal bytes, as long as no limit was met. */
  build(): Uint8Array {
    assertLittleEndian();
    const sections = new Sections();
    const words = wordsFor(this.#rowEnd);
    const nodes = this.#root.collect([], []);
    const paths = nodes.filter(({ node }) => !node.isFull).map(({ keys, node }) => ({ bytes: pathBytes(keys), node }));
    paths.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    const head = new Uint32Array(headerWords);
    sections.place(head);
    const table = new Uint32Array(paths.length * entryWords);
    const offsets = new Uint32Array(paths.length + 1);
    head[header.pathTable] = sections.place(table);
    head[header.pathOffsets] = sections.place(offsets);
    head[header.pathBytes] = sections.place(...paths.map(({ bytes }) => bytes));
    paths.forEach(({ bytes, node }, i) => {
      offsets[i + 1] = (offsets[i] ?? 0) + bytes.length;
      node.place(sections, words, table.subarray(i * entryWords, (i + 1) * entryWords));
    });
    head[header.unindexed] = this.#unindexed.with(nodes.flatMap(({ node }) => node.isFull ? [node.exists] : [])).place(sections, words);
    head[header.magic] = magic;
    head[header.rowEnd] = this.#rowEnd;
    head[header.paths] = paths.length;
    head[header.stringBytesMax] = this.#limits.stringBytesMax;
    head[header.units] = sections.units;
    return sections.join();
  }

  #addMap(node: PathNode, map: Metadata, row: number): void {
    for (const [key, value] of map) {
      const child = this.#child(node, key);
      if (child === undefined) {
        this.#unindexed.add(row);
      } else {
        child.exists.add(row);
        this.#addValue(child, value, row, 0);
      }
    }
  }

  #child(node: PathNode, key: string): PathNode | undefined {
    const known = node.children.get(key);
    if (known !== undefined || this.#paths >= this.#limits.pathsMax) return known;
    const child = new PathNode(this.#limits);
    node.children.set(key, child);
    this.#paths += 1;
    return child;
  }

  /** `inArray` is 1 for an element of an array at the path, else 0. */
  #addValue(node: PathNode, value: MetadataValue, row: number, inArray: 0 | 1): void {
    switch (typeof value) {
      case 'string':
        if (this.#isLong(value)) node.rowsOf(slot.long + inArray).add(row);
        else node.strings[inArray].add(value, row);
        break;
      case 'number': case 'bigint': node.numbers[inArray].add(canonicalNumber(value), row); break;
      case 'boolean': node.rowsOf((value ? slot.trues : slot.falses) + inArray).add(row); break;
      default:
        if (value === null) node.rowsOf(slot.nulls + inArray).add(row);
        else if (isArray(value)) for (const element of value) this.#addValue(node, element, row, 1);
        else if (isMap(value)) this.#addMap(node, value, row);
    }
  }

  /** A UTF-16 unit takes 1 to 3 bytes of UTF-8. */
  #isLong(text: string): boolean {
    const { stringBytesMax } = this.#limits;
    return text.length > stringBytesMax || (text.length * 3 > stringBytesMax && Buffer.byteLength(text) > stringBytesMax);
  }
}

/** What is known of one path. */
class PathNode {
  readonly children = new Map<string, PathNode>();
  readonly exists = new RowList();
  readonly numbers: readonly [DistinctValues<number | bigint>, DistinctValues<number | bigint>];
  readonly strings: readonly [DistinctValues<string>, DistinctValues<string>];
  readonly #rows = new Map<number, RowList>();

  constructor(limits: ColumnLimits) {
    this.numbers = [new DistinctValues(limits), new DistinctValues(limits)];
    this.strings = [new DistinctValues(limits), new DistinctValues(limits)];
  }

  /** Whether it has more values than columns may have. */
  get isFull(): boolean {
    return [...this.numbers, ...this.strings].some(({ isFull }) => isFull);
  }

  rowsOf(wanted: number): RowList {
    let rows = this.#rows.get(wanted);
    if (rows === undefined) this.#rows.set(wanted, rows = new RowList());
    return rows;
  }

  /** This node's descendants and their paths. */
  collect(keys: readonly string[], into: { keys: readonly string[]; node: PathNode }[]): typeof into {
    for (const [key, node] of this.children) {
      const path = [...keys, key];
      into.push({ keys: path, node });
      node.collect(path, into);
    }
    return into;
  }

  place(sections: Sections, words: number, entry: Uint32Array): void {
    entry[slot.exists] = this.exists.place(sections, words);
    for (const [at, rows] of this.#rows) entry[at] = rows.place(sections, words);
    for (const inArray of [0, 1] as const) {
      entry[slot.numbers + inArray] = placeNumbers(this.numbers[inArray], sections, words);
      entry[slot.strings + inArray] = placeStrings(this.strings[inArray], sections, words);
    }
  }
}

/** Rows ascending, each once. */
class RowList {
  readonly #rows: number[] = [];

  add(row: number): void {
    if (this.#rows[this.#rows.length - 1] !== row) this.#rows.push(row);
  }

  /** The rows of several lists. */
  with(others: readonly RowList[]): RowList {
    if (others.length === 0) return this;
    const rows = new Set([this, ...others].flatMap((list) => list.#rows));
    const all = new RowList();
    for (const row of [...rows].sort((a, b) => a - b)) all.add(row);
    return all;
  }

  place(sections: Sections, bitmapWords: number): number {
    const count = this.#rows.length;
    if (count === 0) return 0;
    const posting = new Uint32Array(postingWords(count, bitmapWords) + 1);
    posting[0] = posting.length - 1;
    if (count < bitmapWords) posting.set(this.#rows, 1);
    else for (const row of this.#rows) setBit(posting, 1, row);
    return sections.place(posting);
  }
}

/** The distinct values of a column, numbered as they came, and the (number, row) pairs; nothing, once they are too many. */
class DistinctValues<Value extends string | number | bigint> {
  readonly #limits: ColumnLimits;
  readonly #numbers = new Map<Value, number>();
  /** Of each value, the row that had it last. */
  #lastRows: number[] = [];
  #pairs = new Uint32Array();
  #pairsEnd = 0;
  #isFull = false;

  constructor(limits: ColumnLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  add(value: Value, row: number): void {
    if (this.#isFull) return;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(value, number);
      this.#lastRows.push(row);
    } else {
      if (this.#lastRows[number] === row) return;
      this.#lastRows[number] = row;
    }
    if (this.#pairsEnd === this.#pairs.length) this.#grow();
    this.#pairs[this.#pairsEnd] = number;
    this.#pairs[this.#pairsEnd + 1] = row;
    this.#pairsEnd += 2;
    if (this.#numbers.size > this.#limits.distinctMax || this.#pairsEnd > 2 * this.#limits.pairsMax) this.#giveUp();
  }

  get size(): number {
    return this.#numbers.size;
  }

  values(): Value[] {
    return [...this.#numbers.keys()];
  }

  /** Starts and words of the postings of the values in this order. */
  postings(sorted: readonly Value[], bitmapWords: number): { starts: Uint32Array; words: Uint32Array } {
    const counts = new Uint32Array(sorted.length);
    for (let pair = 0; pair < this.#pairsEnd; pair += 2) {
      const number = this.#pairs[pair] ?? 0;
      counts[number] = (counts[number] ?? 0) + 1;
    }
    const starts = new Uint32Array(sorted.length + 1);
    // Where the next row of a value goes; for a bitmap, where it starts.
    const cursors = new Uint32Array(sorted.length);
    let end = 0;
    for (let i = 0; i < sorted.length; i += 1) {
      const number = this.#numbers.get(sorted[i] as Value) ?? 0;
      cursors[number] = end;
      starts[i + 1] = end += postingWords(counts[number] ?? 0, bitmapWords);
    }
    assert(end < 2 ** 32, 'a column has at most 2^32 words of rows');
    const words = new Uint32Array(end);
    for (let pair = 0; pair < this.#pairsEnd; pair += 2) {
      const number = this.#pairs[pair] ?? 0;
      const row = this.#pairs[pair + 1] ?? 0;
      const cursor = cursors[number] ?? 0;
      if ((counts[number] ?? 0) < bitmapWords) {
        words[cursor] = row;
        cursors[number] = cursor + 1;
      } else {
        setBit(words, cursor, row);
      }
    }
    return { starts, words };
  }

  #giveUp(): void {
    this.#isFull = true;
    this.#numbers.clear();
    this.#lastRows = [];
    this.#pairs = new Uint32Array();
    this.#pairsEnd = 0;
  }

  #grow(): void {
    const larger = new Uint32Array(Math.max(32, this.#pairs.length * 2));
    larger.set(this.#pairs);
    this.#pairs = larger;
  }
}

function placeNumbers(column: DistinctValues<number | bigint>, sections: Sections, bitmapWords: number): number {
  if (column.size === 0) return 0;
  const sorted = sortNumbers(column.values());
  const { starts, words } = column.postings(sorted, bitmapWords);
  const rounded = sorted.some((value) => typeof value === 'bigint');
  const lacks = rounded ? [Int16Array.from(sorted, roundingOf)] : [];
  return sections.place(Uint32Array.of(sorted.length, rounded ? 1 : 0), Float64Array.from(sorted, Number), starts, words, ...lacks);
}

function placeStrings(column: DistinctValues<string>, sections: Sections, bitmapWords: number): number {
  if (column.size === 0) return 0;
  const sorted = sortStrings(column.values());
  const { starts, words } = column.postings(sorted, bitmapWords);
  const offsets = new Uint32Array(sorted.length + 1);
  let end = 0;
  sorted.forEach((value, i) => { offsets[i + 1] = end += Buffer.byteLength(value); });
  assert(end < 2 ** 32, 'a column has at most 2^32 bytes of strings');
  const blob = Buffer.allocUnsafe(end);
  sorted.forEach((value, i) => { blob.write(value, offsets[i] ?? 0); });
  return sections.place(Uint32Array.of(sorted.length, 0), offsets, starts, words, blob);
}

/** Parts one after the other, each section on 8 bytes. */
class Sections {
  readonly #parts: { at: number; part: ArrayBufferView }[] = [];
  #bytes = 0;

  get units(): number {
    return this.#bytes / unitBytes;
  }

  /** The parts are read when all is joined, so they may still change. @returns the section's place, in units. */
  place(...parts: readonly ArrayBufferView[]): number {
    const place = this.units;
    for (const part of parts) {
      this.#parts.push({ at: this.#bytes, part });
      this.#bytes += part.byteLength;
    }
    this.#bytes = Math.ceil(this.#bytes / unitBytes) * unitBytes;
    assert(this.units < 2 ** 32, 'columns have at most 32 GiB');
    return place;
  }

  join(): Uint8Array {
    const joined = new Uint8Array(new ArrayBuffer(this.#bytes));
    for (const { at, part } of this.#parts) joined.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    return joined;
  }
}
