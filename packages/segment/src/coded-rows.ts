/**
 * Codes of rows that have no index, made when they are first searched: candidates are chosen by them, in a fifth of the time that exact distances
 * take, and scored from full vectors afterwards. Rows only ever come to it.
 */
import type { Metric } from '@proximadb/schemas';
import { CodeSlab } from './kernels/index.ts';
import { kernelOf } from './metric.ts';
import { difference, meanOf, type Vectors } from './vectors.ts';

export class CodedRows {
  readonly #vectors: Vectors;
  readonly #rowsMax: number;
  readonly #byPlace: boolean;
  /** Taken with the first search: many memtables are never searched. */
  #made: { readonly codes: CodeSlab; readonly middle: Float32Array } | undefined;
  /** Rows that have codes. */
  #count = 0;

  private constructor(metric: Metric, vectors: Vectors, rowsMax: number) {
    this.#vectors = vectors;
    this.#rowsMax = rowsMax;
    this.#byPlace = kernelOf(metric) === 'l2sq';
  }

  /** Undefined under a metric that has no product: its rows are searched exactly. */
  static of(metric: Metric, vectors: Vectors, rowsMax: number): CodedRows | undefined {
    return kernelOf(metric) === 'l1' ? undefined : new CodedRows(metric, vectors, rowsMax);
  }

  get bytes(): number {
    return this.#made?.codes.bytes ?? 0;
  }

  /**
   * About the nearest of rows 0 … count − 1, by codes.
   * @param wanted candidates, at most. @param visible bitset of the rows that take part; null: all.
   */
  candidates(query: Float32Array, count: number, wanted: number, visible: Uint32Array | null): Uint32Array {
    const { codes, middle } = this.#codesOf(count);
    // Differences from the middle of all: |q − m|² is the same for all rows, and so is q · m.
    codes.begin(this.#byPlace ? difference(query, middle) : query, this.#byPlace ? 2 : 1, Math.max(1, Math.min(wanted, count)), visible);
    codes.scan(0, count, 0);
    return codes.finish();
  }

  #codesOf(count: number): { readonly codes: CodeSlab; readonly middle: Float32Array } {
    const { dimension } = this.#vectors;
    if (this.#made === undefined) {
      const middle = meanOf(this.#vectors, count);
      const codes = new CodeSlab(dimension, this.#rowsMax);
      codes.setCentroid(middle, this.#byPlace ? new Float32Array(dimension) : null);
      this.#made = { codes, middle };
    }
    const { codes } = this.#made;
    this.#vectors.each(this.#count, count - this.#count, (row, vector) => { codes.encode(row, vector.subarray(0, dimension)); });
    this.#count = Math.max(this.#count, count);
    return this.#made;
  }
}
