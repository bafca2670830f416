/**
 * The distances of the k nearest that one search has found so far, in whatever segments and shards: of the next ones nothing farther counts. Segments are
 * many while rows come in, and each by itself would compare far more rows exactly to know its own k nearest.
 */
export class NearestSoFar {
  /** Ascending. */
  #distances = new Float32Array();
  readonly #k: number;

  /** @param k hits that are asked for, at least 1. */
  constructor(k: number) {
    this.#k = k;
  }

  /** Of the k-th; infinite as long as fewer are known. */
  get bound(): number {
    return this.#distances.length < this.#k ? Infinity : this.#distances.at(-1) ?? Infinity;
  }

  /** @param distances of a kernel, ascending, of rows that were not added before. */
  add(distances: Float32Array): void {
    if (distances.length === 0 || (distances[0] ?? 0) >= this.bound) return;
    const both = new Float32Array(this.#distances.length + distances.length);
    both.set(this.#distances);
    both.set(distances, this.#distances.length);
    this.#distances = both.sort().subarray(0, this.#k);
  }
}
