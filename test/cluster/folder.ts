/** The folder that a part lives in. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterThisProcess } from './watchdog.ts';

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
  // A killed process may still be writing its last file, here and below.
  const callOff = afterThisProcess('for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; rm -rf "$1"; [ -e "$1" ] || exit; done', path);
  return {
    path, temporary: true,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      callOff();
    },
  };
}
