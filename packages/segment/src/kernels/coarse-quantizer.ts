/**
 * Which of many centroids vectors are nearest to, four vectors at a time. Codes of 7 bits, seen from the middle of the centroids, choose eight of these, and
 * exact distances one: of centroids that codes cannot tell apart it may be another one that is about as near.
 *
 * The memory, from address 0: four vectors, a centroid on its way to its codes, the middle, and zeros, each padded; codes of the vectors, what weights and
 * shifts them; what was found; scales, what is added, codes, and vectors of the centroids.
 */
import { assert } from '@proximadb/errors';
import { codeStride } from './code-slab.ts';
import { instantiate, pageBytes, type Kernels } from './module.ts';
import { metricNumbers, type Slab } from './slab.ts';

/** Vectors. */
const batch = 4;
/** Of a number for each of them, and of what the kernel keeps of them. */
const numbersBytes = batch * 4;
const bestBytes = 264;

export class CoarseQuantizer {
  readonly #metric: number;
  readonly #count: number;
  readonly #stride: number;
  readonly #kernels: Kernels;
  readonly #slots: readonly Float32Array[];
  readonly #nearest: Uint32Array;
  readonly #middleAt: number;
  readonly #soughtAt: number;
  readonly #weightsAt: number;
  readonly #shiftsAt: number;
  readonly #bestAt: number;
  readonly #nearestAt: number;
  readonly #scalesAt: number;
  readonly #addedAt: number;
  readonly #codesAt: number;
  readonly #rowsAt: number;

  /**
   * @param metric under `ip` all centroids are of one length: then the nearest by it are those by their places.
   * @param centroids all rows of the slab, at least one; what it holds is copied.
   * @param middle of the centroids, about.
   * @throws RangeError if there is no address space.
   */
  constructor(metric: 'ip' | 'l2sq', centroids: Slab, middle: Float32Array) {
    const { dimension, capacity: count } = centroids;
    assert(count > 0 && middle.length === dimension, 'one centroid at least, of the dimension of the middle');
    this.#metric = metricNumbers[metric];
    this.#count = count;
    this.#stride = codeStride(dimension);
    const rowBytes = this.#stride * 4;
    let end = 0;
    const place = (bytes: number): number => {
      const at = end;
      end = Math.ceil((at + bytes) / 16) * 16;
      return at;
    };
    const slotsAt = place(batch * rowBytes);
    const scratchAt = place(rowBytes);
    this.#middleAt = place(rowBytes);
    const zerosAt = place(rowBytes);
    this.#soughtAt = place(batch * this.#stride);
    this.#weightsAt = place(numbersBytes);
    this.#shiftsAt = place(numbersBytes);
    this.#bestAt = place(bestBytes);
    this.#nearestAt = place(numbersBytes);
    this.#scalesAt = place(count * 4);
    this.#addedAt = place(count * 4);
    this.#codesAt = place(count * this.#stride);
    this.#rowsAt = place(count * rowBytes);
    const { memory: { buffer }, kernels } = instantiate(Math.ceil(end / pageBytes));
    this.#kernels = kernels;
    this.#slots = Array.from({ length: batch }, (_, slot) => new Float32Array(buffer, slotsAt + slot * rowBytes, dimension));
    this.#nearest = new Uint32Array(buffer, this.#nearestAt, batch);
    new Float32Array(buffer, this.#middleAt, dimension).set(middle);
    const scratch = new Float32Array(buffer, scratchAt, this.#stride);
    centroids.each(0, count, (row, vector) => {
      const values = vector.subarray(0, dimension);
      new Float32Array(buffer, this.#rowsAt + row * rowBytes, dimension).set(values);
      scratch.fill(0);
      scratch.set(values);
      kernels.encodeCodes(
        scratchAt, this.#middleAt, zerosAt, this.#stride, this.#codesAt + row * this.#stride, this.#scalesAt + row * 4, this.#addedAt + row * 4,
      );
    });
  }

  /**
   * The nearest centroid of each vector, as they come.
   * @param rows of the vectors. @param vector a row's, `dimension` floats, valid until the next call.
   * @param visit the vector is valid during its call.
   */
  each(rows: ArrayLike<number>, vector: (row: number) => Float32Array, visit: (row: number, nearest: number, vector: Float32Array) => void): void {
    for (let first = 0; first < rows.length; first += batch) {
      const slots = this.#slots.slice(0, rows.length - first);
      slots.forEach((slot, i) => {
        slot.set(vector(rows[first + i] ?? 0));
        this.#kernels.encodeSought(
          slot.byteOffset, this.#middleAt, this.#stride, this.#soughtAt + i * this.#stride, this.#weightsAt + i * 4, this.#shiftsAt + i * 4,
        );
      });
      this.#kernels.nearestOfFour(
        this.#metric, this.#slots[0]?.byteOffset ?? 0, this.#rowsAt, this.#soughtAt, this.#stride, this.#weightsAt, this.#shiftsAt, this.#codesAt,
        this.#scalesAt, this.#addedAt, this.#count, this.#bestAt, this.#nearestAt,
      );
      slots.forEach((slot, i) => { visit(rows[first + i] ?? 0, this.#nearest[i] ?? 0, slot); });
    }
  }
}
