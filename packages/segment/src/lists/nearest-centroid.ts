import { CodeSlab, type KernelMetric, type Slab } from '../kernels/index.ts';
import { difference, meanOf } from '../vectors.ts';

/** Of so few centroids full vectors are compared as fast. */
const codedMin = 64;
/** By their codes, which tell a hundredth of what they differ by, the nearest is nearly always among so few. Deterministic all the same. */
const candidates = 4;

/** Which centroid a vector is nearest to: a few by their codes of 7 bits, in a third of the time of full vectors, and the nearest of these by those. */
export class NearestCentroid {
  readonly #kernel: KernelMetric;
  readonly #centroids: Slab;
  readonly #codes: CodeSlab | undefined;
  /** Of the centroids: what codes are seen from. */
  #middle: Float32Array = new Float32Array();

  /** @param kernel inner product or squared L2. */
  constructor(kernel: KernelMetric, centroids: Slab) {
    this.#kernel = kernel;
    this.#centroids = centroids;
    const { dimension, capacity } = centroids;
    this.#codes = capacity < codedMin ? undefined : new CodeSlab(dimension, capacity);
    this.moved();
  }

  /** To be called when centroids are others than before. */
  moved(): void {
    const { dimension, capacity } = this.#centroids;
    this.#middle = meanOf(this.#centroids, capacity);
    this.#codes?.setCentroid(this.#middle, this.#kernel === 'l2sq' ? new Float32Array(dimension) : null);
    this.#centroids.each(0, capacity, (row, centroid) => { this.#codes?.encode(row, centroid.subarray(0, dimension)); });
  }

  of(vector: Float32Array): number {
    const [kernel, centroids, codes] = [this.#kernel, this.#centroids, this.#codes];
    const { capacity } = centroids;
    if (codes === undefined) return centroids.scan(kernel, vector, capacity, 1, null).rows[0] ?? 0;
    // What a distance has besides is the same for all of them.
    codes.begin(kernel === 'l2sq' ? difference(vector, this.#middle) : vector, kernel === 'l2sq' ? 2 : 1, candidates, null);
    codes.scan(0, capacity, 0);
    return centroids.scanList(kernel, vector, codes.finish(), 1).rows[0] ?? 0;
  }
}
