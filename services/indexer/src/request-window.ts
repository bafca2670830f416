/**
 * What a shard remembers of requests, so that a repeated record changes nothing: the outcomes of the last 10 minutes of log time,
 * at most 65,536 requests. Which requests are remembered at an offset is a function of the log below it, and of nothing else.
 */
import type { Outcome } from '@proximadb/gateway';
import { encodeRequests, type RequestBlock } from '@proximadb/segment';

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
  readonly requestId: string;
  readonly logTime: number;
  /** Requests that began before it. */
  readonly ordinal: number;
  readonly runs: Run[];
  readonly block: Block;
}

/** Requests that began one after the other. Manifests are written many times as often as a block changes, so it is encoded once. */
interface Block {
  readonly entries: Entry[];
  /** The offset after its last record. */
  end: number;
  encoded: RequestBlock | undefined;
}

const blockRequests = 1_024;

export class RequestWindow {
  /** By request id, the newest: one that fell out of the window may begin anew. */
  readonly #entries = new Map<string, Entry>();
  /** In the order in which the requests began. What is older than the window stays until `prune`, as a replay from an older watermark may still need it. */
  readonly #blocks: Block[] = [];
  #seen = 0;

  static restore(requests: readonly RememberedRequest[]): RequestWindow {
    const window = new RequestWindow();
    for (const { requestId, logTime, runs } of requests) {
      const { block } = window.#begin(requestId, logTime, runs.map((run) => ({ ...run })));
      block.end = runs.reduce((end, { offset, count }) => Math.max(end, offset + count), block.end);
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
    const entry = this.#remembered(requestId, logTime);
    const last = entry?.runs.at(-1);
    if (last !== undefined && last.sequence + last.count === sequence && last.offset + last.count === offset && last.refusal === refusal) {
      last.count += 1;
    } else entry?.runs.push({ sequence, offset, count: 1, refusal });
    const { block } = entry ?? this.#begin(requestId, logTime, [{ sequence, offset, count: 1, refusal }]);
    block.end = offset + 1;
    block.encoded = undefined;
  }

  #begin(requestId: string, logTime: number, runs: Run[]): Entry {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.entries.length === blockRequests) {
      block = { entries: [], end: 0, encoded: undefined };
      this.#blocks.push(block);
    }
    const entry = { requestId, logTime, ordinal: this.#seen, runs, block };
    block.entries.push(entry);
    this.#entries.set(requestId, entry);
    this.#seen += 1;
    return entry;
  }

  /** The window as it was when everything below `offset`, and nothing else, was applied; it may begin with requests that were forgotten then. */
  below(offset: number): RequestBlock[] {
    return this.#blocks.filter(({ entries }) => beganBelow(entries[0], offset)).map((block) => {
      if (block.end > offset) return encode(block.entries, offset);
      block.encoded ??= encode(block.entries, offset);
      return block.encoded;
    });
  }

  /** Forgets, a block at a time, what was outside the window already at a durable offset, when the log's time was `logTime`. */
  prune(offset: number, logTime: number): void {
    const behind = this.#blocks.find(({ entries }) => !beganBelow(entries.at(-1), offset));
    const seen = behind?.entries.find((entry) => !beganBelow(entry, offset))?.ordinal ?? this.#seen;
    const isOutside = ({ entries }: Block): boolean => {
      const last = entries.at(-1);
      return last !== undefined && (logTime - last.logTime > windowMicros || seen - last.ordinal > windowRequests);
    };
    const kept = this.#blocks.findIndex((block) => !isOutside(block));
    for (const { entries } of this.#blocks.splice(0, kept < 0 ? this.#blocks.length : kept)) {
      for (const entry of entries) if (this.#entries.get(entry.requestId) === entry) this.#entries.delete(entry.requestId);
    }
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

function beganBelow(entry: Entry | undefined, offset: number): boolean {
  return (entry?.runs[0]?.offset ?? 0) < offset;
}

function encode(entries: readonly Entry[], offset: number): RequestBlock {
  return encodeRequests(entries.filter((entry) => beganBelow(entry, offset)).map(({ requestId, logTime, runs }) => ({
    request_id: requestId, log_time: logTime,
    runs: runs.filter((run) => run.offset < offset).map((run) => ({ ...run, count: Math.min(run.count, offset - run.offset) })),
  })));
}

function isAscending(runs: readonly Run[]): boolean {
  return runs.every((run, i) => i === 0 || run.sequence >= (runs[i - 1]?.sequence ?? 0) + (runs[i - 1]?.count ?? 0));
}
