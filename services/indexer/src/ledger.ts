/** Records that are malformed for every release: counted, and the last of them listed, so that nobody has to guess. */
import type { LedgerEntry } from '@proximadb/schemas';

const entriesMax = 10_000;
const reasonCharactersMax = 200;

export class Ledger {
  #total: number;
  #entries: LedgerEntry[];

  constructor(total = 0, entries: readonly LedgerEntry[] = []) {
    this.#total = total;
    this.#entries = [...entries];
  }

  get total(): number {
    return this.#total;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  add(offset: number, reason: string): void {
    this.#total += 1;
    this.#entries.push({ offset, reason: reason.slice(0, reasonCharactersMax) });
    if (this.#entries.length > entriesMax * 2) this.#entries = this.#entries.slice(-entriesMax);
  }

  /** As it was when everything below `offset` was applied. */
  below(offset: number): { total: number; entries: LedgerEntry[] } {
    const later = this.#entries.filter((entry) => entry.offset >= offset).length;
    return { total: this.#total - later, entries: this.#entries.slice(0, this.#entries.length - later).slice(-entriesMax) };
  }
}
