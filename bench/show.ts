/** `node bench/show.ts FILE…`: results of the bench, as the Markdown of docs/performance.md. */
import { readFileSync } from 'node:fs';
import { showReport } from './report.ts';
import { describeTaken, type Taken } from './run-folder.ts';

for (const file of process.argv.slice(2)) {
  const taken = JSON.parse(readFileSync(file, 'utf8')) as Taken;
  console.log(`${describeTaken(taken)}\n`);
  console.log(showReport(taken));
}
