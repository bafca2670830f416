export * from './port.ts';
export { AppendError } from './append-error.ts';
export { crc32c, crcHeaderName, decodeCrc, encodeCrc, traceHeaderName, writeHeaderName } from './headers.ts';
export { murmur2, partitionOf } from './partitioner.ts';
export type { LogReader } from './reader.ts';
