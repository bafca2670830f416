/** Names of a segment's files, and what makes them durable. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';

export const rowsFile = 'rows.bin';
export const vectorsFile = 'vectors.f32';
export const idsFile = 'ids.bin';
export const columnsFile = 'columns.bin';
export const graphFile = 'graph.usearch';
export const recordsFile = (container: number): string => `records-${container}.avro`;

/** A file as a manifest names it. */
export interface FileEntry {
  readonly name: string;
  readonly bytes: number;
  readonly crc32c: number;
}

const chunkBytes = 4 << 20;

/** Size and checksum of a file, and its bytes into a digest where one is given. */
export function describeFile(directory: string, name: string, digest?: ReturnType<typeof createHash>): FileEntry {
  const fd = openSync(join(directory, name), 'r');
  try {
    const chunk = Buffer.allocUnsafe(chunkBytes);
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

/** @throws AppError DATA_LOSS naming the file that is not what the manifest says. */
export function verifyFile(directory: string, entry: FileEntry, bytes?: Uint8Array): void {
  const found = bytes === undefined ? describeFile(directory, entry.name) : { bytes: bytes.length, crc32c: crc32c(bytes) };
  if (found.bytes !== entry.bytes || found.crc32c !== entry.crc32c) {
    throw new AppError('DATA_LOSS', `${join(directory, entry.name)} fails its checksum (${found.bytes} bytes, ${entry.bytes} expected)`);
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
  const path = join(directory, name);
  const size = statSync(path).size;
  const bytes = new Uint8Array(new ArrayBuffer(size));
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < size;) {
      const read = readSync(fd, bytes, done, size - done, done);
      if (read === 0) throw new AppError('DATA_LOSS', `${path} ended early`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}
