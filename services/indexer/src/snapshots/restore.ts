/** From the newest snapshot to a shard's folder. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from '@proximadb/blobs';
import { AppError } from '@proximadb/errors';
import type { Manifest, SegmentEntry } from '@proximadb/schemas';
import { readManifest, readVerified, writeManifest, type FileEntry } from '@proximadb/segment';
import { forEachAtMost } from './at-most.ts';
import { assertSameLog, filesOf, type Snapshot } from './head.ts';
import { isGone, listKept, readHead, readKept, type Warn } from './kept.ts';
import { placeOf, type Layout } from './layout.ts';

export interface Restored {
  /** `local`: the folder has a manifest that covers as much as any snapshot; nothing was changed. */
  readonly kind: 'restored' | 'local';
  /** As it is in the folder now. */
  readonly manifest: Manifest;
  readonly downloadedBytes: number;
  /** What could not be used of the store, for an operator: a newer snapshot was passed over, or a graph will be built again. Empty if all was well. */
  readonly passedOver: readonly string[];
}

export interface RestoreOptions {
  readonly store: BlobStore;
  readonly layout: Layout;
  /** Snapshots, of the newest, that may be gone back to. */
  readonly kept: number;
  readonly filesAtOnce: number;
  readonly warn: Warn;
}

/** While one is fetched another may take its place, and its blobs may be deleted. */
const headsMax = 4;
/** A name that whoever opens the shard takes for a leftover. */
const stagingName = 'tmp-restore';

/**
 * Files first, each compared with its checksum and flushed; the manifest last: until then the folder is what it was, and a restore that was broken off goes on
 * from what it has.
 * @returns undefined if there is no snapshot, and no manifest in the folder.
 * @throws AppError DATA_LOSS if no snapshot is whole, or the folder's own manifest is damaged: then it has to be moved away.
 */
export async function restore(options: RestoreOptions, directory: string, signal?: AbortSignal): Promise<Restored | undefined> {
  const local = await readManifest(directory);
  for (let attempt = 0; attempt < headsMax; attempt += 1) {
    const outcome = await restoreOnce(options, directory, local, signal);
    if (outcome !== 'moved') return outcome;
  }
  throw new AppError('UNAVAILABLE', `the snapshots under ${options.layout.base} changed ${headsMax} times while one was fetched`);
}

async function restoreOnce(
  options: RestoreOptions, directory: string, local: Manifest | undefined, signal: AbortSignal | undefined,
): Promise<Restored | undefined | 'moved'> {
  const { store, layout, warn } = options;
  const passedOver: string[] = [];
  const passOver = (event: string, error: unknown): void => {
    passedOver.push(error instanceof Error ? error.message : String(error));
    warn(event, error);
  };
  const head = (await readHead(store, layout, passOver, signal))?.snapshot;
  for await (const snapshot of candidatesOf(options, head, passOver, signal)) {
    if (local !== undefined) {
      assertSameLog(local, snapshot.manifest, layout.base);
      if (local.watermark >= snapshot.manifest.watermark) return { kind: 'local', manifest: local, downloadedBytes: 0, passedOver };
    }
    const fetched = await fetchInto(options, snapshot, directory, passOver, signal);
    if (fetched !== undefined) return { kind: 'restored', ...fetched, passedOver };
    const now = (await readHead(store, layout, () => {}, signal))?.snapshot;
    if (now?.sequence !== head?.sequence) return 'moved';
  }
  if (local !== undefined) return { kind: 'local', manifest: local, downloadedBytes: 0, passedOver };
  if (passedOver.length === 0) return undefined;
  throw new AppError('DATA_LOSS', `no snapshot under ${layout.base} is whole: ${passedOver.join('; ')}. Where a replica lives its next snapshot mends this; `
    + 'else the log has to be applied from its beginning');
}

/** The newest first. */
async function* candidatesOf(
  { store, layout, kept }: RestoreOptions, head: Snapshot | undefined, passOver: Warn, signal: AbortSignal | undefined,
): AsyncGenerator<Snapshot> {
  if (head !== undefined) yield head;
  for (const { key } of (await listKept(store, layout, head?.sequence ?? Infinity, signal)).slice(0, kept - 1)) {
    try {
      const snapshot = await readKept(store, key, signal);
      if (snapshot !== undefined) yield snapshot;
    } catch (error) {
      if (!isGone(error)) throw error;
      passOver('snapshot-damaged', error);
    }
  }
}

/** @returns undefined if the snapshot cannot be used. */
async function fetchInto(
  options: RestoreOptions, snapshot: Snapshot, directory: string, passOver: Warn, signal: AbortSignal | undefined,
): Promise<{ readonly manifest: Manifest; readonly downloadedBytes: number } | undefined> {
  const { manifest } = snapshot;
  const segmentsDirectory = join(directory, 'segments');
  const staging = join(segmentsDirectory, stagingName);
  const lost = new Set<string>();
  const arrived: string[] = [];
  let downloadedBytes = 0;
  const graphs = new Set(manifest.segments.flatMap(({ id, graph }) => (graph === null ? [] : [placeOf(id, graph.name)])));
  try {
    await forEachAtMost(options.filesAtOnce, filesOf(manifest), signal, async ({ id, file }, each) => {
      const place = placeOf(id, file.name);
      if (await isThere(join(segmentsDirectory, id), file)) return;
      try {
        if (!await isThere(join(staging, id), file)) {
          await fetchFile(options, snapshot, place, file, join(staging, id), each);
          downloadedBytes += file.bytes;
        }
        arrived.push(place);
      } catch (error) {
        // A graph is derived data: the shard builds it again.
        if (!isGone(error) || !graphs.has(place)) throw error;
        lost.add(place);
        passOver('snapshot-graph-damaged', error);
      }
    });
  } catch (error) {
    if (!isGone(error)) throw error;
    passOver('snapshot-damaged', error);
    return undefined;
  }
  const isLost = ({ id, graph }: SegmentEntry): boolean => graph !== null && lost.has(placeOf(id, graph.name));
  const usable: Manifest = { ...manifest, segments: manifest.segments.map((segment) => (isLost(segment) ? { ...segment, graph: null } : segment)) };
  await moveIn(arrived, staging, segmentsDirectory);
  await writeManifest(directory, usable);
  await rm(staging, { recursive: true, force: true });
  return { manifest: usable, downloadedBytes };
}

async function isThere(folder: string, file: FileEntry): Promise<boolean> {
  if (!existsSync(join(folder, file.name))) return false;
  return readVerified(folder, file).then(() => true, (error: unknown) => {
    if (isGone(error)) return false;
    throw error;
  });
}

/**
 * Twice if it is damaged, since that may have happened on its way; then the blob is marked, so that the next `publish` puts another one in its place.
 * @throws AppError DATA_LOSS if it is damaged or missing.
 */
async function fetchFile(
  { store, layout }: RestoreOptions, { tokens }: Snapshot, place: string, file: FileEntry, folder: string, signal: AbortSignal,
): Promise<void> {
  const token = tokens.get(place) ?? '';
  const key = layout.blob(place, token);
  const path = join(folder, file.name);
  await mkdir(folder, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rm(path, { force: true });
      await store.download(key, path, signal);
      await readVerified(folder, file);
      await flush(path);
      return;
    } catch (error) {
      if (!isGone(error)) throw error;
      if ((error as AppError).code === 'NOT_FOUND') throw new AppError('DATA_LOSS', `the blob ${key} is missing`, { cause: error });
      if (attempt < 2) continue;
      await store.putIf(layout.marker(place, token), new Uint8Array(0), null, signal);
      throw new AppError('DATA_LOSS', `the blob ${key} is damaged`, { cause: error });
    }
  }
}

/** Into the folders where the manifest will look for them. */
async function moveIn(places: readonly string[], staging: string, segmentsDirectory: string): Promise<void> {
  const folders = new Set([segmentsDirectory, dirname(segmentsDirectory)]);
  await mkdir(segmentsDirectory, { recursive: true });
  for (const place of places) {
    const target = join(segmentsDirectory, place);
    await mkdir(dirname(target), { recursive: true });
    folders.add(dirname(target));
    await rename(join(staging, place), target);
  }
  for (const folder of folders) await flush(folder);
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
