import { test } from 'node:test';
import { runHistories } from './run.ts';

test('random histories agree with a plain model, in every way to read', async () => {
  await runHistories({ seconds: 20 });
});
