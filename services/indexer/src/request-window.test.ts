import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { RequestWindow, windowMicros, windowRequests } from './request-window.ts';

interface Step { readonly request: string; readonly sequence: number; readonly waitMicros: number; readonly refused: boolean }

const step: fc.Arbitrary<Step> = fc.record({
  request: fc.constantFrom('a', 'b', 'c', 'd'), sequence: fc.integer({ min: 0, max: 3 }),
  waitMicros: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: windowMicros + 1 })), refused: fc.boolean(),
});

/** Applies a history from a window on: a record is a repeat, or its outcome is noted. */
function replay(window: RequestWindow, steps: readonly Step[], from: number, until: number): string[] {
  const seen: string[] = [];
  let logTime = steps.slice(0, from).reduce((sum, { waitMicros }) => sum + waitMicros, 0);
  for (let offset = from; offset < until; offset += 1) {
    const { request, sequence, waitMicros, refused } = steps[offset]!;
    logTime += waitMicros;
    const known = window.find(request, sequence, logTime);
    seen.push(known === undefined ? 'new' : JSON.stringify(known));
    if (known === undefined) window.note(request, sequence, logTime, offset, refused ? 'missing' : null);
  }
  return seen;
}

const timeAt = (steps: readonly Step[], offset: number): number => steps.slice(0, offset).reduce((sum, { waitMicros }) => sum + waitMicros, 0);

describe('the request window', () => {
  test('is a function of the log: restored at any watermark, pruned or not, it decides the rest alike', () => {
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(), (steps, a, b) => {
      const watermark = a % (steps.length + 1);
      const seenUntil = watermark + (b % (steps.length - watermark + 1));
      const whole = replay(new RequestWindow(), steps, 0, steps.length);
      const live = new RequestWindow();
      replay(live, steps, 0, seenUntil);
      const saved = live.below(watermark, timeAt(steps, watermark));
      assert.deepEqual(replay(RequestWindow.restore(saved), steps, watermark, steps.length), whole.slice(watermark));
      live.prune(watermark, timeAt(steps, watermark));
      assert.deepEqual(replay(live, steps, seenUntil, steps.length), whole.slice(seenUntil));
    }), { numRuns: 2_000 });
  });

  test('remembers the outcome of each record of a request, applied or refused', () => {
    const window = new RequestWindow();
    for (let i = 0; i < 5; i += 1) window.note('r', i, 100, 40 + i, i === 2 ? 'exists' : null);
    assert.deepEqual(window.find('r', 1, 100), { kind: 'applied', offset: 41 });
    assert.deepEqual(window.find('r', 2, 100), { kind: 'refused', offset: 42, reason: 'exists' });
    assert.equal(window.find('r', 5, 100), undefined);
    assert.deepEqual(window.below(44, 100)[0]?.runs.map(({ count }) => count), [2, 1, 1]);
  });

  test('forgets after ten minutes of log time, and what is older than the last 65,536 requests', () => {
    const window = new RequestWindow();
    window.note('r', 0, 0, 0, null);
    assert.notEqual(window.find('r', 0, windowMicros), undefined);
    assert.equal(window.find('r', 0, windowMicros + 1), undefined);
    for (let i = 1; i < windowRequests; i += 1) window.note(`r${i}`, 0, 0, i, null);
    assert.notEqual(window.find('r', 0, 0), undefined);
    window.note('last', 0, 0, windowRequests, null);
    assert.equal(window.find('r', 0, 0), undefined);
    window.prune(windowRequests + 1, 0);
    assert.equal(window.size, windowRequests);
  });
});
