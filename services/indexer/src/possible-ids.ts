import { IdFilter } from '@proximadb/segment';

const rowsMin = 8_192;
/** Each filter is for so many times the rows of the one before. */
const growth = 4;
const rowsAWord = 2;

/**
 * Which ids a shard may have. Of a new id one look into memory says that no part has it, where every memtable and segment would be asked in turn: a
 * bulk load asks for nothing else. Nothing is taken out. It grows by a further filter, so that nobody waits until what is there is gathered anew
 * (Almeida, Baquero, Preguiça, Hutchison, Scalable Bloom Filters, 2007).
 */
export class PossibleIds {
  readonly #filters: IdFilter[];
  #last: IdFilter;
  #rowsOfLast: number;
  /** Ids that the last filter has room for. */
  #room: number;
  #count = 0;

  /** @param rows that are known to come. */
  constructor(rows = 0) {
    this.#rowsOfLast = Math.max(rowsMin, rows);
    this.#room = this.#rowsOfLast;
    this.#last = new IdFilter(this.#rowsOfLast, rowsAWord);
    this.#filters = [this.#last];
  }

  /** Ids that were added, each once. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#filters.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @param hash of an id, as `hashId` says. @returns false: it was not added. */
  mayHave(hash: number): boolean {
    for (const filter of this.#filters) if (filter.mayHave(hash)) return true;
    return false;
  }

  add(hash: number): void {
    if (this.mayHave(hash)) return;
    if (this.#room === 0) {
      const rows = this.#rowsOfLast * growth;
      this.#last = new IdFilter(rows, rowsAWord);
      this.#filters.push(this.#last);
      this.#rowsOfLast = rows;
      this.#room = rows;
    }
    this.#last.add(hash);
    this.#room -= 1;
    this.#count += 1;
  }
}
