/**
 * A signal that aborts when another does, and before if it is told to. As `AbortSignal.any`, but let go of explicitly: that one's weak
 * references keep all that listens alive until the next full collection of garbage, which a call on the hot path cannot afford.
 */
export interface Branch {
  readonly signal: AbortSignal;
  /** Aborts it, and lets go of the other. */
  end(reason: unknown): void;
  /** Lets go of the other. */
  leave(): void;
}

export function branchOf(parent: AbortSignal): Branch {
  const own = new AbortController();
  const follow = (): void => { own.abort(parent.reason); };
  const leave = (): void => { parent.removeEventListener('abort', follow); };
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    leave,
    end(reason) {
      leave();
      own.abort(reason);
    },
  };
}
