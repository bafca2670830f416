import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@proximadb/errors';

/** SQLite's result code when another holds the lock. */
const SQLITE_BUSY = 5;

/**
 * A data directory belongs to one process. The lock is an exclusive transaction on an empty SQLite file that is never committed: SQLite takes an
 * fcntl lock for it, which the system drops with the process, however that ends. A second open in the same process is refused, too.
 */
export class DirectoryLock implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Makes the directory if it is not there.
   * @throws AppError FAILED_PRECONDITION naming the directory and the process that has it.
   */
  static take(directory: string): DirectoryLock {
    mkdirSync(directory, { recursive: true });
    const ownerFile = join(directory, 'owner.json');
    const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      if (!(error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)) throw error;
      throw new AppError('FAILED_PRECONDITION', `the data directory ${directory} is in use by ${describeOwner(ownerFile)}`, { cause: error });
    }
    noteOwner(ownerFile);
    return new DirectoryLock(database);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** For the message of a second process only; a disk without room for it is no reason to stop. */
function noteOwner(file: string): void {
  try {
    writeFileSync(file, `${JSON.stringify({ pid: ownPid(), host: hostname() })}\n`);
  } catch {
    // The lock holds without it.
  }
}

/** The number of this process, as the system tells whoever asks; undefined where there is no /proc. */
function ownPid(): number | undefined {
  try {
    return Number(readlinkSync('/proc/self'));
  } catch {
    return undefined;
  }
}

function describeOwner(file: string): string {
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as { readonly pid?: unknown; readonly host?: unknown };
    if (typeof owner.pid === 'number' && typeof owner.host === 'string') return `process ${owner.pid} on ${owner.host}`;
  } catch {
    // Not written yet, or not readable.
  }
  return 'another process';
}
