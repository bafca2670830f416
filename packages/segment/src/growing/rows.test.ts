import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import { hashId } from '../sealed/ids.ts';
import { GrowingRows } from './rows.ts';

const walker = compileWalker(schemaText('VectorRecord'));
const other = compileWalker(schemaText('VectorRecord'));

/** Records as a batch has them: one after the other in one buffer. */
function batchOf(ids: readonly string[]): Uint8Array[] {
  const encoded = ids.map((id, i) => encodeVectorRecord(1, { id, vector: [i], timestamp: BigInt(i) }));
  const buffer = new Uint8Array(encoded.reduce((sum, { length }) => sum + length + 7, 0));
  let at = 0;
  return encoded.map((bytes) => {
    at += 7;
    buffer.set(bytes, at);
    at += bytes.length;
    return buffer.subarray(at - bytes.length, at);
  });
}

const fill = (rows: GrowingRows, bytes: Uint8Array, offset: number, hash: (id: Uint8Array) => number): number => {
  const view = walker.view(bytes);
  return rows.add({ view, walker, schemaId: 1, offset, expires: Infinity, hash: hash(view.idBytes) });
};

test('an id is found in its newest row, as a map of ids would say, whatever the hashes are', () => {
  const anyHash = fc.constantFrom<(id: Uint8Array) => number>(hashId, () => 0, (id) => id.length, (id) => (hashId(id) & 1) * 0xffffffff);
  const anyIds = fc.array(fc.array(fc.string({ minLength: 1, maxLength: 3, unit: 'grapheme' }), { maxLength: 90 }), { maxLength: 5 });
  fc.assert(fc.property(anyIds, anyHash, (batches, hash) => {
    const rows = new GrowingRows();
    const expected = new Map<string, number>();
    for (const ids of batches) {
      batchOf(ids).forEach((bytes, i) => {
        assert.deepEqual(rows.find(Buffer.from(ids[i]!), hash(Buffer.from(ids[i]!))), expected.get(ids[i]!));
        expected.set(ids[i]!, fill(rows, bytes, expected.size, hash));
      });
    }
    for (const [id, row] of expected) assert.equal(rows.find(Buffer.from(id), hash(Buffer.from(id))), row);
    for (const id of ['', 'absent']) assert.equal(rows.find(Buffer.from(id), hash(Buffer.from(id))), undefined);
  }), { numRuns: 60 });
});

test('rows give back the very bytes of the batch, and their columns, through every growth', () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => `id-${i}`);
  const batches = [batchOf(ids.slice(0, 10)), batchOf(ids.slice(10, 600)), batchOf(ids.slice(600))];
  const rows = new GrowingRows();
  batches.flat().forEach((bytes, i) => fill(rows, bytes, i * 3, hashId));
  assert.equal(rows.count, 1_000);
  batches.flat().forEach((bytes, row) => {
    const datum = rows.datum(row);
    assert.deepEqual([datum.buffer === bytes.buffer, datum.byteOffset, datum.length], [true, bytes.byteOffset, bytes.length]);
    assert.equal(rows.view(row).id, ids[row]);
    assert.deepEqual([rows.columns.offsets[row], rows.columns.expires[row], rows.columns.hashes[row]], [row * 3, Infinity, hashId(Buffer.from(ids[row]!))]);
  });
});

test('each row is read in the schema it was written in', () => {
  const rows = new GrowingRows();
  const [first, second] = batchOf(['a', 'b']);
  rows.add({ view: walker.view(first!), walker, schemaId: 1, offset: 0, expires: 5, hash: 0 });
  rows.add({ view: other.view(second!), walker: other, schemaId: 7, offset: 1, expires: Infinity, hash: 0 });
  assert.deepEqual([rows.schemaId(0), rows.schemaId(1)], [1, 7]);
  assert.deepEqual([rows.view(0).id, rows.view(1).id], ['a', 'b']);
  assert.throws(() => rows.view(2), RangeError);
});
