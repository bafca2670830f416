/** What the demo asks of the words. */
import type { Filter } from '@proximadb/schemas';
import { parseJson } from '@proximadb/record';
import { filterFromJson } from '@proximadb/transport';

export interface Question {
  readonly word: string;
  /** In words. */
  readonly only: string;
  /** In JSON; empty: none. */
  readonly filter: string;
}

export const questions: readonly Question[] = [
  { word: 'king', only: '', filter: '' },
  { word: 'python', only: '', filter: '' },
  { word: 'king', only: 'at most 4 letters', filter: '{"length": {"$lte": 4}}' },
  { word: 'python', only: 'p…', filter: '{"first": "p"}' },
  { word: 'paris', only: 'n to z, frequent', filter: '{"part": "n-z", "rank": {"$lte": 20000}}' },
  { word: 'coffee', only: 'not c…, 5 letters or more', filter: '{"first": {"$ne": "c"}, "length": {"$gte": 5}}' },
  { word: 'database', only: 'rare', filter: '{"rank": {"$gt": 50000}}' },
];

export function filterFor({ filter }: Question): Filter | null {
  return filter === '' ? null : filterFromJson(parseJson(filter));
}
