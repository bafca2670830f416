import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import fc from 'fast-check';
import { crc32c } from '../../headers.ts';
import { partition, type AppendEntry, type LogRecord } from '../../port.ts';
import { attribute, layout } from './batch-layout.ts';
import { scanBatches } from './batch-reader.ts';
import { BatchWriter, recordBytes } from './batch-writer.ts';
import { RecordCursor } from './record-cursor.ts';
import { writeInt64 } from './writer.ts';

const data = fc.uint8Array({ maxLength: 200 });
const entry: fc.Arbitrary<AppendEntry> = fc.record({
  partition: fc.constant(partition(0)), key: data, value: fc.option(data, { nil: null }),
  headers: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9.-][A-Za-z0-9._-]{0,19}$/), data, { maxKeys: 4, noNullPrototype: true }),
});
const stamp = { producerId: 7, epoch: 3, sequence: 11 };

/** A batch as a broker stores it: with its offset, and the time when it was appended. */
function batchOf(entries: readonly AppendEntry[], baseOffset: number, timeMs = 1_700_000_000_123, attributes: number = attribute.logAppendTime): Buffer {
  const target = Buffer.alloc(100 + entries.reduce((sum, one, at) => sum + recordBytes(one, at, 1e9), 0));
  const writer = new BatchWriter(target, 0);
  for (const one of entries) writer.add(one);
  const bytes = target.subarray(0, writer.finish(stamp, 5));
  writeInt64(bytes, baseOffset, layout.baseOffset);
  writeInt64(bytes, timeMs, layout.maxTimestamp);
  bytes.writeInt32BE(4, layout.leaderEpoch);
  bytes.writeInt16BE(attributes, layout.attributes);
  return seal(bytes);
}

function seal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.attributes)), layout.crc);
  return bytes;
}

function readAll(bytes: Buffer, from: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (const batch of scanBatches(bytes, from, 'here').batches) {
    for (const cursor = new RecordCursor(bytes, batch, 'here'); !cursor.done;) records.push(cursor.read());
  }
  return records;
}

const plain = ({ key, value, headers }: LogRecord | AppendEntry): unknown => [Buffer.from(key), value && Buffer.from(value),
  Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, Buffer.from(bytes)]))];
const simple = (count: number): AppendEntry[] => Array.from({ length: count }, (_, at) => (
  { partition: partition(0), key: Buffer.from(`key ${at}`), value: Buffer.from(`value ${at}`), headers: { h: Buffer.from([at]) } }));
const isDataLoss = (error: unknown): boolean => error instanceof AppError && error.code === 'DATA_LOSS';

describe('record batches', () => {
  test('records are read as they were written, with their offsets and the time of the append, within the size that was promised', () => {
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), fc.nat(2 ** 40), (entries, base) => {
      const bytes = batchOf(entries, base);
      assert.ok(bytes.length <= layout.records + entries.reduce((sum, one, at) => sum + recordBytes(one, at, 1e9), 0));
      const records = readAll(bytes, base);
      assert.deepEqual(records.map(plain), entries.map(plain));
      assert.deepEqual(records.map((record) => [record.offset, record.appendTimeMicros, record.refused]),
        entries.map((_, at) => [base + at, 1_700_000_000_123_000, undefined]));
    }));
  });

  test('sizes around each length of a varint', () => {
    for (const length of [0, 1, 63, 64, 65, 8_190, 8_191, 8_192, 1_048_575, 1_048_576, 1_048_577]) {
      const headers = { h: Buffer.alloc(Math.min(length, 9_000)) };
      const [one] = readAll(batchOf([{ partition: partition(0), key: Buffer.alloc(3), value: Buffer.alloc(length, 1), headers }], 0), 0);
      assert.deepEqual([one?.value?.length, one?.headers['h']?.length], [length, Math.min(length, 9_000)]);
    }
  });

  test('several batches follow each other; one that is cut off is left for the next answer', () => {
    const bytes = Buffer.concat([batchOf(simple(3), 10), batchOf(simple(2), 13), batchOf(simple(4), 15).subarray(0, 80)]);
    const scanned = scanBatches(bytes, 10, 'here');
    assert.deepEqual([scanned.batches.length, scanned.next, scanned.leaderEpoch], [2, 15, 4]);
    assert.equal(scanned.end, bytes.length - 80);
    assert.deepEqual(readAll(bytes, 10).map(({ offset }) => Number(offset)), [10, 11, 12, 13, 14]);
    assert.deepEqual(scanBatches(bytes.subarray(0, 5), 10, 'here').batches, []);
  });

  test('an offset that is missing between batches or within one is DATA_LOSS', () => {
    assert.throws(() => scanBatches(Buffer.concat([batchOf(simple(3), 10), batchOf(simple(2), 14)]), 10, 'here'), isDataLoss);
    assert.throws(() => scanBatches(batchOf(simple(1), 11), 10, 'here'), isDataLoss);
    const short = batchOf(simple(3), 0);
    short.writeInt32BE(3, layout.lastOffsetDelta);
    assert.throws(() => readAll(seal(short), 0), isDataLoss);
  });

  test('a batch that begins before the offset that was asked for is taken from its beginning', () => {
    const scanned = scanBatches(batchOf(simple(5), 10), 13, 'here');
    assert.deepEqual([scanned.batches[0]?.baseOffset, scanned.next], [10, 15]);
  });

  test('a bit that has turned anywhere behind the checksum is found', () => {
    const bytes = batchOf(simple(5), 10);
    for (let at: number = layout.attributes; at < bytes.length; at += 7) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      assert.throws(() => scanBatches(damaged, 10, 'here'), isDataLoss, `byte ${at}`);
    }
  });

  test('records of transactions, their marks and compressed ones are refused, each offset of them', () => {
    const refused = (attributes: number): (string | undefined)[] => readAll(batchOf(simple(2), 0, 1, attributes), 0).map((record) => record.refused);
    assert.deepEqual(refused(attribute.transactional), ['it was written in a transaction', 'it was written in a transaction']);
    assert.deepEqual(refused(attribute.transactional | attribute.control), ['it is a mark of a transaction', 'it is a mark of a transaction']);
    assert.match(refused(4)[1] ?? '', /zstd/);
    const old = batchOf(simple(1), 0);
    old.writeInt8(1, layout.version);
    assert.match(readAll(old, 0)[0]?.refused ?? '', /version 1/);
  });

  test('bytes that are no records are refused offset by offset, and those before them are read', () => {
    const bytes = batchOf(simple(6), 20);
    // The length of the key of the fourth record.
    const at = bytes.indexOf('key 3') - 1;
    bytes[at] = 0x7e;
    const records = readAll(seal(bytes), 20);
    assert.deepEqual(records.map(({ offset }) => Number(offset)), [20, 21, 22, 23, 24, 25]);
    assert.deepEqual(records.map(({ refused }) => refused !== undefined), [false, false, false, true, true, true]);
  });

  test('records that say another offset than they have are refused, since no broker looks', () => {
    const bytes = batchOf(simple(3), 20);
    bytes[layout.records + 3] = 2;
    const records = readAll(seal(bytes), 20).map(({ offset, refused }) => [Number(offset), /says that it is at 21/.test(refused ?? '')]);
    assert.deepEqual(records, [[20, true], [21, true], [22, true]]);
  });

  test('whatever a batch holds behind a checksum that is right, there is one answer an offset', () => {
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), changed, (entries, changes) => {
      const bytes = batchOf(entries, 3);
      for (const [at, byte] of changes) bytes[layout.records + at % (bytes.length - layout.records)] = byte;
      assert.deepEqual(readAll(seal(bytes), 3).map(({ offset }) => Number(offset)), entries.map((_, at) => at + 3));
    }), { numRuns: 500 });
  });

  test('a header that is called __proto__ is a header', () => {
    const bytes = batchOf([{ partition: partition(0), key: Buffer.from('k'), value: null, headers: { xxprotoxx: Buffer.from('x') } }], 0);
    bytes.write('__proto__', bytes.indexOf('xxprotoxx'));
    const [record] = readAll(seal(bytes), 0);
    assert.deepEqual(Object.keys(record?.headers ?? {}), ['__proto__']);
  });

  test('what cannot be a record is refused with its place', () => {
    const isInvalid = (record: number) => (error: unknown): boolean =>
      error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details[0]?.record === record;
    const [good] = simple(1);
    assert.ok(good !== undefined);
    assert.throws(() => recordBytes({ ...good, value: Buffer.alloc(1_000) }, 4, 1_000), isInvalid(4));
    for (const name of ['', 'ü', 'a b', '__proto__', 'x'.repeat(256)]) {
      const headers = Object.fromEntries([[name, Buffer.alloc(1)]]);
      assert.throws(() => recordBytes({ ...good, headers }, 2, 1_000), isInvalid(2), name);
    }
  });
});
