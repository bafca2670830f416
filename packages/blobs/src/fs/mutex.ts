import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@proximadb/errors';
import { throwIfAborted } from '../signals.ts';

/** SQLite's result code when another holds the lock. */
const SQLITE_BUSY = 5;

/**
 * One at a time, among all processes of the machine: an exclusive transaction on an empty SQLite file that is never committed. SQLite takes an fcntl
 * lock for it, which the system drops with the process, however that ends. Callers of this object wait in the order of their calls; for other
 * processes they ask again every few ms.
 */
export class DirectoryMutex {
  readonly #file: string;
  readonly #waitMsMax: number;
  #last: Promise<void> = Promise.resolve();

  /** @param waitMsMax for other processes. */
  constructor(file: string, waitMsMax: number) {
    this.#file = file;
    this.#waitMsMax = waitMsMax;
  }

  /** @throws AppError UNAVAILABLE if others held it all the time. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const { promise: done, resolve: leave } = Promise.withResolvers<void>();
    this.#last = done;
    await before;
    try {
      const held = await this.#take(signal);
      try {
        return await work();
      } finally {
        held.close();
      }
    } finally {
      leave();
    }
  }

  async #take(signal: AbortSignal | undefined): Promise<DatabaseSync> {
    for (const giveUpMs = performance.now() + this.#waitMsMax; ;) {
      throwIfAborted(signal);
      const database = new DatabaseSync(this.#file, { timeout: 0 });
      try {
        database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
        return database;
      } catch (error) {
        database.close();
        if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
        if (performance.now() > giveUpMs) throw new AppError('UNAVAILABLE', `another process holds ${this.#file} for too long`, { cause: error });
      }
      await sleep(randomInt(1, 5));
    }
  }
}
