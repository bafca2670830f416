/** A thread that is called, and may call back. */
import { Worker } from 'node:worker_threads';
import { AppError } from '@proximadb/errors';
import { Rpc, type Handler } from './rpc.ts';

export interface ThreadOptions {
  /** As the system shows it. */
  readonly name: string;
  readonly module: URL;
  /** Plain data. */
  readonly data: unknown;
  /** What it may call. */
  readonly handlers?: Readonly<Record<string, Handler>>;
  /** It died: the process cannot go on. */
  readonly onFatal: (error: Error) => void;
}

export class Thread {
  readonly rpc: Rpc;
  readonly #worker: Worker;
  readonly #exited = new AbortController();
  #isEnding = false;

  constructor({ name, module, data, handlers = {}, onFatal }: ThreadOptions) {
    this.#worker = new Worker(module, { name, workerData: data });
    this.rpc = new Rpc(this.#worker, handlers);
    const died = (error: Error): void => {
      this.rpc.fail(new AppError('UNAVAILABLE', `the thread ${name} died: ${error.message}`, { cause: error }));
      if (!this.#isEnding) onFatal(error);
    };
    this.#worker.once('exit', () => { this.#exited.abort(); });
    this.#worker.on('error', died);
    this.#worker.on('exit', (code) => { if (!this.#isEnding) died(new Error(`exit code ${code}`)); });
  }

  /** Aborts when it is over. */
  get exited(): AbortSignal {
    return this.#exited.signal;
  }

  /** Its end is none that anybody has to hear of any more. */
  expectEnd(): void {
    this.#isEnding = true;
  }

  /** Ends it, whatever it does. @param reason that calls under way fail with. */
  async end(reason: AppError): Promise<void> {
    this.expectEnd();
    this.rpc.fail(reason);
    await this.#worker.terminate();
  }
}
