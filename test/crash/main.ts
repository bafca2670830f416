/** The long form of the crash test: `npm run crash -- --rounds 50 --seed 42`. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runCrashes } from './rounds.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string' }, writers: { type: 'string', default: '4' } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
console.log(`seed ${seed}`);
try {
  await runCrashes({ rounds: Number(values.rounds), seed, writers: Number(values.writers), say: (line) => { console.log(line); } });
  console.log(`${values.rounds} rounds: nothing acknowledged was lost, nothing deleted came back, no half batch was seen`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
