import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { AppError } from '@proximadb/errors';
import { parseJson } from '@proximadb/record';
import type { Filter, FilterOperator, FilterValue } from '@proximadb/schemas';
import fc from 'fast-check';
import { filterFromJson, filterToJson } from './filter.ts';

const read = (text: string): Filter => filterFromJson(parseJson(text));
const value = (given: null | boolean | bigint | number | string): FilterValue => {
  if (given === null) return { value: { kind: 'nullValue', value: {} } };
  switch (typeof given) {
    case 'boolean': return { value: { kind: 'boolean', value: given } };
    case 'bigint': return { value: { kind: 'long', value: given } };
    case 'number': return { value: { kind: 'double', value: given } };
    case 'string': return { value: { kind: 'string', value: given } };
    default: throw new TypeError(typeof given);
  }
};
const compare = (path: string, operator: FilterOperator, ...values: (null | boolean | bigint | number | string)[]): Filter =>
  ({ node: { kind: 'comparison', value: { path: path.split('/'), operator, values: values.map(value) } } });
const combine = (operator: 'and' | 'or', ...filters: Filter[]): Filter => ({ node: { kind: 'combination', value: { operator, filters } } });
const not = (filter: Filter): Filter => ({ node: { kind: 'not', value: filter } });

const understood: [string, Filter][] = [
  ['{"a": 1}', compare('a', 'eq', 1n)],
  ['{"a": 1.0}', compare('a', 'eq', 1)],
  ['{"a": 9223372036854775807}', compare('a', 'eq', 9223372036854775807n)],
  ['{"a": null}', compare('a', 'eq', null)],
  ['{"a": "$gt"}', compare('a', 'eq', '$gt')],
  ['{"a.b.c": true}', compare('a/b/c', 'eq', true)],
  ['{"a\\\\.b": true}', compare('a.b', 'eq', true)],
  ['{"\\\\$a": true}', compare('$a', 'eq', true)],
  ['{"$timestamp": {"$gte": 1700000000000000}}', compare('$timestamp', 'gte', 1700000000000000n)],
  ['{"$timestamp": 5, "a": 1}', combine('and', compare('$timestamp', 'eq', 5n), compare('a', 'eq', 1n))],
  ['{"a": {"$eq": 1}}', compare('a', 'eq', 1n)],
  ['{"a": {"$ne": null}}', compare('a', 'ne', null)],
  ['{"a": {"$gt": 1e3}}', compare('a', 'gt', 1000)],
  ['{"a": {"$gte": "x"}}', compare('a', 'gte', 'x')],
  ['{"a": {"$lt": -5}}', compare('a', 'lt', -5n)],
  ['{"a": {"$lte": 0.5}}', compare('a', 'lte', 0.5)],
  ['{"a": {"$in": [1, "x", null, true, 0.5]}}', compare('a', 'in', 1n, 'x', null, true, 0.5)],
  ['{"a": {"$nin": []}}', compare('a', 'nin')],
  ['{"a": {"$exists": false}}', compare('a', 'exists', false)],
  ['{"a": {"$contains": "x"}}', compare('a', 'contains', 'x')],
  ['{"a": {"$startsWith": ""}}', compare('a', 'starts_with', '')],
  ['{"a": {"$gte": 1, "$lt": 5}}', combine('and', compare('a', 'gte', 1n), compare('a', 'lt', 5n))],
  ['{"a": 1, "b": {"$gte": 1, "$lt": 5}}', combine('and', compare('a', 'eq', 1n), compare('b', 'gte', 1n), compare('b', 'lt', 5n))],
  ['{"$and": []}', combine('and')],
  ['{}', combine('and')],
  ['{"$or": [{"a": 1}, {"b": 2}]}', combine('or', compare('a', 'eq', 1n), compare('b', 'eq', 2n))],
  ['{"$not": {"a": 1}}', not(compare('a', 'eq', 1n))],
  [
    '{"year": {"$gte": 2020}, "$or": [{"lang": "de"}, {"tags": {"$in": ["a", "b"]}}]}',
    combine('and', compare('year', 'gte', 2020n), combine('or', compare('lang', 'eq', 'de'), compare('tags', 'in', 'a', 'b'))),
  ],
];
for (const [text, expected] of understood) test(`understood: ${text}`, () => assert.deepEqual(read(text), expected));

const refused: [string, string, RegExp][] = [
  ['[]', 'filter', /must be an object, not an array/],
  ['"x"', 'filter', /must be an object, not a string/],
  ['null', 'filter', /must be an object, not null/],
  ['{"$nor": []}', 'filter.$nor', /is no operator here/],
  ['{"$timestamp": {"$near": 5}}', 'filter.$timestamp.$near', /is no operator/],
  ['{"$timestamp.x": 5}', 'filter.$timestamp.x', /is no operator here/],
  ['{"$gte": 5}', 'filter.$gte', /\$gte stands below a path/],
  ['{"$and": {"a": 1}}', 'filter.$and', /must be an array of filters, not an object/],
  ['{"$or": [{"a": 1}, 5]}', 'filter.$or[1]', /must be an object, not a number/],
  ['{"$or": [{"a": 1}, {"b": {"$gtt": 1}}]}', 'filter.$or[1].b.$gtt', /is no operator; there are \$eq/],
  ['{"$not": [{"a": 1}]}', 'filter.$not', /must be an object, not an array/],
  ['{"$not": {"$not": {"a": []}}}', 'filter.$not.$not.a', /use \$in/],
  ['{"a": {}}', 'filter.a', /has no operator/],
  ['{"a": {"b": 1}}', 'filter.a.b', /reached with a dot: "a\.b"/],
  ['{"a": {"$gt": 1, "b": 1}}', 'filter.a.b', /an operator is expected/],
  ['{"a": {"$gt": null}}', 'filter.a.$gt', /must be a number or a string, not null/],
  ['{"a": {"$gt": true}}', 'filter.a.$gt', /not a boolean/],
  ['{"a": {"$in": 5}}', 'filter.a.$in', /must be an array, not a number/],
  ['{"a": {"$in": [1, {}]}}', 'filter.a.$in[1]', /must be a string, a number, a boolean or null, not an object/],
  ['{"a": {"$eq": [1]}}', 'filter.a.$eq', /not an array/],
  ['{"a": {"$exists": 1}}', 'filter.a.$exists', /must be true or false, not a number/],
  ['{"a": {"$startsWith": 1}}', 'filter.a.$startsWith', /must be a string, not a number/],
  ['{"a": 9223372036854775808}', 'filter.a', /more than 64 bits/],
  ['{"a": 1e999}', 'filter.a', /beyond the range/],
  ['{"a..b": 1}', 'filter.a..b', /a key of the path is empty/],
  ['{"": 1}', 'filter.', /a key of the path is empty/],
  ['{"a\\\\": 1}', 'filter.a\\', /ends with a backslash/],
  ['{"a": {"toString": 1}}', 'filter.a.toString', /an operator is expected/],
  ['{"a": {"$__proto__": 1}}', 'filter.a.$__proto__', /is no operator/],
];
for (const [text, field, reason] of refused) {
  test(`refused by place: ${text}`, () => {
    assert.throws(() => read(text), (error: AppError) => {
      assert.equal(error.code, 'INVALID_ARGUMENT');
      assert.equal(error.details[0]?.field, field);
      assert.match(error.details[0].reason, reason);
      return true;
    });
  });
}

test('every filter comes back from its JSON as it was', () => {
  const seed = Date.now() & 0x7fffffff;
  console.log(`seed ${seed}`);
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  const scalar = fc.oneof(fc.constant(null), fc.boolean(), long, double, fc.string({ unit: 'grapheme' })).map(value);
  const key = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('a.b', '$and', '$', '\\', '.', 'a\\.b', '__proto__'));
  const one = fc.constantFrom<FilterOperator>('eq', 'ne', 'contains');
  const path = fc.array(key, { minLength: 1, maxLength: 4 });
  const operands = fc.oneof(
    fc.record({ path, operator: one, values: fc.tuple(scalar) }),
    fc.record({ path, operator: fc.constantFrom<FilterOperator>('in', 'nin'), values: fc.array(scalar, { maxLength: 4 }) }),
    fc.record({ path, operator: fc.constantFrom<FilterOperator>('gt', 'gte', 'lt', 'lte'), values: fc.tuple(fc.integer().map((n) => value(BigInt(n)))) }),
    fc.record({ path, operator: fc.constant<FilterOperator>('exists'), values: fc.tuple(fc.boolean().map(value)) }),
    fc.record({ path, operator: fc.constant<FilterOperator>('starts_with'), values: fc.tuple(fc.string().map(value)) }));
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof({ maxDepth: 4, withCrossShrink: true },
      operands.map((comparison): Filter => ({ node: { kind: 'comparison', value: { ...comparison } } })),
      tie('filter').map(not),
      fc.tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('filter'), { maxLength: 3 }))
        .map(([operator, filters]) => combine(operator, ...filters))),
  }));
  fc.assert(fc.property(filter, (given) => assert.deepEqual(read(filterToJson(given)), given)),
    { seed, numRuns: 500, interruptAfterTimeLimit: 3000, markInterruptAsFailure: false });
});
