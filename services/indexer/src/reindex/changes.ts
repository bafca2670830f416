/** Which ids of a shard changed since a copier looked last: what it still has to copy. In memory, and bounded. */

export interface Change {
  readonly id: Uint8Array;
  /** Of its version; of one that is gone, of what ended it or was refused since. */
  readonly offset: number;
  /** As it is stored; null: there is none. */
  readonly record: Uint8Array | null;
}

/** Plain data: it crosses threads. */
export interface ChangesPage {
  readonly changes: readonly Change[];
  /** Everything below is in the changes that were handed out. */
  readonly next: number;
  /** What the shard has applied; a page that comes as far is the last one for now. */
  readonly watermark: number;
}

interface Reading {
  readonly limit: number;
  readonly bytesMax: number;
  readonly watermark: number;
  readonly read: (idBytes: Uint8Array) => { readonly record: Uint8Array; readonly offset: number } | undefined;
}

export class Changes {
  readonly #idsMax: number;
  /** Last offset by id, ascending. */
  #last = new Map<string, number>();
  #lost = false;
  /** What changed below was handed out, or happened before anybody watched. */
  #from: number;

  constructor(idsMax: number, from: number) {
    this.#idsMax = idsMax;
    this.#from = from;
  }

  /** @param key of a log record, applied or not: what there is is looked up later. */
  note(key: Uint8Array, offset: number): void {
    if (this.#lost || key.length === 0) return;
    // Not as text: what is no UTF-8 is no id, and must not become another one's.
    const id = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
    this.#last.delete(id);
    this.#last.set(id, offset);
    if (this.#last.size <= this.#idsMax) return;
    this.#lost = true;
    this.#last = new Map();
  }

  /** @returns undefined if something was forgotten that is asked for. */
  since(since: number, { limit, bytesMax, watermark, read }: Reading): ChangesPage | undefined {
    if (this.#lost || since < this.#from) return undefined;
    this.#from = since;
    const changes: Change[] = [];
    let bytes = 0;
    for (const [key, offset] of this.#last) {
      if (offset < since) {
        this.#last.delete(key);
        continue;
      }
      if (changes.length === limit || bytes >= bytesMax) return { changes, next: offset, watermark };
      const id = Buffer.from(key, 'latin1');
      const found = read(id);
      changes.push({ id, offset: found?.offset ?? offset, record: found?.record ?? null });
      bytes += id.length + (found?.record.length ?? 0);
    }
    return { changes, next: watermark, watermark };
  }
}
