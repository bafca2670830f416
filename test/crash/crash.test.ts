import { test } from 'node:test';
import { runCrashes } from './rounds.ts';

test('killed under load, a server misses nothing that it acknowledged, and shows no half of a batch', async (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  await runCrashes({ rounds: 4, seed, say: (line) => { context.diagnostic(line); } });
});
