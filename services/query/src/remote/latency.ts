/** How long calls take, as far as hedging needs to know. */

const windowMax = 256;
/** Fewer say nothing about the slowest twentieth. */
const samplesMin = 20;
/** New samples until the percentile is worked out anew. */
const refreshEvery = 16;

/** The last calls to one indexer, of one kind. */
export class LatencyWindow {
  readonly #samples = new Float64Array(windowMax);
  #count = 0;
  #p95Ms: number | null = null;
  #fresh = 0;

  add(ms: number): void {
    this.#samples[this.#count % windowMax] = ms;
    this.#count += 1;
    this.#fresh += 1;
  }

  /** null while too few calls were seen. */
  get p95Ms(): number | null {
    const length = Math.min(this.#count, windowMax);
    if (length < samplesMin) return null;
    if (this.#p95Ms === null || this.#fresh >= refreshEvery) {
      this.#p95Ms = this.#samples.slice(0, length).sort()[Math.ceil(length * 0.95) - 1] ?? null;
      this.#fresh = 0;
    }
    return this.#p95Ms;
  }
}

/** Extra calls at a share of all calls; a few can be saved up. */
export class HedgeBudget {
  readonly #share: number;
  readonly #savedMax: number;
  #saved: number;

  /** @param percent of all calls. */
  constructor(percent: number, savedMax = 10) {
    this.#share = percent / 100;
    this.#savedMax = percent === 0 ? 0 : savedMax;
    this.#saved = Math.min(1, this.#savedMax);
  }

  /** A call was made. */
  earn(): void {
    this.#saved = Math.min(this.#savedMax, this.#saved + this.#share);
  }

  /** @returns whether there is room for so many extra calls; they are then counted. */
  spend(calls: number): boolean {
    if (this.#saved < calls) return false;
    this.#saved -= calls;
    return true;
  }
}
