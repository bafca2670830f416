/** Which offsets a shard's manifests reached, and when: behind them by some history the log may be trimmed. */

export interface Reached {
  readonly watermark: number;
  /** µs. */
  readonly logTime: number;
  /** Of the log, applied by then. */
  readonly appliedBytes: number;
}

/** Past so many every other one is forgotten: the log is trimmed in larger steps then. */
export const entriesMax = 10_000;

export class History {
  /** The oldest first. */
  #entries: Reached[] = [];

  note(reached: Reached): void {
    this.#entries.push(reached);
    if (this.#entries.length > entriesMax) this.#entries = this.#entries.filter((_, at) => at % 2 === 0);
  }

  /**
   * The newest watermark that lies behind another point by more than so much time or so many bytes; 0 if none does.
   * What is older is forgotten, so it never goes back.
   */
  behind(point: Omit<Reached, 'watermark'>, { micros, bytes }: { readonly micros: number; readonly bytes: number }): number {
    const kept = this.#entries.findIndex(({ logTime, appliedBytes }) => point.logTime - logTime <= micros && point.appliedBytes - appliedBytes <= bytes);
    const past = kept < 0 ? this.#entries.length : kept;
    if (past === 0) return 0;
    this.#entries.splice(0, past - 1);
    return this.#entries[0]?.watermark ?? 0;
  }
}
