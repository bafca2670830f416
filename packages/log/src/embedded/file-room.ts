import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { storeFile } from './store-file.ts';
import type { Store } from './store.ts';

/** Kept free ahead of what is appended, so that even on a full disk records can be trimmed: LMDB copies each page that it changes. */
const RESERVE_BYTES = 1024 * 1024;
/** Room is made in steps of this. */
const STEP_BYTES = 4 * 1024 * 1024;
const zeros = new Uint8Array(256 * 1024);

/**
 * Room in the store's file, taken from the disk before LMDB writes into it. Thus a full disk is met here, where nothing is at stake, and not
 * in the middle of a transaction: there lmdb-js 3.5 formats its message into a buffer that is too short for it.
 */
export class FileRoom implements Disposable {
  readonly #store: Store;
  readonly #descriptor: number;
  #allocatedBytes: number;

  constructor(directory: string, store: Store) {
    this.#store = store;
    this.#descriptor = openSync(storeFile(directory), 'r+');
    this.#allocatedBytes = this.#sizeBytes();
  }

  /**
   * Makes sure that a transaction with so many bytes of records has the pages that it may need.
   * @throws the system's error if the disk has no room for them, and the file has none either.
   */
  ensure(recordBytes: number): void {
    // A leaf page may be half full, and a record of just over n pages takes n + 1.
    const needed = RESERVE_BYTES + 2 * recordBytes;
    const { fileBytes, usedBytes } = this.#store.usage();
    if (this.#allocatedBytes >= fileBytes + needed) return;
    // Only ever behind what LMDB has named as written, and behind the end of the file.
    this.#allocatedBytes = Math.max(this.#sizeBytes(), fileBytes);
    try {
      this.#extend(Math.max(fileBytes + needed, this.#allocatedBytes + STEP_BYTES), fileBytes + needed);
    } catch (error) {
      if (fileBytes - usedBytes < 2 * needed) throw error;
    }
  }

  #sizeBytes(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** @param least what must be reached; `wanted` need not be. */
  #extend(wanted: number, least: number): void {
    try {
      while (this.#allocatedBytes < wanted) {
        const length = Math.min(zeros.length, wanted - this.#allocatedBytes);
        this.#allocatedBytes += writeSync(this.#descriptor, zeros, 0, length, this.#allocatedBytes);
      }
    } catch (error) {
      if (this.#allocatedBytes < least) throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
