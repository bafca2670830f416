/**
 * A slab: float32 vectors of one dimension, row after row in one WebAssembly memory, where the kernels search them exactly.
 *
 * The memory, from address 0:
 *   query    one padded row
 *   list     2,048 row numbers
 *   bits     2,048 words of a bitset
 *   rows     capacity × stride floats
 *   heap     8 bytes for each of the k nearest, as far as memory reaches; it holds nothing between calls, so rows grow over it
 */
import assert from 'node:assert/strict';
import { instantiate, pageBytes, pagesMax, type Kernels, type Memory } from './module.ts';
import { scaleToUnit } from './normalize.ts';

/** Distances: the negative inner product, the squared L2 norm and the L1 norm of the difference. Smaller is nearer. */
export type KernelMetric = 'ip' | 'l2sq' | 'l1';

/** Ascending by distance, then by row. Both arrays are the caller's. */
export interface Top {
  readonly rows: Uint32Array;
  /** A distance that overflows is Infinity. */
  readonly distances: Float32Array;
}

/** The largest k of a scan. */
export const kMax = 65_536;

const chunk = 2048;
const chunkBytes = chunk * 4;
const rowsPerWord = 32;
/** As assembly/distances.ts numbers them. */
export const metricNumbers: Readonly<Record<KernelMetric, number>> = { ip: 0, l2sq: 1, l1: 2 };

/** Floats from one vector to the next, in a slab and in a vector file: the dimension, rounded up to whole SIMD lanes. */
export function strideOf(dimension: number): number {
  return Math.ceil(dimension / 4) * 4;
}

export class Slab {
  readonly dimension: number;
  /** See {@link strideOf}. Floats past the dimension must stay 0. */
  readonly stride: number;
  readonly #rowsMax: number;
  readonly #rowBytes: number;
  readonly #listAt: number;
  readonly #bitsAt: number;
  readonly #rowsAt: number;
  readonly #memory: Memory;
  readonly #kernels: Kernels;
  #capacity: number;
  /** The end of what a heap has written to beyond the rows. */
  #heapEnd = 0;
  #floats: Float32Array;
  #words: Uint32Array;

  /**
   * @param options.dimension floats a vector, at least 1
   * @param options.rows the capacity to begin with
   * @param options.rowsMax the capacity never gets beyond; memory is taken only as the slab grows
   * @throws RangeError if `rowsMax` rows do not fit into the 4 GiB of a WebAssembly memory, or the process has no address
   * space for another memory (there is room for about 16,000)
   */
  constructor(options: { dimension: number; rows: number; rowsMax: number }) {
    const { dimension, rows, rowsMax } = options;
    assert(Number.isInteger(dimension) && dimension >= 1, 'a dimension is a positive integer');
    assert(Number.isInteger(rows) && rows >= 0 && Number.isInteger(rowsMax) && rows <= rowsMax, 'rows and rowsMax are counts, rows ≤ rowsMax');
    this.dimension = dimension;
    this.stride = strideOf(dimension);
    this.#rowsMax = rowsMax;
    this.#rowBytes = this.stride * 4;
    this.#listAt = this.#rowBytes;
    this.#bitsAt = this.#listAt + chunkBytes;
    this.#rowsAt = this.#bitsAt + chunkBytes;
    this.#capacity = rows;
    const pages = Math.ceil((this.#rowsEnd(rowsMax) + Math.min(kMax, rowsMax) * 8) / pageBytes);
    if (pages > pagesMax) throw new RangeError(`${rowsMax} rows of ${dimension} dimensions are more than a slab holds`);
    const { memory, kernels } = instantiate(Math.ceil(this.#rowsEnd(rows) / pageBytes));
    this.#memory = memory;
    this.#kernels = kernels;
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
  }

  /** Rows there is room for. All of them exist, and are zero until written. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Memory held, scratch areas included. Pages never touched cost address space only. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /**
   * Makes room for at least `rows` rows, a quarter more than before if it grows, so that adding one by one stays cheap.
   * Views handed out before become invalid.
   * @throws RangeError past rowsMax, and if memory is exhausted; the slab stays as it was
   */
  ensure(rows: number): void {
    if (rows <= this.#capacity) return;
    if (!(rows <= this.#rowsMax)) throw new RangeError(`a slab of at most ${this.#rowsMax} rows was asked for ${rows}`);
    const capacity = Math.min(this.#rowsMax, Math.max(rows, Math.ceil(this.#capacity * 1.25)));
    const end = this.#rowsEnd(this.#capacity);
    this.#reach(this.#rowsEnd(capacity));
    if (this.#heapEnd > end) this.#words.fill(0, end / 4, this.#heapEnd / 4);
    this.#heapEnd = 0;
    this.#capacity = capacity;
  }

  /** A view of `stride` floats, valid until the next `ensure` or scan. */
  row(row: number): Float32Array {
    return this.rows(row, 1);
  }

  /** A view of `count` whole rows, e.g. to read a file into; valid until the next `ensure` or scan. */
  rows(start: number, count: number): Float32Array {
    this.#assertRows(start, count);
    const at = this.#rowsAt / 4 + start * this.stride;
    return this.#floats.subarray(at, at + count * this.stride);
  }

  /** Rows in their order, from `first` on, each whole and valid during its call only. */
  each(first: number, count: number, visit: (row: number, vector: Float32Array) => void): void {
    for (let row = first; row < first + count; row += 1) visit(row, this.row(row));
  }

  /** Scales a row to L2 norm 1, neither underflow nor overflow in the way. A zero row stays as it is. */
  normalize(row: number): void {
    scaleToUnit(this.row(row));
  }

  /** The same number, to the last bit, that a scan finds for this row. `query`: `dimension` floats. */
  distance(metric: KernelMetric, query: Float32Array, row: number): number {
    this.#assertRows(row, 1);
    this.#setQuery(query);
    return this.#kernels.distance(metricNumbers[metric], 0, this.#rowBytes, this.#rowsAt + row * this.#rowBytes);
  }

  /**
   * The k nearest of the rows 0 … count - 1.
   * @param query `dimension` floats
   * @param k at most 65,536
   * @param visible a bitset over the rows, bit 0 of word 0 being row 0, at least `count` bits; null: all rows
   */
  scan(metric: KernelMetric, query: Float32Array, count: number, k: number, visible: Uint32Array | null): Top {
    this.#assertRows(0, count);
    const capped = this.#begin(query, k, count);
    if (capped === 0) return emptyTop();
    const kernel = metricNumbers[metric];
    if (visible === null) this.#kernels.scanRange(kernel, 0, this.#rowBytes, this.#rowsAt, 0, count);
    else this.#scanVisible(kernel, this.#rowsAt, 0, count, visible);
    return this.#finish();
  }

  /**
   * The same of rows that lie elsewhere, any number of them: they are read part by part, each over the one before, so what the slab held is lost. Its
   * capacity must be a multiple of 64. A part without a visible row is not read.
   * @param read writes whole rows, from `first` on, as many as there is room for
   */
  scanParts(
    metric: KernelMetric, query: Float32Array, count: number, k: number, visible: Uint32Array | null, read: (first: number, into: Float32Array) => void,
  ): Top {
    assert(this.#capacity > 0 && this.#capacity % 64 === 0, 'parts begin with a pair of words of a bitset');
    const capped = this.#begin(query, k, count);
    if (capped === 0) return emptyTop();
    const kernel = metricNumbers[metric];
    for (let first = 0; first < count; first += this.#capacity) {
      const rows = Math.min(this.#capacity, count - first);
      if (visible !== null && !visible.subarray(first / rowsPerWord, Math.ceil((first + rows) / rowsPerWord)).some((word) => word !== 0)) continue;
      read(first, this.rows(0, rows));
      // Where row 0 would lie if it were there, too: addresses wrap around.
      const rowsAt = this.#rowsAt - first * this.#rowBytes;
      if (visible === null) this.#kernels.scanRange(kernel, 0, this.#rowBytes, rowsAt, first, rows);
      else this.#scanVisible(kernel, rowsAt, first, rows, visible);
    }
    return this.#finish();
  }

  /**
   * The k nearest of the listed rows.
   * @param list row numbers in any order, none of them twice (it would be answered twice)
   * @param k at most 65,536
   */
  scanList(metric: KernelMetric, query: Float32Array, list: Uint32Array, k: number): Top {
    for (let i = 0; i < list.length; i += 1) assert((list[i] ?? 0) < this.#capacity, 'a listed row is beyond the slab');
    const capped = this.#begin(query, k, list.length);
    if (capped === 0) return emptyTop();
    for (let start = 0; start < list.length; start += chunk) {
      const part = list.subarray(start, start + chunk);
      this.#words.set(part, this.#listAt / 4);
      this.#kernels.scanList(metricNumbers[metric], 0, this.#rowBytes, this.#rowsAt, this.#listAt, part.length);
    }
    return this.#finish();
  }

  /** @param from a multiple of 64. */
  #scanVisible(kernel: number, rowsAt: number, from: number, count: number, visible: Uint32Array): void {
    const end = from + count;
    const words = Math.ceil(end / rowsPerWord);
    assert(visible.length >= words, 'the bitset is shorter than the rows');
    const bits = this.#bitsAt / 4;
    for (let start = from / rowsPerWord; start < words; start += chunk) {
      const length = Math.min(chunk, words - start);
      this.#words.set(visible.subarray(start, start + length), bits);
      // The kernel reads pairs of words; and what lies behind the last row does not count.
      if (length % 2 === 1) this.#words[bits + length] = 0;
      const rest = end - (start + length - 1) * rowsPerWord;
      if (rest < rowsPerWord) this.#words[bits + length - 1] = (this.#words[bits + length - 1] ?? 0) & (2 ** rest - 1);
      const first = start * rowsPerWord;
      this.#kernels.scanBits(kernel, 0, this.#rowBytes, rowsAt, first, this.#bitsAt, length + length % 2, this.#listAt, chunk);
    }
  }

  /** Answers how many rows can come out at most. */
  #begin(query: Float32Array, k: number, rows: number): number {
    assert(Number.isInteger(k) && k >= 0 && k <= kMax, `k is a count of at most ${kMax}`);
    this.#setQuery(query);
    const capped = Math.min(k, rows);
    const heapAt = this.#rowsEnd(this.#capacity);
    const end = heapAt + capped * 8;
    this.#reach(end);
    this.#heapEnd = Math.max(this.#heapEnd, end);
    if (capped > 0) this.#kernels.begin(heapAt, capped, rows, this.#rowBytes);
    return capped;
  }

  #finish(): Top {
    const count = this.#kernels.finish();
    const rows = new Uint32Array(count);
    const distances = new Float32Array(count);
    const bits = new Uint32Array(distances.buffer);
    const heap = this.#rowsEnd(this.#capacity) / 4;
    for (let i = 0; i < count; i += 1) {
      rows[i] = this.#words[heap + 2 * i] ?? 0;
      bits[i] = this.#words[heap + 2 * i + 1] ?? 0;
    }
    return { rows, distances };
  }

  #setQuery(query: Float32Array): void {
    assert(query.length === this.dimension, 'the query has another dimension than the rows');
    this.#floats.set(query, 0);
  }

  /** Grows the memory so that it has `end` bytes. */
  #reach(end: number): void {
    const missing = end - this.#words.byteLength;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
  }

  /** Where the heap begins: rows are multiples of 16 bytes, so it is aligned. */
  #rowsEnd(rows: number): number {
    return this.#rowsAt + rows * this.#rowBytes;
  }

  #assertRows(start: number, count: number): void {
    assert(Number.isInteger(start) && Number.isInteger(count) && start >= 0 && count >= 0 && start + count <= this.#capacity, 'rows beyond the slab');
  }
}

function emptyTop(): Top {
  return { rows: new Uint32Array(), distances: new Float32Array() };
}
