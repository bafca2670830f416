/** The words as a data set: real vectors, 100-d. */
import { dimension, isQuery, loadWords, vectorOf } from '../words.ts';
import type { DataSet } from './data-set.ts';
import { knownFilters, nearColumn, sliceColumn } from './filters.ts';
import { shuffled } from './random.ts';

const seed = 17;

/** @param rowsMax drawn by lot of all words, in an order that is not the list's. */
export function wordSet(rowsMax: number, queriesMax: number): DataSet {
  const words = loadWords();
  const drawn = shuffled(words.names.length, seed);
  const members = drawn.filter((word) => !isQuery(word)).slice(0, rowsMax);
  const vectors = new Float32Array(members.length * dimension);
  members.forEach((word, row) => { vectors.set(vectorOf(words, word), row * dimension); });
  const slices = sliceColumn(members.length, seed + 1);
  const near = nearColumn(vectors, dimension, seed + 2);
  const asked = [...drawn.filter(isQuery).slice(0, queriesMax)];
  return {
    name: 'words', metric: 'cosine', dimension, rows: members.length, vectors, filters: knownFilters(slices, near),
    queries: asked.map((word) => vectorOf(words, word).slice()),
    metadata: (row) => {
      const name = words.names[members[row] ?? 0] ?? '';
      return { first: name.slice(0, 1), length: name.length, slice: slices[row] ?? 0, near: near[row] ?? 0 };
    },
  };
}
