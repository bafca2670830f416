import { AppError } from '@proximadb/errors';
import type { BuildJob, BuildResult } from '@proximadb/segment';
import type { BuildThreadData } from './build-thread.ts';
import { Thread } from './thread.ts';

/** Longer than builds are apart where much is written. */
const idleMsDefault = 10_000;

export interface BuilderOptions extends BuildThreadData {
  readonly name: string;
  readonly onFatal: (error: Error) => void;
  /** How long its thread is there after the last job. Default 10,000. */
  readonly idleMs?: number;
}

/** Does one job after the other, on a thread that is there while there are any: what building took for itself goes with it. */
export class Builder {
  readonly #options: BuilderOptions;
  #thread: Thread | undefined;
  #jobs = 0;
  #idle: NodeJS.Timeout | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  /** @throws AppError as the job; UNAVAILABLE if the thread ends meanwhile. */
  async run(job: BuildJob): Promise<BuildResult> {
    clearTimeout(this.#idle);
    this.#jobs += 1;
    try {
      this.#thread ??= this.#start();
      return await this.#thread.rpc.call<BuildResult>('build', job);
    } finally {
      this.#jobs -= 1;
      if (this.#jobs === 0) this.#idle = setTimeout(() => { void this.end(new AppError('UNAVAILABLE', 'there was nothing to build')); }, this.#idleMs).unref();
    }
  }

  /** Ends the thread; the next job starts another one. */
  async end(reason: AppError): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread !== undefined) this.#ended = Promise.all([this.#ended, thread.end(reason)]).then(() => undefined);
    await this.#ended;
  }

  get #idleMs(): number {
    return this.#options.idleMs ?? idleMsDefault;
  }

  #start(): Thread {
    const { name, yields, onFatal } = this.#options;
    return new Thread({ name, module: new URL('./build-thread.ts', import.meta.url), data: { yields } satisfies BuildThreadData, onFatal });
  }
}
