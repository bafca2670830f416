import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { runBuildJob } from '../build.ts';
import { hashId } from './ids.ts';
import { Sealed } from './sealed.ts';
import { SegmentWriter, type SegmentFiles } from './write.ts';

const root = mkdtempSync(join(tmpdir(), 'proximadb-ids-'));
after(() => { rmSync(root, { recursive: true }); });

const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const idBytes = 'id-bytes.bin';

/** @returns the segment, and its folder. */
function write(name: string, ids: readonly string[]): { readonly files: SegmentFiles; readonly directory: string } {
  const directory = join(root, name, 'tmp');
  const writer = new SegmentWriter(directory, ids.length, () => text);
  for (const [row, id] of ids.entries()) {
    const record = encodeVectorRecord(1, { id, vector: [row, 1] });
    writer.add(1, record, row, Infinity, hashId(Buffer.from(id)), Float32Array.of(row, 1, 0, 0));
  }
  const { segment } = runBuildJob({ kind: 'complete', directory, schemaIds: writer.close(), schemas: { 1: text }, dimension: 2, codes: undefined });
  assert.ok(segment !== undefined);
  return { files: segment, directory: join(root, name, segment.id) };
}

const graphSettings = { dimension: 2, metric: 'euclidean', m: 16, efConstruction: 128, quantization: 'f32' } as const;

function open({ files, directory }: ReturnType<typeof write>, storage: 'memory' | 'disk' = 'memory'): Promise<Sealed> {
  return Sealed.open({ directory, files, graphSettings, walkerOf: () => walker, storage }, true);
}

const short = ['b', 'ä', '😀', 'a', 'key-1', 'key-10', 'key-2', 'key\0\0', 'key', 'key\0', 'key-100-b', 'key-100-a', 'key-10\0', '\0'];
const long = short.map((id) => `${id}-${'x'.repeat(100)}`);

describe('ids of a segment', () => {
  for (const [name, ids, storage] of [['short', short, 'memory'], ['long', long, 'memory'], ['short', short, 'disk']] as const) {
    test(`${name} ones, vectors in ${storage}: are found, told by row, and gone through in the order of their bytes`, async () => {
      const made = write(`${name}-${storage}`, ids);
      assert.equal(existsSync(join(made.directory, idBytes)), name === 'short', 'long ones are left in the records');
      const sealed = await open(made, storage);
      for (const [row, id] of ids.entries()) {
        const bytes = Buffer.from(id);
        assert.equal(sealed.id(row), id);
        assert.equal(sealed.find(bytes, hashId(bytes)), row);
      }
      assert.equal(sealed.find(Buffer.from('nobody'), hashId(Buffer.from('nobody'))), undefined);
      const sorted = ids.map((id) => Buffer.from(id)).sort((one, other) => Buffer.compare(one, other));
      assert.deepEqual([...sealed.inOrder(null)].map((row) => sealed.id(row)), sorted.map(String));
      for (const [at, id] of sorted.entries()) assert.deepEqual([...sealed.inOrder(id)].map((row) => sealed.id(row)), sorted.slice(at + 1).map(String));
      sealed.close();
    });
  }

  test('are all found where there are many, and no others', async () => {
    const many = Array.from({ length: 3_000 }, (_, row) => `word-${row}`);
    const sealed = await open(write('many', many));
    const find = (id: string): number | undefined => sealed.find(Buffer.from(id), hashId(Buffer.from(id)));
    assert.deepEqual(many.map(find), many.map((_, row) => row));
    assert.ok(many.every((id) => find(`${id}-not`) === undefined));
    sealed.close();
  });

  test('are read from the records in a segment of a release that did not write them', async () => {
    const made = write('older', short);
    rmSync(join(made.directory, idBytes));
    const sealed = await open({ ...made, files: { ...made.files, files: made.files.files.filter(({ name }) => name !== idBytes) } });
    assert.deepEqual(short.map((_, row) => sealed.id(row)), short);
    assert.equal(sealed.find(Buffer.from('ä'), hashId(Buffer.from('ä'))), 1);
    sealed.close();
    // The same segment, made once more, by a release that does.
    const again = write('older', short);
    assert.equal(again.directory, made.directory);
    const both = await open(again);
    assert.deepEqual(short.map((_, row) => both.id(row)), short);
    both.close();
  });

  test('are checked like every other file', async () => {
    for (const storage of ['memory', 'disk'] as const) {
      const made = write(`damaged-${storage}`, short);
      writeFileSync(join(made.directory, idBytes), Buffer.alloc(made.files.files.find(({ name }) => name === idBytes)?.bytes ?? 0));
      await assert.rejects(open(made, storage), { code: 'DATA_LOSS', message: /id-bytes\.bin fails its checksum/ });
    }
  });
});
