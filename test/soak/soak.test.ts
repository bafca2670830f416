import { test } from 'node:test';
import { platform } from 'node:process';
import { runSoaks, soakNames } from './run.ts';

for (const name of soakNames) {
  test(`soak, in short: ${name}`, { skip: platform !== 'linux' && 'looks into /proc' }, async (context) => {
    await runSoaks({ minutes: 0, share: 0.25, only: [name], say: (line) => { context.diagnostic(line); } });
  });
}
