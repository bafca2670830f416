/**
 * A blocked Bloom filter over hashes of ids, as `hashId` makes them: one word a hash and three bits in it, so that whoever asks waits for memory once
 * (Putze, Sanders, Singler, Cache-, Hash- and Space-Efficient Bloom Filters, 2007).
 */
export class IdFilter {
  readonly #words: Uint32Array;
  /** The highest bits of a hash tell the word: hash tables take the lowest. */
  readonly #shift: number;

  /**
   * @param rows that it is for. With more of them it is still right, and takes more for there that are not.
   * @param rowsAWord of 32 bits: with 4 it takes one in twenty that is not there for one that may be, with 2 one in a hundred.
   */
  constructor(rows: number, rowsAWord: number) {
    const bits = Math.max(1, Math.ceil(Math.log2(rows / rowsAWord)));
    this.#shift = 32 - bits;
    this.#words = new Uint32Array(2 ** bits);
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  add(hash: number): void {
    const word = hash >>> this.#shift;
    this.#words[word] = (this.#words[word] ?? 0) | bitsOf(hash);
  }

  /** @returns false: it was not added. */
  mayHave(hash: number): boolean {
    const bits = bitsOf(hash);
    return ((this.#words[hash >>> this.#shift] ?? 0) & bits) === bits;
  }
}

/** Three bits of a word, by bits of the hash that say nothing of the word itself. */
function bitsOf(hash: number): number {
  const mixed = Math.imul(hash, 0x9e3779b1);
  return 1 << (mixed >>> 27) | 1 << (mixed >>> 22) | 1 << (mixed >>> 17);
}
