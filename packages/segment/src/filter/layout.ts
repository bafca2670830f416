/**
 * The bytes of a segment's columns, little-endian, read in place by typed views.
 *
 * header      16 words: magic, row end (rows are below it), paths, length of all in units, path table, path offsets, path bytes,
 *             rows with unindexed paths (a posting), most bytes of an indexed string; the rest 0
 * path table  one entry of 16 words a path, ascending by the path's bytes: a place for each slot below
 * path bytes  the keys' UTF-8, joined by 0xFF, which no UTF-8 has; path offsets are words, one more than paths
 * posting     word count n, then n words: rows, see below
 * column      count c of distinct values, flag; for strings c + 1 offsets into the blob, for numbers c doubles, ascending;
 *             then c + 1 starts, words of postings; then for strings the blob,
 *             for numbers (if flag is 1) c i16: what the double lacks to the exact long
 *
 * A place is an offset in units of 8 bytes, 0 for what is not there. A posting that takes fewer words than a bitmap of all rows lists
 * its rows, ascending; any other is that bitmap. So n alone tells which it is, and none takes more than a bit a row.
 */
import { assert } from '@proximadb/errors';

/** 'PXC1'. */
export const magic = 0x31435850;
export const unitBytes = 8;
export const headerWords = 16;
export const entryWords = 16;

/** Words of the header. */
export const header = {
  magic: 0, rowEnd: 1, paths: 2, units: 3, pathTable: 4, pathOffsets: 5, pathBytes: 6, unindexed: 7, stringBytesMax: 8,
} as const;

/**
 * Words of a path's entry. The slots from `nulls` on come in pairs: of values directly at the path, then of values in an array there.
 * `long` are the rows with a string too long to be indexed.
 */
export const slot = { exists: 0, nulls: 1, falses: 3, trues: 5, long: 7, numbers: 9, strings: 11 } as const;

export const keySeparator = 0xff;

export function pathBytes(path: readonly string[]): Uint8Array {
  const keys = path.map((key) => Buffer.from(key, 'utf8'));
  const bytes = new Uint8Array(keys.reduce((sum, key) => sum + key.length, path.length - 1));
  let at = 0;
  for (const [i, key] of keys.entries()) {
    if (i > 0) bytes[at - 1] = keySeparator;
    bytes.set(key, at);
    at += key.length + 1;
  }
  return bytes;
}

/** Bytes are read as this machine has them. */
export function assertLittleEndian(): void {
  assert(new Uint8Array(Uint32Array.of(1).buffer)[0] === 1, 'columns need a little-endian machine');
}
