/** What this module needs of `process`, which only a main.ts may touch. */
export interface SignalSource {
  on(event: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code?: number): unknown;
}

export interface StopSignal extends Disposable {
  /** Aborts on the first SIGINT or SIGTERM: refuse intake, drain, checkpoint, close. */
  readonly signal: AbortSignal;
}

export interface StopSignalOptions {
  /** Before the abort, with the signal's name. */
  readonly onStop?: (name: string) => void;
  /** Before the exit that a second signal forces. */
  readonly onForce?: (name: string) => void;
}

const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The first SIGINT or SIGTERM aborts, the second ends the process at once. Disposing lets go of the signals. */
export function stopOnSignals(source: SignalSource, options: StopSignalOptions = {}): StopSignal {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      options.onForce?.(name);
      source.exit(exitCodes[name] ?? 1);
      return;
    }
    options.onStop?.(name);
    controller.abort();
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      source.off('SIGINT', listener);
      source.off('SIGTERM', listener);
    },
  };
}
