import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { partitionOf } from '@proximadb/log';
import type { GatewayConfig } from './config.ts';
import type { Progress } from './progress.ts';
import type { Writable } from './validate.ts';

/** What is known of a log. One figure a partition. */
interface Followed {
  /** Ends, as far as this gateway wrote. */
  readonly ends: number[];
  /** What was applied when the shards last said so: since then it may have become more. */
  readonly applied: number[];
  /** Partitions that were too far behind then, and by how many records. */
  behind: ReadonlyMap<number, number>;
  question: Promise<void> | undefined;
  askedMs: number;
}

/**
 * Bounds how far shards may be behind the log: past the limit writers are sent away until the shards have caught up. What nobody serves
 * is not waited for: writes to it go on.
 *
 * The shards are asked only when the limit may have been passed, once in `retryAfterMs`, one question a log at a time. Until it is answered the
 * last answer holds: so the limit is passed by what is written in that time, and by what is in flight.
 */
export class Lag {
  readonly #recordsMax: number;
  readonly #retryAfterMs: number;
  readonly #progress: Progress;
  /** Those that were written to, the longest followed first. */
  readonly #logs = new Map<number, Followed>();

  constructor({ lagRecordsMax, retryAfterMs }: Pick<GatewayConfig, 'lagRecordsMax' | 'retryAfterMs'>, progress: Progress) {
    this.#recordsMax = lagRecordsMax;
    this.#retryAfterMs = retryAfterMs;
    this.#progress = progress;
  }

  /** @throws AppError RESOURCE_EXHAUSTED with a time to come back, if a record goes where the shards are too far behind. */
  async check({ log, name, settings: { partitions } }: Collection, records: readonly Writable[]): Promise<void> {
    const followed = this.#logs.get(log);
    if (followed === undefined) return;
    const question = this.#look(log, followed);
    // By an answer of now, if it comes soon: the last one may be of long ago.
    if (followed.behind.size > 0 && question !== undefined) await Promise.race([question, delay(this.#retryAfterMs, undefined, { ref: false })]);
    if (followed.behind.size === 0) return;
    for (const { idBytes } of records) {
      const partition = partitionOf(idBytes, partitions);
      const lag = followed.behind.get(partition);
      if (lag === undefined) continue;
      const message = `partition ${partition} of collection ${JSON.stringify(name)} has ${lag} records in its log that are not applied yet, `
        + `and ${this.#recordsMax} are allowed; nothing was written`;
      throw new AppError('RESOURCE_EXHAUSTED', message, { retryAfterMs: this.#retryAfterMs });
    }
  }

  /** @param through the offset after the last record that was written, one a partition; 0: none was. */
  wrote({ log, settings: { partitions } }: Collection, through: readonly number[]): void {
    if (this.#recordsMax === 0) return;
    const { ends } = this.#logs.get(log) ?? this.#follow(log, partitions);
    through.forEach((end, partition) => { ends[partition] = Math.max(ends[partition] ?? 0, end); });
  }

  #follow(log: number, partitions: number): Followed {
    const [oldest] = this.#logs.keys();
    if (oldest !== undefined && this.#logs.size >= logsMax) this.#logs.delete(oldest);
    const zeros = (): number[] => new Array<number>(partitions).fill(0);
    const followed: Followed = { ends: zeros(), applied: zeros(), behind: new Map(), question: undefined, askedMs: -Infinity };
    this.#logs.set(log, followed);
    return followed;
  }

  /** @returns a question that is under way; it never rejects. */
  #look(log: number, followed: Followed): Promise<void> | undefined {
    const { ends, applied } = followed;
    const suspicious = followed.behind.size > 0 || ends.some((end, partition) => end - (applied[partition] ?? 0) > this.#recordsMax);
    const nowMs = performance.now();
    if (!suspicious || followed.question !== undefined || nowMs - followed.askedMs < this.#retryAfterMs) return followed.question;
    followed.askedMs = nowMs;
    followed.question = this.#ask(log, followed);
    return followed.question;
  }

  async #ask(log: number, followed: Followed): Promise<void> {
    // Nobody who answers is nobody to wait for.
    const reports = await this.#progress.report(log).catch(() => []);
    const behind = new Map<number, number>();
    for (const { partition, state, watermark } of reports) {
      if (state !== 'serving') continue;
      followed.applied[partition] = watermark;
      const lag = (followed.ends[partition] ?? 0) - watermark;
      if (lag > this.#recordsMax) behind.set(partition, lag);
    }
    followed.behind = behind;
    followed.question = undefined;
  }
}

/** Forgotten beyond: their partitions are learned again with the next write. */
const logsMax = 1_000;
