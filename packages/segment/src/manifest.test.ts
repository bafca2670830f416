import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import avsc from 'avsc';
import fc from 'fast-check';
import { AppError } from '@proximadb/errors';
import { crc32c } from '@node-rs/crc32';
import { schemaText, type Manifest } from '@proximadb/schemas';
import { decodeManifest, decodeRows, encodeManifest, encodeRequests, encodeRows, manifestFile, readManifest, writeManifest } from './index.ts';
import { encodeBlockHead, encodeHeader, syncMarker } from './ocf.ts';

const manifest: Manifest = {
  generation: 7, cluster_id: 'c', topic: 'proximadb-words-4', topic_id: 't', log: 4, partition: 2,
  settings: {
    dimension: 3, metric: 'cosine', partitions: 12, index: 'hnsw', m: 16, ef_construction: 128, quantization: 'i8',
    record_bytes_max: 1 << 20, storage: 'memory', recall_target: 0.95,
  },
  watermark: 1_000, log_time: 1_795_554_908_783_000, last: { offset: 999, append_time: 1_795_554_908_783_000, crc32c: 0xffff_ffff },
  segments: [{
    id: 'abc', rows: 3, files: [{ name: 'rows.bin', bytes: 100, crc32c: 1 }], schema_ids: [1], graph: null,
    ladder: [{ candidates: 32, recall: 0.9 }], reach: -0.25, ended: Buffer.from(encodeRows([0, 2])),
  }],
  requests: [{ request_id: 'r', log_time: 5, runs: [
    { sequence: 0, offset: 3, count: 2, refusal: null }, { sequence: 2, offset: 5, count: 1, refusal: 'exists' },
  ] }],
  malformed: 1, ledger: [{ offset: 4, reason: 'not a record' }], marks: [{ offset: 0, sum: '0123456789abcdef' }], streams: [],
};

/** Without the classes that avsc gives what it reads. */
function plain(value: Manifest | undefined): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('a manifest on disk', () => {
  let directory: string;
  before(() => { directory = mkdtempSync(join(tmpdir(), 'proximadb-manifest-')); });
  after(() => { rmSync(directory, { recursive: true }); });

  test('comes back as it was written, over an older one and a torn one', async () => {
    assert.equal(await readManifest(directory), undefined);
    await writeManifest(directory, { ...manifest, generation: 6 });
    writeFileSync(join(directory, `${manifestFile}.tmp`), 'torn');
    await writeManifest(directory, manifest);
    assert.deepEqual(plain(await readManifest(directory)), plain(manifest));
  });

  test('is read by any Avro tool', async () => {
    await writeManifest(directory, manifest);
    const read: unknown[] = [];
    await new Promise((resolve, reject) => {
      avsc.createFileDecoder(join(directory, manifestFile)).on('data', (datum: unknown) => read.push(datum)).on('end', resolve).on('error', reject);
    });
    assert.equal(read.length, 1);
    assert.equal((read[0] as { watermark: number }).watermark, 1_000);
  });

  test('is read as another release wrote it, which has fields of its own and lacks some', () => {
    const schema = JSON.parse(schemaText('Manifest')) as { fields: { name: string }[] };
    const fields = [...schema.fields.filter(({ name }) => name !== 'malformed'), { name: 'invented', type: 'string', default: '' }];
    const written = { ...manifest, invented: 'later' };
    const text = JSON.stringify({ ...schema, fields });
    const datum = avsc.Type.forSchema({ ...schema, fields } as unknown as avsc.Schema).toBuffer(written);
    const metadata = { 'proximadb.crc32c': String(crc32c(datum)), 'proximadb.header.crc32c': String(crc32c(JSON.stringify([text, {}]))) };
    const bytes = Buffer.concat([encodeHeader(text, metadata), encodeBlockHead(1, datum.length), datum, syncMarker(text)]);
    assert.deepEqual(plain(decodeManifest(bytes).manifest), plain({ ...manifest, malformed: 0 }));
  });

  test('has requests that were encoded before, behind its own', async () => {
    const runs = [{ sequence: 0, offset: 3, count: 2, refusal: null }];
    const request = (id: string): Manifest['requests'][number] => ({ request_id: id, log_time: 5, runs });
    const more = [['s'], ['t', 'u']].map((ids) => encodeRequests(ids.map(request)));
    await writeManifest(directory, manifest, more);
    const requests = [...manifest.requests, ...['s', 't', 'u'].map(request)];
    assert.deepEqual(plain(await readManifest(directory)), plain({ ...manifest, requests }));
  });

  test('carries notes, and is refused where one of them is changed', () => {
    const notes = { snapshot: '{"sequence":3}', other: 'ü' };
    const bytes = encodeManifest(manifest, notes);
    assert.deepEqual({ ...decodeManifest(bytes).notes }, notes);
    assert.deepEqual(plain(decodeManifest(bytes).manifest), plain(manifest));
    bytes[bytes.indexOf('"sequence":3') + 11]! ^= 1;
    assert.throws(() => decodeManifest(bytes), (error) => error instanceof AppError && error.code === 'DATA_LOSS');
  });

  test('is refused by name wherever a byte of it is changed or missing', async () => {
    await writeManifest(directory, manifest);
    const whole = readFileSync(join(directory, manifestFile));
    // What is not the datum, its checksum or the frame (a description of the schema, say) may change without harm.
    await fc.assert(fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, flip, cut) => {
      const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole);
      if (!cut) damaged[at] = damaged[at]! ^ flip;
      writeFileSync(join(directory, manifestFile), damaged);
      try {
        assert.deepEqual(plain(await readManifest(directory)), plain(manifest));
        assert.ok(!cut, 'a torn file is never read');
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'DATA_LOSS' && error.message.includes(join(directory, manifestFile)), String(error));
      }
    }), { numRuns: 500 });
  });
});

test('sets of rows travel as portable roaring bitmaps', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.nat(1 << 20)), (rows) => {
    assert.deepEqual([...decodeRows(encodeRows(rows))], [...rows].sort((a, b) => a - b));
  }), { numRuns: 300 });
});
