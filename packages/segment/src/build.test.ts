import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { encodeRows, hashId, runBuildJob, SegmentWriter, strideOf } from './index.ts';

const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const directory = mkdtempSync(join(tmpdir(), 'proximadb-build-'));
after(() => { rmSync(directory, { recursive: true }); });
const noDescriptors = existsSync('/proc/self/fd') ? false : 'looks at the open files of the process, which only Linux shows in /proc/self/fd';

/** Files below the folder that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The one that reads the folder is closed by now.
      return [];
    }
  }).filter((path) => path.startsWith(directory));
}

function vectorOf(row: number): Float32Array {
  const vector = new Float32Array(strideOf(2));
  vector.set([row, 1]);
  return vector;
}

function write(writer: SegmentWriter, rows: number): void {
  for (let row = 0; row < rows; row += 1) {
    const view = walker.check(encodeVectorRecord(1, { id: `r${row}`, vector: [row, 1] }), { dimension: 2, metric: 'euclidean', recordBytesMax: 1 << 16 });
    writer.add(1, view.bytes, row, Infinity, hashId(view.idBytes), vectorOf(row));
  }
}

test('a merge that fails has no file open: what is deleted would keep its space', { skip: noDescriptors }, () => {
  const writing = join(directory, 'source');
  using writer = new SegmentWriter(writing, 500, () => text);
  write(writer, 500);
  const schemaIds = writer.close();
  const { segment } = runBuildJob({ kind: 'complete', directory: writing, schemaIds, schemas: { 1: text }, dimension: 2, codes: undefined });
  assert.ok(segment !== undefined);
  const source = join(directory, segment.id);
  const records = join(source, 'records-0.avro');
  const bytes = readFileSync(records);
  // In the last record, when most of the new files is written.
  const at = bytes.lastIndexOf('r499');
  bytes[at] = 0;
  writeFileSync(records, bytes);
  const merge = {
    kind: 'merge', directory: join(directory, 'merged'), dimension: 2, schemas: { 1: text }, lists: undefined, codes: undefined, recallTarget: 0.95,
    sources: [{ directory: source, schemaIds, keep: encodeRows(Array.from({ length: 500 }, (_, row) => row)) }],
  } as const;
  assert.throws(() => runBuildJob(merge), { code: 'DATA_LOSS' });
  assert.ok(existsSync(join(directory, 'merged')), 'it had begun');
  assert.deepEqual(openFiles(), []);
});

test('a segment that is given up is closed as it is', { skip: noDescriptors }, () => {
  {
    using writer = new SegmentWriter(join(directory, 'given-up'), 10, () => text);
    write(writer, 10);
    assert.equal(openFiles().length, 2);
  }
  assert.deepEqual(openFiles(), []);
});
