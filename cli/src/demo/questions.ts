/** What the demo asks of the words. */
import type { Filter } from 'proximadb';
import type { WordMetadata } from './words.ts';

export interface Question {
  readonly word: string;
  /** In words. */
  readonly only: string;
  readonly filter: Filter<WordMetadata>;
}

export const questions: readonly Question[] = [
  { word: 'king', only: '', filter: {} },
  { word: 'python', only: '', filter: {} },
  { word: 'king', only: 'at most 4 letters', filter: { length: { $lte: 4 } } },
  { word: 'python', only: 'p…', filter: { first: 'p' } },
  { word: 'paris', only: 'n to z, frequent', filter: { part: 'n-z', rank: { $lte: 20_000 } } },
  { word: 'coffee', only: 'not c…, 5 letters or more', filter: { first: { $ne: 'c' }, length: { $gte: 5 } } },
  { word: 'database', only: 'rare', filter: { rank: { $gt: 50_000 } } },
];
