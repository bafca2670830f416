/**
 * What a shard remembers of requests, so that a repeated record changes nothing: the outcomes of the last 10 minutes of log time,
 * at most 65,536 requests. Which requests are remembered at an offset is a function of the log below it, and of nothing else.
 */
import type { Outcome } from '@proximadb/gateway';

export const windowMicros = 10 * 60 * 1_000_000;
export const windowRequests = 65_536;

/** Consecutive records of a request, at consecutive offsets, with one outcome. */
export interface Run {
  sequence: number;
  offset: number;
  count: number;
  /** null: applied. */
  refusal: string | null;
}

export interface RememberedRequest {
  readonly requestId: string;
  /** Log time of its first record, µs. */
  readonly logTime: number;
  readonly runs: readonly Run[];
}

interface Entry {
  readonly logTime: number;
  /** Requests seen before it. */
  readonly ordinal: number;
  readonly runs: Run[];
  /** The same request's entry that had fallen out of the window: a replay from an older watermark may still need it. */
  readonly older: Entry | undefined;
}

export class RequestWindow {
  /** In the order of their first records. What is older than the window stays until `prune`. */
  readonly #entries = new Map<string, Entry>();
  #seen = 0;

  static restore(requests: readonly RememberedRequest[]): RequestWindow {
    const window = new RequestWindow();
    for (const { requestId, logTime, runs } of requests) {
      window.#entries.set(requestId, { logTime, ordinal: window.#seen, runs: runs.map((run) => ({ ...run })), older: undefined });
      window.#seen += 1;
    }
    return window;
  }

  /** What became of a request's record, if the window at this log time remembers it. */
  find(requestId: string, sequence: number, logTime: number): Outcome | undefined {
    const entry = this.#remembered(requestId, logTime);
    const last = entry?.runs.at(-1);
    if (entry === undefined || last === undefined || sequence >= last.sequence + last.count && isAscending(entry.runs)) return undefined;
    const run = entry.runs.find((each) => each.sequence <= sequence && sequence < each.sequence + each.count);
    if (run === undefined) return undefined;
    const offset = run.offset + (sequence - run.sequence);
    return run.refusal === null ? { kind: 'applied', offset } : { kind: 'refused', offset, reason: run.refusal };
  }

  /** Notes the outcome of a record that `find` does not know. */
  note(requestId: string, sequence: number, logTime: number, offset: number, refusal: string | null): void {
    let entry = this.#remembered(requestId, logTime);
    if (entry === undefined) {
      // One that fell out of the window starts anew, at the end.
      const older = this.#entries.get(requestId);
      this.#entries.delete(requestId);
      entry = { logTime, ordinal: this.#seen, runs: [], older };
      this.#entries.set(requestId, entry);
      this.#seen += 1;
    }
    const last = entry.runs.at(-1);
    if (last !== undefined && last.sequence + last.count === sequence && last.offset + last.count === offset && last.refusal === refusal) {
      last.count += 1;
    } else entry.runs.push({ sequence, offset, count: 1, refusal });
  }

  /** The window as it was when everything below `offset`, and nothing else, was applied; `logTime` is that of this offset. */
  below(offset: number, logTime: number): RememberedRequest[] {
    return this.#known(offset)
      .slice(-windowRequests)
      .filter(({ entry }) => logTime - entry.logTime <= windowMicros)
      .map(({ requestId, entry }) => ({
        requestId, logTime: entry.logTime,
        runs: entry.runs.filter((run) => run.offset < offset).map((run) => ({ ...run, count: Math.min(run.count, offset - run.offset) })),
      }));
  }

  /** Forgets what was outside the window already at a durable offset. */
  prune(offset: number, logTime: number): void {
    const known = this.#known(offset);
    const kept = new Set(known.slice(-windowRequests).filter(({ entry }) => logTime - entry.logTime <= windowMicros).map(({ entry }) => entry));
    for (const { requestId, entry } of known) if (!kept.has(entry) && this.#entries.get(requestId) === entry) this.#entries.delete(requestId);
  }

  /** Requests that began below an offset, in that order. */
  #known(offset: number): { requestId: string; entry: Entry }[] {
    const known: { requestId: string; entry: Entry }[] = [];
    for (const [requestId, newest] of this.#entries) {
      let entry: Entry | undefined = newest;
      while (entry !== undefined && (entry.runs[0]?.offset ?? 0) >= offset) entry = entry.older;
      if (entry !== undefined) known.push({ requestId, entry });
    }
    return known.sort((a, b) => a.entry.ordinal - b.entry.ordinal);
  }

  get size(): number {
    return this.#entries.size;
  }

  #remembered(requestId: string, logTime: number): Entry | undefined {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return undefined;
    return logTime - entry.logTime <= windowMicros && this.#seen - entry.ordinal <= windowRequests ? entry : undefined;
  }
}

function isAscending(runs: readonly Run[]): boolean {
  return runs.every((run, i) => i === 0 || run.sequence >= (runs[i - 1]?.sequence ?? 0) + (runs[i - 1]?.count ?? 0));
}
