import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { Filter as FilterMessage, type Filter, type FilterOperator, type FilterValue } from '@proximadb/schemas';
import { compileFilter, type Predicate, type Scalar } from './index.ts';

function value(scalar: Scalar): FilterValue {
  if (scalar === null) return { value: { kind: 'nullValue', value: {} } };
  switch (typeof scalar) {
    case 'boolean': return { value: { kind: 'boolean', value: scalar } };
    case 'bigint': return { value: { kind: 'long', value: scalar } };
    case 'number': return { value: { kind: 'double', value: scalar } };
    default: return { value: { kind: 'string', value: scalar } };
  }
}

const compare = (path: readonly string[], operator: FilterOperator, ...values: Scalar[]): Filter =>
  ({ node: { kind: 'comparison', value: { path, operator, values: values.map(value) } } });
const combine = (operator: 'and' | 'or', ...filters: Filter[]): Filter => ({ node: { kind: 'combination', value: { operator, filters } } });
const not = (filter: Filter): Filter => ({ node: { kind: 'not', value: filter } });
const year = ['year'];
const good = compare(year, 'eq', 1n);
const nested = (levels: number): Filter => levels === 1 ? good : not(nested(levels - 1));

const compiled: readonly (readonly [string, Filter, Predicate])[] = [
  ['eq', compare(year, 'eq', 1n), { kind: 'in', path: year, values: [1n] }],
  ['eq null', compare(year, 'eq', null), { kind: 'in', path: year, values: [null] }],
  ['ne', compare(year, 'ne', 'x'), { kind: 'not', of: { kind: 'in', path: year, values: ['x'] } }],
  ['gt', compare(year, 'gt', 1.5), { kind: 'range', path: year, lower: { value: 1.5, inclusive: false }, upper: null }],
  ['gte', compare(year, 'gte', 'a'), { kind: 'range', path: year, lower: { value: 'a', inclusive: true }, upper: null }],
  ['lt', compare(year, 'lt', 1n), { kind: 'range', path: year, lower: null, upper: { value: 1n, inclusive: false } }],
  ['lte', compare(year, 'lte', 1n), { kind: 'range', path: year, lower: null, upper: { value: 1n, inclusive: true } }],
  ['in', compare(year, 'in', 1n, 'a', null, true), { kind: 'in', path: year, values: [1n, 'a', null, true] }],
  ['in of nothing', compare(year, 'in'), { kind: 'in', path: year, values: [] }],
  ['nin', compare(year, 'nin', 1n), { kind: 'not', of: { kind: 'in', path: year, values: [1n] } }],
  ['exists', compare(['a', 'b'], 'exists', true), { kind: 'exists', path: ['a', 'b'] }],
  ['exists not', compare(year, 'exists', false), { kind: 'not', of: { kind: 'exists', path: year } }],
  ['contains', compare(year, 'contains', false), { kind: 'contains', path: year, value: false }],
  ['starts with', compare(year, 'starts_with', ''), { kind: 'prefix', path: year, prefix: '' }],
  ['and, or, not', combine('and', combine('or', good), not(good)), {
    kind: 'and', of: [{ kind: 'or', of: [{ kind: 'in', path: year, values: [1n] }] }, { kind: 'not', of: { kind: 'in', path: year, values: [1n] } }],
  }],
  ['and of nothing, which {} in JSON is', combine('and'), { kind: 'and', of: [] }],
];

for (const [name, filter, expected] of compiled) {
  test(`compiles ${name}, as it comes over the wire`, () => {
    assert.deepEqual(compileFilter(FilterMessage.decode(FilterMessage.encode(filter))), expected);
  });
}

const long = 'k'.repeat(513);
const refused: readonly (readonly [name: string, filter: Filter, field: string, reason: RegExp])[] = [
  ['an empty filter', { node: null }, 'filter', /empty/],
  ['an empty part', combine('and', good, { node: null }), 'filter.$and[1]', /empty/],
  ['an empty not', not({ node: null }), 'filter.$not', /empty/],
  ['or of nothing', combine('or'), 'filter', /\$or of nothing/],
  ['a path without keys', combine('or', compare([], 'eq', 1n)), 'filter.$or[0]', /at least one key/],
  ['a path too long', compare(Array<string>(17).fill('a'), 'exists', true), `filter${'.a'.repeat(16)}`, /at most 16 keys, not 17/],
  ['a key too long', compare([long], 'exists', true), `filter["${'k'.repeat(64)}…"]`, /at most 512 bytes/],
  ['a key too long in bytes', compare(['€'.repeat(171)], 'exists', true), `filter["${'€'.repeat(64)}…"]`, /at most 512 bytes/],
  ['a key with half a surrogate pair', compare(['\ud800'], 'exists', true), 'filter["\\ud800"]', /not valid Unicode/],
  ['eq of nothing', combine('and', good, compare(year, 'eq')), 'filter.$and[1].year', /\$eq takes one value, not 0/],
  ['ne of two', compare(year, 'ne', 1n, 2n), 'filter.year', /\$ne takes one value, not 2/],
  ['contains of two', compare(['a.b', 'c'], 'contains', 1n, 2n), 'filter["a.b"].c', /\$contains takes one value, not 2/],
  ['gt of a boolean', compare(year, 'gt', true), 'filter.year', /\$gt takes a number or a string, not a boolean/],
  ['lte of null', not(compare(year, 'lte', null)), 'filter.$not.year', /\$lte takes a number or a string, not null/],
  ['exists of a number', compare(year, 'exists', 1n), 'filter.year', /\$exists takes true or false, not a number/],
  ['exists of nothing', compare(year, 'exists'), 'filter.year', /\$exists takes one value, not 0/],
  ['startsWith of a number', compare(year, 'starts_with', 1), 'filter.year', /\$startsWith takes a string, not a number/],
  ['a value that is not set', { node: { kind: 'comparison', value: { path: year, operator: 'in', values: [value(1n), { value: null }] } } },
    'filter.year.$in[1]', /no value/],
  ['an infinite number', compare(year, 'nin', 1, Infinity), 'filter.year.$nin[1]', /finite/],
  ['NaN', compare(year, 'eq', NaN), 'filter.year', /finite/],
  ['a long of 65 bits', compare(year, 'eq', 2n ** 63n), 'filter.year', /64 bits/],
  ['half a surrogate pair', compare(year, 'contains', 'x\udc00'), 'filter.year', /not valid Unicode/],
  ['too many values', compare(year, 'in', ...Array<Scalar>(10_001).fill(1n)), 'filter.year', /\$in takes at most 10000 values, not 10001/],
  ['too many parts', combine('and', ...Array<Filter>(1000).fill(good)), 'filter.$and[999]', /at most 1000 parts/],
  ['too deep', nested(17), `filter${'.$not'.repeat(16)}`, /at most 16 levels/],
];

for (const [name, filter, field, reason] of refused) {
  test(`refuses ${name} and names the place`, () => {
    assert.throws(() => compileFilter(filter), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'INVALID_ARGUMENT');
      assert.equal(error.details[0]?.field, field);
      assert.match(error.details[0]?.reason ?? '', reason);
      return true;
    });
  });
}

test('what is just within the limits compiles', () => {
  compileFilter(nested(16));
  compileFilter(combine('and', ...Array<Filter>(999).fill(good)));
  compileFilter(compare(year, 'in', ...Array<Scalar>(10_000).fill(1n)));
  compileFilter(compare(Array<string>(16).fill('k'.repeat(512)), 'exists', true));
  compileFilter(compare(year, 'in', 2n ** 63n - 1n, -(2n ** 63n)));
});

test('places begin with what the caller calls the filter', () => {
  assert.throws(() => compileFilter(compare(year, 'eq'), 'searches[3].filter'), /searches\[3\]\.filter\.year: /);
});
