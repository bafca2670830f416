/** Filters over what lies in memtables and segments: the records' own timestamps, with columns that know none, too; and strings that no column has. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord, fieldsOf, type MetadataValue } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { Growing, hashId, runBuildJob, Sealed, SegmentWriter } from '../index.ts';
import { Columns, ColumnsBuilder, matches, type Predicate } from './index.ts';

const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const graphSettings = { dimension: 2, metric: 'euclidean', m: 8, efConstruction: 16, quantization: 'f32' } as const;

/** More than a memtable gives columns at once. */
const count = 1_500;
const start = 1_700_000_000_000_000n;
/** Odd ones have none; one lies between two doubles. */
const timestampOf = (row: number): bigint => (row === 2 ? 2n ** 53n + 1n : row % 2 === 1 ? 0n : start + BigInt(row));
/** Every hundredth has one that is longer than a column's. */
const textOf = (row: number): string => (row % 100 === 7 ? `${row} ${'long '.repeat(300)}end` : `${row} short`);
const views = Array.from({ length: count }, (_, row) => {
  const metadata = new Map<string, MetadataValue>([['row', BigInt(row)], ['timestamp', 'morning'], ['$timestamp', 'hidden'], ['text', textOf(row)]]);
  return walker.check(encodeVectorRecord(1, { id: `r${row}`, vector: [row, 1], timestamp: timestampOf(row), metadata }), {
    dimension: 2, metric: 'euclidean', recordBytesMax: 1 << 16,
  });
});

const path = ['$timestamp'];
const from = (value: bigint): Predicate => ({ kind: 'range', path, lower: { value, inclusive: true }, upper: null });
const asked: readonly (readonly [string, Predicate, (row: number) => boolean])[] = [
  ['from an instant on', from(start + 1_000n), (row) => timestampOf(row) >= start + 1_000n],
  ['at an instant, exactly', { kind: 'in', path, values: [2n ** 53n + 1n] }, (row) => row === 2],
  ['none was given', { kind: 'in', path, values: [0n] }, (row) => row % 2 === 1],
  ['not from an instant on', { kind: 'not', of: from(start) }, (row) => timestampOf(row) < start],
  ['with metadata', { kind: 'and', of: [from(start), { kind: 'range', path: ['row'], lower: null, upper: { value: 700n, inclusive: false } }] },
    (row) => timestampOf(row) >= start && row < 700],
  ['every record has one', { kind: 'exists', path }, () => true],
  ['a key of the metadata of its name is hidden', { kind: 'in', path, values: ['hidden'] }, () => false],
  ['a key without the $ is one of the metadata', { kind: 'in', path: ['timestamp'], values: ['morning'] }, () => true],
  ['nothing is below it', { kind: 'exists', path: ['$timestamp', 'x'] }, () => false],
  ['the beginning of a long string', { kind: 'prefix', path: ['text'], prefix: '10' }, (row) => textOf(row).startsWith('10')],
  ['not the beginning of a long string', { kind: 'not', of: { kind: 'prefix', path: ['text'], prefix: '10' } }, (row) => !textOf(row).startsWith('10')],
  ['the end of a long string', { kind: 'contains', path: ['text'], value: 'end' }, (row) => row % 100 === 7],
  ['a long string', { kind: 'in', path: ['text'], values: [textOf(107), textOf(1_407), textOf(8)] }, (row) => [107, 1_407, 8].includes(row)],
  ['before a long string', { kind: 'range', path: ['text'], lower: null, upper: { value: textOf(107), inclusive: false } }, (row) => textOf(row) < textOf(107)],
];
const all = views.map((_, row) => row);

describe('of a memtable and of a segment', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-filters-'));
  const growing = new Growing({ dimension: 2, metric: 'euclidean', rowsMax: count });
  let sealed: Sealed;
  before(async () => {
    const writer = new SegmentWriter(join(directory, 'tmp'), count, () => text);
    views.forEach((view, row) => {
      growing.add(view, walker, 1, row, hashId(view.idBytes));
      writer.add(1, view.bytes, row, Infinity, hashId(view.idBytes), growing.slab.row(row));
    });
    const { segment: files } = runBuildJob({
      kind: 'complete', directory: join(directory, 'tmp'), schemaIds: writer.close(), schemas: { 1: text }, dimension: 2, codes: undefined,
    });
    assert.ok(files !== undefined);
    sealed = await Sealed.open({ directory: join(directory, files.id), files, graphSettings, walkerOf: () => walker, storage: 'memory' }, true);
  });
  after(() => {
    sealed.close();
    rmSync(directory, { recursive: true });
  });

  for (const [what, predicate, isMatch] of asked) {
    test(what, () => {
      const expected = all.filter(isMatch);
      assert.deepEqual([...growing.select(predicate, 0)], expected);
      assert.deepEqual([...sealed.select(predicate, 0)], expected);
      // Of columns that an earlier release wrote.
      const builder = new ColumnsBuilder();
      views.forEach((view, row) => { builder.add(row, new Map([...view.readMetadata()].filter(([key]) => key !== '$timestamp'))); });
      const { rows, open } = new Columns(builder.build(), count).select(predicate);
      assert.deepEqual([...rows].filter((row) => open?.has(row) !== true || matches(predicate, fieldsOf(views[row]!))), expected);
    });
  }
});
