import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HedgeBudget, LatencyWindow } from './latency.ts';
import { Parts } from './parts.ts';

test('the slowest twentieth is known once twenty calls were seen, and follows the last ones', () => {
  const window = new LatencyWindow();
  for (let ms = 1; ms <= 19; ms += 1) window.add(ms);
  assert.equal(window.p95Ms, null);
  window.add(20);
  assert.equal(window.p95Ms, 19);
  for (let i = 0; i < 300; i += 1) window.add(i % 100 < 96 ? 2 : 500);
  assert.equal(window.p95Ms, 2);
  for (let i = 0; i < 100; i += 1) window.add(500);
  assert.equal(window.p95Ms, 500);
});

test('extra calls are a share of all calls, and few are saved up', () => {
  const budget = new HedgeBudget(5);
  const spend = (): number => {
    let calls = 0;
    while (budget.spend(1)) calls += 1;
    return calls;
  };
  assert.equal(spend(), 1);
  for (let i = 0; i < 101; i += 1) budget.earn();
  assert.equal(budget.spend(6), false);
  assert.equal(spend(), 5);
  for (let i = 0; i < 10_000; i += 1) budget.earn();
  assert.equal(spend(), 10);
  const none = new HedgeBudget(0);
  for (let i = 0; i < 1_000; i += 1) none.earn();
  assert.equal(none.spend(1), false);
});

test('parts of several answers grow into whole ones; what does not fit together is refused', () => {
  const parts = new Parts(10);
  const bytes = (...values: number[]) => Uint8Array.from(values);
  assert.equal(parts.add(1, { total: 5, bytes: bytes(1, 2) }), null);
  assert.equal(parts.add(2, { total: 3, bytes: bytes(7) }), null);
  assert.deepEqual(parts.add(1, { total: 5, bytes: bytes(3, 4, 5) }), bytes(1, 2, 3, 4, 5));
  assert.throws(() => parts.add(2, { total: 4, bytes: bytes(8) }), /do not fit/);
  assert.throws(() => parts.add(2, { total: 3, bytes: bytes(8, 9, 9) }), /do not fit/);
  assert.throws(() => parts.add(3, { total: 11, bytes: bytes(1) }), /at most 10/);
  assert.throws(() => parts.add(3, { total: 1, bytes: bytes() }), /do not fit/);
  parts.forget(2);
  assert.deepEqual(parts.add(2, { total: 1, bytes: bytes(6) }), bytes(6));
});
