/** From a manifest and its segments to the head of a partition's snapshots. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@proximadb/blobs';
import { AppError } from '@proximadb/errors';
import type { Manifest } from '@proximadb/schemas';
import { encodeManifest } from '@proximadb/segment';
import { assertSameLog, encodeSnapshot, filesOf, filesOfSegment, type Snapshot } from './head.ts';
import { isGone, listKept, readHead, readKept, type Head, type Warn } from './kept.ts';
import { placeOf, type Layout } from './layout.ts';
import { uploadVerified, type UploadSettings } from './verify.ts';

export type Publication =
  /** It is the head. */
  | { readonly kind: 'published'; readonly watermark: number; readonly uploadedBytes: number }
  /** Another one is: it covers more, or was first. */
  | { readonly kind: 'lost'; readonly watermark: number; readonly uploadedBytes: number; readonly winner: Manifest };

export interface PublishOptions extends Omit<UploadSettings, 'settings'> {
  readonly layout: Layout;
  readonly warn: Warn;
}

/** A collection of garbage may move the head on without changing it. */
const attemptsMax = 4;

/**
 * The order matters: files first, each fetched back; then a copy of the head that will be replaced; then the head itself. A crash at any point leaves
 * a head whose files are all there.
 */
export async function publish(options: PublishOptions, manifest: Manifest, segmentsDirectory: string, signal?: AbortSignal): Promise<Publication> {
  const { store, layout, warn } = options;
  let uploadedBytes = 0;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const head = await readHead(store, layout, warn, signal);
    const before = head?.snapshot;
    const newest = before?.manifest ?? await newestKept(options, signal);
    if (newest !== undefined) {
      assertSameLog(manifest, newest, layout.base);
      if (newest.watermark > manifest.watermark) return { kind: 'lost', watermark: newest.watermark, uploadedBytes, winner: newest };
    }
    const { carried, missing } = await compare(options, manifest, before, signal);
    if (before !== undefined && missing.size === 0 && encodeManifest(before.manifest).equals(encodeManifest(manifest))) {
      return { kind: 'published', watermark: manifest.watermark, uploadedBytes };
    }
    const token = randomBytes(8).toString('hex');
    uploadedBytes += await upload(options, manifest, segmentsDirectory, { token, missing }, signal);
    const tokens = new Map([...carried, ...[...missing].map((place) => [place, token] as const)]);
    if (await replace(options, head, { manifest, tokens }, signal)) return { kind: 'published', watermark: manifest.watermark, uploadedBytes };
    const now = (await readHead(store, layout, warn, signal))?.snapshot;
    if (now === undefined) throw new AppError('ABORTED', `the snapshots under ${layout.base} were erased while one was written`);
    if (now.sequence !== before?.sequence) return { kind: 'lost', watermark: now.manifest.watermark, uploadedBytes, winner: now.manifest };
    // A collection: what it found to be garbage it goes on deleting, so everything is done again, under other keys.
  }
  throw new AppError('UNAVAILABLE', `the snapshots under ${layout.base} changed ${attemptsMax} times while one was written`);
}

/** Where the head is damaged, or was removed: what comes next must not go back behind what was kept, for the log may be trimmed up to there. */
async function newestKept({ store, layout, warn }: PublishOptions, signal: AbortSignal | undefined): Promise<Manifest | undefined> {
  for (const { key } of await listKept(store, layout, Infinity, signal)) {
    try {
      const snapshot = await readKept(store, key, signal);
      if (snapshot !== undefined) return snapshot.manifest;
    } catch (error) {
      if (!isGone(error)) throw error;
      warn('snapshot-damaged', error);
    }
  }
  return undefined;
}

interface Comparison {
  /** Tokens by place, of what the head names and the store still has. */
  readonly carried: ReadonlyMap<string, string>;
  /** Places that have to be uploaded, whether a blob of such a content is there or not. */
  readonly missing: ReadonlySet<string>;
}

async function compare(
  { store, layout }: PublishOptions, manifest: Manifest, before: Snapshot | undefined, signal: AbortSignal | undefined,
): Promise<Comparison> {
  const bytes = new Map<string, number>();
  const damaged = new Set<string>();
  if (before !== undefined) {
    for await (const blob of store.list(layout.segments, signal)) bytes.set(blob.key, blob.bytes);
    for await (const { key } of store.list(layout.damaged, signal)) damaged.add(key);
  }
  const named = new Map((before === undefined ? [] : filesOf(before.manifest)).map(({ id, file }) => [placeOf(id, file.name), file]));
  const carried = new Map<string, string>();
  const missing = new Set<string>();
  for (const { id, file } of filesOf(manifest)) {
    const place = placeOf(id, file.name);
    const known = named.get(place);
    const token = before?.tokens.get(place);
    // What a restore could not use, and what somebody took away, is made good.
    const usable = token !== undefined && known?.bytes === file.bytes && known.crc32c === file.crc32c
      && bytes.get(layout.blob(place, token)) === file.bytes && !damaged.has(layout.marker(place, token));
    if (usable) carried.set(place, token);
    else missing.add(place);
  }
  return { carried, missing };
}

/** @returns how many bytes. */
async function upload(
  options: PublishOptions, manifest: Manifest, segmentsDirectory: string, { token, missing }: { readonly token: string; readonly missing: ReadonlySet<string> },
  signal: AbortSignal | undefined,
): Promise<number> {
  let bytes = 0;
  // A name that whoever opens this folder takes for a leftover.
  const scratch = join(segmentsDirectory, `tmp-verify-${token}`);
  try {
    for (const segment of manifest.segments) {
      const uploads = filesOfSegment(segment).filter(({ name }) => missing.has(placeOf(segment.id, name)))
        .map((file) => ({ file, key: options.layout.blob(placeOf(segment.id, file.name), token) }));
      if (uploads.length === 0) continue;
      const { store, walkerOf, filesAtOnce } = options;
      const settings: UploadSettings = { store, walkerOf, filesAtOnce, settings: manifest.settings };
      await uploadVerified(segment, uploads, join(segmentsDirectory, segment.id), join(scratch, segment.id), settings, signal);
      bytes += uploads.reduce((sum, { file }) => sum + file.bytes, 0);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return bytes;
}

/** Keeps the head, then puts the next one in its place. @returns false if the head is another one meanwhile. */
async function replace(
  { store, layout }: PublishOptions, head: Head | undefined, next: Pick<Snapshot, 'manifest' | 'tokens'>, signal: AbortSignal | undefined,
): Promise<boolean> {
  const before = head?.snapshot;
  if (head !== undefined && before !== undefined) {
    const { sequence, manifest: { watermark, generation } } = before;
    // If it is there, it is the same: no two snapshots have one sequence number.
    await store.putIf(layout.manifest({ sequence, watermark, generation }), head.content, null, signal);
  }
  const sequence = (before?.sequence ?? await lastSequence(store, layout, signal)) + 1;
  return await store.putIf(layout.head, encodeSnapshot({ ...next, sequence }), head?.revision ?? null, signal) !== undefined;
}

/** Where the head is damaged, or was removed. */
async function lastSequence(store: BlobStore, layout: Layout, signal: AbortSignal | undefined): Promise<number> {
  return (await listKept(store, layout, Infinity, signal))[0]?.sequence ?? 0;
}
