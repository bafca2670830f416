/** What a thread of a process has: the logger and its chores. Of the rest only the main thread knows, which takes twice as long to load. */
export { createLogger, type Logger } from './logger.ts';
export { periodically } from './periodically.ts';
