/**
 * Rows of 7-bit codes in WebAssembly memory, for choosing candidates: a quarter of the bytes of full vectors, and less than half of the time.
 * A row stands for (code − 64) × its scale in each dimension: what a vector differs from a centroid by. Its distance to a query is
 * `base + added − weight × scale × Σ query code × (code − 64)`, where the caller says what base and weight are.
 *
 * The memory, from address 0: a query's codes, a vector, a centroid and its place, each padded; scales, what is added, codes of all rows; a bitset; the
 * heap of the nearest.
 */
import { assert } from '@proximadb/errors';
import { instantiate, pageBytes, type Kernels, type Memory } from './module.ts';

/** Code of 0. */
const zero = 64;
/** Codes of a query are ± 127. */
const queryMax = 127;
/** Floats that the kernels may read past the last row's. */
const slack = 4;

/** Bytes from one row's codes to the next. */
export function codeStride(dimension: number): number {
  return Math.ceil(dimension / 16) * 16;
}

/** Of scales, what is added, and codes of so many rows, as they lie in memory and in files. */
export function codesBytes(dimension: number, rows: number): number {
  return 2 * (rows + slack) * 4 + rows * codeStride(dimension);
}

export class CodeSlab {
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
  readonly #heapAt: number;
  #query: Int8Array;
  #floats: Float32Array;
  #words: Uint32Array;
  #weight = 0;
  #shift = 0;
  #masked = false;
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
    this.#heapAt = Math.ceil((this.#bitsAt + Math.ceil(rows / 32) * 4) / 8) * 8;
    const pages = Math.ceil(this.#heapAt / pageBytes);
    const { memory, kernels } = instantiate(pages, pages + Math.ceil(rows * 8 / pageBytes) + 1);
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
   * @param k candidates, at most.
   * @param visible bitset of the rows that take part; null: all.
   */
  begin(query: Float32Array, weight: number, k: number, visible: Uint32Array | null): void {
    assert(query.length === this.dimension, 'the query has another dimension than the rows');
    const capped = Math.max(1, Math.min(k, this.rows));
    this.#reach(this.#heapAt + capped * 8);
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
    this.#masked = visible !== null;
    if (visible !== null) this.#words.set(visible, this.#bitsAt / 4);
    this.#kernels.begin(this.#heapAt, capped, this.rows, this.#stride);
  }

  /** Offers neighbouring rows. @param base of their distances. @returns how many of them are visible. */
  scan(first: number, count: number, base: number): number {
    assert(first >= 0 && count >= 0 && first + count <= this.rows, 'rows beyond the slab');
    if (count === 0) return 0;
    if (this.#masked) {
      return this.#kernels.scanCodeBits(
        0, this.#stride, this.#codesAt, this.#scalesAt, this.#addedAt, first, count, base, this.#weight, this.#shift, this.#bitsAt,
      );
    }
    this.#kernels.scanCodes(0, this.#stride, this.#codesAt, this.#scalesAt, this.#addedAt, first, count, base, this.#weight, this.#shift);
    return count;
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

  #reach(end: number): void {
    const missing = end - this.#words.byteLength;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#query = new Int8Array(this.#memory.buffer, 0, this.#stride);
    this.#floats = new Float32Array(this.#memory.buffer, this.#vectorAt, 3 * this.#stride);
    this.#words = new Uint32Array(this.#memory.buffer);
  }
}
