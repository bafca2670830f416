/** A client process that writes words, seen from the scenario. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** What a client process is asked, one after the other. */
export type WriterCommand =
  /** Encodes the records of `count` words, from `from` on (around the list's end they go on with new ids), and keeps them. */
  | { readonly kind: 'prepare'; readonly from: number; readonly count: number; readonly batchRecords: number; readonly withoutQueries?: boolean }
  /** Writes what was prepared. */
  | { readonly kind: 'write'; readonly collection: string; readonly concurrency: number }
  /** Sends what was prepared to a topic by a bare kafkajs producer, past the server: id and record, no more. */
  | { readonly kind: 'produce'; readonly brokers: readonly string[]; readonly topic: string; readonly concurrency: number }
  /** Encodes and writes, all on the clock. */
  | {
    readonly kind: 'encodeAndWrite'; readonly from: number; readonly count: number; readonly batchRecords: number;
    readonly collection: string; readonly concurrency: number; readonly withoutQueries?: boolean;
  };

export interface WriterAnswer {
  /** Records that were acknowledged. */
  readonly records: number;
  readonly tookMs: number;
  /** Of each batch: from the call to its ack. */
  readonly latenciesMs: readonly number[];
  readonly bytes: number;
}

export class WriterProcess implements Disposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static start(address: string): WriterProcess {
    const execArgv = ['--no-warnings', '--max-old-space-size=8192'];
    return new WriterProcess(fork(join(import.meta.dirname, 'writer.main.ts'), [address], { execArgv, serialization: 'advanced' }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(command: WriterCommand): Promise<WriterAnswer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => { reject(new Error(`the client process ended with exit code ${code}`)); };
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', onExit);
        resolve(answer as WriterAnswer);
      });
      this.#child.send(command);
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
