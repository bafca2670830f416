import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import avsc from 'avsc';
import { decodeAvro, encodeAvro, schemaFingerprint, schemaNames, schemaText, type VectorRecord } from './index.ts';

test('each text stands alone, is read by avsc as it is, and its fingerprint is its SHA-256', () => {
  for (const name of schemaNames) {
    const text = schemaText(name);
    const schema = JSON.parse(text) as avsc.Schema;
    assert.equal(JSON.stringify(schema), text);
    assert.equal(avsc.Type.forSchema(schema).name?.split('.').at(-1), name);
    assert.equal(schemaFingerprint(name), createHash('sha256').update(text).digest('hex'));
  }
});

test('a long of a record keeps all 64 bits', () => {
  const record: VectorRecord = {
    id: 'a', vector: [], metadata: { big: { value: { long: 2n ** 63n - 1n } } }, timestamp: -(2n ** 63n), expires_at: { long: 2n ** 53n + 1n },
  };
  const read = decodeAvro('VectorRecord', encodeAvro('VectorRecord', record));
  assert.equal(read.timestamp, record.timestamp);
  assert.deepEqual({ ...read.expires_at }, record.expires_at);
  assert.throws(() => encodeAvro('VectorRecord', { ...record, timestamp: 2n ** 63n }));
});

test('a long of a stored type that a number cannot hold is refused, never rounded', () => {
  const header = (offset: number) => ({ request_id: 'r', sequence: 0, condition: { 'proximadb.v1.IfVersion': { log: 1, offset } } });
  assert.throws(() => encodeAvro('WriteHeader', header(2 ** 53)));
  const bytes = encodeAvro('WriteHeader', header(2 ** 53 - 2));
  assert.deepEqual(decodeAvro('WriteHeader', bytes), decodeAvro('WriteHeader', encodeAvro('WriteHeader', header(2 ** 53 - 2))));
  // The zigzag of the offset is the end of the datum: 2^53 in its place.
  const offset = avsc.Type.forSchema('long').toBuffer(2 ** 53 - 2);
  assert.equal(bytes.subarray(-offset.length).compare(offset), 0);
  const beyond = Buffer.concat([bytes.subarray(0, -offset.length), Buffer.from('8080808080808020', 'hex')]);
  assert.throws(() => decodeAvro('WriteHeader', beyond), /precision/);
});

test('bytes after the datum, and too few bytes, are refused', () => {
  const bytes = encodeAvro('DeleteRecord', { id: 'a', timestamp: 1n });
  assert.deepEqual({ ...decodeAvro('DeleteRecord', bytes) }, { id: 'a', timestamp: 1n });
  assert.throws(() => decodeAvro('DeleteRecord', Buffer.concat([bytes, Buffer.of(0)])));
  assert.throws(() => decodeAvro('DeleteRecord', bytes.subarray(0, 1)));
});

test('a view into a larger buffer is decoded in place', () => {
  const bytes = encodeAvro('DeleteRecord', { id: 'abc', timestamp: 1n });
  const larger = new Uint8Array(bytes.length + 7);
  larger.set(bytes, 3);
  assert.equal(decodeAvro('DeleteRecord', larger.subarray(3, 3 + bytes.length)).id, 'abc');
});
