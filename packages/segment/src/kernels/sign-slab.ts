/**
 * Rows of one bit a number in WebAssembly memory: which rows are worth an exact distance, from a twentieth of the bytes of full vectors. Each row
 * knows how far its bits may mislead, so a search can ask for all that may be as near as what it has found. See `assembly/signs.ts`.
 *
 * The memory, from address 0: a query's tables, a vector, the rotation's masks; recalls, the centroid, and blocks of rows, as a file has them; a bitset; of
 * each block which of its rows a search looked at, and the least distances; the list of an answer; the heap of the nearest.
 */
import { assert } from '@proximadb/errors';
import { instantiate, pageBytes, type Kernels, type Memory } from './module.ts';

/** Numbers of a rotated vector are a multiple of it: the bits of a SIMD register. */
const step = 128;
const rounds = 3;
/** Of a row: scale, slack, what is added. */
const headBytes = 12;
const blockRows = 16;
const recallsMax = 8;
const cacheLine = 64;

export interface SignSearch {
  /** Of the inner product in a distance. */
  readonly weight: number;
  /** Standard deviations that a distance may be off by and the row still counts: what `within` goes by. */
  readonly deviations: number;
  /** Rows 0 … count − 1 are searched. */
  readonly count: number;
  /** At least 1. */
  readonly wanted: number;
  /** Bitset of the rows that take part; null: all. */
  readonly visible: Uint32Array | null;
}

export class SignSlab {
  readonly dimension: number;
  readonly rows: number;
  /** Numbers, and so bits, of a row. */
  readonly #width: number;
  /** What a transform takes of them: see `assembly/signs.ts`. */
  readonly #part: number;
  readonly #blockBytes: number;
  readonly #vectorAt: number;
  readonly #masksAt: number;
  readonly #recallsAt: number;
  readonly #centroidAt: number;
  readonly #rowsAt: number;
  readonly #bitsAt: number;
  readonly #looksAt: number;
  readonly #lowsAt: number;
  readonly #listAt: number;
  readonly #heapAt: number;
  readonly #memory: Memory;
  readonly #kernels: Kernels;
  #floats: Float32Array;
  #words: Uint32Array;
  readonly #withPlace: boolean;

  /**
   * @param withPlace whether distances are squared L2, of queries that are given as differences from the centroid, too; else inner products.
   * @throws RangeError if they do not fit into 4 GiB, or there is no address space.
   */
  constructor(dimension: number, rows: number, withPlace: boolean) {
    this.dimension = dimension;
    this.rows = rows;
    this.#withPlace = withPlace;
    this.#width = Math.ceil(dimension / step) * step;
    this.#part = 2 ** Math.floor(Math.log2(this.#width));
    this.#blockBytes = blockRows * (headBytes + this.#width / 8);
    const blocks = Math.ceil(rows / blockRows);
    // A table of 16 bytes for 4 numbers; then floats.
    this.#vectorAt = this.#width * 4;
    this.#masksAt = this.#vectorAt + 4 * this.#width;
    // Blocks begin where lines of the processor's cache do: all before and between them takes whole lines.
    this.#recallsAt = this.#masksAt + rounds * 4 * this.#part + (cacheLine - 4 * recallsMax);
    this.#centroidAt = this.#recallsAt + 4 * recallsMax;
    this.#rowsAt = this.#centroidAt + 4 * this.#width;
    this.#bitsAt = this.#rowsAt + blocks * this.#blockBytes;
    this.#looksAt = this.#bitsAt + Math.ceil(rows / 32) * 4;
    this.#lowsAt = this.#looksAt + blocks * 4;
    this.#listAt = this.#lowsAt + blocks * blockRows * 4;
    this.#heapAt = Math.ceil((this.#listAt + rows * 4) / 8) * 8;
    const { memory, kernels } = instantiate(Math.ceil(this.#heapAt / pageBytes));
    this.#memory = memory;
    this.#kernels = kernels;
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#words.set(randomSigns(rounds * this.#part), this.#masksAt / 4);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** All of it, as a file has it. Valid until the next search. */
  get content(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#recallsAt, this.#bitsAt - this.#recallsAt);
  }

  /** What was measured of the rows, as far as something was: up to {@link recallsMax} numbers that are kept with them. A view, valid until the next search. */
  get recalls(): Float32Array {
    return this.#floats.subarray(this.#recallsAt / 4, this.#recallsAt / 4 + recallsMax);
  }

  /** What vectors are encoded from; a copy. */
  get centroid(): Float32Array {
    return this.#floats.slice(this.#centroidAt / 4, this.#centroidAt / 4 + this.dimension);
  }

  /** What the next vectors are encoded from. */
  setCentroid(centroid: Float32Array): void {
    this.#floats.set(centroid, this.#centroidAt / 4);
  }

  /** Puts a vector's bits in the place of a row. */
  encode(row: number, vector: Float32Array): void {
    assert(vector.length === this.dimension && row < this.rows, 'a vector of the dimension, a row of the slab');
    this.#setVector(vector, 1);
    const blockAt = this.#rowsAt + Math.floor(row / blockRows) * this.#blockBytes;
    this.#kernels.encodeSigns(
      this.#vectorAt, this.#centroidAt, this.#width, this.#part, this.#masksAt, this.#withPlace ? 1 : 0, blockAt, row % blockRows,
    );
  }

  /** About the nearest, nearest first. */
  nearest(query: Float32Array, { weight, deviations, count, wanted, visible }: SignSearch): Uint32Array {
    assert(query.length === this.dimension, 'the query has another dimension than the rows');
    assert(Number.isInteger(wanted) && wanted >= 1 && count <= this.rows, 'at least one candidate, and rows of the slab');
    this.#reach(this.#heapAt + wanted * 8);
    let largest = 0;
    for (let i = 0; i < query.length; i += 1) largest = Math.max(largest, Math.abs(query[i] ?? 0));
    // Neither squares nor sums of what the kernels are given overflow or vanish.
    const unit = largest > 0 ? largest : 1;
    let square = 0;
    for (let i = 0; i < query.length; i += 1) square += ((query[i] ?? 0) / unit) ** 2;
    this.#setVector(query, unit);
    this.#kernels.prepareSigns(this.#vectorAt, this.#width, this.#part, this.#masksAt, 0);
    this.#kernels.begin(this.#heapAt, wanted, count, this.#blockBytes);
    if (visible !== null) this.#words.set(visible.subarray(0, Math.ceil(count / 32)), this.#bitsAt / 4);
    this.#kernels.scanSigns(
      0, this.#width / 8, this.#rowsAt, count, weight * unit, deviations * weight * unit * Math.sqrt(square), this.#withPlace ? 1 : 0,
      visible === null ? 0 : this.#bitsAt, this.#looksAt, this.#lowsAt,
    );
    const found = new Uint32Array(this.#kernels.finish());
    for (let i = 0; i < found.length; i += 1) found[i] = this.#words[this.#heapAt / 4 + 2 * i] ?? 0;
    return found;
  }

  /** Of the rows that {@link nearest} looked at last, those that may be as near as a distance (without what is the same for all rows), ascending. */
  within(distance: number): Uint32Array {
    const count = this.#kernels.withinSigns(distance, this.#listAt);
    return this.#words.slice(this.#listAt / 4, this.#listAt / 4 + count);
  }

  /** Behind the dimension there are zeros. */
  #setVector(vector: Float32Array, unit: number): void {
    const at = this.#vectorAt / 4;
    if (unit === 1) this.#floats.set(vector, at);
    else for (let i = 0; i < vector.length; i += 1) this.#floats[at + i] = (vector[i] ?? 0) / unit;
    this.#floats.fill(0, at + vector.length, at + this.#width);
  }

  #reach(end: number): void {
    const missing = end - this.#words.byteLength;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
  }
}

/** Half of them the bit of a float's sign, the others 0; always the same (xorshift32, Marsaglia 2003). */
function randomSigns(length: number): Uint32Array {
  let state = 0x9e3779b9;
  return Uint32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x80000000;
  });
}
