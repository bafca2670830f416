import { existsSync } from 'node:fs';
import { AppError } from '@proximadb/errors';
import { open, type Database } from 'lmdb';
import { decodeTopic, type TopicRow } from './rows.ts';
import { checkStoreFile, storeFile } from './store-file.ts';
import { headerKey, recordOffsetAt, topicKey } from './keys.ts';

/** Virtual memory the file may be mapped into; it takes neither memory nor disk. Fixed, so that no thread ever sees the map move. */
const MAP_BYTES = 2 ** 40;
/** Read transactions open at once, over all threads; each thread has one or two. */
const READERS_MAX = 512;

/**
 * How values leave the store. lmdb-js hands each to `decode` in a buffer that the next read overwrites;
 * a scan copies them where it wants them, everything else gets a copy of its own.
 */
class ValueCodec {
  /** Set by a scan while it runs: takes `bytes[0..length)`. */
  take: ((bytes: Uint8Array, length: number) => void) | undefined;

  encode(value: Uint8Array): Uint8Array {
    return value;
  }

  decode(bytes: Uint8Array): Uint8Array | undefined {
    // lmdb-js redefines `length` of its buffer as the length of the value; the methods of typed arrays still see all of it.
    const length = bytes.length;
    if (this.take === undefined) return Uint8Array.prototype.slice.call(bytes, 0, length);
    this.take(bytes, length);
    return undefined;
  }
}

/** Keys are bytes; what a scan sees of a key is the offset in it. */
const keyEncoder = {
  writeKey(key: Uint8Array, target: Uint8Array, start: number): number {
    target.set(key, start);
    return start + key.length;
  },
  readKey: recordOffsetAt,
};

/**
 * The LMDB environment of a data directory as one thread sees it. All threads of a process share one map and one set of locks.
 *
 * Opened without lmdb-js's overlapping sync: a commit writes its pages, calls fdatasync, writes the meta page through a
 * synchronous descriptor, and only then names itself to readers. What a reader sees is on the disk.
 */
export class Store {
  readonly #database: Database<Uint8Array, Uint8Array>;
  readonly #codec = new ValueCodec();

  /** @throws AppError DATA_LOSS if the directory has a file in the store's place that is none. */
  constructor(directory: string, mode: 'write' | 'read') {
    checkStoreFile(directory);
    this.#database = open<Uint8Array, Uint8Array>({
      path: directory, readOnly: mode === 'read', noSubdir: false, overlappingSync: false, mapSize: MAP_BYTES, maxReaders: READERS_MAX, maxDbs: 1,
      encoder: this.#codec, keyEncoder,
    });
  }

  /** @throws AppError FAILED_PRECONDITION if there is no store in the directory. */
  static openToRead(directory: string): Store {
    // lmdb-js would make the directory.
    if (!existsSync(storeFile(directory))) throw new AppError('FAILED_PRECONDITION', `there is no log in ${directory}`);
    return new Store(directory, 'read');
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.get(key);
  }

  /** The values from `start` ≤ key < `end`, in the order of their keys. */
  values(range: { readonly start: Uint8Array; readonly end: Uint8Array }, limit = Infinity): Uint8Array[] {
    return [...this.#database.getRange({ ...range, limit }).map((entry) => entry.value)];
  }

  /**
   * Hands the values of records from `start` ≤ key < `end` to `take`, in a buffer that is only good during the call.
   * @param each is told the offset of the value taken before, and ends the scan by returning false.
   */
  scan(start: Uint8Array, end: Uint8Array, limit: number, take: (bytes: Uint8Array, length: number) => void, each: (offset: number) => boolean): void {
    this.#codec.take = take;
    try {
      // The key encoder above makes of every key a number.
      for (const { key } of this.#database.getRange({ start, end, limit }) as Iterable<{ key: unknown }>) if (!each(key as number)) break;
    } finally {
      this.#codec.take = undefined;
    }
  }

  /** Lets the next read see what was committed up to now, and not only what had been at the start of this turn of the event loop. */
  refresh(): void {
    this.#database.resetReadTxn();
  }

  /**
   * Whether the store can still be used after a transaction has failed. Its pages may fail to be written or flushed without harm: nothing names
   * them. LMDB gives itself up when the write of the meta page fails; then no transaction, this reading one neither, can begin.
   */
  isSound(): boolean {
    try {
      this.refresh();
      this.get(headerKey);
      return true;
    } catch {
      return false;
    }
  }

  topic(name: string): TopicRow | undefined {
    const bytes = this.get(topicKey(name));
    return bytes === undefined ? undefined : decodeTopic(bytes);
  }

  /** Runs `work` as one transaction: all of it is on the disk when this returns, or none of it if this throws. */
  transaction<T>(work: () => T): T {
    return this.#database.transactionSync(work);
  }

  /** Only inside of a transaction. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#database.putSync(key, value);
  }

  /** Only inside of a transaction. One that is not there is no error. */
  remove(key: Uint8Array): void {
    this.#database.removeSync(key);
  }

  /** Bytes of the file, and how many of them hold something; the others are written again before the file grows. */
  usage(): { fileBytes: number; usedBytes: number } {
    this.refresh();
    const stats = this.#database.getStats() as Stats;
    const metaPages = 2;
    return { fileBytes: (stats.lastPageNumber + 1) * stats.pageSize, usedBytes: (pages(stats.root) + pages(stats.free) + metaPages) * stats.pageSize };
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** What `getStats` answers, as far as it is used here; lmdb-js declares no type for it. */
interface Stats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly root: Tree;
  readonly free: Tree;
}

interface Tree {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function pages(tree: Tree): number {
  return tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;
}
