import { AppError } from '@proximadb/errors';

export interface QueueLimits {
  readonly queueBytesMax: number;
  readonly queueEntriesMax: number;
}

const RETRY_MS = { least: 5, most: 5_000 } as const;

/** Counts what waits to be appended or is on its way, and refuses more than the limits allow. */
export class Admission {
  readonly #limits: QueueLimits;
  #bytes = 0;
  #entries = 0;
  /** Of late, for the time to come back. */
  #bytesPerMs = 20_000;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** @throws AppError RESOURCE_EXHAUSTED: with a time to come back if others are before it, without if it is too large ever to fit. */
  admit(bytes: number, entries: number): void {
    const { queueBytesMax, queueEntriesMax } = this.#limits;
    if (bytes > queueBytesMax || entries > queueEntriesMax) {
      throw new AppError('RESOURCE_EXHAUSTED', `a request of ${entries} records and ${bytes} bytes; ${queueEntriesMax} and ${queueBytesMax} are the most`);
    }
    if (this.#bytes + bytes > queueBytesMax || this.#entries + entries > queueEntriesMax) {
      const retryAfterMs = Math.min(RETRY_MS.most, Math.max(RETRY_MS.least, Math.ceil(this.#bytes / this.#bytesPerMs)));
      throw new AppError('RESOURCE_EXHAUSTED', `${this.#entries} records of ${this.#bytes} bytes wait to be appended`, { retryAfterMs });
    }
    this.#bytes += bytes;
    this.#entries += entries;
  }

  /** @param tookMs since it was admitted. */
  release(bytes: number, entries: number, tookMs: number): void {
    this.#bytes -= bytes;
    this.#entries -= entries;
    this.#bytesPerMs = 0.8 * this.#bytesPerMs + 0.2 * (bytes / Math.max(0.1, tookMs));
  }
}
