/** Rows in a buffer: a list, ascending, or a bitmap of all rows where a list would take as many words or more. */
import type { RowSet } from './row-set.ts';

/** Words that a posting of `rows` rows takes, where a bitmap of all rows takes `bitmapWords`. So its length tells which of the two it is. */
export function postingWords(rows: number, bitmapWords: number): number {
  return Math.min(rows, bitmapWords);
}

/** Adds rows `from` to `end` of a posting's words to a set. */
export function orPosting(words: Uint32Array, from: number, end: number, bitmapWords: number, into: RowSet): void {
  if (end - from !== bitmapWords) {
    orList(words, from, end, into);
    return;
  }
  const target = into.words;
  for (let i = 0; i < bitmapWords; i += 1) target[i] = (target[i] ?? 0) | (words[from + i] ?? 0);
}

/** Adds the rows that stand in a buffer's words `from` to `end` to a set. */
export function orList(words: Uint32Array, from: number, end: number, into: RowSet): void {
  const target = into.words;
  for (let i = from; i < end; i += 1) setBit(target, 0, words[i] ?? 0);
}

/** Bit `row` of the bitmap that starts at a word. */
export function setBit(words: Uint32Array, start: number, row: number): void {
  const at = start + (row >>> 5);
  words[at] = (words[at] ?? 0) | (1 << (row & 31));
}
