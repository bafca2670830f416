/** What a shard notes so that it can be compared with other replicas: its sum at every so many offsets, and what was live where somebody asks. */
import type { Digest, DigestRequest } from '@proximadb/query';
import { Census } from './census.ts';
import { markEvery, marksMax, type Mark } from './replica-sum.ts';
import type { ShardRows } from './rows.ts';

/** A shard's watermark is where it is: everything below is applied. Its log time is in µs. */
export class Comparison {
  readonly #rows: ShardRows;
  /** Sums at multiples of `markEvery` offsets, the oldest first. */
  #marks: readonly Mark[];
  /** What was live at an offset; not taken before the offset is reached. */
  #census: { readonly at: number; taken: Census | undefined; usedMs: number } | undefined;

  /** @param marks that a manifest kept. */
  constructor(rows: ShardRows, marks: readonly Mark[]) {
    this.#rows = rows;
    this.#marks = marks;
  }

  /** To be called after each record, while the rows are as of that watermark. */
  reached(watermark: number, logTime: number): void {
    this.#takeCensus(watermark, logTime);
    if (watermark % markEvery === 0) this.#marks = this.marksUntil(watermark, logTime).slice(-marksMax);
  }

  /** The last marks, and that of the watermark. */
  marksUntil(watermark: number, logTime: number): readonly Mark[] {
    return [...this.#marks, { offset: watermark, sum: this.#rows.sumAt(logTime) }];
  }

  marksBelow(watermark: number): readonly Mark[] {
    return this.#marks.filter(({ offset }) => offset <= watermark);
  }

  /** From now on only what is live at this offset is told. @returns whether it still can be: the offset is not passed, or it was asked for before. */
  watchFor(at: number, watermark: number, logTime: number): boolean {
    if (this.#census?.at === at) return true;
    if (watermark > at) return false;
    this.#census = { at, taken: undefined, usedMs: performance.now() };
    this.#takeCensus(watermark, logTime);
    return true;
  }

  /** Nothing, if meanwhile somebody asked for another offset. */
  digest({ at, firstHash, lastHash, width, records }: DigestRequest): Omit<Digest, 'watermark'> {
    const census = this.#census?.at === at ? this.#census : undefined;
    if (census?.taken === undefined) return { ranges: [], records: [] };
    census.usedMs = performance.now();
    const counted = records ? census.taken.records(firstHash, lastHash) : [];
    const ids = counted.length === 0 ? new Map<number, string>() : this.#rows.idsAt(new Set(counted.map(({ offset }) => offset)));
    return {
      ranges: census.taken.ranges(firstHash, lastHash, width),
      records: counted.map((one) => ({ ...one, id: ids.get(one.offset) ?? null })),
    };
  }

  /** Gives back the memory of what nobody asks for any more. */
  forgetUnused(): void {
    if (this.#census !== undefined && performance.now() - this.#census.usedMs >= censusKeptMs) this.#census = undefined;
  }

  #takeCensus(watermark: number, logTime: number): void {
    if (this.#census !== undefined && this.#census.at === watermark) this.#census.taken ??= Census.take(this.#rows, logTime);
  }
}

/** After the last question about it. */
const censusKeptMs = 60_000;
