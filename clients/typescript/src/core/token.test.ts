import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadToken } from '@proximadb/schemas';
import fc from 'fast-check';
import { later } from './token.ts';

const text = (log: bigint, offsets: readonly bigint[]): string => Buffer.from(ReadToken.encode({ log, offsets })).toString('base64url');
const offsets = fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 53n }), fc.bigInt({ min: 0n, max: 300n })), { minLength: 1, maxLength: 256 });

test('two tokens of a log ask together for what either asks for, in the very bytes of the server', () => {
  const seed = Date.now() & 0x7fffffff;
  console.log(`seed ${seed}`);
  fc.assert(fc.property(fc.bigInt({ min: 1n, max: 2n ** 53n }), offsets, fc.boolean(), (log, pairs, swap) => {
    const [left, right] = [pairs.map(([a, b]) => (swap ? b : a)), pairs.map(([a, b], at) => (at % 2 === 0 ? b : a + b))];
    const together = left.map((offset, at) => (offset > (right[at] ?? 0n) ? offset : right[at] ?? 0n));
    assert.equal(later(text(log, left), text(log, right)), text(log, together));
  }), { seed });
});

test('of two logs the later one counts, whichever was told first', () => {
  const [old, young] = [text(4n, [9n, 9n]), text(7n, [1n])];
  assert.equal(later(old, young), young);
  assert.equal(later(young, old), young);
  assert.equal(later(undefined, old), old);
});
