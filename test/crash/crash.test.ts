import { test } from 'node:test';
import { runCrashes } from './rounds.ts';

test('killed under load, a server misses nothing that it acknowledged, and shows no half of a batch', { timeout: 120_000 }, async (context) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  context.diagnostic(`seed ${seed}`);
  // Other tests have the cores, too: the long form holds it to the 5 s that are promised.
  await runCrashes({ rounds: 4, seed, readyMsMax: 15_000, say: (line) => { context.diagnostic(line); } });
});
