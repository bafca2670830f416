import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { murmur2, partitionOf } from './index.ts';

const utf8 = new TextEncoder();

/** Values of org.apache.kafka.common.utils.UtilsTest: what Kafka's own test holds its clients to. */
const golden: readonly [string, number][] = [
  ['21', -973932308], ['foobar', -790332482], ['a-little-bit-long-string', -985981536], ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971], ['abc', 479470107],
];

test('murmur2 has the golden values of Kafka', () => {
  for (const [key, hash] of golden) assert.equal(murmur2(utf8.encode(key)), hash, key);
});

/** The same hash, in exact arithmetic modulo 2^32: another way to the same number. */
function murmur2InBigInts(key: Uint8Array): number {
  const m = 0x5bd1e995n;
  const low = (value: bigint): bigint => value & 0xffffffffn;
  let hash = 0x9747b28cn ^ BigInt(key.length);
  let at = 0;
  for (; at + 4 <= key.length; at += 4) {
    let word = low(BigInt(new DataView(key.buffer, key.byteOffset).getUint32(at, true)) * m);
    word = low((word ^ (word >> 24n)) * m);
    hash = low(hash * m) ^ word;
  }
  const rest = [...key.subarray(at)];
  if (rest.length > 0) hash = low((hash ^ rest.reduce((sum, byte, index) => sum | (BigInt(byte) << BigInt(8 * index)), 0n)) * m);
  hash = low((hash ^ (hash >> 13n)) * m);
  return Number(BigInt.asIntN(32, hash ^ (hash >> 15n)));
}

test('murmur2 of any bytes, at any place of a buffer, equals exact arithmetic', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(7), (key, shift) => {
    const moved = new Uint8Array(key.length + shift);
    moved.set(key, shift);
    assert.equal(murmur2(moved.subarray(shift)), murmur2InBigInts(key));
  }), { numRuns: 500 });
});

test('a partition is in range, and the positive remainder of the hash', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
    const chosen = partitionOf(key, partitions);
    assert.ok(chosen >= 0 && chosen < partitions);
    assert.equal(chosen, Number(BigInt.asUintN(31, BigInt(murmur2(key)))) % partitions);
  }), { numRuns: 500 });
});

test('many keys spread over all partitions', () => {
  const counts = new Array<number>(12).fill(0);
  for (let at = 0; at < 12_000; at += 1) {
    const chosen = partitionOf(utf8.encode(`id-${at}`), 12);
    counts[chosen] = (counts[chosen] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 800 && count < 1200, String(counts));
});

test('a thousand keys, of letters and of bytes, go where Java\'s producer sends them', () => {
  const lines = readFileSync(new URL('../golden/partitions.txt', import.meta.url), 'utf8').trim().split('\n').filter((line) => !line.startsWith('#'));
  assert.equal(lines.length, 1_000);
  for (const line of lines) {
    const [key = '', ...expected] = line.split(' ');
    const chosen = [1, 2, 7, 12, 100, 4_096].map((partitions) => partitionOf(Buffer.from(key === '-' ? '' : key, 'base64'), partitions));
    assert.deepEqual(chosen, expected.map(Number), key);
  }
});
