import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { avroType, type Manifest } from '@proximadb/schemas';
import { RequestWindow, windowMicros, windowRequests, type RememberedRequest } from './request-window.ts';

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

/** What a manifest of that offset holds, as it is read. */
function saved(window: RequestWindow, offset: number): RememberedRequest[] {
  const manifest = avroType('Manifest') as unknown as { field(name: string): { readonly type: ReturnType<typeof avroType> } };
  const noMore = Buffer.of(0);
  const bytes = Buffer.concat([...window.below(offset).map((block) => block.bytes), noMore]);
  const requests = manifest.field('requests').type.fromBuffer(bytes) as Manifest['requests'];
  return requests.map(({ request_id: requestId, log_time: logTime, runs }) => ({ requestId, logTime, runs }));
}

describe('the request window', () => {
  test('is a function of the log: restored at any watermark, pruned or not, it decides the rest alike', () => {
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(), (steps, a, b) => {
      const watermark = a % (steps.length + 1);
      const seenUntil = watermark + (b % (steps.length - watermark + 1));
      const whole = replay(new RequestWindow(), steps, 0, steps.length);
      const live = new RequestWindow();
      replay(live, steps, 0, seenUntil);
      const [restored, again] = [0, 1].map(() => RequestWindow.restore(saved(live, watermark)));
      assert.deepEqual(replay(restored!, steps, watermark, steps.length), whole.slice(watermark));
      assert.deepEqual(saved(again!, watermark), saved(live, watermark));
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
    assert.deepEqual(saved(window, 44)[0]?.runs.map(({ count }) => count), [2, 1, 1]);
  });

  test('is saved as of an offset, whatever came after it', () => {
    const window = new RequestWindow();
    for (let offset = 0; offset < 30_000; offset += 1) {
      // Each has ten records, the last of which come when others have begun.
      window.note(`r${offset % 10 < 8 ? Math.floor(offset / 10) : Math.max(0, Math.floor(offset / 10) - 5)}`, offset % 10, 0, offset, null);
    }
    const begins = (offset: number): number => saved(window, offset).length;
    const records = (offset: number): number => saved(window, offset).flatMap(({ runs }) => runs).reduce((sum, { count }) => sum + count, 0);
    for (const offset of [30_000, 1, 15_005, 29_999, 15_005, 30_000]) assert.deepEqual([begins(offset), records(offset)], [Math.ceil(offset / 10), offset]);
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
    for (let i = 0; i < windowRequests; i += 1) window.note(`s${i}`, 0, 0, windowRequests + 1 + i, null);
    window.prune(2 * windowRequests + 1, 0);
    assert.ok(window.size >= windowRequests && window.size < 1.1 * windowRequests, String(window.size));
    window.prune(2 * windowRequests + 1, windowMicros + 1);
    assert.equal(window.size, 0);
  });
});
