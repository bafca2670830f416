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

const below = (value: bigint | number | string): Predicate => ({ kind: 'range', path: ['n'], lower: null, upper: { value, inclusive: false } });

test('a filter that comes again is answered without the columns, whatever was done with the answer', () => {
  const asked = columns();
  const recent = new RecentSelections(asked);
  const first = recent.select(below(3n));
  assert.deepEqual([...first.rows], [0, 1, 2]);
  first.rows.remove(1);
  const again = recent.select(below(3n));
  assert.deepEqual([[...again.rows], again.exact], [[0, 1, 2], true]);
  again.rows.remove(2);
  assert.deepEqual([...recent.select(below(3n)).rows], [0, 1, 2]);
  assert.equal(asked.asked, 1);
});

test('filters that differ in the kind of a value alone are told apart', () => {
  const recent = new RecentSelections(columns());
  assert.deepEqual([...recent.select(below(2n)).rows], [0, 1]);
  assert.deepEqual([...recent.select(below('2')).rows], []);
  assert.deepEqual([...recent.select({ kind: 'in', path: ['text'], values: ['1'] }).rows], [1]);
  assert.deepEqual([...recent.select({ kind: 'in', path: ['text'], values: [1n] }).rows], []);
});

test('the eight that were asked last are kept', () => {
  const asked = columns();
  const recent = new RecentSelections(asked);
  for (let i = 0; i < 8; i += 1) recent.select(below(BigInt(i)));
  recent.select(below(0n));
  recent.select(below(8n));
  assert.equal(asked.asked, 9);
  assert.deepEqual([...recent.select(below(0n)).rows], []);
  assert.equal(asked.asked, 9, 'it was asked again before the last that came');
  assert.deepEqual([...recent.select(below(1n)).rows], [0]);
  assert.equal(asked.asked, 10, 'it was the oldest');
});

test('what only records can tell, and what is long, is asked each time', () => {
  const asked = columns();
  const recent = new RecentSelections(asked);
  const long: Predicate = { kind: 'in', path: ['text'], values: ['x'.repeat(5_000)] };
  const prefix: Predicate = { kind: 'prefix', path: ['text'], prefix: 'xx' };
  for (const predicate of [long, long, prefix, prefix]) assert.equal(recent.select(predicate).exact, false);
  assert.equal(asked.asked, 4);
});
