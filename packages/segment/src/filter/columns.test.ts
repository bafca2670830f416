import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Metadata, MetadataValue } from '@proximadb/record';
import { Columns, ColumnsBuilder, columnLimits, matches, type Bound, type ColumnLimits, type Predicate, type Scalar } from './index.ts';
import { toMap } from './plain.test-support.ts';

const seed = Date.now() & 0x7fffffff;

// Small pools, so that rows share keys and values and predicates meet them; each value sits beside its nearest neighbours.
const keys = ['a', 'b', 'c', '', 'ab', 'é', '__proto__'];
const longs = [0n, 1n, -1n, 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 53n + 3n, -(2n ** 53n) - 1n, 2n ** 62n + 1n, 2n ** 63n - 1n,
  2n ** 63n - 512n, -(2n ** 63n), 1n - 2n ** 63n];
const doubles = [0, -0, 1, 1.5, -1, 0.1, 5e-324, -5e-324, 1e308, 2 ** 53, 2 ** 53 + 2, 2 ** 53 + 4, -(2 ** 53), 2 ** 62, 2 ** 63, -(2 ** 63), 2 ** 64];
const strings = ['', 'a', 'ab', 'aba', 'b', 'ba', '\u0000', 'é', 'e\u0301', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}',
  'a\u{1f600}', '\u{1f600}a', '\u{10ffff}', 'Straße', 'a'.repeat(40), 'a'.repeat(41), 'é'.repeat(20)];

const text = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...strings) }, fc.string({ unit: 'binary', maxLength: 6 }));
const number = fc.oneof(fc.constantFrom<number | bigint>(...longs, ...doubles), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }));
const scalar: fc.Arbitrary<Scalar> = fc.oneof({ weight: 3, arbitrary: text }, { weight: 3, arbitrary: number }, fc.boolean(), fc.constant(null));

const { metadata } = fc.letrec<{ metadata: Metadata; value: MetadataValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'metadata' },
    { weight: 6, arbitrary: scalar },
    fc.constant(Uint8Array.of(97)),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'metadata' }),
    tie('metadata'),
  ),
  metadata: fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), tie('value')), { maxLength: 5, selector: ([key]) => key, depthIdentifier: 'metadata' })
    .map((entries) => new Map(entries)),
}));

/** Rows that repeat some metadata, so that values have many rows; null is a row that was never added. */
const table = fc.record({ pool: fc.array(metadata, { minLength: 1, maxLength: 12 }), picks: fc.array(fc.nat(12), { maxLength: 120, size: 'max' }) })
  .map(({ pool, picks }) => picks.map((pick) => pool[pick] ?? null));

interface Target {
  readonly path: readonly string[];
  readonly value: Scalar;
}

/** What the rows hold, and where. */
function targetsIn(value: MetadataValue, path: readonly string[]): Target[] {
  if (Array.isArray(value)) return (value as readonly MetadataValue[]).flatMap((element) => targetsIn(element, path));
  if (value instanceof Map) return [...(value as Metadata)].flatMap(([key, inner]) => targetsIn(inner, [...path, key]));
  return value instanceof Uint8Array ? [] : [{ path, value: value as Scalar }];
}

/** Predicates of which most ask for something that is there, or something near it. */
function predicatesFor(rows: readonly (Metadata | null)[]): fc.Arbitrary<Predicate[]> {
  const there = [...new Set(rows)].flatMap((row) => row === null ? [] : targetsIn(row, []));
  const anywhere = fc.record({ path: fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 3, size: 'max' }), value: scalar });
  const target: fc.Arbitrary<Target> = there.length === 0 ? anywhere : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...there) }, anywhere);
  const near = (value: Scalar): fc.Arbitrary<Scalar> =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, typeof value === 'string' ? partOf(value) : fc.constantFrom(...longs, ...doubles), scalar);
  const bound = (value: Scalar): fc.Arbitrary<Bound | null> =>
    fc.option(fc.record({ value: near(value).map((other) => other === null || typeof other === 'boolean' ? 0 : other), inclusive: fc.boolean() }));
  const leaf: fc.Arbitrary<Predicate> = target.chain(({ path, value }) => fc.oneof<fc.Arbitrary<Predicate>[]>(
    fc.array(near(value), { maxLength: 3 }).map((values) => ({ kind: 'in', path, values })),
    fc.tuple(bound(value), bound(value)).map(([lower, upper]) => ({ kind: 'range', path, lower, upper })),
    fc.nat(path.length - 1).map((shorter) => ({ kind: 'exists', path: path.slice(0, path.length - shorter) })),
    near(value).map((part) => ({ kind: 'contains', path, value: part })),
    near(value).map((prefix) => ({ kind: 'prefix', path, prefix: typeof prefix === 'string' ? prefix : '' })),
  ));
  const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
    predicate: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'predicate' },
      { weight: 3, arbitrary: leaf },
      fc.record({ kind: fc.constant('not' as const), of: tie('predicate') }),
      fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), of: fc.array(tie('predicate'), { maxLength: 3, depthIdentifier: 'predicate' }) }),
    ),
  }));
  return fc.array(predicate, { minLength: 1, maxLength: 8 });
}

/** Cut between code points, since a half surrogate pair is no string of ours. */
function partOf(value: string): fc.Arbitrary<string> {
  const points = [...value];
  return fc.tuple(fc.nat(points.length), fc.nat(points.length)).map(([from, end]) => points.slice(from, end).join(''));
}

const question = table.chain((rows) => fc.tuple(fc.constant(rows), predicatesFor(rows)));

function build(rows: readonly (Metadata | null)[], limits?: ColumnLimits): Uint8Array {
  const builder = new ColumnsBuilder(limits);
  rows.forEach((row, i) => { if (row !== null) builder.add(i, row); });
  return builder.build();
}

function matching(rows: readonly (Metadata | null)[], wanted: Predicate): number[] {
  return rows.flatMap((row, i) => matches(wanted, row ?? new Map()) ? [i] : []);
}

test('columns select exactly the rows that match', (t) => {
  t.diagnostic(`seed ${seed}`);
  fc.assert(fc.property(question, ([rows, wanted]) => {
    const columns = new Columns(build(rows), rows.length);
    for (const one of wanted) {
      const { rows: selected, open } = columns.select(one);
      assert.equal(open, null);
      assert.deepEqual([...selected], matching(rows, one));
    }
  }), { seed, numRuns: 3000, interruptAfterTimeLimit: 5000 });
});

const limits = fc.record({
  pathsMax: fc.constantFrom(0, 1, 2, 5, 1024), stringBytesMax: fc.constantFrom(0, 1, 2, 3, 40, 1024),
  distinctMax: fc.constantFrom(0, 1, 3, 1_024), pairsMax: fc.constantFrom(0, 2, 5, 1_024),
});

test('past the limits columns select a superset, and say of which rows they do not know', (t) => {
  t.diagnostic(`seed ${seed}`);
  let inexact = 0;
  let wider = 0;
  fc.assert(fc.property(question, limits, ([rows, wanted], limit) => {
    const columns = new Columns(build(rows, limit), rows.length);
    for (const one of wanted) {
      const { rows: selected, open } = columns.select(one);
      const expected = matching(rows, one);
      if (open !== null) inexact += 1;
      if (selected.size > expected.length) wider += 1;
      const isExpected = new Set(expected);
      assert.deepEqual([...selected].filter((row) => open?.has(row) !== true || isExpected.has(row)), expected);
    }
  }), { seed, numRuns: 3000, interruptAfterTimeLimit: 5000 });
  assert.ok(inexact > 0 && wider > 0, 'the limits were met');
});

test('equal metadata gives equal bytes, whatever the order of its keys', () => {
  const reordered = (value: MetadataValue): MetadataValue => {
    if (value instanceof Map) return new Map([...(value as Metadata)].reverse().map(([key, inner]) => [key, reordered(inner)]));
    return Array.isArray(value) ? value.map(reordered) : value;
  };
  fc.assert(fc.property(table, (rows) => {
    assert.deepEqual(build(rows.map((row) => row === null ? null : reordered(row) as Metadata)), build(rows));
  }), { seed, numRuns: 300, interruptAfterTimeLimit: 2000 });
});

const is = (key: string, ...values: Scalar[]): Predicate => ({ kind: 'in', path: [key], values });
const contains = (key: string, value: Scalar): Predicate => ({ kind: 'contains', path: [key], value });

/** One value a row, directly and in an array, asked for each way. */
function everyPair(values: readonly (number | bigint | string)[]): void {
  const rows = values.flatMap((value) => [toMap({ a: value }), toMap({ a: [value] })]);
  const columns = new Columns(build(rows), rows.length);
  const path = ['a'];
  for (const value of values) {
    const bounds = [true, false].map((inclusive) => ({ value, inclusive }));
    const asked: Predicate[] = [
      is('a', value), contains('a', value), ...bounds.flatMap((bound): Predicate[] =>
        [{ kind: 'range', path, lower: bound, upper: null }, { kind: 'range', path, lower: null, upper: bound }]),
      ...(typeof value === 'string' ? [{ kind: 'prefix', path, prefix: value } as const] : []),
    ];
    for (const one of asked) assert.deepEqual([...columns.select(one).rows], matching(rows, one));
  }
}

test('longs and doubles next to each other are told apart', () => {
  everyPair([...longs, ...doubles]);
});

test('strings keep the order of their bytes, and their parts are found', () => {
  everyPair(strings);
});

test('columns are read in place, wherever in a buffer they start on 8 bytes', () => {
  const bytes = build([toMap({ a: 1.5, s: 'x' }), toMap({ a: 2n ** 53n + 1n, s: 'y' })]);
  const within = new Uint8Array(bytes.length + 24);
  within.set(bytes, 16);
  const columns = new Columns(within.subarray(16, 16 + bytes.length), 2);
  assert.deepEqual([...columns.select(is('a', 2n ** 53n + 1n)).rows], [1]);
  assert.deepEqual([...columns.select(is('s', 'x')).rows], [0]);
});

test('rows past the last one with metadata are rows without any', () => {
  const columns = new Columns(build([toMap({ a: 1n })]), 40);
  assert.deepEqual([...columns.select(is('a', 1)).rows], [0]);
  assert.equal(columns.select({ kind: 'not', of: is('a', 1) }).rows.size, 39);
});

test('a segment without rows or without metadata is one where nothing exists', () => {
  assert.equal(new Columns(build([]), 0).select({ kind: 'not', of: is('a', 1n) }).rows.size, 0);
  const { rows, open } = new Columns(build([]), 3).select(is('a', 1n));
  assert.deepEqual([rows.size, open], [0, null]);
});

test('only rows with a long string are open, and only for predicates that it could change', () => {
  const columns = new Columns(build([toMap({ a: 'x'.repeat(1025) }), toMap({ a: 'x' }), toMap({ a: ['y', 'z'.repeat(1025)] }), toMap({ b: 1n })]), 4);
  const select = (wanted: Predicate): [number[], number[]] => {
    const { rows, open } = columns.select(wanted);
    return [[...rows], [...open ?? []]];
  };
  assert.deepEqual(select(is('a', 'x')), [[1], []]);
  assert.deepEqual(select(is('b', 1n)), [[3], []]);
  assert.deepEqual(select({ kind: 'exists', path: ['a'] }), [[0, 1, 2], []]);
  assert.deepEqual(select(is('a', 'x'.repeat(1025))), [[0, 2], [0, 2]]);
  assert.deepEqual(select({ kind: 'prefix', path: ['a'], prefix: 'x' }), [[0, 1, 2], [0, 2]]);
  assert.deepEqual(select(contains('a', 'x')), [[0, 1], [0]]);
  assert.deepEqual(select(contains('a', 'z'.repeat(1025))), [[0, 2], [0, 2]]);
  assert.deepEqual(select({ kind: 'not', of: { kind: 'prefix', path: ['a'], prefix: 'x' } }), [[0, 2, 3], [0, 2]]);
  assert.deepEqual(select({ kind: 'and', of: [{ kind: 'prefix', path: ['a'], prefix: 'x' }, is('a', 'x')] }), [[1], []]);
});

test('only rows with more paths than there are columns for are left open', () => {
  const columns = new Columns(build([toMap({ a: 1n }), toMap({ a: 1n, b: 2n }), toMap({ a: { c: 3n } })], { ...columnLimits, pathsMax: 1 }), 3);
  assert.deepEqual([...columns.select(is('a', 1n)).rows], [0, 1]);
  assert.equal(columns.select(is('a', 1n)).open, null);
  assert.deepEqual([...columns.select(is('never', 1n)).rows], [1, 2]);
  assert.deepEqual([...columns.select(is('never', 1n)).open ?? []], [1, 2]);
});

test('a path of more values than columns have is left open, and others are not', () => {
  const rows = Array.from({ length: 40 }, (_, row) => toMap({ few: row % 2, many: row < 30 ? [row, row + 1_000] : 7, ...(row === 39 ? { other: 1 } : {}) }));
  for (const limit of [{ distinctMax: 20 }, { pairsMax: 45 }]) {
    const columns = new Columns(build(rows, { ...columnLimits, ...limit }), rows.length);
    assert.equal(columns.select(is('few', 1)).open, null);
    const { rows: selected, open } = columns.select(is('many', 3));
    assert.deepEqual([selected.size, open?.size], [40, 40]);
    assert.deepEqual([...columns.select({ kind: 'and', of: [is('many', 3), is('other', 1)] }).rows], [39]);
  }
  const all = new Columns(build(rows, { ...columnLimits, distinctMax: 61, pairsMax: 70 }), rows.length);
  assert.deepEqual([...all.select(is('many', 3)).rows], [3]);
});

test('a substring does not reach from one value into the next', () => {
  const columns = new Columns(build([toMap({ a: 'abc' }), toMap({ a: 'bca' }), toMap({ a: 'cab' }), toMap({ a: ['cc'] })]), 4);
  assert.deepEqual([...columns.select(contains('a', 'cb')).rows], []);
  assert.deepEqual([...columns.select(contains('a', 'ab')).rows], [0, 2]);
  assert.deepEqual([...columns.select(contains('a', 'c')).rows], [0, 1, 2]);
  assert.deepEqual([...columns.select(contains('a', 'cc')).rows], [3]);
});

test('a value of many rows takes a bit a row, one of few rows 4 bytes each', () => {
  const rows = 1 << 14;
  const list = Array.from({ length: rows }, (_, i) => toMap({ a: i % 2 === 0, b: i % 1024 === 0 ? 'rare' : 'usual' }));
  const bytes = build(list);
  // Two bitmaps of the booleans, two of what exists, one of 'usual', 16 rows of 'rare', and the header and paths.
  assert.ok(bytes.length < 5 * rows / 8 + 16 * 4 + 512, `${bytes.length} bytes`);
  assert.deepEqual([...new Columns(bytes, rows).select(is('b', 'rare')).rows], Array.from({ length: 16 }, (_, i) => i * 1024));
});

test('what a row holds twice takes no more than what it holds once', () => {
  const others = Array<Metadata>(100).fill(toMap({}));
  const once = toMap({ n: [1n], s: ['x'], t: [true], m: [{ k: null }] });
  const twice = toMap({ n: [1n, 1, [1n]], s: ['x', 'x'], t: [true, true], m: [{ k: null }, { k: null }] });
  // The second row has nothing that the first has not.
  assert.deepEqual(build([twice, twice, ...others]), build([once, once, ...others]));
});

test('no key can look like two', () => {
  const columns = new Columns(build([toMap({ a: { b: 1n } }), toMap({ 'a\u0000b': 1n }), toMap({ 'a.b': 1n }), toMap({ ab: 1n })]), 4);
  for (const [row, path] of [['a', 'b'], ['a\u0000b'], ['a.b'], ['ab']].entries()) {
    assert.deepEqual([...columns.select({ kind: 'in', path, values: [1n] }).rows], [row]);
  }
});

test('an answer is the caller\'s own', () => {
  const columns = new Columns(build([toMap({ a: 1n }), toMap({ a: 1n })]), 2);
  columns.select(is('a', 1n)).rows.remove(0);
  assert.deepEqual([...columns.select(is('a', 1n)).rows], [0, 1]);
});

test('a foreign buffer is refused', () => {
  const bytes = build([toMap({ a: 1n }), toMap({ a: 2n })]);
  const foreign = bytes.slice();
  foreign[0] = 0;
  const shifted = new Uint8Array(bytes.length + 8);
  shifted.set(bytes, 4);
  assert.throws(() => new Columns(foreign, 2), /not the columns/);
  assert.throws(() => new Columns(new Uint8Array(8), 2), /not the columns/);
  assert.throws(() => new Columns(bytes.subarray(0, bytes.length - 8), 2), /cut or grew/);
  assert.throws(() => new Columns(bytes.subarray(0, bytes.length - 1), 2), /not the columns/);
  assert.throws(() => new Columns(shifted.subarray(4, 4 + bytes.length), 2), /start on 8 bytes/);
  assert.throws(() => new Columns(bytes, 1), /more rows/);
});

test('rows out of order are refused', () => {
  const builder = new ColumnsBuilder();
  builder.add(3, toMap({}));
  assert.throws(() => builder.add(3, toMap({})), /ascending/);
  assert.throws(() => builder.add(1, toMap({})), /ascending/);
});

test('an estimate is exact for one comparison, and takes several as if they had nothing to do with each other', () => {
  const builder = new ColumnsBuilder();
  for (let row = 0; row < 80; row += 1) builder.add(row, toMap({ even: row % 2 === 0, n: row }));
  const columns = new Columns(builder.build(), 100);
  const even: Predicate = { kind: 'in', path: ['even'], values: [true] };
  const small: Predicate = { kind: 'range', path: ['n'], lower: null, upper: { value: 20, inclusive: false } };
  const shares: [Predicate, number][] = [
    [even, 0.4], [small, 0.2], [{ kind: 'not', of: small }, 0.8], [{ kind: 'and', of: [even, small] }, 0.08], [{ kind: 'or', of: [even, small] }, 0.52],
    [{ kind: 'and', of: [] }, 1], [{ kind: 'or', of: [] }, 0], [{ kind: 'exists', path: ['nowhere'] }, 0],
  ];
  for (const [predicate, share] of shares) assert.ok(Math.abs(columns.estimate(predicate) - share) < 1e-9, JSON.stringify(predicate));
});
