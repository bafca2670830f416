/**
 * What a segment knows of each row besides its record: plain columns in one buffer, so that opening is one read.
 * Layout, little-endian: 'PXR1', row count u32, then the f64 columns, the u32 columns, the u8 column.
 */
import { assert } from '@proximadb/errors';

const magic = 0x31525850;
const headerBytes = 8;
const bytesPerRow = 3 * 8 + 3 * 4 + 1;

export interface Rows {
  readonly count: number;
  /** Offset in the log of the write that made the row. */
  readonly offsets: Float64Array;
  /** µs since 1970; Infinity: never. An i64 beyond 2^53 is rounded, which no clock will notice before the year 2255. */
  readonly expires: Float64Array;
  /** Where the datum starts in its container file. */
  readonly positions: Float64Array;
  /** Bytes of the datum: 5 header bytes and the Avro body. */
  readonly lengths: Uint32Array;
  /** CRC-32C of the datum, checked at each read. */
  readonly checksums: Uint32Array;
  /** 32-bit hash of the id. */
  readonly hashes: Uint32Array;
  /** Which container file, by its number. */
  readonly files: Uint8Array;
}

export function rowsBytes(count: number): number {
  return headerBytes + count * bytesPerRow;
}

/** Empty columns for `count` rows and the buffer behind them. */
export function allocateRows(count: number): { rows: Rows; buffer: Uint8Array } {
  const buffer = new Uint8Array(new ArrayBuffer(rowsBytes(count)));
  new Uint32Array(buffer.buffer, 0, 2).set([magic, count]);
  return { rows: viewRows(buffer), buffer };
}

/** The columns in a buffer that starts on 8 bytes. Its checksum was verified before: a wrong shape is our bug. */
export function viewRows(bytes: Uint8Array): Rows {
  assert(bytes.byteOffset % 8 === 0, 'rows must be aligned');
  const [found, count = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
  assert(found === magic && bytes.byteLength === rowsBytes(count), 'not a row file');
  let at = bytes.byteOffset + headerBytes;
  const take = (width: number): number => {
    const start = at;
    at += width * count;
    return start;
  };
  const buffer = bytes.buffer;
  return {
    count,
    offsets: new Float64Array(buffer, take(8), count),
    expires: new Float64Array(buffer, take(8), count),
    positions: new Float64Array(buffer, take(8), count),
    lengths: new Uint32Array(buffer, take(4), count),
    checksums: new Uint32Array(buffer, take(4), count),
    hashes: new Uint32Array(buffer, take(4), count),
    files: new Uint8Array(buffer, take(1), count),
  };
}
