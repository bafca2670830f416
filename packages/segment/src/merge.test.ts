import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeHits, mergePages } from './merge.ts';
import { compareIds } from './order.ts';

const options = { interruptAfterTimeLimit: 2_000 };
const id = fc.string({ unit: 'binary', maxLength: 6 });
const bytesOrder = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

test('ids are in the order of their UTF-8 bytes', () => {
  const edges = fc.constantFrom('', 'a', '\uffff', '\u{10000}', '\u{10ffff}', '\ud7ff', '\ue000', 'a\u{1f600}', 'a\uff00');
  const text = fc.oneof(id, edges);
  fc.assert(fc.property(text, text, (left, right) => Math.sign(compareIds(left, right)) === bytesOrder(left, right)), options);
});

test('merged hits are the best of all, whichever list they came in, and in one order', () => {
  const hit = fc.record({ partition: fc.nat(2), offset: fc.nat(30), distance: fc.constantFrom(-1, 0, 0.5, 2) });
  const hits = fc.uniqueArray(hit, { selector: (one) => `${one.partition}/${one.offset}`, maxLength: 30 });
  fc.assert(fc.property(hits, fc.array(fc.nat(3), { minLength: 30, maxLength: 30 }), fc.nat(12), (all, homes, limit) => {
    const lists = [0, 1, 2, 3].map((home) => all.filter((_, index) => homes[index] === home));
    const key = ({ distance, partition, offset }: typeof all[number]): number => (distance + 1) * 1_000 + partition * 100 + offset;
    const expected = [...all].sort((left, right) => key(left) - key(right)).slice(0, limit);
    assert.deepEqual(mergeHits(lists, limit), expected);
    assert.deepEqual(mergeHits([...lists].reverse(), limit), expected);
  }), options);
});

test('pages follow one another without a gap or a repeat, within their limits, in the order of the bytes', () => {
  const row = fc.record({ id, bytes: fc.nat(20) });
  const rows = fc.uniqueArray(row, { selector: (one) => one.id, maxLength: 30 });
  const limits = fc.record({ limit: fc.integer({ min: 1, max: 7 }), bytesMax: fc.integer({ min: 1, max: 60 }), partLimit: fc.integer({ min: 1, max: 7 }) });
  fc.assert(fc.property(rows, fc.array(fc.nat(2), { minLength: 30, maxLength: 30 }), limits, (all, homes, { limit, bytesMax, partLimit }) => {
    const stored = all.map(({ id: name, bytes }) => ({ id: name, record: new Uint8Array(bytes) })).sort((left, right) => bytesOrder(left.id, right.id));
    const homeOf = new Map(all.map(({ id: name }, index) => [name, homes[index]]));
    const read: string[] = [];
    let after: string | undefined;
    for (let pages = 0; pages <= all.length; pages++) {
      const parts = [0, 1, 2].map((home) => {
        const rest = stored.filter((one) => homeOf.get(one.id) === home && (after === undefined || bytesOrder(one.id, after) > 0));
        return { rows: rest.slice(0, partLimit), more: rest.length > partLimit };
      });
      const page = mergePages(parts, limit, bytesMax);
      assert.ok(page.rows.length <= limit);
      assert.ok(page.rows.length <= 1 || page.rows.reduce((sum, { record }) => sum + record.length, 0) <= bytesMax);
      read.push(...page.rows.map((one) => one.id));
      after = page.rows.at(-1)?.id;
      if (!page.more) break;
      assert.ok(page.rows.length > 0, 'where there is more, a page brings something');
    }
    assert.deepEqual(read, stored.map((one) => one.id));
  }), options);
});
