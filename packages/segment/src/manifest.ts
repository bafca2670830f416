/** The manifest of a shard on disk: an Avro container file with one datum, checksums of all of it in the file's metadata. */
import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import type avsc from 'avsc';
import { AppError, assert } from '@proximadb/errors';
import { avroType, decodeAvro, schemaText, type Manifest } from '@proximadb/schemas';
import { blocks, decodeHeader, encodeBlockHead, encodeHeader, syncMarker, type ContainerHeader } from './ocf.ts';

export const manifestFile = 'manifest.avro';
const checksumKey = 'proximadb.crc32c';
/** Of the schema and the notes: another release reads by them. */
const headerChecksumKey = 'proximadb.header.crc32c';
const notePrefix = 'proximadb.note.';
const manifestType = avroType('Manifest') as avsc.types.RecordType;
const requestsType = manifestType.field('requests').type;
/** Avro: no more blocks. */
const arrayEnd = Buffer.of(0);

/** Requests of a manifest as one block of an Avro array: encoded once, they are written into one manifest after the other. */
export interface RequestBlock {
  readonly bytes: Buffer;
}

/** @param requests at least one: a block without any would end the array. */
export function encodeRequests(requests: Manifest['requests']): RequestBlock {
  assert(requests.length > 0, 'a block has requests');
  return { bytes: requestsType.toBuffer(requests).subarray(0, -arrayEnd.length) };
}

/**
 * @param notes kept beside it in the file.
 * @param more requests that follow those of the manifest.
 */
export function encodeManifest(manifest: Manifest, notes: Readonly<Record<string, string>> = {}, more: readonly RequestBlock[] = []): Buffer {
  const schema = schemaText('Manifest');
  // The requests are its last field.
  const datum = [manifestType.toBuffer(manifest).subarray(0, -arrayEnd.length), ...more.map((block) => block.bytes), arrayEnd];
  const bytes = datum.reduce((sum, part) => sum + part.length, 0);
  const header = encodeHeader(schema, {
    [checksumKey]: String(datum.reduce((checksum, part) => crc32c(part, checksum), 0)), [headerChecksumKey]: String(headerChecksum(schema, notes)),
    ...Object.fromEntries(Object.entries(notes).map(([key, note]) => [notePrefix + key, note])),
  });
  return Buffer.concat([header, encodeBlockHead(1, bytes), ...datum, syncMarker(schema)]);
}

/** Of this release or another. @throws AppError DATA_LOSS if anything of it is not as it was written. */
export function decodeManifest(bytes: Uint8Array): { readonly manifest: Manifest; readonly notes: Readonly<Record<string, string>> } {
  try {
    const header = decodeHeader(bytes);
    const [block] = blocks(bytes, header);
    const notes = notesOf(header);
    // Of those that were written before there was one: then there were no notes either, and no other schemas.
    const checked = header.metadata.has(headerChecksumKey)
      ? header.metadata.get(headerChecksumKey)?.toString() === String(headerChecksum(header.schema, notes))
      : header.schema === schemaText('Manifest') && Object.keys(notes).length === 0;
    if (!checked || block === undefined || header.metadata.get(checksumKey)?.toString() !== String(crc32c(block.data))) {
      throw new AppError('DATA_LOSS', 'the checksum fails');
    }
    return { manifest: decodeAvro('Manifest', block.data, header.schema), notes };
  } catch (error) {
    throw new AppError('DATA_LOSS', (error as Error).message, { cause: error });
  }
}

function notesOf({ metadata }: ContainerHeader): Record<string, string> {
  const entries = [...metadata].filter(([key]) => key.startsWith(notePrefix));
  return Object.fromEntries(entries.map(([key, note]) => [key.slice(notePrefix.length), note.toString()]));
}

function headerChecksum(schema: string, notes: Readonly<Record<string, string>>): number {
  return crc32c(JSON.stringify([schema, notes]));
}

/** Written, flushed, renamed over the one before, its folder flushed: after a crash there is the old one or the new one, whole. See {@link encodeManifest}. */
export async function writeManifest(directory: string, manifest: Manifest, more: readonly RequestBlock[] = []): Promise<void> {
  const bytes = encodeManifest(manifest, {}, more);
  const temporary = join(directory, `${manifestFile}.tmp`);
  await flushed(temporary, 'w', (file) => file.writeFile(bytes));
  await rename(temporary, join(directory, manifestFile));
  await flushed(directory, 'r', async () => {});
}

async function flushed(path: string, flags: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns undefined if there is none. @throws AppError DATA_LOSS naming the file if it is damaged. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = join(directory, manifestFile);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return decodeManifest(bytes).manifest;
  } catch (error) {
    const advice = `move ${dirname(path)} away to apply again what the log keeps`;
    throw new AppError('DATA_LOSS', `${path} is damaged (${(error as Error).message}): ${advice}`, { cause: error });
  }
}
