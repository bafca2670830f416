/** Where parts that were fetched or built are kept: once a user and version, whatever the number of checkouts. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
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
const waitMs = 3_600_000;
/** Longer than any part takes. */
const abandonedMs = 2 * waitMs;

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
  await removeAbandoned(folder);
  const draft = await mkdtemp(`${folder}.draft-`);
  try {
    await make(draft);
    // A lock that was taken from a process that only slept: then both are whole, and the first one stays.
    await rename(draft, folder).catch((error: unknown) => { if (!existsSync(folder)) throw error; });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** What a process that was killed had begun. */
async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.draft-`;
  for (const name of await readdir(dirname(folder))) {
    const draft = join(dirname(folder), name);
    if (!name.startsWith(prefix)) continue;
    const { birthtimeMs } = await stat(draft);
    if (Date.now() - birthtimeMs > abandonedMs) await rm(draft, { recursive: true, force: true });
  }
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
