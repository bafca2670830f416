import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { partBytesMin, partBytesOf } from './upload.ts';

test('a file of up to 5 TiB has at most 10,000 parts, of 16 MiB at least and 5 GiB at most', () => {
  fc.assert(fc.property(fc.integer({ min: partBytesMin, max: 5 * 2 ** 40 }), (bytes) => {
    const part = partBytesOf(bytes);
    assert.ok(part >= partBytesMin && part <= 5 * 2 ** 30 && Math.ceil(bytes / part) <= 10_000, `${bytes} in parts of ${part}`);
  }));
});
