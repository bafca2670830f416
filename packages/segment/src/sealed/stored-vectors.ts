/** Full vectors that stay in their file: what a search needs of them is read by position, and scored as if it had been in memory. */
import { Slab, strideOf, type KernelMetric, type Top } from '../kernels/index.ts';
import { perDimension } from '../scratch.ts';
import type { Vectors } from '../vectors.ts';
import { FileReader } from './file-reader.ts';

/** Of what is read at once: it stays in the cache until it is scored. */
const partBytes = 1 << 20;

/** Where rows are read into. */
const partOf = perDimension((dimension) => {
  // A multiple of 64 rows, which is what a part has to be: of 4,096 dimensions just 64.
  const rows = Math.ceil(partBytes / (dimension * 4) / 64) * 64;
  return new Slab({ dimension, rows, rowsMax: rows });
});

export class StoredVectors implements Vectors {
  readonly dimension: number;
  readonly bytes = 0;
  readonly #file: FileReader;
  readonly #rowBytes: number;

  /** Opens the file; {@link close} closes it. */
  constructor(path: string, dimension: number) {
    this.dimension = dimension;
    this.#rowBytes = strideOf(dimension) * 4;
    this.#file = new FileReader(path);
  }

  /** @throws AppError DATA_LOSS, as all that reads. */
  scan(metric: KernelMetric, query: Float32Array, count: number, k: number, visible: Uint32Array | null): Top {
    return partOf(this.dimension).scanParts(metric, query, count, k, visible, (first, into) => { this.#read(first, into); });
  }

  scanList(metric: KernelMetric, query: Float32Array, list: Uint32Array, k: number): Top {
    // In order, so that ties go to the lower row, and neighbours are read together.
    const rows = list.toSorted();
    const { rows: places, distances } = partOf(this.dimension).scanParts(metric, query, rows.length, k, null, (first, into) => {
      this.#readRows(rows.subarray(first, first + into.byteLength / this.#rowBytes), into);
    });
    return { rows: places.map((place) => rows[place] ?? 0), distances };
  }

  each(first: number, count: number, visit: (row: number, vector: Float32Array) => void): void {
    const { capacity, stride } = partOf(this.dimension);
    const part = new Float32Array(Math.min(capacity, count) * stride);
    for (let start = 0; start < count; start += capacity) {
      const rows = Math.min(capacity, count - start);
      this.#read(first + start, part.subarray(0, rows * stride));
      for (let i = 0; i < rows; i += 1) visit(first + start + i, part.subarray(i * stride, (i + 1) * stride));
    }
  }

  close(): void {
    this.#file.close();
  }

  /** Ascending rows, one after the other. */
  #readRows(rows: Uint32Array, into: Float32Array): void {
    const stride = this.#rowBytes / 4;
    for (let at = 0; at < rows.length;) {
      const first = rows[at] ?? 0;
      let end = at + 1;
      while (end < rows.length && rows[end] === first + end - at) end += 1;
      this.#read(first, into.subarray(at * stride, end * stride));
      at = end;
    }
  }

  #read(first: number, into: Float32Array): void {
    this.#file.read(new Uint8Array(into.buffer, into.byteOffset, into.byteLength), first * this.#rowBytes);
  }
}
