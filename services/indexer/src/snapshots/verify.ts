/** Before a snapshot counts: what was uploaded is fetched back, compared with the manifest's checksums, and opened. */
import { existsSync } from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@proximadb/blobs';
import { AppError } from '@proximadb/errors';
import type { Walker } from '@proximadb/record';
import type { Manifest, SegmentEntry } from '@proximadb/schemas';
import { readVerified, Sealed, type FileEntry } from '@proximadb/segment';
import { forEachAtMost } from './at-most.ts';

export interface Upload {
  readonly file: FileEntry;
  readonly key: string;
}

export interface UploadSettings {
  readonly store: BlobStore;
  readonly settings: Manifest['settings'];
  readonly walkerOf: (schemaId: number) => Walker | Promise<Walker>;
  /** Files at once. */
  readonly filesAtOnce: number;
}

/**
 * Uploads files of a segment and proves that the store gives back what the manifest names.
 * @param local the segment's folder.
 * @param scratch a folder for what is fetched back; it is removed.
 * @throws AppError DATA_LOSS naming the local file that is damaged, or the blob that did not come back as it went.
 */
export async function uploadVerified(
  segment: SegmentEntry, uploads: readonly Upload[], local: string, scratch: string, options: UploadSettings, signal?: AbortSignal,
): Promise<void> {
  const { store, filesAtOnce } = options;
  await mkdir(scratch, { recursive: true });
  try {
    await forEachAtMost(filesAtOnce, uploads, signal, async ({ file, key }, each) => {
      await store.upload(key, join(local, file.name), each);
      try {
        await store.download(key, join(scratch, file.name), each);
        await readVerified(scratch, file);
      } catch (error) {
        await blame(error, local, file, key);
      }
    });
    await open(segment, uploads, local, scratch, options);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Whose fault it is decides who has to act. */
async function blame(error: unknown, local: string, file: FileEntry, key: string): Promise<never> {
  if (error instanceof AppError && error.code === 'NOT_FOUND') throw new AppError('UNAVAILABLE', `somebody deleted ${key} at once`, { cause: error });
  if (!(error instanceof AppError) || error.code !== 'DATA_LOSS') throw error;
  await readVerified(local, file);
  throw new AppError('DATA_LOSS', `the blob store does not give back what was uploaded as ${key}`, { cause: error });
}

/** A graph alone is not opened: its checksum was compared, and it is derived data. */
async function open(segment: SegmentEntry, uploads: readonly Upload[], local: string, scratch: string, options: UploadSettings): Promise<void> {
  const { id, rows, files, schema_ids: schemaIds, reach } = segment;
  if (uploads.every(({ file }) => file.name === segment.graph?.name)) return;
  // What the store had before was opened then; here it stands in as it is on this disk.
  for (const { name } of files) if (!existsSync(join(scratch, name))) await link(join(local, name), join(scratch, name));
  const walkers = new Map<number, Walker>();
  for (const schemaId of schemaIds) walkers.set(schemaId, await options.walkerOf(schemaId));
  const { dimension, metric, m, ef_construction: efConstruction, quantization } = options.settings;
  // It is looked at, not searched: whatever the collection says, vectors are not held.
  const storage = 'disk';
  const sealed = await Sealed.open({
    directory: scratch, files: { id, rows, files, schemaIds, reach }, graphSettings: { dimension, metric, m, efConstruction, quantization }, storage,
    walkerOf: (schemaId) => {
      const walker = walkers.get(schemaId);
      if (walker === undefined) throw new RangeError(`no records of schema id ${schemaId}`);
      return walker;
    },
  }, true);
  sealed.close();
  if (sealed.rows.count !== rows) throw new AppError('DATA_LOSS', `segment ${id} has ${sealed.rows.count} rows where the manifest says ${rows}`);
}
