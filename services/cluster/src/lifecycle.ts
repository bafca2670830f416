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

/** @param everything what was opened, in its order; it is closed in the opposite one. */
export function clusterProcess(everything: AsyncDisposableStack, ports: Running, fatal: Fatal, readiness: () => Readiness): ClusterProcess {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => closing ??= everything.disposeAsync();
  return {
    ...ports,
    ready: () => (closing === undefined ? readiness() : { ready: false, progress: { state: 'stopping' } }),
    async run(signal) {
      const stopped = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => { resolve(); }, { once: true });
      });
      try {
        await Promise.race([stopped, fatal.happened]);
      } finally {
        await close();
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
