/** What the adapters do with files of this machine. */
import { open, rm, type FileHandle } from 'node:fs/promises';
import { AppError } from '@proximadb/errors';
import { throwIfAborted } from './signals.ts';

const chunkBytes = 1024 * 1024;
/** The operator has to make room; somebody may come back then. */
const roomRetryMs = 10_000;

/** What the system said about a file, for the one who has to act. */
export function fileError(thrown: unknown, path: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = errorCode(thrown);
  const because = { cause: thrown };
  switch (code) {
    case 'ENOENT': case 'ENOTDIR': return new AppError('NOT_FOUND', `there is no ${path}`, because);
    case 'EEXIST': return new AppError('ALREADY_EXISTS', `${path} is there already`, because);
    case 'EACCES': case 'EPERM': case 'EROFS': return new AppError('PERMISSION_DENIED', `this process may not use ${path} (${code})`, because);
    case 'ENOSPC': case 'EDQUOT': case 'EFBIG':
      return new AppError('RESOURCE_EXHAUSTED', `there is no room for ${path} on its disk`, { ...because, retryAfterMs: roomRetryMs });
    default: return new AppError('UNAVAILABLE', `${path} cannot be used: ${thrown instanceof Error ? thrown.message : String(thrown)}`, because);
  }
}

export function errorCode(thrown: unknown): string | undefined {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Opens a new file, has it filled, and removes it if that fails. @throws AppError ALREADY_EXISTS if it is there: then it stays as it is. */
export async function writeNewFile(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx').catch((error: unknown) => { throw fileError(error, path); });
  try {
    await fill(file);
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true });
    throw fileError(error, path);
  }
}

/** Writes all of a chunk. @throws AppError naming the file. */
export async function writeFully(file: FileHandle, chunk: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done).catch((error: unknown) => { throw fileError(error, path); });
    done += bytesWritten;
  }
}

/** Fills `into` from a position on. @returns how many bytes there were. */
export async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) return done;
    done += bytesRead;
  }
  return into.length;
}

/** Copies what an open file holds. */
export async function copyInto(source: FileHandle, target: FileHandle, path: string, signal: AbortSignal | undefined): Promise<void> {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; ;) {
    throwIfAborted(signal);
    const read = await readFully(source, chunk, position);
    if (read === 0) return;
    await writeFully(target, chunk.subarray(0, read), position, path);
    position += read;
  }
}
