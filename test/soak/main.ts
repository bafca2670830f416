/** Soaks: `npm run soak -- --minutes 10 --only merges,upserts,deletes`. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runSoaks, soakNames } from './run.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, only: { type: 'string', default: soakNames.join() } } });
try {
  await runSoaks({ minutes: Number(values.minutes), only: values.only.split(','), say: (line) => { console.log(line); } });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
