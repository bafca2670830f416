/**
 * Codes of rows that have no index, made as they are searched: candidates are chosen by them, in a fifth of the time that exact distances
 * take, and scored from full vectors afterwards. Rows only ever come to it.
 */
import type { Metric } from '@proximadb/schemas';
import type { RowSet } from './filter/index.ts';
import { CodeSlab } from './kernels/index.ts';
import { kernelOf } from './metric.ts';
import { difference, meanOf, type Vectors } from './vectors.ts';

/** Rows that one search gives their codes: these, or a share of those that have none, which takes about as long as comparing all of them exactly. */
const codedASearch = 512;
const shareASearch = 16;
/** Rows whose mean is the middle of all. */
const sampleRows = 1_024;

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
   * About the nearest of rows 0 … count − 1, by codes, and all those that have none yet: to give a row its codes takes as long as 20 exact
   * distances, so a search does that for a few rows only.
   * @param wanted candidates by codes, at most. @param visible rows that take part; null: all.
   */
  candidates(query: Float32Array, count: number, wanted: number, visible: RowSet | null): Uint32Array {
    const { codes, middle } = this.#codesOf(count);
    // Differences from the middle of all: |q − m|² is the same for all rows, and so is q · m.
    codes.begin(this.#byPlace ? difference(query, middle) : query, this.#byPlace ? 2 : 1, Math.max(1, Math.min(wanted, this.#count)), visible?.words ?? null);
    codes.scan(0, this.#count, 0);
    const nearest = codes.finish();
    if (this.#count === count) return nearest;
    const all = new Uint32Array(nearest.length + count - this.#count);
    all.set(nearest);
    let length = nearest.length;
    for (let row = this.#count; row < count; row += 1) {
      if (visible !== null && !visible.has(row)) continue;
      all[length] = row;
      length += 1;
    }
    return all.subarray(0, length);
  }

  #codesOf(count: number): { readonly codes: CodeSlab; readonly middle: Float32Array } {
    const { dimension } = this.#vectors;
    if (this.#made === undefined) {
      const middle = meanOf(this.#vectors, count, Math.ceil(count / sampleRows));
      const codes = new CodeSlab(dimension, this.#rowsMax);
      codes.setCentroid(middle, this.#byPlace ? new Float32Array(dimension) : null);
      this.#made = { codes, middle };
    }
    const { codes } = this.#made;
    const slice = Math.min(count - this.#count, Math.max(codedASearch, Math.ceil((count - this.#count) / shareASearch)));
    this.#vectors.each(this.#count, slice, (row, vector) => { codes.encode(row, vector.subarray(0, dimension)); });
    this.#count += slice;
    return this.#made;
  }
}
