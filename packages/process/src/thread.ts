/** What a thread of a process has: the logger and its chores. The rest is the main thread's, and would be two fifths of all files that a thread loads. */
export { createLogger, type Logger } from './logger.ts';
export { periodically } from './periodically.ts';
