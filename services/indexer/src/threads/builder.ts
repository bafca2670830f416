import { AppError } from '@proximadb/errors';
import { callState, noMoreCalls, type BuildJob, type BuildResult } from '@proximadb/segment';
import type { BuilderKind, BuildThreadData } from './build-thread.ts';
import { Thread } from './thread.ts';

/** Longer than builds are apart where much is written. */
const idleMsDefault = 10_000;

export interface BuilderOptions extends BuilderKind {
  readonly name: string;
  readonly onFatal: (error: Error) => void;
  /** How long its thread is there after the last job. Default 10,000. */
  readonly idleMs?: number;
}

/** Does one job after the other, on a thread that is there while there are any: what building took for itself goes with it. */
export class Builder {
  readonly #options: BuilderOptions;
  #thread: { readonly thread: Thread; readonly calls: SharedArrayBuffer } | undefined;
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
      return await this.#thread.thread.rpc.call<BuildResult>('build', job);
    } finally {
      this.#jobs -= 1;
      if (this.#jobs === 0) this.#idle = setTimeout(() => { void this.end(new AppError('UNAVAILABLE', 'there was nothing to build')); }, this.#idleMs).unref();
    }
  }

  /** Ends the thread; the next job starts another one. */
  async end(reason: AppError): Promise<void> {
    clearTimeout(this.#idle);
    const started = this.#thread;
    this.#thread = undefined;
    if (started !== undefined) {
      const { thread, calls } = started;
      thread.expectEnd();
      this.#ended = Promise.all([this.#ended, noMoreCalls(calls, thread.exited).then(() => thread.end(reason))]).then(() => undefined);
    }
    await this.#ended;
  }

  get #idleMs(): number {
    return this.#options.idleMs ?? idleMsDefault;
  }

  #start(): { readonly thread: Thread; readonly calls: SharedArrayBuffer } {
    const { name, sharers, graphThreads, onFatal } = this.#options;
    const calls = callState();
    const data: BuildThreadData = { sharers, ...(graphThreads === undefined ? {} : { graphThreads }), calls };
    return { thread: new Thread({ name, module: new URL('./build-thread.ts', import.meta.url), data, onFatal }), calls };
  }
}

/** Several of a kind: each job is done by the first that has nothing to do. */
export class Builders {
  /** In the order in which they are asked. */
  readonly #builders: readonly Builder[];
  readonly #free: Set<Builder>;
  readonly #waiting: { readonly begin: (builder: Builder) => void; readonly fail: (reason: AppError) => void }[] = [];

  constructor(builders: readonly Builder[]) {
    this.#builders = builders;
    this.#free = new Set(builders);
  }

  /** @throws AppError as {@link Builder.run}. */
  run(job: BuildJob): Promise<BuildResult> {
    const free = this.#builders.find((one) => this.#free.has(one));
    if (free !== undefined) return this.#runOn(free, job);
    return new Promise((resolve, fail) => { this.#waiting.push({ begin: (builder) => { resolve(this.#runOn(builder, job)); }, fail }); });
  }

  /** Ends their threads. Nobody waits any more. */
  async end(reason: AppError): Promise<void> {
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
    for (const builder of this.#builders) await builder.end(reason);
  }

  /** Begins at once: a job that was begun is ended with the thread that does it. */
  async #runOn(builder: Builder, job: BuildJob): Promise<BuildResult> {
    this.#free.delete(builder);
    try {
      return await builder.run(job);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.add(builder);
      else next.begin(builder);
    }
  }
}
