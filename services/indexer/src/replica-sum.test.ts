import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplicaSum } from './replica-sum.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const row = fc.tuple(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), u32, u32);

test('what was added and removed again leaves nothing, in whatever order', () => {
  fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.boolean()), (rows, coins) => {
    const sum = new ReplicaSum();
    for (const each of rows) sum.add(...each);
    const full = sum.toString();
    const reversed = new ReplicaSum();
    for (const each of rows.toReversed()) reversed.add(...each);
    assert.equal(reversed.toString(), full, 'the order of adding does not matter');
    const copy = sum.clone();
    for (const each of rows.toSorted(() => (coins.next().value === true ? 1 : -1))) sum.remove(...each);
    assert.equal(sum.toString(), '0'.repeat(16));
    assert.equal(copy.toString(), full);
  }));
});

test('another offset, id or checksum is another sum, in both halves', () => {
  fc.assert(fc.property(row, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 0xffff_ffff }), (one, which, difference) => {
    const other = [...one] as [number, number, number];
    other[which] = which === 0 ? (one[0] + difference) % Number.MAX_SAFE_INTEGER : (one[which] ?? 0) ^ difference;
    const sums = [one, other].map((each) => {
      const sum = new ReplicaSum();
      sum.add(...each);
      return sum.toString();
    });
    assert.notEqual(sums[0]?.slice(0, 8), sums[1]?.slice(0, 8), 'high');
    assert.notEqual(sums[0]?.slice(8), sums[1]?.slice(8), 'low');
  }), { seed: 11 });
});

test('the hash is the one that other releases have', () => {
  const sum = new ReplicaSum();
  sum.add(0, 0, 0);
  sum.add(5_000_000_000, 0x1234_5678, 0x9abc_def0);
  assert.equal(sum.toString(), '1fbac3161d13e30c');
});
