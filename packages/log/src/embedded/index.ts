export { EmbeddedLog, type EmbeddedLogOptions } from './embedded-log.ts';
export { openEmbeddedReader } from './embedded-reader.ts';
export type { Usage } from './messages.ts';
