import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { hashId } from '@proximadb/segment';
import { PossibleIds } from './possible-ids.ts';

const hashOf = (n: number): number => hashId(Buffer.from(`document-${n}`));

test('every id that was added may be there; of others few may, in any number', () => {
  const ids = new PossibleIds();
  assert.equal(ids.mayHave(hashOf(1)), false);
  let added = 0;
  for (const count of [100, 8_192, 40_000, 300_000]) {
    for (; added < count; added += 1) ids.add(hashOf(added));
    for (let n = 0; n < added; n += 1) assert.ok(ids.mayHave(hashOf(n)), `${n} of ${added}`);
    const wrong = Array.from({ length: 100_000 }, (_, n) => hashOf(1_000_000 + n)).filter((hash) => ids.mayHave(hash)).length;
    assert.ok(wrong < 4_000, `${wrong} of 100,000 that are not there may be, beside ${added}`);
    // What was taken for one that is there is not counted.
    assert.ok(ids.count <= added && ids.count > 0.95 * added, `${ids.count} of ${added}`);
  }
  assert.ok(ids.bytes < 8 * added, `${ids.bytes} bytes`);
});

test('what is added again takes no room', () => {
  const ids = new PossibleIds();
  for (let round = 0; round < 50; round += 1) for (let n = 0; n < 5_000; n += 1) ids.add(hashOf(n));
  assert.ok(ids.count <= 5_000);
  assert.equal(ids.bytes, new PossibleIds().bytes);
});
