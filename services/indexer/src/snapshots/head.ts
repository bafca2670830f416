/** A snapshot as it stands in the blob store: a manifest file with a note. */
import { randomUUID } from 'node:crypto';
import { AppError } from '@proximadb/errors';
import type { Manifest, SegmentEntry } from '@proximadb/schemas';
import { decodeManifest, encodeManifest, type FileEntry } from '@proximadb/segment';
import { placeOf } from './layout.ts';

export interface Snapshot {
  readonly manifest: Manifest;
  /** Counts the heads of a partition, whoever wrote them. */
  readonly sequence: number;
  /** Token in the key of the blob of each file that the manifest names, by `placeOf`. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** Of the manifest file's notes. */
const noteName = 'snapshot';

interface Note {
  readonly sequence: number;
  /** Places by token. */
  readonly blobs: Readonly<Record<string, readonly string[]>>;
  /** Makes every content a content of its own: no two writes have the same revision. */
  readonly written: string;
}

export function encodeSnapshot({ manifest, sequence, tokens }: Snapshot): Buffer {
  const blobs: Record<string, string[]> = {};
  for (const [place, token] of tokens) (blobs[token] ??= []).push(place);
  const note: Note = { sequence, blobs, written: randomUUID() };
  return encodeManifest(manifest, { [noteName]: JSON.stringify(note) });
}

/** @throws AppError DATA_LOSS if it is not a snapshot, whole. */
export function decodeSnapshot(content: Uint8Array, key: string): Snapshot {
  try {
    const { manifest, notes } = decodeManifest(content);
    const { sequence, blobs } = JSON.parse(notes[noteName] ?? 'null') as Note;
    const tokens = new Map(Object.entries(blobs).flatMap(([token, places]) => places.map((place) => [place, token] as const)));
    for (const { id, file } of filesOf(manifest)) if (!tokens.has(placeOf(id, file.name))) throw new Error(`it does not say where ${file.name} of ${id} is`);
    return { manifest, sequence, tokens };
  } catch (error) {
    throw new AppError('DATA_LOSS', `the snapshot ${key} is damaged: ${(error as Error).message}`, { cause: error });
  }
}

/** All files that a manifest names. */
export function filesOf(manifest: Manifest): { readonly id: string; readonly file: FileEntry }[] {
  return manifest.segments.flatMap((segment) => filesOfSegment(segment).map((file) => ({ id: segment.id, file })));
}

export function filesOfSegment({ files, graph }: SegmentEntry): readonly FileEntry[] {
  return graph === null ? files : [...files, graph];
}

/** @throws AppError FAILED_PRECONDITION if they were made from different logs: the operator mixed two installations up. */
export function assertSameLog(ours: Manifest, theirs: Manifest, where: string): void {
  for (const key of ['cluster_id', 'topic', 'topic_id', 'log', 'partition'] as const) {
    if (ours[key] === theirs[key]) continue;
    throw new AppError('FAILED_PRECONDITION', `the snapshots under ${where} were made from another log (${key} ${theirs[key]}, here ${ours[key]}): `
      + 'the operator has to give this installation a place of its own in the blob store');
  }
}
