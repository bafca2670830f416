import { AppError } from '@proximadb/errors';

/** @throws AppError CANCELLED if the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AppError('CANCELLED', 'the call was cancelled', { cause: signal.reason });
}
