/** Snapshots are read, written and verified on a thread of their own: checksums of whole segments would hold up everything else. */
import { AppError } from '@proximadb/errors';
import type { LogLevel } from '@proximadb/process';
import type { Restorer } from '../holder.ts';
import type { Published, SnapshotWriter } from '../snapshotter.ts';
import { Thread } from './thread.ts';

export interface SnapshotThreadData {
  /** URL of the blob store, as `openBlobs` takes it. */
  readonly url: string;
  /** Plain data, as `openBlobs` takes it. */
  readonly options: object;
  /** Snapshots of a partition that are kept. */
  readonly kept: number;
  /** Age from which a blob that no snapshot names is deleted. */
  readonly garbageAgeMs: number;
  readonly logLevel: LogLevel;
}

export interface SnapshotThreadOptions extends SnapshotThreadData {
  /** Text of an accepted schema; null if the catalog has not accepted it. */
  readonly schemaText: (schemaId: number) => Promise<string | null>;
  /** The thread died: the process cannot go on. */
  readonly onFatal: (error: Error) => void;
}

export class SnapshotThread implements Restorer, SnapshotWriter, AsyncDisposable {
  readonly #thread: Thread;

  constructor({ schemaText, onFatal, ...data }: SnapshotThreadOptions) {
    this.#thread = new Thread({
      name: 'snapshots', module: new URL('./snapshot-thread.ts', import.meta.url), data: data satisfies SnapshotThreadData, onFatal,
      handlers: { schema: (schemaId: number) => schemaText(schemaId) },
    });
  }

  restore(log: number, partition: number, directory: string): Promise<{ readonly watermark: number } | undefined> {
    return this.#thread.rpc.call('restore', log, partition, directory);
  }

  erase(log: number): Promise<void> {
    return this.#thread.rpc.call('erase', log);
  }

  publish(log: number, partition: number, staged: string): Promise<Published> {
    return this.#thread.rpc.call('publish', log, partition, staged);
  }

  collect(log: number, partition: number): Promise<void> {
    return this.#thread.rpc.call('collect', log, partition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.end(new AppError('UNAVAILABLE', 'the process is stopping'));
  }
}
