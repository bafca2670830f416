/** Names of a segment's files, and what makes them durable. */
import type { Hash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';

export const rowsFile = 'rows.bin';
export const vectorsFile = 'vectors.f32';
export const idsFile = 'ids.bin';
export const idBytesFile = 'id-bytes.bin';
export const columnsFile = 'columns.bin';
export const graphFile = 'graph.usearch';
export const listsFile = 'lists.bin';
export const codesFile = 'codes.bin';
export const signsFile = 'signs.bin';
export const recordsFile = (container: number): string => `records-${container}.avro`;

/** A file as a manifest names it. */
export interface FileEntry {
  readonly name: string;
  readonly bytes: number;
  readonly crc32c: number;
}

const chunkBytes = 4 << 20;

/** What a processor's cache holds; one for all files: new memory takes longer than what is read into it. */
const describedChunk = Buffer.allocUnsafeSlow(128 << 10);

/** Size and checksum of a file, and its bytes into a digest where one is given. */
export function describeFile(directory: string, name: string, digest?: Hash): FileEntry {
  const fd = openSync(join(directory, name), 'r');
  try {
    const chunk = describedChunk;
    let crc = 0;
    let bytes = 0;
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      crc = crc32c(chunk.subarray(0, read), crc);
      digest?.update(chunk.subarray(0, read));
      bytes += read;
    }
    return { name, bytes, crc32c: crc };
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a whole file, a slice at a time, into `into` or just to look at it.
 * @throws AppError DATA_LOSS naming the file that is not what the manifest says.
 */
export async function readVerified(directory: string, entry: FileEntry, into?: Uint8Array): Promise<void> {
  const path = join(directory, entry.name);
  const damaged = (found: string): AppError => new AppError('DATA_LOSS', `${path} ${found}: it is not the file that the manifest names`);
  if (into !== undefined && into.length !== entry.bytes) throw damaged(`should have ${into.length} bytes`);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? damaged('is missing') : error;
  });
  try {
    if ((await file.stat()).size !== entry.bytes) throw damaged(`does not have ${entry.bytes} bytes`);
    const slice = into === undefined ? Buffer.allocUnsafe(Math.min(chunkBytes, entry.bytes)) : undefined;
    let crc = 0;
    for (let done = 0; done < entry.bytes;) {
      const target = slice ?? into?.subarray(done, done + chunkBytes) ?? new Uint8Array();
      const { bytesRead } = await file.read(target, 0, Math.min(target.length, entry.bytes - done), done);
      if (bytesRead === 0) throw damaged('ended early');
      crc = crc32c(target.subarray(0, bytesRead), crc);
      done += bytesRead;
    }
    if (crc !== entry.crc32c) throw damaged('fails its checksum');
  } finally {
    await file.close();
  }
}

/** Flushes a file or a folder to the disk. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The whole file in a buffer that starts on 8 bytes. */
export function readAligned(directory: string, name: string): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(statSync(join(directory, name)).size));
  readInto(directory, name, bytes);
  return bytes;
}

/** Reads a file from its start until `into` is full. @throws AppError DATA_LOSS if it is shorter. */
export function readInto(directory: string, name: string, into: Uint8Array): void {
  const path = join(directory, name);
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < into.length;) {
      const read = readSync(fd, into, done, Math.min(into.length - done, 1 << 30), done);
      if (read === 0) throw new AppError('DATA_LOSS', `${path} is shorter than its entry says`);
      done += read;
    }
  } finally {
    closeSync(fd);
  }
}
