/**
 * Rows of 7-bit codes in WebAssembly memory, for choosing candidates: a quarter of the bytes of full vectors, and less than half of the time.
 * A row stands for (code − 64) × its scale in each dimension; its distance to a query is
 * `base + added − weight × scale × Σ query code × (code − 64)`, where the caller says what base and weight are.
 */
import { assert } from '@proximadb/errors';
import { instantiate, pageBytes, type Kernels, type Memory } from './module.ts';

/** Code of 0. */
const zero = 64;
/** Codes are 64 ± 63; those of a query ± 127. */
const codeMax = 63;
const queryMax = 127;
/** Floats that the kernels may read past the last row's. */
const slack = 4;

/** Bytes from one row's codes to the next. */
function codeStride(dimension: number): number {
  return Math.ceil(dimension / 16) * 16;
}

/** Of scales, what is added, and codes of so many rows, as they lie in memory and in files. */
export function codesBytes(dimension: number, rows: number): number {
  return 2 * (rows + slack) * 4 + rows * codeStride(dimension);
}

/** What {@link encodeRow} fills: the parts of a buffer of {@link codesBytes}. */
export interface CodeRows {
  readonly scales: Float32Array;
  readonly added: Float32Array;
  readonly codes: Uint8Array;
}

export function codeRows(buffer: ArrayBufferLike, byteOffset: number, dimension: number, rows: number): CodeRows {
  const floats = rows + slack;
  return {
    scales: new Float32Array(buffer, byteOffset, floats), added: new Float32Array(buffer, byteOffset + floats * 4, floats),
    codes: new Uint8Array(buffer, byteOffset + floats * 8, rows * codeStride(dimension)),
  };
}

/** Codes and scale of a vector. @param added see {@link CodeSlab}. */
export function encodeRow(into: CodeRows, row: number, vector: Float32Array, added: number): void {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  // What the smallest scale cannot tell from 0 is 0.
  const scale = Math.fround(largest / codeMax);
  const stride = codeStride(vector.length);
  const codes = into.codes.subarray(row * stride, (row + 1) * stride);
  codes.fill(zero);
  if (scale > 0) for (let i = 0; i < vector.length; i += 1) codes[i] = zero + Math.max(-codeMax, Math.min(codeMax, Math.round((vector[i] ?? 0) / scale)));
  into.scales[row] = scale;
  into.added[row] = added;
}

export class CodeSlab {
  readonly dimension: number;
  readonly rows: number;
  readonly #stride: number;
  readonly #memory: Memory;
  readonly #kernels: Kernels;
  readonly #codesAt: number;
  readonly #scalesAt: number;
  readonly #addedAt: number;
  readonly #bitsAt: number;
  readonly #heapAt: number;
  #query: Int8Array;
  #words: Uint32Array;
  #weight = 0;
  #shift = 0;
  #masked = false;

  /** @throws RangeError if they do not fit into 4 GiB, or there is no address space. */
  constructor(dimension: number, rows: number) {
    this.dimension = dimension;
    this.rows = rows;
    this.#stride = codeStride(dimension);
    this.#scalesAt = this.#stride;
    this.#addedAt = this.#scalesAt + (rows + slack) * 4;
    this.#codesAt = this.#addedAt + (rows + slack) * 4;
    this.#bitsAt = Math.ceil((this.#scalesAt + codesBytes(dimension, rows)) / 8) * 8;
    this.#heapAt = Math.ceil((this.#bitsAt + Math.ceil(rows / 32) * 4) / 8) * 8;
    const pages = Math.ceil(this.#heapAt / pageBytes);
    const { memory, kernels } = instantiate(pages, pages + Math.ceil(rows * 8 / pageBytes) + 1);
    this.#memory = memory;
    this.#kernels = kernels;
    this.#query = new Int8Array(memory.buffer, 0, this.#stride);
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
    this.#words = new Uint32Array(this.#memory.buffer);
  }
}
