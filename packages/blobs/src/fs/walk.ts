import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blob } from '../port.ts';
import { errorCode } from '../local-files.ts';
import { throwIfAborted } from '../signals.ts';

/**
 * Files below a folder whose keys begin with a prefix, in the order of the keys; what vanishes meanwhile is left out.
 * @param under key of the folder, '' or with a slash at its end.
 */
export async function* walk(root: string, under: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<Blob> {
  throwIfAborted(signal);
  const entries = await unlessGone(readdir(join(root, under), { withFileTypes: true }));
  // A folder stands where its slash puts it: `a-b` and `a.b` come before `a/b`. No name of a key begins with a plus sign.
  const keys = (entries ?? []).filter(({ name }) => !name.startsWith('+')).map((entry) => `${under}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  for (const key of keys.sort((a, b) => (a < b ? -1 : 1))) {
    if (key.endsWith('/')) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(root, key, prefix, signal);
    } else if (key.startsWith(prefix)) {
      const file = await unlessGone(stat(join(root, key)));
      if (file !== undefined) yield { key, bytes: file.size, modifiedMs: file.mtimeMs };
    }
  }
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    // A prefix may look for a folder where a file is.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  });
}
