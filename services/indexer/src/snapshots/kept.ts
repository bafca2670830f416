/** What there is of a shard in the blob store. */
import type { BlobStore, Revision } from '@proximadb/blobs';
import { AppError } from '@proximadb/errors';
import { decodeSnapshot, type Snapshot } from './head.ts';
import type { Layout } from './layout.ts';

/** The head as it was read; its snapshot is undefined if it is damaged. */
export interface Head {
  readonly revision: Revision;
  readonly content: Uint8Array;
  readonly snapshot: Snapshot | undefined;
}

/** A snapshot that was head. */
export interface KeptManifest {
  readonly key: string;
  readonly sequence: number;
  readonly watermark: number;
}

/** @returns undefined if there is none. */
export async function readHead(store: BlobStore, layout: Layout, warn: Warn, signal?: AbortSignal): Promise<Head | undefined> {
  const found = await store.get(layout.head, signal);
  if (found === undefined) return undefined;
  try {
    return { ...found, snapshot: decodeSnapshot(found.content, layout.head) };
  } catch (error) {
    warn('snapshot-damaged', error);
    return { ...found, snapshot: undefined };
  }
}

/** Those before a sequence number, the newest first. What was never head, or is the head itself, is none of them. */
export async function listKept(store: BlobStore, layout: Layout, before: number, signal?: AbortSignal): Promise<KeptManifest[]> {
  const kept: KeptManifest[] = [];
  for await (const { key } of store.list(layout.manifests, signal)) {
    const parsed = layout.parseManifest(key);
    if (parsed !== undefined && parsed.sequence < before) kept.push({ key, ...parsed });
  }
  return kept.sort((a, b) => b.sequence - a.sequence);
}

/** @returns undefined if it is no longer kept. @throws AppError DATA_LOSS. */
export async function readKept(store: BlobStore, key: string, signal?: AbortSignal): Promise<Snapshot | undefined> {
  const found = await store.get(key, signal);
  return found === undefined ? undefined : decodeSnapshot(found.content, key);
}

/** Hears of what went wrong and was got over: an event's name, and why. */
export type Warn = (event: string, error: unknown) => void;

/** Of a blob that is missing or damaged: another snapshot may do without it. */
export function isGone(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'NOT_FOUND' || error.code === 'DATA_LOSS');
}
