import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { MetadataValue } from '@proximadb/record';
import { matches, type Predicate, type Scalar } from './index.ts';
import { toMap, type Plain } from './plain.test-support.ts';

const metadata = {
  year: 2020n, price: 9.5, big: 9007199254740993n, minusZero: -0, name: 'Grüße aus Köln', empty: '', flag: true, nothing: null,
  raw: Uint8Array.of(1, 2), tags: ['red', 'green', 3n, null], none: [], deep: { er: { x: 1n }, list: [{ x: 2n, s: 'foobar' }, [{ x: 3n }], 7n] },
  nested: [[1n, [2n]], []], mixed: [1.5, 'abc', false], top: '\u{1f600}', private: '\u{e000}',
} satisfies Plain;

const is = (path: string, ...values: Scalar[]): Predicate => ({ kind: 'in', path: path.split('.'), values });
const exists = (path: string): Predicate => ({ kind: 'exists', path: path.split('.') });
const contains = (path: string, value: Scalar): Predicate => ({ kind: 'contains', path: path.split('.'), value });
const prefix = (path: string, text: string): Predicate => ({ kind: 'prefix', path: path.split('.'), prefix: text });
const above = (path: string, value: number | bigint | string, inclusive = false): Predicate =>
  ({ kind: 'range', path: path.split('.'), lower: { value, inclusive }, upper: null });
const below = (path: string, value: number | bigint | string, inclusive = false): Predicate =>
  ({ kind: 'range', path: path.split('.'), lower: null, upper: { value, inclusive } });
const not = (of: Predicate): Predicate => ({ kind: 'not', of });

const cases: readonly (readonly [string, Predicate, boolean])[] = [
  ['a long equals the double of its value', is('year', 2020), true],
  ['a double equals the long of its value', is('price', 9n), false],
  ['one of several', is('year', 1n, 'x', 2020n), true],
  ['none of none', is('year'), false],
  ['a long beyond 2^53 is not the double next to it', is('big', 9007199254740992), false],
  ['a long beyond 2^53 is itself', is('big', 9007199254740993n), true],
  ['-0 is 0', is('minusZero', 0), true],
  ['-0 is 0n', is('minusZero', 0n), true],
  ['a number is no string', is('year', '2020'), false],
  ['true is not 1', is('flag', 1n), false],
  ['true is true', is('flag', true), true],
  ['true is not false', is('flag', false), false],
  ['null is a null that is there', is('nothing', null), true],
  ['null is not what is missing', is('missing', null), false],
  ['null is no empty array', is('none', null), false],
  ['the empty string is itself', is('empty', ''), true],
  ['the empty string is not null', is('empty', null), false],
  ['an element of an array', is('tags', 'green'), true],
  ['a null element of an array', is('tags', null), true],
  ['an element of an array in an array', is('nested', 2n), true],
  ['no element', is('tags', 'blue'), false],
  ['into a map', is('deep.er.x', 1n), true],
  ['into maps of an array', is('deep.list.x', 2n), true],
  ['into maps of an array in an array', is('deep.list.x', 3n), true],
  ['a map is no scalar', is('deep', null), false],
  ['a path goes no further than a scalar', is('year.x', 2020n), false],
  ['numbers are no array positions', is('tags.0', 'red'), false],
  ['bytes are reached by no value', is('raw', '\u0001\u0002'), false],
  ['ne: another value', not(is('year', 2021n)), true],
  ['ne: the value', not(is('year', 2020n)), false],
  ['ne: a missing field is not equal', not(is('missing', 1n)), true],
  ['ne: null where there is one', not(is('nothing', null)), false],
  ['nin: nothing is in none', not(is('year')), true],

  ['gt below', above('year', 2019.5), true],
  ['gt at the value', above('year', 2020n), false],
  ['gte at the value', above('year', 2020, true), true],
  ['lt above', below('price', 10n), true],
  ['lt at the value', below('price', 9.5), false],
  ['lte at the value', below('price', 9.5, true), true],
  ['gt is exact beyond 2^53', above('big', 9007199254740992), true],
  ['lt is exact beyond 2^53', below('big', 9007199254740994), true],
  ['lte is exact beyond 2^53', below('big', 9007199254740992, true), false],
  ['-0 is not below 0', below('minusZero', 0), false],
  ['a range of numbers holds for no string', above('name', 0), false],
  ['a range of strings holds for no number', above('year', ''), false],
  ['a range holds for no boolean', above('flag', 0, true), false],
  ['a range holds for no null', below('nothing', 1), false],
  ['a range holds for nothing missing', below('missing', 1), false],
  ['an element in the range', above('tags', 2n), true],
  ['no element in the range', above('tags', 3n), false],
  ['strings by bytes', above('empty', '', true), true],
  ['a longer string is above its beginning', above('name', 'Grüße'), true],
  ['strings by code points: what takes a surrogate pair is above U+E000', above('top', '\u{ffff}'), true],
  ['strings by code points: U+E000 is below what takes a surrogate pair', below('private', '\u{10000}'), true],
  ['both bounds', { kind: 'range', path: ['price'], lower: { value: 9n, inclusive: true }, upper: { value: 10n, inclusive: false } }, true],
  ['both bounds hold for one value, not for two',
    { kind: 'range', path: ['nested'], lower: { value: 1n, inclusive: false }, upper: { value: 2n, inclusive: false } }, false],
  ['two ranges may hold for two values', { kind: 'and', of: [above('nested', 1n), below('nested', 2n)] }, true],
  ['bounds of two kinds', { kind: 'range', path: ['mixed'], lower: { value: 1, inclusive: true }, upper: { value: 'z', inclusive: true } }, false],

  ['exists: a scalar', exists('year'), true],
  ['exists: null', exists('nothing'), true],
  ['exists: an empty array', exists('none'), true],
  ['exists: bytes', exists('raw'), true],
  ['exists: a map', exists('deep.er'), true],
  ['exists: in a map of an array', exists('deep.list.s'), true],
  ['exists: missing', exists('missing'), false],
  ['exists: a key below a scalar', exists('year.x'), false],
  ['exists: a key below an empty array', exists('none.x'), false],
  ['not exists', not(exists('missing')), true],

  ['contains: an element', contains('tags', 'red'), true],
  ['contains: a part of an element is no element', contains('tags', 're'), false],
  ['contains: a number', contains('tags', 3), true],
  ['contains: null', contains('tags', null), true],
  ['contains: an element of an array in an array', contains('nested', 2n), true],
  ['contains: a substring', contains('name', 'aus K'), true],
  ['contains: not another string', contains('name', 'koeln'), false],
  ['contains: the empty string is in every string', contains('name', ''), true],
  ['contains: the empty string is not in an array without it', contains('tags', ''), false],
  ['contains: a number that is no array', contains('year', 2020n), false],
  ['contains: true that is no array', contains('flag', true), false],
  ['contains: a substring in a map of an array, whose own value is the string', contains('deep.list.s', 'oba'), true],
  ['contains: a number in a map of an array is not in an array at the path', contains('deep.list.x', 2n), false],
  ['contains: an empty array', contains('none', 1n), false],
  ['contains: missing', contains('missing', 'x'), false],

  ['startsWith', prefix('name', 'Grü'), true],
  ['startsWith: the whole', prefix('name', 'Grüße aus Köln'), true],
  ['startsWith: longer', prefix('empty', 'x'), false],
  ['startsWith: from the beginning only', prefix('name', 'rü'), false],
  ['startsWith: an element', prefix('tags', 'gr'), true],
  ['startsWith: no number', prefix('year', '20'), false],
  ['startsWith: the empty string', prefix('name', ''), true],
  ['startsWith: the empty string still takes a string', prefix('year', ''), false],

  ['and of nothing', { kind: 'and', of: [] }, true],
  ['or of nothing', { kind: 'or', of: [] }, false],
  ['and: all', { kind: 'and', of: [exists('year'), exists('price')] }, true],
  ['and: not all', { kind: 'and', of: [exists('year'), exists('missing')] }, false],
  ['or: one', { kind: 'or', of: [exists('missing'), exists('year')] }, true],
  ['or: none', { kind: 'or', of: [exists('missing'), exists('missing.too')] }, false],
  ['not not', not(not(exists('year'))), true],
];

const record = toMap(metadata);
for (const [name, predicate, expected] of cases) {
  test(name, () => {
    assert.equal(matches(predicate, record), expected);
  });
}

test('an array of maps without the key is not there', () => {
  assert.equal(matches(exists('a.b'), new Map<string, MetadataValue>([['a', [new Map([['c', 1n]]), 5n]]])), false);
});

test('a key that is a property of every object is a key like any other', () => {
  assert.equal(matches(exists('constructor'), record), false);
  assert.equal(matches(exists('__proto__'), new Map([['__proto__', null]])), true);
});

test('a predicate means the same behind a thread border', () => {
  const predicate = structuredClone(is('year', 1n, 2020n, 'x'));
  assert.equal(matches(predicate, record), true);
});
