/**
 * Rows of 7-bit codes in WebAssembly memory, for choosing candidates: a quarter of the bytes of full vectors, and less than half of the time.
 * A row stands for (code − 64) × its scale in each dimension: what a vector differs from a centroid by. Its distance to a query is
 * `base + added − weight × scale × Σ query code × (code − 64)`, where the caller says what base and weight are.
 *
 * The memory, from address 0: a query's codes, a vector, a centroid and its place, each padded; scales, what is added, codes of all rows; a bitset; a list
 * of rows; the heap of the nearest.
 */
import { assert } from '@proximadb/errors';
import { instantiate, pageBytes, type Kernels, type Memory } from './module.ts';

/** Code of 0. */
const zero = 64;
/** Codes of a query are ± 127. */
const queryMax = 127;
/** Floats behind the last row's, of scales and of what is added: files have them. */
const slack = 4;
/** Rows whose bits are set, of which kernels make a list: so many at once. */
const listRows = 1_024;

/** Bytes from one row's codes to the next. */
export function codeStride(dimension: number): number {
  return Math.ceil(dimension / 16) * 16;
}

/** Scales, what is added, and codes: bytes of each, or places. */
export type CodeParts<Part> = readonly [scales: Part, added: Part, codes: Part];

/** Where the parts of a row begin in the content of a slab of so many rows. */
export function codePlaces(dimension: number, rows: number, row: number): CodeParts<number> {
  const floats = (rows + slack) * 4;
  return [row * 4, floats + row * 4, 2 * floats + row * codeStride(dimension)];
}

/** Of scales, what is added, and codes of so many rows, as they lie in memory and in files. */
export function codesBytes(dimension: number, rows: number): number {
  return 2 * (rows + slack) * 4 + rows * codeStride(dimension);
}

/** What is searched by codes: in memory, or in a file. */
export interface Codes {
  /** Of memory held. */
  readonly bytes: number;
  begin(query: Float32Array, weight: number, k: number, visible: Uint32Array | null): void;
  scan(first: number, count: number, base: number): number;
  readonly bound: number;
  finish(): Uint32Array;
}

export class CodeSlab implements Codes {
  readonly dimension: number;
  readonly rows: number;
  readonly #stride: number;
  readonly #memory: Memory;
  readonly #kernels: Kernels;
  readonly #codesAt: number;
  readonly #vectorAt: number;
  readonly #scalesAt: number;
  readonly #addedAt: number;
  readonly #bitsAt: number;
  readonly #listAt: number;
  readonly #heapAt: number;
  #query: Int8Array;
  #floats: Float32Array;
  #words: Uint32Array;
  #weight = 0;
  #shift = 0;
  #visible: Uint32Array | null = null;
  #byPlace = false;

  /** @throws RangeError if they do not fit into 4 GiB, or there is no address space. */
  constructor(dimension: number, rows: number) {
    this.dimension = dimension;
    this.rows = rows;
    this.#stride = codeStride(dimension);
    this.#vectorAt = this.#stride;
    this.#scalesAt = this.#vectorAt + 3 * 4 * this.#stride;
    this.#addedAt = this.#scalesAt + (rows + slack) * 4;
    this.#codesAt = this.#addedAt + (rows + slack) * 4;
    this.#bitsAt = Math.ceil((this.#scalesAt + codesBytes(dimension, rows)) / 8) * 8;
    // One word more: rows that lie elsewhere may begin within one.
    this.#listAt = this.#bitsAt + (Math.ceil(rows / 32) + 1) * 4;
    this.#heapAt = Math.ceil((this.#listAt + listRows * 4) / 8) * 8;
    const { memory, kernels } = instantiate(Math.ceil(this.#heapAt / pageBytes));
    this.#memory = memory;
    this.#kernels = kernels;
    this.#query = new Int8Array(memory.buffer, 0, this.#stride);
    this.#floats = new Float32Array(memory.buffer, this.#vectorAt, 3 * this.#stride);
    this.#words = new Uint32Array(memory.buffer);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** All of it, as a file has it: {@link codesBytes}. Valid until the next search. */
  get content(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#scalesAt, codesBytes(this.dimension, this.rows));
  }

  /** Of the first rows, as {@link codePlaces} says where they lie in a file. Valid until the next search. */
  parts(rows: number): CodeParts<Uint8Array> {
    const part = (at: number, width: number): Uint8Array => new Uint8Array(this.#memory.buffer, at, rows * width);
    return [part(this.#scalesAt, 4), part(this.#addedAt, 4), part(this.#codesAt, this.#stride)];
  }

  /**
   * What the next vectors are encoded from.
   * @param place where the centroid lies as queries of squared L2 see it; null under inner products.
   */
  setCentroid(centroid: Float32Array, place: Float32Array | null): void {
    this.#floats.set(centroid, this.#stride);
    this.#floats.fill(0, 2 * this.#stride);
    if (place !== null) this.#floats.set(place, 2 * this.#stride);
    this.#byPlace = place !== null;
  }

  /** Puts a vector's codes in the place of a row. */
  encode(row: number, vector: Float32Array): void {
    assert(vector.length === this.dimension && row < this.rows, 'a vector of the dimension, a row of the slab');
    // What is padded is 0, and stays so: a difference of zeros is 0.
    this.#floats.set(vector, 0);
    const bytes = 4 * this.#stride;
    this.#kernels.encodeCodes(
      this.#vectorAt, this.#vectorAt + bytes, this.#byPlace ? this.#vectorAt + 2 * bytes : 0, this.#stride,
      this.#codesAt + row * this.#stride, this.#scalesAt + row * 4, this.#addedAt + row * 4,
    );
  }

  /**
   * Begins a search.
   * @param weight of the inner product in a distance.
   * @param k candidates, at least 1.
   * @param visible bitset of the rows that take part; null: all.
   */
  begin(query: Float32Array, weight: number, k: number, visible: Uint32Array | null): void {
    assert(query.length === this.dimension, 'the query has another dimension than the rows');
    assert(Number.isInteger(k) && k >= 1, 'at least one candidate');
    this.#reach(this.#heapAt + k * 8);
    let largest = 0;
    for (let i = 0; i < query.length; i += 1) largest = Math.max(largest, Math.abs(query[i] ?? 0));
    const scale = largest / queryMax;
    let sum = 0;
    for (let i = 0; i < query.length; i += 1) {
      const code = scale > 0 ? Math.round((query[i] ?? 0) / scale) : 0;
      this.#query[i] = code;
      sum += code;
    }
    this.#weight = weight * scale;
    this.#shift = zero * sum;
    this.#visible = visible;
    this.#kernels.begin(this.#heapAt, k, this.rows, this.#stride);
  }

  /** Offers neighbouring rows. @param base of their distances. @returns how many of them are visible. */
  scan(first: number, count: number, base: number): number {
    assert(first >= 0 && count >= 0 && first + count <= this.rows, 'rows beyond the slab');
    return this.#offer(first, count, base, 0);
  }

  /** The same of rows that lie elsewhere, and whose parts were written over those of the first `count` rows here. */
  scanAs(first: number, count: number, base: number): number {
    assert(first >= 0 && count >= 0 && count <= this.rows, 'more rows than the slab holds');
    return this.#offer(first, count, base, first);
  }

  /** Distance of the farthest candidate; infinite as long as there is room for more. */
  get bound(): number {
    return this.#kernels.bound();
  }

  /** The nearest of what was offered, nearest first by these distances. */
  finish(): Uint32Array {
    const count = this.#kernels.finish();
    const rows = new Uint32Array(count);
    for (let i = 0; i < count; i += 1) rows[i] = this.#words[this.#heapAt / 4 + 2 * i] ?? 0;
    return rows;
  }

  /** @param away the row that stands where row 0 does. Its address is taken back by as much, and wraps around. */
  #offer(first: number, count: number, base: number, away: number): number {
    if (count === 0) return 0;
    const codesAt = this.#codesAt - away * this.#stride;
    const scalesAt = this.#scalesAt - away * 4;
    const addedAt = this.#addedAt - away * 4;
    const visible = this.#visible;
    if (visible === null) {
      this.#kernels.scanCodes(0, this.#stride, codesAt, scalesAt, addedAt, first, count, base, this.#weight, this.#shift);
      return count;
    }
    const word = first >>> 5;
    this.#words.set(visible.subarray(word, Math.ceil((first + count) / 32)), this.#bitsAt / 4);
    return this.#kernels.scanCodeBits(
      0, this.#stride, codesAt, scalesAt, addedAt, first, count, base, this.#weight, this.#shift, this.#bitsAt - word * 4,
      this.#listAt, listRows,
    );
  }

  #reach(end: number): void {
    const missing = end - this.#words.byteLength;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#query = new Int8Array(this.#memory.buffer, 0, this.#stride);
    this.#floats = new Float32Array(this.#memory.buffer, this.#vectorAt, 3 * this.#stride);
    this.#words = new Uint32Array(this.#memory.buffer);
  }
}
