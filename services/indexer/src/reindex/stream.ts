/** What a copier writes: its stream of records into all partitions of the new generation. */
import type { Collection } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import { AppendError, crc32c, crcHeaderName, encodeCrc, partition, partitionOf, type AppendEntry, type Log } from '@proximadb/log';
import type { Change } from './changes.ts';
import { encodeOrigin, originHeaderName } from './origin.ts';
import { pause } from './patience.ts';

export interface StreamOptions {
  readonly log: Pick<Log, 'append'>;
  /** The new one. */
  readonly generation: Collection;
  /** Of the old generation. */
  readonly partition: number;
  readonly epoch: number;
  /** Records and bytes of one append, about. */
  readonly batchRecords: number;
  readonly batchBytes: number;
}

export class Stream {
  readonly #options: StreamOptions;
  #sequence = 0;
  /** One a partition of the new generation: behind the last record that was written there. */
  readonly #ends: number[];

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#ends = new Array<number>(options.generation.settings.partitions).fill(0);
  }

  /** One a partition of the new generation: all that was written lies below. */
  get ends(): readonly number[] {
    return this.#ends;
  }

  /** A record in every partition behind which nothing counts that an earlier copier of this partition wrote. */
  async fence(signal: AbortSignal): Promise<void> {
    await this.#append(this.#ends.map((_, number) => this.#entry(partition(number), new Uint8Array(), null, 0)), signal);
  }

  /** Settles when all of it is durable. @throws AppError as the log; AppendError if nobody knows what of it is in the log. */
  async write(changes: readonly Change[], signal: AbortSignal): Promise<void> {
    const { batchRecords, batchBytes, generation: { settings: { partitions } } } = this.#options;
    let batch: AppendEntry[] = [];
    let bytes = 0;
    for (const { id, record, offset } of changes) {
      batch.push(this.#entry(partitionOf(id, partitions), id, record, offset));
      bytes += id.length + (record?.length ?? 0);
      if (batch.length < batchRecords && bytes < batchBytes) continue;
      await this.#append(batch, signal);
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) await this.#append(batch, signal);
  }

  #entry(to: AppendEntry['partition'], key: Uint8Array, value: Uint8Array | null, offset: number): AppendEntry {
    this.#sequence += 1;
    const origin = encodeOrigin({ partition: this.#options.partition, epoch: this.#options.epoch, sequence: this.#sequence, offset });
    return { partition: to, key, value, headers: { [originHeaderName]: origin, ...(value === null ? {} : { [crcHeaderName]: encodeCrc(crc32c(value)) }) } };
  }

  /** A log that takes nothing at the moment is asked again: then nothing was written. */
  async #append(entries: readonly AppendEntry[], signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        const { offsets } = await this.#options.log.append(this.#options.generation.topic, entries, signal);
        entries.forEach(({ partition: to }, i) => { this.#ends[to] = Math.max(this.#ends[to] ?? 0, (offsets[i] ?? 0) + 1); });
        return;
      } catch (error) {
        if (error instanceof AppendError || !(error instanceof AppError) || !error.retryable) throw error;
        await pause(error.retryAfterMs ?? 100, signal);
      }
    }
  }
}
