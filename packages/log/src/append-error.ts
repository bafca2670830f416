import { AppError, type AppErrorOptions } from '@proximadb/errors';
import type { Fate } from './port.ts';

/** An append that failed in the middle: `fates` says of each entry whether it is in the log. */
export class AppendError extends AppError {
  readonly fates: readonly Fate[];

  constructor(message: string, fates: readonly Fate[], cause?: unknown, options: Pick<AppErrorOptions, 'retryAfterMs' | 'details'> = {}) {
    super('UNAVAILABLE', message, { ...options, cause });
    this.fates = fates;
  }
}
