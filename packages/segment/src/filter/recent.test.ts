import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Metadata } from '@proximadb/record';
import { Columns, ColumnsBuilder, type Predicate, type Selection } from './index.ts';
import { RecentSelections } from './recent.ts';

const count = 100;

/** Columns that count how often they are asked. */
class Counted extends Columns {
  asked = 0;

  override select(predicate: Predicate): Selection {
    this.asked += 1;
    return super.select(predicate);
  }
}

function columns(): Counted {
  const builder = new ColumnsBuilder();
  for (let row = 0; row < count; row += 1) {
    const metadata: Metadata = new Map<string, bigint | string>([['n', BigInt(row)], ['text', row % 2 === 0 ? 'x'.repeat(5_000) : String(row)]]);
    builder.add(row, metadata);
  }
  return new Counted(builder.build(), count);
}

function recentOf(asked: Counted): RecentSelections {
  return new RecentSelections(asked, () => false);
}

const below = (value: bigint | number | string): Predicate => ({ kind: 'range', path: ['n'], lower: null, upper: { value, inclusive: false } });

test('a filter that comes again is answered without the columns, whatever was done with the answer', () => {
  const asked = columns();
  const recent = recentOf(asked);
  const first = recent.select(below(3n));
  assert.deepEqual([...first], [0, 1, 2]);
  first.remove(1);
  const again = recent.select(below(3n));
  assert.deepEqual([...again], [0, 1, 2]);
  again.remove(2);
  assert.deepEqual([...recent.select(below(3n))], [0, 1, 2]);
  assert.equal(asked.asked, 1);
});

test('filters that differ in the kind of a value alone are told apart', () => {
  const recent = recentOf(columns());
  assert.deepEqual([...recent.select(below(2n))], [0, 1]);
  assert.deepEqual([...recent.select(below('2'))], []);
  assert.deepEqual([...recent.select({ kind: 'in', path: ['text'], values: ['1'] })], [1]);
  assert.deepEqual([...recent.select({ kind: 'in', path: ['text'], values: [1n] })], []);
});

test('the eight that were asked last are kept', () => {
  const asked = columns();
  const recent = recentOf(asked);
  for (let i = 0; i < 8; i += 1) recent.select(below(BigInt(i)));
  recent.select(below(0n));
  recent.select(below(8n));
  assert.equal(asked.asked, 9);
  assert.deepEqual([...recent.select(below(0n))], []);
  assert.equal(asked.asked, 9, 'it was asked again before the last that came');
  assert.deepEqual([...recent.select(below(1n))], [0]);
  assert.equal(asked.asked, 10, 'it was the oldest');
});

test('records are asked only about rows that columns leave open, and once', () => {
  const asked = columns();
  const told: number[] = [];
  const recent = new RecentSelections(asked, (_, row) => {
    told.push(row);
    return row === 4;
  });
  const prefix: Predicate = { kind: 'or', of: [{ kind: 'prefix', path: ['text'], prefix: '1' }, { kind: 'prefix', path: ['text'], prefix: '21' }] };
  const first = recent.select(prefix);
  const expected = [1, 4, 11, 13, 15, 17, 19, 21];
  assert.deepEqual([...first], expected);
  assert.deepEqual(told, Array.from({ length: count / 2 }, (_, i) => i * 2));
  first.remove(4);
  assert.deepEqual([...recent.select(prefix)], expected);
  assert.deepEqual([asked.asked, told.length], [1, count / 2]);
});

test('what is long is asked each time', () => {
  const asked = columns();
  const recent = recentOf(asked);
  const long: Predicate = { kind: 'in', path: ['text'], values: ['x'.repeat(5_000)] };
  for (const predicate of [long, long]) assert.deepEqual([...recent.select(predicate)], []);
  assert.equal(asked.asked, 2);
});
