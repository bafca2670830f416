import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import fc from 'fast-check';
import { partition, type AppendEntry, type LogRecord } from '../index.ts';
import { decodeRecord, encodeFrame, nextInFrame } from './record-codec.ts';

const LIMIT = 10_000;

function decodeFrame(frame: Uint8Array): (LogRecord & { readonly partition: number })[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const at = { partition: 0, start: 0, end: 0 };
  const records: (LogRecord & { readonly partition: number })[] = [];
  while (nextInFrame(view, at)) records.push({ ...decodeRecord(view, at.start, at.end, records.length), partition: at.partition });
  return records;
}

const data = fc.uint8Array({ maxLength: 40 });
const names = fc.constantFrom('proximadb-write', 'proximadb-crc32c', 'traceparent', 'a', 'X-other.name_1', 'n'.repeat(255));
const entry: fc.Arbitrary<AppendEntry> = fc.record({
  partition: fc.nat(2 ** 32 - 1).map(partition), key: data, value: fc.option(data, { nil: null }),
  headers: fc.dictionary(names, data, { noNullPrototype: true }),
});

test('what a frame was made of comes out of it', () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 6 }), fc.nat(Number.MAX_SAFE_INTEGER), (entries, time) => {
    const records = decodeFrame(encodeFrame(entries, time, LIMIT));
    assert.deepEqual(records, entries.map((written, at) => ({ ...written, offset: at, appendTimeMicros: time })));
  }), { numRuns: 300, interruptAfterTimeLimit: 3_000 });
});

test('bytes of any kind are a record within their bounds, or a loss of data', () => {
  const damage = fc.tuple(entry, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }), fc.nat(60)).map(([written, changes, cut]) => {
    const record = encodeFrame([written], 1, LIMIT).slice(8);
    for (const [at, byte] of changes) record[at % record.length] = byte;
    return record.subarray(0, Math.max(0, record.length - (cut > 30 ? cut - 30 : 0)));
  });
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damage), fc.nat(5), (bytes, shift) => {
    const larger = new Uint8Array(bytes.length + shift + 50).fill(7);
    larger.set(bytes, shift);
    let record: LogRecord;
    try {
      record = decodeRecord(new DataView(larger.buffer), shift, shift + bytes.length, 0);
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === 'DATA_LOSS', String(error));
      return;
    }
    for (const part of [record.key, record.value, ...Object.values(record.headers)]) {
      if (part !== null) assert.ok(part.byteOffset >= shift && part.byteOffset + part.length <= shift + bytes.length);
    }
  }), { numRuns: 2_000, interruptAfterTimeLimit: 3_000 });
});

test('a record, key or header that cannot be stored is refused by its place in the request', () => {
  const good: AppendEntry = { partition: partition(0), key: new Uint8Array(1), value: null, headers: {} };
  const bad: readonly [AppendEntry, RegExp][] = [
    [{ ...good, value: new Uint8Array(LIMIT) }, /record has \d+ bytes, 10000 is the most/],
    [{ ...good, key: new Uint8Array(0x10000) }, /key has 65536 bytes/],
    [{ ...good, headers: { ['__proto__']: new Uint8Array(1) } }, /header name "__proto__"/],
    [{ ...good, headers: { '': new Uint8Array(1) } }, /header name ""/],
    [{ ...good, headers: { 'größe': new Uint8Array(1) } }, /header name "größe"/],
    [{ ...good, headers: Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`h${at}`, new Uint8Array(0)])) }, /256 headers/],
  ];
  for (const [one, reason] of bad) {
    assert.throws(() => encodeFrame([good, one], 1, LIMIT), (error) => {
      assert.ok(error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details[0]?.record === 1, String(error));
      return reason.test(error.message);
    });
  }
});
