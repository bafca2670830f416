import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import { compileWalker, decodeVectorRecord, encodeVectorRecord, withWire, type DecodedRecord, type RecordLimits } from './index.ts';
import * as arbitrary from './testing/arbitrary.ts';
import { decodeWithAvsc, encodeWithAvsc } from './testing/as-avsc.ts';
import { body, seeded } from './testing/blocks.ts';
import { contents } from './testing/contents.ts';

const dimension = 3;
const limits: RecordLimits = { dimension, metric: 'dot', recordBytesMax: 1 << 20 };
const walker = compileWalker(schemaText('VectorRecord'));

const same: (actual: DecodedRecord, expected: DecodedRecord) => void = assert.deepStrictEqual;

test('the view reads whatever avsc encodes', () => {
  fc.assert(fc.property(arbitrary.record(dimension), (record) => {
    const bytes = withWire(7, encodeWithAvsc(record));
    same(contents(walker.check(bytes, limits)), record);
    same(contents(walker.view(bytes)), record);
    same(decodeVectorRecord(bytes), record);
  }), { numRuns: 400 });
});

test('avsc decodes what we encode, which is what avsc encodes', () => {
  fc.assert(fc.property(arbitrary.record(dimension), (record) => {
    const bytes = encodeVectorRecord(7, record);
    same(decodeWithAvsc(bytes.subarray(5)), record);
    assert.equal(bytes.length, encodeWithAvsc(record).length + 5);
  }), { numRuns: 400 });
});

test('arrays and maps in several blocks, with and without byte sizes, read the same, and avsc agrees', () => {
  fc.assert(fc.property(arbitrary.record(9), fc.nat(), (record, seed) => {
    const bytes = withWire(7, Uint8Array.from(body(record, seeded(seed))));
    same(contents(walker.check(bytes, { ...limits, dimension: 9 })), record);
    same(contents(walker.view(bytes)), record);
    same(decodeWithAvsc(bytes.subarray(5)), record);
  }), { numRuns: 400 });
});

test('a field is read by its path, without the rest', () => {
  fc.assert(fc.property(arbitrary.record(dimension), fc.nat(), (record, seed) => {
    const view = walker.view(withWire(7, Uint8Array.from(body(record, seeded(seed)))));
    const visit = (map: ReadonlyMap<string, unknown>, path: readonly string[]): void => {
      for (const [key, value] of map) {
        assert.deepStrictEqual(view.field([...path, key]), value);
        if (value instanceof Map) visit(value as ReadonlyMap<string, unknown>, [...path, key]);
        else assert.equal(view.field([...path, key, 'x']), undefined);
      }
      assert.equal(view.field([...path, 'no such key']), undefined);
    };
    visit(record.metadata, []);
    assert.equal(view.field([]), undefined);
  }), { numRuns: 300 });
});
