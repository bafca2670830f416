/** What differs between two ways through the ids of a partition, both ascending by the ids' bytes. */
import type { StoredRow } from '@proximadb/query';
import type { Change } from './changes.ts';

/** Pages of rows, ascending. */
export type Pages = AsyncIterable<readonly StoredRow[]>;

/**
 * What has to be written so that `copy` holds what `original` does: what is missing or has other bytes there, and deletes of what is only
 * there. In pages about as large as those of the original.
 */
export async function* differences(original: Pages, copy: Pages): AsyncGenerator<readonly Change[]> {
  const right = new Heads(copy);
  for await (const page of original) {
    const changes: Change[] = [];
    for (const row of page) {
      const id = Buffer.from(row.id);
      let head = await right.head();
      for (; head !== undefined && Buffer.compare(head.idBytes, id) < 0; head = await right.next()) {
        changes.push({ id: head.idBytes, offset: row.offset, record: null });
      }
      const same = head !== undefined && Buffer.compare(head.idBytes, id) === 0;
      if (!same || head === undefined || Buffer.compare(head.record, row.record) !== 0) changes.push({ id, offset: row.offset, record: row.record });
      if (same) await right.next();
    }
    yield changes;
  }
  for (let head = await right.head(); head !== undefined;) {
    const changes: Change[] = [];
    for (; head !== undefined && changes.length < deletesMax; head = await right.next()) changes.push({ id: head.idBytes, offset: 0, record: null });
    yield changes;
  }
}

const deletesMax = 1_000;

interface Head {
  readonly idBytes: Buffer;
  readonly record: Uint8Array;
}

/** One row at a time. */
class Heads {
  readonly #pages: AsyncIterator<readonly StoredRow[]>;
  #page: readonly StoredRow[] = [];
  #at = 0;
  #done = false;

  constructor(pages: Pages) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  async head(): Promise<Head | undefined> {
    while (this.#at >= this.#page.length && !this.#done) {
      const next = await this.#pages.next();
      this.#done = next.done === true;
      this.#page = next.done === true ? [] : next.value;
      this.#at = 0;
    }
    const row = this.#page[this.#at];
    return row === undefined ? undefined : { idBytes: Buffer.from(row.id), record: row.record };
  }

  next(): Promise<Head | undefined> {
    this.#at += 1;
    return this.head();
  }
}
