import { AppError } from '@proximadb/errors';

/** The log was disposed of: nothing is tried again. */
export class LogClosed extends AppError {
  constructor() {
    super('UNAVAILABLE', 'the log was closed');
  }
}
