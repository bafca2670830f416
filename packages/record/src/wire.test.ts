import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  compileWalker, decodeVectorRecord, encodeDeleteRecord, encodeVectorRecord, formatVersion, parseVersion, recordCounters, recordFromJson, parseJson,
  wireSchemaId, withWire,
} from './index.ts';
import { schemaText } from '@proximadb/schemas';

test('the wire header holds a schema id of 32 bits', () => {
  for (const id of [0, 1, 256, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const bytes = withWire(id, Uint8Array.of(9));
    assert.equal(wireSchemaId(bytes), id);
    assert.deepEqual([bytes[0], bytes.length, bytes[5]], [0, 6, 9]);
  }
  assert.equal(wireSchemaId(Uint8Array.of(0, 0, 0, 1, 2)), 258);
  for (const bad of [[], [0, 0, 0, 1], [1, 0, 0, 0, 1, 2]]) assert.throws(() => wireSchemaId(Uint8Array.from(bad)), { code: 'INVALID_ARGUMENT' });
});

test('a version is <log>-<offset>', () => {
  assert.deepEqual(parseVersion('7-1234'), { log: 7, offset: 1234 });
  assert.deepEqual(parseVersion(formatVersion(Number.MAX_SAFE_INTEGER, 0)), { log: Number.MAX_SAFE_INTEGER, offset: 0 });
  for (const bad of ['', '7', '7-', '-7', '7-1-2', '07-1', '7-01', '7--1', '1e3-1', ' 7-1', '7-1\n', '9007199254740992-1', '1-9'.padEnd(100, '9')]) {
    assert.throws(() => parseVersion(bad), { code: 'INVALID_ARGUMENT' }, bad);
  }
});

test('every encode and decode of a record is counted, checking and viewing is not', () => {
  const before = { ...recordCounters };
  const bytes = encodeVectorRecord(1, { id: 'a', vector: [1] });
  encodeDeleteRecord(1, 'a');
  recordFromJson(parseJson('{"id":"a","vector":[1]}'), 1);
  assert.deepEqual(recordCounters, { encodes: before.encodes + 3, decodes: before.decodes });
  const walker = compileWalker(schemaText('VectorRecord'));
  const view = walker.check(bytes, { dimension: 1, metric: 'cosine', recordBytesMax: 100 });
  assert.equal(view.bytes, bytes);
  assert.equal(view.idBytes.buffer, bytes.buffer);
  walker.view(bytes).readMetadata();
  assert.equal(recordCounters.decodes, before.decodes);
  decodeVectorRecord(bytes);
  assert.equal(recordCounters.decodes, before.decodes + 1);
});

test('what cannot be written at all is refused by the encoder', () => {
  assert.throws(() => encodeVectorRecord(1, { id: '\ud800', vector: [] }), { code: 'INVALID_ARGUMENT', message: /^id: / });
  assert.throws(() => encodeVectorRecord(1, { id: 'a', vector: [], metadata: new Map([['x', [2n ** 63n]]]) }), { message: /^metadata\.x\[0\]: .*64 bits/ });
});
