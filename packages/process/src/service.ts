/** What has to be done before a service answers, and how far it got. */
export interface Readiness {
  readonly ready: boolean;
  /** For people and probes, e.g. `{ "state": "replaying", "applied": 120000, "end": 341479 }`. JSON values only. */
  readonly progress?: Readonly<Record<string, unknown>>;
}

/**
 * The one shape of a service. Who creates it disposes of it: `[Symbol.asyncDispose]` stops what `run` left behind and closes what the
 * service opened; it is safe to call more than once.
 */
export interface Service extends AsyncDisposable {
  /**
   * Works until the signal aborts, then refuses intake, drains, and resolves.
   * Rejects only with what makes going on impossible.
   */
  run(signal: AbortSignal): Promise<void>;
  ready(): Readiness;
}

/** Background work under supervision. */
export interface Work {
  readonly name: string;
  /** Settles when the work has ended, for whatever reason. Never rejects. */
  readonly done: Promise<void>;
}

/**
 * The only way to start work that nobody awaits. An end by the signal is a good end; every other rejection goes to `onError`, once.
 * If `onError` throws, the process meets an uncaught error: a lost rejection would be lost data.
 * @param work gets the same signal.
 */
export function spawn(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>, onError: (error: unknown, name: string) => void): Work {
  const supervised = async (): Promise<void> => {
    try {
      await work(signal);
    } catch (error) {
      if (!isEndBySignal(error, signal)) report(error);
    }
  };
  const report = (error: unknown): void => {
    try {
      onError(error, name);
    } catch (failure) {
      setImmediate(() => { throw failure; });
    }
  };
  return { name, done: supervised() };
}

function isEndBySignal(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
}
