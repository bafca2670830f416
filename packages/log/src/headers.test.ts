import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import fc from 'fast-check';
import { crc32c, decodeCrc, encodeCrc } from './index.ts';

test('crc32c has the check values of RFC 3720', () => {
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

/** Bit by bit, from the polynomial alone. */
function crc32cBitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('crc32c of any view equals the bitwise definition', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), (bytes, shift) => {
    const moved = new Uint8Array(bytes.length + shift + 3);
    moved.set(bytes, shift);
    assert.equal(crc32c(moved.subarray(shift, shift + bytes.length)), crc32cBitwise(bytes));
  }), { numRuns: 300 });
});

test('the header of a crc is its four bytes, big-endian, and comes back', () => {
  assert.deepEqual([...encodeCrc(0xe3069283)], [0xe3, 0x06, 0x92, 0x83]);
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (crc) => { assert.equal(decodeCrc(encodeCrc(crc)), crc); }));
});

test('a crc header of another length is a loss of data', () => {
  assert.throws(() => decodeCrc(new Uint8Array(3)), (error) => error instanceof AppError && error.code === 'DATA_LOSS');
});
