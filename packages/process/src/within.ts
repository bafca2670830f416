import { toAppError } from '@proximadb/errors';

/** A shard that ran out of time says by how much it is behind: it gets this long to say so after the caller's time is up. */
const graceMs = 100;

/**
 * A result, or the reason of the signal, whichever is first.
 * @throws AppError, the signal's reason: at once if the caller is gone, a little later if time is up, so that the work can say why it is late.
 */
export async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      const reason = toAppError(signal.reason);
      if (reason.code === 'DEADLINE_EXCEEDED') timer = setTimeout(() => reject(reason), graceMs);
      else reject(reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
