import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { populationCount, RowSet } from './row-set.ts';

const seed = Date.now() & 0x7fffffff;
const timeBox = { seed, numRuns: 2000, interruptAfterTimeLimit: 2000 };

/** A set and the same rows as a plain one. */
const rowsArbitrary = fc.integer({ min: 0, max: 200 });
const members = (rows: number): fc.Arbitrary<number[]> => fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, rows - 1) }), { maxLength: rows });

function setOf(rows: number, list: Iterable<number>): RowSet {
  const set = new RowSet(rows);
  for (const row of list) set.add(row);
  return set;
}

const ascending = (list: Iterable<number>): number[] => [...list].sort((a, b) => a - b);

test('set operations are those of plain sets, and stay within the rows', (t) => {
  t.diagnostic(`seed ${seed}`);
  fc.assert(fc.property(rowsArbitrary.chain((rows) => fc.tuple(fc.constant(rows), members(rows), members(rows))), ([rows, a, b]) => {
    const right = new Set(b);
    const left = new Set(a);
    const other = setOf(rows, b);
    const all = Array.from({ length: rows }, (_, row) => row);
    assert.deepEqual([...setOf(rows, a).and(other)], ascending(a.filter((row) => right.has(row))));
    assert.deepEqual([...setOf(rows, a).or(other)], ascending(new Set([...a, ...b])));
    assert.deepEqual([...setOf(rows, a).andNot(other)], ascending(a.filter((row) => !right.has(row))));
    assert.deepEqual([...setOf(rows, a).complement()], all.filter((row) => !left.has(row)));
    assert.equal(setOf(rows, a).complement().size, rows - a.length);
    assert.deepEqual([...other], ascending(b), 'the other set stays as it is');
  }), timeBox);
});

test('size, has, lists and every way of going through the rows agree', () => {
  fc.assert(fc.property(rowsArbitrary.chain((rows) => fc.tuple(fc.constant(rows), members(rows), members(rows))), ([rows, added, removed]) => {
    const set = setOf(rows, added);
    for (const row of removed) set.remove(row);
    const expected = ascending(added.filter((row) => !removed.includes(row)));
    const visited: number[] = [];
    set.forEach((row) => visited.push(row));
    assert.deepEqual(visited, expected);
    assert.deepEqual([...set], expected);
    assert.deepEqual([...set.toArray()], expected);
    assert.equal(set.size, expected.length);
    assert.equal(set.isEmpty, expected.length === 0);
    for (let row = 0; row < rows + 40; row += 1) {
      assert.equal(set.has(row), expected.includes(row));
      assert.equal(set.nextFrom(row), expected.find((next) => next >= row) ?? -1);
    }
    assert.equal(set.has(-1), false);
  }), { ...timeBox, numRuns: 300 });
});

test('the current row may be removed while iterating', () => {
  const set = RowSet.full(100);
  for (const row of set) if (row % 3 !== 0) set.remove(row);
  assert.deepEqual([...set], Array.from({ length: 34 }, (_, i) => i * 3));
});

test('words travel: a set made of another one\'s words is the same set, and a clone is independent', () => {
  const set = setOf(70, [0, 31, 32, 69]);
  const received = new RowSet(70, structuredClone(set.words));
  assert.deepEqual([...received], [0, 31, 32, 69]);
  const clone = set.clone();
  clone.remove(31);
  assert.equal(set.has(31), true);
  assert.equal(clone.has(31), false);
});

test('a word\'s bits are counted, the highest included', () => {
  for (const [word, bits] of [[0, 0], [1, 1], [0x80000000, 1], [0xffffffff, 32], [0x7fffffff, 31], [0xaaaaaaaa, 16]] as const) {
    assert.equal(populationCount(word), bits, word.toString(16));
  }
});

test('our own mistakes are caught: foreign rows, foreign sets, stray bits', () => {
  const set = new RowSet(40);
  for (const row of [-1, 40, 64]) {
    assert.throws(() => set.add(row), /outside/);
    assert.throws(() => set.remove(row), /outside/);
  }
  assert.throws(() => set.and(new RowSet(41)), /different segments/);
  assert.throws(() => new RowSet(40, new Uint32Array(3)), /one bit a row/);
  assert.throws(() => new RowSet(40, Uint32Array.of(0, 0x100)), /past its last row/);
});
