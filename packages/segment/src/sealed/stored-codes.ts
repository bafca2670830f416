/** Codes that stay in their file: each list is read when a search comes to it. */
import { codePlaces, CodeSlab, codeStride, type Codes } from '../kernels/index.ts';
import { perDimension } from '../scratch.ts';
import { FileReader } from './file-reader.ts';

/** Of codes that are read at once: most lists have less. */
const partBytes = 1 << 18;

export const codePartOf: (dimension: number) => CodeSlab = perDimension((dimension) =>
  new CodeSlab(dimension, Math.ceil(partBytes / codeStride(dimension))));

export class StoredCodes implements Codes {
  readonly bytes = 0;
  readonly #dimension: number;
  readonly #rows: number;
  readonly #file: FileReader;

  /** Opens the file; {@link close} closes it. @param rows it has codes of. */
  constructor(path: string, dimension: number, rows: number) {
    this.#dimension = dimension;
    this.#rows = rows;
    this.#file = new FileReader(path);
  }

  begin(query: Float32Array, weight: number, k: number, visible: Uint32Array | null): void {
    this.#part.begin(query, weight, k, visible);
  }

  /** @throws AppError DATA_LOSS. */
  scan(first: number, count: number, base: number): number {
    const part = this.#part;
    let visible = 0;
    for (let start = first; start < first + count; start += part.rows) {
      const rows = Math.min(part.rows, first + count - start);
      const places = codePlaces(this.#dimension, this.#rows, start);
      part.parts(rows).forEach((bytes, i) => { this.#file.read(bytes, places[i] ?? 0); });
      visible += part.scanAs(start, rows, base);
    }
    return visible;
  }

  get bound(): number {
    return this.#part.bound;
  }

  finish(): Uint32Array {
    return this.#part.finish();
  }

  close(): void {
    this.#file.close();
  }

  get #part(): CodeSlab {
    return codePartOf(this.#dimension);
  }
}
