/** `node bench/show.ts FILE…`: results that `--json` wrote, as the Markdown of docs/performance.md. */
import { readFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import { showReport, type Report } from './report.ts';

interface Taken extends Report {
  readonly takenAt: string;
  readonly command: string;
  readonly machine: Machine;
}

for (const file of process.argv.slice(2)) {
  const { takenAt, command, machine, ...report } = JSON.parse(readFileSync(file, 'utf8')) as Taken;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(', ');
  const { cores, cpu, memoryGiB, system, loadBefore } = machine;
  console.log(`\`${command}\`, ${takenAt.slice(0, 16).replace('T', ' ')} UTC; ${cores} cores, ${cpu}, ${memoryGiB} GiB, ${system}; ${versions}; `
    + `load before: ${loadBefore.join(', ')} (averages of 1, 5, 15 minutes)\n`);
  console.log(showReport(report));
}
