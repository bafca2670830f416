/** Where parts that were fetched or built are kept: once a user and version, whatever the number of checkouts. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

function root(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'proximadb', 'parts');
}

/** Whether it is there already. */
export function isProvisioned(name: string): boolean {
  return existsSync(join(root(), name));
}

const lockStaleMs = 60_000;
const waitMs = 900_000;

/**
 * The folder of a part, filled at the first call. It appears whole or not at all, and two processes that need it make it once.
 * @param name with its version: another version is another folder.
 * @param make fills an empty folder. What it throws, the caller gets; the next one tries again.
 */
export async function provision(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(root(), name);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await using _lock = await takeLock(`${folder}.lock`);
  if (existsSync(folder)) return folder;
  const draft = await mkdtemp(`${folder}.draft-`);
  try {
    await make(draft);
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** A file that its owner touches while it works: one that was not touched for a minute is a dead process's. */
async function takeLock(path: string): Promise<AsyncDisposable> {
  const until = performance.now() + waitMs;
  for (;;) {
    const file = await open(path, 'wx').catch(() => undefined);
    if (file !== undefined) {
      await file.close();
      const touch = setInterval(() => { void utimes(path, new Date(), new Date()).catch(() => undefined); }, lockStaleMs / 6).unref();
      return {
        async [Symbol.asyncDispose]() {
          clearInterval(touch);
          await rm(path, { force: true });
        },
      };
    }
    const touchedMs = await stat(path).then(({ mtimeMs }) => mtimeMs, () => undefined);
    if (touchedMs !== undefined && Date.now() - touchedMs > lockStaleMs) await rm(path, { force: true });
    if (performance.now() > until) throw new Error(`${path}: another process has been making this part for ${waitMs / 60_000} minutes`);
    await delay(200);
  }
}
