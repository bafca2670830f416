/** Start, run and stop, the same for every process of a cluster. */
import type { Readiness, Service } from '@proximadb/process';

/** Something that made going on impossible, told from anywhere. */
export class Fatal {
  readonly #death = Promise.withResolvers<never>();

  constructor() {
    this.#death.promise.catch(() => {});
  }

  /** Rejects once {@link die} was called. */
  get happened(): Promise<never> {
    return this.#death.promise;
  }

  readonly die = (error: Error): void => { this.#death.reject(error); };
}

export interface Running {
  readonly grpcPort: number;
  readonly restPort: number;
}

export type ClusterProcess = Service & Running;

export interface ProcessParts {
  /** What was opened, in its order; it is closed in the opposite one. */
  readonly everything: AsyncDisposableStack;
  readonly ports: Running;
  readonly fatal: Fatal;
  readonly readiness: () => Readiness;
  /** What comes before the end while everything still works; never rejects. */
  readonly leave?: () => Promise<void>;
}

export function clusterProcess({ everything, ports, fatal, readiness, leave = async () => {} }: ProcessParts): ClusterProcess {
  let stopping: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => closing ??= everything.disposeAsync();
  return {
    ...ports,
    ready: () => (stopping === undefined && closing === undefined ? readiness() : { ready: false, progress: { state: 'stopping' } }),
    async run(signal) {
      const stopped = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => { resolve(); }, { once: true });
      });
      try {
        await Promise.race([stopped.then(() => stopping = leave()), fatal.happened]);
      } finally {
        await close();
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
