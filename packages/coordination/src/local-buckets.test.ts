import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { LocalBuckets } from './local-buckets.ts';

test('in any stretch of time no more gets through than the burst and what came back meanwhile, and nobody waits for nothing', () => {
  const limits = fc.record({ perSecond: fc.double({ min: 0.1, max: 5_000, noNaN: true }), burst: fc.integer({ min: 1, max: 100 }) });
  const asks = fc.array(fc.record({ afterMs: fc.double({ min: 0, max: 500, noNaN: true }), tokens: fc.integer({ min: 1, max: 120 }) }), { maxLength: 60 });
  fc.assert(fc.property(limits, asks, (limit, all) => {
    let nowMs = 1e6;
    const buckets = new LocalBuckets(() => nowMs);
    const taken: { atMs: number; tokens: number }[] = [];
    for (const { afterMs, tokens } of all) {
      nowMs += afterMs;
      const waitMs = buckets.take('b', tokens, limit);
      if (waitMs === 0) taken.push({ atMs: nowMs, tokens: Math.min(tokens, limit.burst) });
      else {
        // Who comes back when told gets it, if nobody else asked; and not a millisecond before.
        nowMs += Math.max(0, waitMs - 1.001);
        assert.ok(buckets.take('b', tokens, limit) > 0);
        nowMs += Math.min(waitMs, 1.001);
        assert.equal(buckets.take('b', tokens, limit), 0);
        taken.push({ atMs: nowMs, tokens: Math.min(tokens, limit.burst) });
      }
    }
    for (const [from, { atMs: beginMs }] of taken.entries()) {
      let sum = 0;
      for (const { atMs, tokens } of taken.slice(from)) {
        sum += tokens;
        assert.ok(sum <= limit.burst + (atMs - beginMs) * limit.perSecond / 1_000 + 1e-3, `${sum} in ${atMs - beginMs} ms`);
      }
    }
  }), { numRuns: 200, interruptAfterTimeLimit: 5_000 });
});

test('a limit that is lowered leaves the bucket at most empty', () => {
  const buckets = new LocalBuckets(() => 0);
  assert.equal(buckets.take('b', 1_000, { perSecond: 1, burst: 1_000 }), 0);
  assert.equal(buckets.take('b', 1, { perSecond: 1, burst: 2 }), 1_000);
});

test('buckets that are full again are forgotten first, and there is an end to all', () => {
  let nowMs = 0;
  const buckets = new LocalBuckets(() => nowMs);
  for (let at = 0; at < 10_000; at += 1) buckets.take(`old ${at}`, 1, { perSecond: 1, burst: 1 });
  nowMs = 1_000;
  assert.equal(buckets.take('new', 1, { perSecond: 1, burst: 1 }), 0);
  assert.equal(buckets.size, 1);
  for (let at = 0; at < 20_000; at += 1) buckets.take(`other ${at}`, 1, { perSecond: 1, burst: 1 });
  assert.equal(buckets.size, 10_000);
  assert.ok(buckets.take('other 19999', 1, { perSecond: 1, burst: 1 }) > 0, 'the latest are known');
});
