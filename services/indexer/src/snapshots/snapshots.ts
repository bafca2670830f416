/**
 * Snapshots of one partition in the blob store: a line of heads, each a manifest whose segments are there. Works on a shard's folder, and knows nothing of the
 * shard. Any number of processes may do any of this at once.
 */
import type { BlobStore } from '@proximadb/blobs';
import type { Walker } from '@proximadb/record';
import type { Manifest } from '@proximadb/schemas';
import { collect, type Collected } from './collect.ts';
import { listKept, readHead, type Warn } from './kept.ts';
import { Layout } from './layout.ts';
import { publish, type Publication } from './publish.ts';
import { restore, type Restored } from './restore.ts';

export interface SnapshotsOptions {
  readonly store: BlobStore;
  readonly log: number;
  readonly partition: number;
  /** For opening segments before they count. */
  readonly walkerOf: (schemaId: number) => Walker | Promise<Walker>;
  readonly warn: Warn;
  /** Snapshots to keep, the newest ones; all processes have to agree. Default 2. */
  readonly kept?: number;
  /** Age at which what no kept snapshot names is deleted, ms; default 24 hours. */
  readonly garbageAgeMs?: number;
  /** Files uploaded or downloaded at once; default 4. */
  readonly filesAtOnce?: number;
}

const dayMs = 24 * 3_600_000;

export class Snapshots {
  readonly #options: Required<SnapshotsOptions> & { readonly layout: Layout };

  constructor(options: SnapshotsOptions) {
    this.#options = { kept: 2, garbageAgeMs: dayMs, filesAtOnce: 4, ...options, layout: new Layout(options.log, options.partition) };
  }

  /**
   * Makes a manifest the newest snapshot. Uploads what the head does not name; opens it as the store gives it back; only then it counts.
   * @param segmentsDirectory where its segments are; they must stay as they are. There has to be room for the largest of them once more.
   * @throws AppError DATA_LOSS if a file is damaged here or there: nothing has changed; FAILED_PRECONDITION if the snapshots are another log's; ABORTED if they
   * were erased meanwhile; UNAVAILABLE if the store does not answer: whether it is published is not known, and the next call finds out.
   */
  publish(manifest: Manifest, segmentsDirectory: string, signal?: AbortSignal): Promise<Publication> {
    return publish(this.#options, manifest, segmentsDirectory, signal);
  }

  /** Watermark below which nothing needs the log any more: that of the oldest kept snapshot; 0 if there is none. */
  async oldestKept(signal?: AbortSignal): Promise<number> {
    const { store, layout, kept, warn } = this.#options;
    const head = (await readHead(store, layout, warn, signal))?.snapshot;
    const older = (await listKept(store, layout, head?.sequence ?? Infinity, signal)).slice(0, kept - 1);
    return older.at(-1)?.watermark ?? head?.manifest.watermark ?? 0;
  }

  /** Puts the newest snapshot into a shard's folder, which nobody has open; see {@link restore}. */
  restore(directory: string, signal?: AbortSignal): Promise<Restored | undefined> {
    return restore(this.#options, directory, signal);
  }

  /** Deletes what no kept snapshot names; see {@link collect}. */
  collect(nowMs: number, signal?: AbortSignal): Promise<Collected> {
    return collect(this.#options, nowMs, signal);
  }
}

/** Deletes all snapshots of a log. Who was about to publish one may leave something all the same: do it again later. */
export async function eraseLog(store: BlobStore, log: number, signal?: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${log}/`, signal)) keys.push(key);
  // The heads first: without one nothing is restored, and nobody can put another in its place.
  const heads = keys.filter((key) => key.endsWith('/head'));
  await store.delete(heads, signal);
  await store.delete(keys.filter((key) => !key.endsWith('/head')), signal);
}
