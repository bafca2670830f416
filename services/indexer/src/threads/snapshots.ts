/** Snapshots are read, written and verified on a thread of their own: checksums of whole segments would hold up everything else. */
import { Worker } from 'node:worker_threads';
import { AppError } from '@proximadb/errors';
import type { LogLevel } from '@proximadb/process';
import type { Restorer } from '../holder.ts';
import type { Published, SnapshotWriter } from '../snapshotter.ts';
import { Rpc } from './rpc.ts';

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
  readonly #worker: Worker;
  readonly #rpc: Rpc;
  #closing = false;

  constructor({ schemaText, onFatal, ...data }: SnapshotThreadOptions) {
    this.#worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { name: 'snapshots', workerData: data satisfies SnapshotThreadData });
    this.#rpc = new Rpc(this.#worker, { schema: (schemaId: number) => schemaText(schemaId) });
    const died = (error: Error): void => {
      this.#rpc.fail(new AppError('UNAVAILABLE', `the thread of snapshots died: ${error.message}`, { cause: error }));
      if (!this.#closing) onFatal(error);
    };
    this.#worker.on('error', died);
    this.#worker.on('exit', (code) => { if (!this.#closing) died(new Error(`exit code ${code}`)); });
  }

  restore(log: number, partition: number, directory: string): Promise<{ readonly watermark: number } | undefined> {
    return this.#rpc.call('restore', log, partition, directory);
  }

  erase(log: number): Promise<void> {
    return this.#rpc.call('erase', log);
  }

  publish(log: number, partition: number, staged: string): Promise<Published> {
    return this.#rpc.call('publish', log, partition, staged);
  }

  collect(log: number, partition: number): Promise<void> {
    return this.#rpc.call('collect', log, partition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#rpc.fail(new AppError('UNAVAILABLE', 'the process is stopping'));
    await this.#worker.terminate();
  }
}
