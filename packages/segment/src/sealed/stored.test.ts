import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { CodeSlab, Slab } from '../kernels/index.ts';
import { random } from '../testing/random.ts';
import { StoredCodes } from './stored-codes.ts';
import { StoredVectors } from './stored-vectors.ts';

const directory = mkdtempSync(join(tmpdir(), 'proximadb-stored-'));
after(() => { rmSync(directory, { recursive: true }); });

/** So many numbers a vector that a part holds few: 64 rows of vectors, 65 of codes. */
const dimension = 4_090;
const rows = 300;
const next = random(3);
const held = new Slab({ dimension, rows, rowsMax: rows });
for (let row = 0; row < rows; row += 1) {
  // Some are equal, so that ties are told apart by their rows.
  if (row % 5 === 4) held.row(row).set(held.row(row - 3));
  else held.row(row).set(Float32Array.from({ length: dimension }, next));
}
const query = Float32Array.from({ length: dimension }, next);
const codes = new CodeSlab(dimension, rows);
codes.setCentroid(Float32Array.from({ length: dimension }, next), Float32Array.from({ length: dimension }, next));
held.each(0, rows, (row, vector) => { codes.encode(row, vector.subarray(0, dimension)); });

function file(name: string, { buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const path = join(directory, name);
  writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength));
  return path;
}

const visible = fc.option(fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff_ffff), fc.nat(0xffff_ffff)), { minLength: 10, maxLength: 10 })
  .map((words) => Uint32Array.from(words)));

test('vectors in a file are found as those in memory are, in parts and by lists, to the last bit', () => {
  const stored = new StoredVectors(file('vectors', held.rows(0, rows)), dimension);
  const list = fc.uniqueArray(fc.nat(rows - 1), { maxLength: rows }).map((numbers) => Uint32Array.from(numbers));
  fc.assert(fc.property(fc.constantFrom('ip', 'l2sq', 'l1'), fc.nat(rows), fc.integer({ min: 1, max: rows }), visible, list, (metric, count, k, bits, some) => {
    assert.deepEqual(stored.scan(metric, query, count, k, bits), held.scan(metric, query, count, k, bits));
    assert.deepEqual(stored.scanList(metric, query, some, k), held.scanList(metric, query, some, k));
  }), { numRuns: 60 });
  const seen: Float32Array[] = [];
  stored.each(3, 200, (row, vector) => { seen[row] = vector.slice(); });
  held.each(3, 200, (row, vector) => { assert.deepEqual(seen[row], vector); });
  stored.close();
});

test('codes in a file give the candidates that codes in memory give, whatever rows lists begin and end with', () => {
  const stored = new StoredCodes(file('codes', codes.content), dimension, rows);
  const ranges = fc.uniqueArray(fc.nat(rows), { minLength: 2, maxLength: 12 }).map((ends) => ends.sort((a, b) => a - b));
  fc.assert(fc.property(ranges, fc.integer({ min: 1, max: rows }), visible, (ends, k, bits) => {
    const [one, other] = [codes, stored].map((each) => {
      each.begin(query, 2, k, bits);
      const counted = ends.slice(1).map((end, i) => each.scan(ends[i] ?? 0, end - (ends[i] ?? 0), i % 3));
      return { counted, bound: each.bound, rows: each.finish() };
    });
    assert.deepEqual(other, one);
  }), { numRuns: 60 });
  stored.close();
});

test('a file that ends too early is named, and can be asked again for what it has', () => {
  const path = file('short', held.rows(0, rows));
  truncateSync(path, 100 * held.stride * 4 + 8);
  const stored = new StoredVectors(path, dimension);
  const message = `${path} has no byte ${100 * held.stride * 4 + 8}: it is shorter than its rows say`;
  assert.throws(() => stored.scanList('ip', query, Uint32Array.of(3, 100), 2), { code: 'DATA_LOSS', message });
  assert.deepEqual(stored.scan('ip', query, 100, 5, null), held.scan('ip', query, 100, 5, null));
  stored.close();
});
