/** What the types of filters let pass and what not: `tsc` is the judge, of every line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from './filter.ts';
import { jsonText } from './json.ts';

interface Book {
  readonly lang: 'de' | 'en';
  readonly year: bigint;
  readonly price?: number;
  readonly title: string;
  readonly tags: readonly string[];
  readonly author: { readonly name: string; readonly alive: boolean | null };
  readonly editions: readonly { readonly isbn: string; readonly pages: readonly number[] }[];
  readonly cover: Uint8Array;
}

const right: Filter<Book>[] = [
  {},
  { lang: 'de', year: 2020, price: 7.5 },
  { year: { $gte: 1990, $lt: 2000n }, price: { $in: [1, 2n], $nin: [] } },
  { tags: 'x', title: { $contains: 'part', $startsWith: 'The' } },
  { tags: { $contains: 'x', $in: ['a', 'b'] }, cover: { $exists: true } },
  { 'author.name': { $startsWith: 'Le' }, 'author.alive': null, author: { $exists: false } },
  { 'editions.isbn': { $gt: '978' }, 'editions.pages': { $lte: 300 } },
  { $or: [{ lang: 'de' }, { $and: [{ lang: { $ne: 'en' } }, { $not: { year: 5n } }] }] },
  { lang: { $gt: 'a' }, 'author.alive': { $eq: true } },
  { $timestamp: { $gte: 1_700_000_000_000_000n } },
];

const wrong: Filter<Book>[] = [
  // @ts-expect-error -- no such language
  { lang: 'fr' },
  // @ts-expect-error -- no such key
  { years: 2020 },
  // @ts-expect-error -- no such path
  { 'author.nom': 'Le Guin' },
  // @ts-expect-error -- another type
  { year: '2020' },
  // @ts-expect-error -- a number does not start with anything
  { year: { $startsWith: '20' } },
  // @ts-expect-error -- a boolean has no order
  { 'author.alive': { $gt: true } },
  // @ts-expect-error -- an array is no value to compare with
  { tags: ['x'] },
  // @ts-expect-error -- no such operator
  { year: { $above: 5 } },
  // @ts-expect-error -- bytes are reached by $exists alone
  { cover: 'x' },
  // @ts-expect-error -- a path goes through arrays without their positions
  { 'editions.0.isbn': '978' },
  // @ts-expect-error -- an instant is a number
  { $timestamp: '2026-11-28' },
  // @ts-expect-error -- typed below $or, too
  { $or: [{ lang: 'fr' }] },
];

const untyped: Filter[] = [{ 'any.path': { $gte: 1 }, 'a\\.b': null }, { $or: [{ x: 1 }, { y: { $in: ['a', 2n] } }] }];

test('filters are asked as they are written', () => {
  assert.equal(jsonText(right[2], 'filter'), '{"year":{"$gte":1990,"$lt":2000},"price":{"$in":[1,2],"$nin":[]}}');
  assert.deepEqual([right.length, wrong.length, untyped.map((filter) => jsonText(filter, 'filter'))],
    [10, 12, ['{"any.path":{"$gte":1},"a\\\\.b":null}', '{"$or":[{"x":1},{"y":{"$in":["a",2]}}]}']]);
});
