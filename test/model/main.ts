/** The long form of the model test: `npm run model -- --seconds 600 --seed 42 --path 3:1`. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runHistories } from './run.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' }, path: { type: 'string' } } });
try {
  await runHistories({
    seconds: Number(values.seconds),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }), ...(values.path === undefined ? {} : { path: values.path }),
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
