/**
 * Deleting what no kept snapshot needs. Any number of processes may do it while others publish:
 *
 * - A key is never written twice, and a snapshot names only what it uploaded itself and what the head before it named.
 * - The list of what is there is made first, then the head is put once more as it is: under a new revision. A publish that began before fails its compare
 *   and set, and begins anew under new keys. One that begins later names only what that head names, and keys that are not in the list.
 *
 * So what is in the list and unnamed at that moment is never named again, however slow anybody is; the age that it must have only saves those who are under
 * way from beginning anew, and readers of an older head from missing a blob.
 */
import type { Blob, BlobStore } from '@proximadb/blobs';
import { encodeSnapshot, type Snapshot } from './head.ts';
import { listKept, readHead, readKept, type Warn } from './kept.ts';
import type { Layout } from './layout.ts';

export interface CollectOptions {
  readonly store: BlobStore;
  readonly layout: Layout;
  /** Snapshots that are kept, at least 1. */
  readonly kept: number;
  /** Of what is deleted, by the store's clock, ms. */
  readonly garbageAgeMs: number;
  readonly warn: Warn;
}

export interface Collected {
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
}

const nothing: Collected = { manifests: 0, blobs: 0, bytes: 0 };

/**
 * @param nowMs by the caller's clock: decides whether there is anything to look at. What is deleted is decided by the store's clock.
 * @throws AppError DATA_LOSS if a kept snapshot is damaged: what it needs cannot be told, so nothing is deleted until it is one of the kept no more.
 */
export async function collect(options: CollectOptions, nowMs: number, signal?: AbortSignal): Promise<Collected> {
  const { store, layout, kept, garbageAgeMs, warn } = options;
  const blobs: Blob[] = [];
  for (const folder of [layout.segments, layout.damaged]) for await (const blob of store.list(folder, signal)) blobs.push(blob);
  const head = await readHead(store, layout, warn, signal);
  if (head?.snapshot === undefined) return nothing;
  const older = await listKept(store, layout, head.snapshot.sequence, signal);
  const dropped = older.slice(kept - 1);
  await store.delete(dropped.map(({ key }) => key), signal);
  const named = new Set(keysOf(layout, head.snapshot));
  for (const { key } of older.slice(0, kept - 1)) {
    const snapshot = await readKept(store, key, signal);
    // Somebody collects with a newer head.
    if (snapshot === undefined) return { ...nothing, manifests: dropped.length };
    for (const each of keysOf(layout, snapshot)) named.add(each);
  }
  const unnamed = blobs.filter(({ key, modifiedMs }) => !named.has(key) && modifiedMs < nowMs - garbageAgeMs);
  if (unnamed.length === 0) return { ...nothing, manifests: dropped.length };
  if (await store.putIf(layout.head, encodeSnapshot(head.snapshot), head.revision, signal) === undefined) return { ...nothing, manifests: dropped.length };
  let storeNowMs = 0;
  for await (const { key, modifiedMs } of store.list(layout.head, signal)) if (key === layout.head) storeNowMs = modifiedMs;
  const garbage = unnamed.filter(({ modifiedMs }) => modifiedMs <= storeNowMs - garbageAgeMs);
  await store.delete(garbage.map(({ key }) => key), signal);
  return { manifests: dropped.length, blobs: garbage.length, bytes: garbage.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Of what a snapshot needs; and the marks on it, which stay as long. */
function keysOf(layout: Layout, { tokens }: Snapshot): string[] {
  return [...tokens].flatMap(([place, token]) => [layout.blob(place, token), layout.marker(place, token)]);
}
