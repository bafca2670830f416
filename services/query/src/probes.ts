import type { Log } from '@proximadb/log';
import type { MonotonicClock } from '@proximadb/process';

/** Where the partitions of a log ended at an instant. */
export interface Probe {
  /** Everything that was acknowledged before this instant lies below the ends. */
  readonly startedAtMs: number;
  /** One a partition. */
  readonly ends: readonly number[];
}

interface Line {
  /** Under way: it may have begun before who asks now. */
  running: { readonly startedAtMs: number; readonly answer: Promise<Probe> } | undefined;
  /** Begins when the running one is done; for everybody who asks until then. */
  next: Promise<Probe> | undefined;
  last: Probe | undefined;
  /** The highest ends that were ever seen; ends never go back. */
  known: readonly number[];
}

/** Asks a log for its ends: one question in flight a log serves all who asked before it was sent. */
export class Probes {
  readonly #log: Pick<Log, 'extents'>;
  readonly #clock: MonotonicClock;
  readonly #logsMax: number;
  readonly #lines = new Map<string, Line>();

  /** @param logsMax lines kept; an idle one makes room. */
  constructor(log: Pick<Log, 'extents'>, clock: MonotonicClock, logsMax: number) {
    this.#log = log;
    this.#clock = clock;
    this.#logsMax = logsMax;
  }

  /** A probe that began after this call. */
  fresh(topic: string): Promise<Probe> {
    const line = this.#line(topic);
    line.next ??= this.#begin(topic, line);
    return line.next;
  }

  /** A probe that began at most `maxStalenessMs` ago, or a fresh one. */
  async recent(topic: string, maxStalenessMs: number): Promise<Probe> {
    const oldestMs = this.#clock() - maxStalenessMs;
    const { last, running } = this.#line(topic);
    if (last !== undefined && last.startedAtMs >= oldestMs) return last;
    if (running !== undefined && running.startedAtMs >= oldestMs) return running.answer;
    return this.fresh(topic);
  }

  /** The highest ends seen so far, 0 where none was. */
  known(topic: string): readonly number[] {
    return this.#lines.get(topic)?.known ?? [];
  }

  /** What was read is in the log. */
  learn(topic: string, watermarks: readonly number[]): void {
    const line = this.#line(topic);
    line.known = watermarks.map((offset, partition) => Math.max(offset, line.known[partition] ?? 0));
  }

  async #begin(topic: string, line: Line): Promise<Probe> {
    // A failed probe is its askers' affair. Without one, all who ask in this turn of the event loop share the new one.
    await line.running?.answer.catch(() => undefined);
    line.next = undefined;
    const startedAtMs = this.#clock();
    const answer = this.#ask(topic, startedAtMs);
    line.running = { startedAtMs, answer };
    try {
      const probe = await answer;
      line.last = probe;
      line.known = probe.ends.map((end, partition) => Math.max(end, line.known[partition] ?? 0));
      return probe;
    } finally {
      if (line.running.answer === answer) line.running = undefined;
    }
  }

  async #ask(topic: string, startedAtMs: number): Promise<Probe> {
    const extents = await this.#log.extents(topic);
    return { startedAtMs, ends: extents.map(({ end }) => end) };
  }

  #line(topic: string): Line {
    const found = this.#lines.get(topic);
    if (found !== undefined) return found;
    if (this.#lines.size >= this.#logsMax) this.#makeRoom();
    const line: Line = { running: undefined, next: undefined, last: undefined, known: [] };
    this.#lines.set(topic, line);
    return line;
  }

  #makeRoom(): void {
    for (const [topic, line] of this.#lines) {
      if (line.running !== undefined || line.next !== undefined) continue;
      this.#lines.delete(topic);
      return;
    }
  }
}
