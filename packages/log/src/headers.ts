import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';

/** Header with what is said about a write: condition, request id (an Avro WriteHeader). */
export const writeHeaderName = 'proximadb-write';
/** Header with the CRC32C of the value, 4 bytes big-endian. */
export const crcHeaderName = 'proximadb-crc32c';
/** W3C trace context, ASCII. */
export const traceHeaderName = 'traceparent';

/** CRC-32C (Castagnoli, as in iSCSI and Kafka) of the bytes: an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array): number {
  return nativeCrc32c(bytes) >>> 0;
}

/** The value of the CRC header: 4 bytes, big-endian. */
export function encodeCrc(crc: number): Uint8Array {
  return Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc);
}

/** @throws AppError DATA_LOSS if the header is not 4 bytes long. */
export function decodeCrc(header: Uint8Array): number {
  if (header.length !== 4) throw new AppError('DATA_LOSS', `a ${crcHeaderName} header of ${header.length} bytes instead of 4`);
  return (((header[0] ?? 0) << 24) | ((header[1] ?? 0) << 16) | ((header[2] ?? 0) << 8) | (header[3] ?? 0)) >>> 0;
}
