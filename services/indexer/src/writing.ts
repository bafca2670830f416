/** Whether a shard is written to, and since when it is not. */
import { quietAfter, type Quiet } from './policy.ts';

export interface WritingOptions {
  /** Milliseconds without a write, as they are now: it changes with what is there. */
  readonly idleAfterMs: () => number;
  readonly restMs: number;
  /** It is idle: called once after what was written, and not with the next look at the shard. */
  readonly onIdle: () => void;
  /** Aborts when the shard is to stop. */
  readonly stop: AbortSignal;
}

export class Writing {
  readonly #options: WritingOptions;
  #lastMs = performance.now();
  /** A batch is being applied, or waits until there is room for it. */
  #isUnderWay = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WritingOptions) {
    this.#options = options;
  }

  /** Milliseconds since something was written, or began to be. */
  get sinceMs(): number {
    return performance.now() - this.#lastMs;
  }

  get quiet(): Quiet {
    return this.#isUnderWay ? 'busy' : quietAfter(this.sinceMs, this.#options.idleAfterMs(), this.#options.restMs);
  }

  /** A batch begins, or goes on. @returns now, ms. */
  goesOn(): number {
    clearTimeout(this.#timer);
    this.#isUnderWay = true;
    this.#lastMs = performance.now();
    return this.#lastMs;
  }

  /** A batch is applied, or is not going to be. Who is idle at once is told nothing: it is looked at often enough. */
  ends(): void {
    const { idleAfterMs, stop } = this.#options;
    if (this.#isUnderWay) this.#lastMs = performance.now();
    this.#isUnderWay = false;
    clearTimeout(this.#timer);
    const afterMs = idleAfterMs();
    if (afterMs > 0 && !stop.aborted) this.#timer = setTimeout(() => { this.#look(); }, Math.max(1, Math.ceil(afterMs - this.sinceMs))).unref();
  }

  /** What it waits for may have become longer meanwhile: an index is there. */
  #look(): void {
    if (this.quiet === 'busy') this.ends();
    else this.#options.onIdle();
  }
}
