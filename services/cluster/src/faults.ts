/** What a process does without at the moment, and since when: looked at every two seconds, told to the log, to health and to `proximadb doctor`. */
import { periodically, type Logger, type MonotonicClock } from '@proximadb/process';
import type { ProcessFault } from '@proximadb/query';

const lookEveryMs = 2_000;

/** null: nothing is wrong. */
export type Probe = () => string | null;

export class Faults implements Disposable {
  readonly #probes: Readonly<Record<string, Probe>>;
  readonly #logger: Logger;
  readonly #found = new Map<string, ProcessFault>();
  readonly #timer: Disposable;

  /** @param probes by the names of the parts. */
  constructor(probes: Readonly<Record<string, Probe>>, logger: Logger, clock?: MonotonicClock) {
    this.#probes = probes;
    this.#logger = logger;
    this.#timer = periodically(lookEveryMs, () => { this.#look(); }, clock);
  }

  list(): readonly ProcessFault[] {
    this.#look();
    return [...this.#found.values()];
  }

  /** The names of the parts, with commas. */
  get away(): string {
    return this.list().map(({ part }) => part).join();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #look(): void {
    for (const [part, probe] of Object.entries(this.#probes)) {
      const what = probe();
      const known = this.#found.get(part);
      if (what === null && known !== undefined) {
        this.#found.delete(part);
        this.#logger.info('part-is-back', { part });
      } else if (what !== null && what !== known?.what) {
        this.#found.set(part, { part, what, since: known?.since ?? Date.now() * 1_000 });
        this.#logger.warn('part-is-away', { part, what });
      }
    }
  }
}
