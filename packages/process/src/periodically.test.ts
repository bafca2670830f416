import { strict as assert } from 'node:assert';
import { mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { periodically, untilNext } from './index.ts';

/** Time that only passes by its own steps of 1 ms. @param early whether timers fire 1 ms before the clock says so. */
function steps(t: { after(end: () => void): void }, early = false): { now: () => number; pass: (ms: number) => void } {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => { mock.timers.reset(); });
  let nowMs = 100_003.4;
  return {
    now: () => nowMs,
    pass: (ms) => {
      for (let i = 0; i < ms; i += 1) {
        if (!early) nowMs += 1;
        mock.timers.tick(1);
        if (early) nowMs += 1;
      }
    },
  };
}

test('tasks that began at different times are due together', (t) => {
  const time = steps(t);
  const ran: Record<string, number[]> = { slow: [], fast: [] };
  using _slow = periodically(1_000, () => { ran['slow']?.push(Math.floor(time.now())); }, time.now);
  time.pass(230);
  using _fast = periodically(500, () => { ran['fast']?.push(Math.floor(time.now())); }, time.now);
  time.pass(3_000);
  assert.equal(ran['slow']?.length, 3);
  assert.ok(ran['fast'] !== undefined && ran['fast'].length >= 6);
  assert.ok(ran['slow'].every((ms) => ran['fast']?.includes(ms)), JSON.stringify(ran));
});

test('a task runs once a period though timers fire early', (t) => {
  const time = steps(t, true);
  let runs = 0;
  using _task = periodically(20, () => { runs += 1; }, time.now);
  time.pass(200);
  assert.equal(runs, 10);
});

test('a task that something held up is told how late it is, and nothing is made up for', async () => {
  const late: number[] = [];
  const startedMs = performance.now();
  using _task = periodically(20, (lateMs) => { late.push(lateMs); });
  await delay(30);
  for (const untilMs = performance.now() + 75; performance.now() < untilMs;);
  while (late.length < 5) await delay(5);
  const tookMs = performance.now() - startedMs;
  assert.ok(late.length <= (tookMs - 75) / 20 + 3, `${late.length} in ${tookMs} ms`);
  assert.ok(Math.max(...late) > 30, JSON.stringify(late));
});

test('nothing runs after its end, even where the task itself ends it', async () => {
  let last = 0;
  const once = periodically(1, () => {
    last += 1;
    once[Symbol.dispose]();
  });
  while (last === 0) await delay(1);
  let runs = 0;
  const task = periodically(1, () => { runs += 1; });
  while (runs === 0) await delay(1);
  task[Symbol.dispose]();
  const before = runs;
  await delay(20);
  assert.equal(runs, before);
  assert.equal(last, 1);
});

test('a period may change', (t) => {
  const time = steps(t);
  let everyMs = 100;
  let runs = 0;
  using _task = periodically(() => everyMs, () => { runs += 1; }, time.now);
  time.pass(1_000);
  assert.equal(runs, 10);
  everyMs = 500;
  time.pass(100);
  runs = 0;
  time.pass(2_000);
  assert.equal(runs, 4);
});

test('whoever asks when the next is due is due with it', (t) => {
  const time = steps(t);
  const ran: number[] = [];
  using _task = periodically(50, () => { ran.push(time.now()); }, time.now);
  time.pass(17);
  const dueMs = time.now() + untilNext(50, time.now);
  time.pass(60);
  assert.ok(ran.includes(dueMs), `${dueMs} of ${ran.join(' ')}`);
});
