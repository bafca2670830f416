import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { MetadataValue } from '@proximadb/record';
import { Columns, ColumnsBuilder, matches, type Bound, type Predicate } from './index.ts';
import { toMap } from './plain.test-support.ts';

/** So many that ranges are not read word by word. */
const rows = 30_000;

/** Park–Miller: the same rows in every run. */
let state = 7;
function random(): number {
  state = (state * 48271) % 0x7fffffff;
  return state / 0x7fffffff;
}
const below = (end: number): number => Math.floor(random() * end);

/** What a row holds at `value`, and bounds near to what rows hold. */
const fields: Readonly<Record<string, { readonly of: (row: number) => MetadataValue; readonly bound: () => Bound['value'] }>> = {
  'doubles, all distinct': { of: () => random(), bound: random },
  'longs beyond doubles': { of: () => 2n ** 60n + BigInt(below(rows)), bound: () => 2n ** 60n + BigInt(below(rows)) },
  'few values, of many rows each': { of: () => below(12), bound: () => below(12) },
  'one value of most rows among others': { of: (row) => row % 4 === 0 ? below(rows) : 5_000, bound: () => below(rows) },
  'in the order of the rows': { of: (row) => row, bound: () => below(rows) },
  strings: { of: () => `s${below(20_000)}`, bound: () => `s${below(20_000)}` },
  'several values a row': { of: () => [below(rows), below(rows)], bound: () => below(rows) },
  'several maps a row': { of: () => [new Map([['x', below(rows)]]), new Map([['x', below(rows)]])], bound: () => below(rows) },
};

for (const [name, { of, bound }] of Object.entries(fields)) {
  test(`ranges of many values select exactly the rows that match: ${name}`, () => {
    // A tenth of the rows lacks the field.
    const table = Array.from({ length: rows }, (_, row) => random() < 0.1 ? toMap({}) : new Map([['value', of(row)]]));
    const builder = new ColumnsBuilder();
    table.forEach((metadata, row) => { builder.add(row, metadata); });
    const columns = new Columns(builder.build(), rows);
    const path = name === 'several maps a row' ? ['value', 'x'] : ['value'];
    for (let turn = 0; turn < 24; turn += 1) {
      const one = (): Bound | null => turn % 3 === 0 ? { value: bound(), inclusive: random() < 0.5 } : null;
      const [lower, upper] = turn % 2 === 0 ? [one(), { value: bound(), inclusive: random() < 0.5 }] : [{ value: bound(), inclusive: random() < 0.5 }, one()];
      const wanted: Predicate = { kind: 'range', path, lower, upper };
      const { rows: selected, open } = columns.select(wanted);
      assert.equal(open, null);
      const expected = table.flatMap((metadata, row) => matches(wanted, metadata) ? [row] : []);
      assert.deepEqual(selected.toArray(), Uint32Array.from(expected), `turn ${turn}`);
    }
  });
}

test('a prefix that half of the rows have', () => {
  const texts = Array.from({ length: rows }, () => `${random() < 0.5 ? 'left' : 'right'} ${below(rows)}`);
  const builder = new ColumnsBuilder();
  texts.forEach((text, row) => { builder.add(row, toMap({ text })); });
  const columns = new Columns(builder.build(), rows);
  for (const prefix of ['left', 'right', 'left 1', '', 'left', 'middle']) {
    const { rows: selected } = columns.select({ kind: 'prefix', path: ['text'], prefix });
    const expected = texts.flatMap((text, row) => text.startsWith(prefix) ? [row] : []);
    assert.deepEqual(selected.toArray(), Uint32Array.from(expected), prefix);
  }
});

test('rows beyond the last that has metadata match no range', () => {
  const builder = new ColumnsBuilder();
  for (let row = 0; row < rows; row += 1) builder.add(row, toMap({ value: row }));
  const columns = new Columns(builder.build(), rows + 1_000);
  const { rows: selected } = columns.select({ kind: 'range', path: ['value'], lower: { value: 100, inclusive: true }, upper: null });
  assert.deepEqual([selected.rows, selected.size, selected.has(rows)], [rows + 1_000, rows - 100, false]);
});

test('more columns are asked than sets are kept of', () => {
  const names = Array.from({ length: 7 }, (_, i) => `field${i}`);
  const table = Array.from({ length: rows }, () => toMap(Object.fromEntries(names.map((field) => [field, random()]))));
  const builder = new ColumnsBuilder();
  table.forEach((metadata, row) => { builder.add(row, metadata); });
  const columns = new Columns(builder.build(), rows);
  for (const field of [...names, ...names.toReversed(), ...names]) {
    const wanted: Predicate = { kind: 'range', path: [field], lower: { value: random() / 2, inclusive: true }, upper: null };
    const expected = table.flatMap((metadata, row) => matches(wanted, metadata) ? [row] : []);
    assert.deepEqual(columns.select(wanted).rows.toArray(), Uint32Array.from(expected), field);
  }
});
