/** The folder that a part lives in. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** It is gone with its part; a folder that the caller named stays. */
  readonly temporary: boolean;
}

/** @param directory made if it is not there, and kept; without one, a temporary folder named after the part. */
export function openFolder(name: string, directory?: string): Folder {
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true });
    return { path: resolve(directory), temporary: false, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const path = mkdtempSync(join(tmpdir(), `proximadb-${name}-`));
  // A killed process may still be writing its last file.
  return { path, temporary: true, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
}
