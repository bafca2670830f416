import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError, invalid } from '@proximadb/errors';
import { checkKey, checkPrefix } from '../keys.ts';
import { copyInto, errorCode, fileError, writeFully, writeNewFile } from '../local-files.ts';
import { smallBytesMax, type Blob, type BlobStore, type Revision } from '../port.ts';
import { throwIfAborted } from '../signals.ts';
import { DirectoryMutex } from './mutex.ts';
import { walk } from './walk.ts';

/** Names that no key can have. */
const lockName = '+lock';
const temporaryName = '+tmp';
/** What a process that crashed has left is removed at the next open after so long. */
const leftoverMs = 24 * 3_600_000;
const deletesPerTurn = 100;

export interface FsBlobsOptions {
  /** How long a change waits for those of other processes, ms; default 10,000. */
  readonly lockWaitMs?: number;
}

/**
 * Blobs in a directory, a file each, for all processes of one machine. A content is written and flushed under another name; every change of a name
 * is made under one lock, and its folders are flushed before it counts.
 */
export class FsBlobs implements BlobStore {
  readonly #root: string;
  readonly #mutex: DirectoryMutex;

  private constructor(root: string, options: FsBlobsOptions) {
    this.#root = root;
    this.#mutex = new DirectoryMutex(join(root, lockName), options.lockWaitMs ?? 10_000);
  }

  /** Makes the directory if it is not there. @throws AppError PERMISSION_DENIED. */
  static async open(directory: string, options: FsBlobsOptions = {}): Promise<FsBlobs> {
    const root = resolve(directory);
    const temporary = join(root, temporaryName);
    try {
      await mkdir(temporary, { recursive: true });
      for (const name of await readdir(temporary)) {
        const path = join(temporary, name);
        const modifiedMs = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity);
        if (modifiedMs < Date.now() - leftoverMs) await rm(path, { force: true });
      }
    } catch (error) {
      throw fileError(error, root);
    }
    return new FsBlobs(root, options);
  }

  async upload(key: string, file: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    const source = await open(file, 'r').catch((error: unknown) => { throw fileError(error, file); });
    try {
      await this.#prepared((target, path) => copyInto(source, target, path, signal), async (path) => {
        await this.#mutex.run(() => this.#place(path, key), signal);
      });
    } finally {
      await source.close();
    }
  }

  async download(key: string, file: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    const path = join(this.#root, key);
    const source = await open(path, 'r').catch((error: unknown) => { throw fileError(error, path); });
    try {
      await writeNewFile(file, (target) => copyInto(source, target, file, signal));
    } finally {
      await source.close();
    }
  }

  async get(key: string, signal?: AbortSignal): Promise<{ content: Uint8Array; revision: Revision } | undefined> {
    checkKey(key);
    throwIfAborted(signal);
    const path = join(this.#root, key);
    try {
      const file = await open(path, 'r');
      try {
        if ((await file.stat()).size > smallBytesMax) throw new AppError('RESOURCE_EXHAUSTED', `${path} has more than ${smallBytesMax} bytes`);
        const content = await file.readFile();
        return { content, revision: revisionOf(content) };
      } finally {
        await file.close();
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
      throw fileError(error, path);
    }
  }

  async putIf(key: string, content: Uint8Array, revision: Revision | null, signal?: AbortSignal): Promise<Revision | undefined> {
    checkKey(key);
    if (content.length > smallBytesMax) throw invalid(`has more than ${smallBytesMax} bytes`, { field: 'content' });
    throwIfAborted(signal);
    return this.#prepared((file, path) => writeFully(file, content, 0, path), (path) => this.#mutex.run(async () => {
      const current = (await this.get(key))?.revision ?? null;
      if (current !== revision) return undefined;
      await this.#place(path, key);
      return revisionOf(content);
    }, signal));
  }

  async* list(prefix: string, signal?: AbortSignal): AsyncGenerator<Blob> {
    checkPrefix(prefix);
    try {
      yield* walk(this.#root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, signal);
    } catch (error) {
      throw fileError(error, this.#root);
    }
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    for (let start = 0; start < keys.length; start += deletesPerTurn) {
      throwIfAborted(signal);
      await this.#mutex.run(async () => {
        for (const key of keys.slice(start, start + deletesPerTurn)) await this.#remove(key);
      }, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** A flushed temporary file, and what is then done with it. It is gone afterwards, whatever happened. */
  async #prepared<T>(fill: (file: FileHandle, path: string) => Promise<void>, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#root, temporaryName, randomUUID());
    await writeNewFile(path, async (file) => {
      await fill(file, path);
      await file.sync();
    });
    try {
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Under the lock. */
  async #place(temporary: string, key: string): Promise<void> {
    const path = join(this.#root, key);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path).catch((error: unknown) => { throw fileError(error, path); });
    // All of them: who made a folder may not have come to flush its own name yet.
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      await flushFolder(folder);
      if (folder === this.#root) return;
    }
  }

  /** Under the lock, so that nobody puts a file into a folder that is found empty here. */
  async #remove(key: string): Promise<void> {
    const path = join(this.#root, key);
    await rm(path, { force: true }).catch((error: unknown) => { if (errorCode(error) !== 'ENOTDIR') throw fileError(error, path); });
    let folder = dirname(path);
    while (folder !== this.#root && await rmdir(folder).then(() => true, (error: unknown) => errorCode(error) === 'ENOENT')) folder = dirname(folder);
    await flushFolder(folder);
  }
}

function revisionOf(content: Uint8Array): Revision {
  return createHash('sha256').update(content).digest('hex') as Revision;
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch((error: unknown) => { throw fileError(error, path); });
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
