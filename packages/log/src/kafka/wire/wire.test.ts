import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { WireReader } from './reader.ts';
import { WireWriter } from './writer.ts';

test('whatever is written is read back, also where the buffer had to grow in the middle', () => {
  const integers = fc.array(fc.record({
    int8: fc.integer({ min: -128, max: 127 }), int16: fc.integer({ min: -32_768, max: 32_767 }), int32: fc.integer(), int64: fc.maxSafeInteger(),
    unsigned: fc.nat(0x7fff_ffff), text: fc.string({ unit: 'grapheme', maxLength: 20 }), nullable: fc.option(fc.string(), { nil: null }),
  }), { maxLength: 20 });
  fc.assert(fc.property(integers, fc.nat(8), (rows, capacity) => {
    const writer = new WireWriter(capacity);
    writer.array(rows, (row) => writer.int8(row.int8).int16(row.int16).int32(row.int32).int64(row.int64).unsignedVarint(row.unsigned)
      .string(row.text).nullableString(row.nullable).compactString(row.nullable).boolean(row.int8 > 0));
    const reader = new WireReader(writer.bytes);
    const back = reader.array(() => ({
      int8: reader.int8(), int16: reader.int16(), int32: reader.int32(), int64: reader.int64(), unsigned: reader.unsignedVarint(),
      text: reader.string(), nullable: reader.nullableString(), compact: reader.compactNullableString(), boolean: reader.boolean(),
    }));
    assert.deepEqual(back, rows.map((row) => ({ ...row, compact: row.nullable, boolean: row.int8 > 0 })));
    assert.throws(() => reader.int8(), RangeError);
  }));
});

test('an id is written as its 16 bytes and read as Kafka prints it', () => {
  const writer = new WireWriter(0).uuid('HcFNGJeMRnWTFIFGU_-f1g');
  assert.equal(writer.bytes.toString('hex'), '1dc14d18978c46759314814653ff9fd6');
  assert.equal(new WireReader(writer.bytes).uuid(), 'HcFNGJeMRnWTFIFGU_-f1g');
});

test('tagged fields are handed over or passed by; what ends too early is a RangeError', () => {
  const bytes = Buffer.from([2, 0, 2, 7, 8, 5, 1, 9, 42]);
  const seen: [number, number[]][] = [];
  const reader = new WireReader(bytes);
  reader.tags((tag, field) => { seen.push([tag, [...field]]); });
  assert.deepEqual([seen, reader.int8()], [[[0, [7, 8]], [5, [9]]], 42]);
  const passing = new WireReader(bytes);
  passing.tags();
  assert.equal(passing.int8(), 42);
  assert.throws(() => { new WireReader(bytes.subarray(0, 6)).tags(); }, RangeError);
  assert.throws(() => new WireReader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 1])).unsignedVarint(), RangeError);
});
