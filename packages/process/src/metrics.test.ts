import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { createMetrics } from './index.ts';

test('whatever has no value yet is NaN as the text format writes it', async () => {
  const metrics = createMetrics();
  // The event loop was not looked at yet.
  const text = await metrics.text();
  assert.match(text, /^proximadb_nodejs_eventloop_lag_mean_seconds NaN$/m);
  assert.doesNotMatch(text, / Nan$/m);
});
