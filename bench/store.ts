/**
 * `node bench/store.ts FILE NAME`: keeps a result as bench/baselines/NAME.json, its plots beside it, and puts its tables where docs/performance has those of
 * the one that it replaces. What the pages say in words is yours to read again.
 */
import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { readTaken, showTaken } from './run-folder.ts';

const [file, name] = process.argv.slice(2);
if (file === undefined || name === undefined) {
  console.error('usage: node bench/store.ts FILE NAME');
  process.exit(2);
}
const baselines = join(import.meta.dirname, 'baselines');
const kept = join(baselines, `${name}.json`);
const [before, now] = [showTaken(readTaken(kept)).trimEnd(), showTaken(readTaken(file)).trimEnd()];
const pages = globSync('docs/performance/*.md', { cwd: join(import.meta.dirname, '..') }).map((path) => join(import.meta.dirname, '..', path));
const page = pages.find((one) => readFileSync(one, 'utf8').includes(before));
if (page === undefined) {
  console.error(`${name}: no page has the tables of ${kept} as they are`);
  process.exit(1);
}
// Not as a pattern: a figure may have a dollar in it.
writeFileSync(page, readFileSync(page, 'utf8').split(before).join(now));
copyFileSync(file, kept);
const plots = globSync('*.svg', { cwd: dirname(file) }).filter((plot) => globSync(plot, { cwd: baselines }).length > 0);
for (const plot of plots) copyFileSync(join(dirname(file), plot), join(baselines, plot));
console.log(`${page} has the tables of ${file}; ${plots.length} plots were replaced`);
