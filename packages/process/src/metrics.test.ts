import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createMetrics } from './index.ts';

test('whatever has no value yet is NaN as the text format writes it', async () => {
  const metrics = createMetrics({ processMetrics: false });
  metrics.gauge('unknown_seconds', 'Nobody has looked yet.', [], (gauge) => { gauge.set(Number.NaN); });
  const text = await metrics.text();
  assert.match(text, /^proximadb_unknown_seconds NaN$/m);
  assert.doesNotMatch(text, / Nan$/m);
});

test('the lag of the event loop counts what held it up, and not the time between two looks', async () => {
  const metrics = createMetrics({ loopLookMs: 500 });
  const seconds = async (what: string): Promise<number> => {
    const [, value] = new RegExp(`^proximadb_eventloop_lag_seconds_${what} (.*)$`, 'm').exec(await metrics.text()) ?? [];
    return Number(value);
  };
  while (await seconds('count') < 2) await delay(20);
  const quiet = await seconds('sum') / await seconds('count');
  for (const untilMs = performance.now() + 1_200; performance.now() < untilMs;);
  const before = await seconds('count');
  while (await seconds('count') === before) await delay(5);
  assert.ok(await seconds('sum') - quiet * before > 0.6, 'at least one look was due more than 600 ms before the end of what held it up');
  assert.ok(quiet < 0.45, `${quiet} s of ${before} looks before`);
  assert.doesNotMatch(await metrics.text(), /nodejs_eventloop_lag/);
});
