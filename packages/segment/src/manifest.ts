/** The manifest of a shard on disk: an Avro container file with one datum, its checksum in the file's metadata. */
import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { avroType, schemaText, type Manifest } from '@proximadb/schemas';
import { blocks, decodeHeader, encodeBlockHead, encodeHeader, syncMarker } from './ocf.ts';

export const manifestFile = 'manifest.avro';
const checksumKey = 'proximadb.crc32c';

/** Written, flushed, renamed over the one before, its folder flushed: after a crash there is the old one or the new one, whole. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const schema = schemaText('Manifest');
  const datum = avroType('Manifest').toBuffer(manifest);
  const bytes = Buffer.concat([
    encodeHeader(schema, { [checksumKey]: String(crc32c(datum)) }), encodeBlockHead(1, datum.length), datum, syncMarker(schema),
  ]);
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
    const header = decodeHeader(bytes);
    const [block] = blocks(bytes, header);
    const expected = Number(header.metadata.get(checksumKey)?.toString());
    if (block === undefined || crc32c(block.data) !== expected) throw new AppError('DATA_LOSS', 'the checksum fails');
    return avroType('Manifest').fromBuffer(block.data) as Manifest;
  } catch (error) {
    const advice = `move ${dirname(path)} away to apply again what the log keeps`;
    throw new AppError('DATA_LOSS', `${path} is damaged (${(error as Error).message}): ${advice}`, { cause: error });
  }
}
