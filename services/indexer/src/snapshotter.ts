/**
 * Which shards of this indexer are written to the blob store, and when. A partition has one line of snapshots: its owner in the
 * lowest-numbered group that lives writes it. If two write all the same, the blob store's compare-and-set lets one of them win.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Member } from '@proximadb/coordination';
import { toAppError } from '@proximadb/errors';
import { periodically, type Logger } from '@proximadb/process/thread';
import type { Position } from './host.ts';
import type { ManifestId } from './storage.ts';

export interface Published {
  readonly kind: 'published' | 'lost';
  /** Of the newest snapshot, whoever wrote it. */
  readonly watermark: number;
  /** Of the oldest snapshot that is kept: behind it the log may be trimmed. */
  readonly oldestWatermark: number;
  readonly bytesUploaded: number;
}

/** Writes snapshots, off the serving threads. */
export interface SnapshotWriter {
  /** @param staged folder with a manifest and the segments that it names. @throws AppError UNAVAILABLE if the blob store does not answer. */
  publish(log: number, partition: number, staged: string): Promise<Published>;
  /** Deletes what no kept snapshot of a partition names. */
  collect(log: number, partition: number): Promise<void>;
}

export interface SnapshotterOptions {
  /** For folders of links; emptied at the start. On the file system of the shards. */
  readonly directory: string;
  readonly memberId: string;
  readonly group: number;
  readonly writer: SnapshotWriter;
  readonly shards: {
    stage(log: number, partition: number, directory: string): Promise<ManifestId | undefined>;
    snapshotted(log: number, partition: number, oldestWatermark: number): Promise<void>;
  };
  readonly positions: () => readonly Position[];
  readonly members: () => readonly Member[];
  /**
   * A shard is written at the latest so long after records came. Merges and graphs alone are waited for: once it is at rest it is written with them, so that
   * nobody who takes it over has to build them again.
   */
  readonly everyMs: number;
  /** And at once when so many records came. */
  readonly everyRecords: number;
  readonly collectEveryMs: number;
  /** Between two looks. */
  readonly lookMs: number;
  /** Monotonic, ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

interface Line {
  /** Of the newest snapshot as far as is known here. */
  watermark: number;
  /** Of the manifest that was written last. */
  generation: number;
  writtenMs: number;
  collectedMs: number;
}

export class Snapshotter implements AsyncDisposable {
  readonly #options: SnapshotterOptions;
  readonly #lines = new Map<string, Line>();
  readonly #timer: Disposable;
  #working: Promise<void> | undefined;
  #closed = false;
  #failingSinceMs: number | undefined;
  #failure = '';

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    rmSync(options.directory, { recursive: true, force: true });
    this.#timer = periodically(options.lookMs, () => { this.#working ??= this.#look().finally(() => { this.#working = undefined; }); });
  }

  /** How long snapshots have failed, ms; 0: they do not. For an alert: meanwhile the log is not trimmed. */
  get failingForMs(): number {
    return this.#failingSinceMs === undefined ? 0 : this.#options.clock() - this.#failingSinceMs;
  }

  /** Why snapshots fail; null: they do not. */
  get failure(): string | null {
    return this.#failingSinceMs === undefined ? null : this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer[Symbol.dispose]();
    await this.#working;
  }

  /** One shard after the other: what they share is the way to the blob store. Never rejects. */
  async #look(): Promise<void> {
    for (const position of this.#options.positions()) {
      if (this.#closed) return;
      if (!this.#isDue(position)) continue;
      try {
        await this.#write(position);
        this.#failingSinceMs = undefined;
      } catch (error) {
        if (this.#failingSinceMs === undefined) this.#options.logger.warn('snapshot-failed', { log: position.log, partition: position.partition, error });
        this.#failingSinceMs ??= this.#options.clock();
        this.#failure = toAppError(error).message;
        return;
      }
    }
  }

  #isDue({ log, partition, state, durable, generation, isAtRest }: Position): boolean {
    const { clock, everyMs, everyRecords } = this.#options;
    if (state !== 'serving' || durable === 0) return false;
    const line = this.#lines.get(keyOf(log, partition));
    const isDue = line === undefined || durable - line.watermark >= everyRecords
      || (clock() - line.writtenMs >= everyMs && (durable > line.watermark || (generation !== line.generation && isAtRest)));
    return isDue && this.#isOurs(log, partition);
  }

  #isOurs(log: number, partition: number): boolean {
    return isLowest(this.#options.members(), this.#options.group, log, partition);
  }

  async #write({ log, partition }: Position): Promise<void> {
    const { directory, shards, writer, clock, logger, collectEveryMs } = this.#options;
    const key = keyOf(log, partition);
    const staged = join(directory, `${log}-${partition}-${randomUUID()}`);
    try {
      const manifest = await shards.stage(log, partition, staged);
      if (manifest === undefined) return;
      const startedMs = clock();
      const { kind, watermark, oldestWatermark, bytesUploaded } = await writer.publish(log, partition, staged);
      const line = this.#lines.get(key) ?? { watermark: 0, generation: 0, writtenMs: 0, collectedMs: -Infinity };
      this.#lines.set(key, line);
      Object.assign(line, { watermark, generation: manifest.generation, writtenMs: clock() });
      logger.info('snapshot', { log, partition, kind, watermark, bytesUploaded, ms: Math.round(clock() - startedMs) });
      if (kind === 'published') await shards.snapshotted(log, partition, oldestWatermark);
      if (clock() - line.collectedMs >= collectEveryMs) {
        line.collectedMs = clock();
        await writer.collect(log, partition);
      }
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }
}

/** Whether nobody of a lower group serves a partition: of those who do, this one does for all what has to be done once. */
export function isLowest(members: readonly Member[], group: number, log: number, partition: number): boolean {
  return !members.some((member) => member.kind === 'indexer' && member.group < group
    && member.holdings.some((holding) => holding.log === log && holding.partition === partition && holding.state !== 'building'));
}

function keyOf(log: number, partition: number): string {
  return `${log}/${partition}`;
}
