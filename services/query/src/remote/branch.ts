/** A signal that aborts when another does, and before if it is told to. */
export interface Branch {
  readonly signal: AbortSignal;
  /** Aborts it, and lets go of the other. */
  end(reason: Error): void;
}

export function branchOf(parent: AbortSignal): Branch {
  const own = new AbortController();
  const follow = (): void => { own.abort(parent.reason); };
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    end(reason) {
      parent.removeEventListener('abort', follow);
      own.abort(reason);
    },
  };
}
