/** What the pages say is true: every block of README.md and docs/ is run as a reader would, or is checked as what it is. */
import { strict as assert } from 'node:assert';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stepsOf } from './page.ts';
import { containerPages, follow, pages, textOf } from './pages.ts';
import { containersOf, needsCluster, needsContainers, startsCluster, type Result } from './run-page.ts';

/** Blocks that take hours, or that another test runs. */
const notRunMax = 4;

const all = new Map<string, readonly Result[]>();

describe('the pages', { concurrency: 2 }, () => {
  for (const page of pages) test(`${page}: what it shows is what happens`, async () => { all.set(page, await follow(page)); });
});

test('a page that starts a cluster has a test of its own, which does', () => {
  const starting = pages.filter((page) => stepsOf(textOf(page)).some((step) => step.kind === 'block' && startsCluster(step.block)));
  const tested = globSync('*.test.ts', { cwd: join(import.meta.dirname, 'cluster') }).map((file) => `docs/${file.replace('.test.ts', '.md')}`);
  assert.deepEqual(starting, tested.sort());
});

test('a page that shows containers is followed where there are some', () => {
  const showing = pages.filter((page) => stepsOf(textOf(page)).some((step) => step.kind === 'block' && containersOf(step.block) !== null));
  assert.deepEqual(showing, containerPages);
});

test('few blocks are not run, each for a reason', (context) => {
  const notRun = [...all].flatMap(([page, results]) => results.flatMap(({ block, outcome }) =>
    (outcome.kind === 'not run' && ![needsCluster, needsContainers].includes(outcome.reason) ? [`${page}, ${block}: ${outcome.reason}`] : [])));
  for (const line of notRun) context.diagnostic(line);
  const held = [...all.values()].flat().filter(({ outcome }) => outcome.kind === 'held');
  assert.ok(notRun.length <= notRunMax, `${notRun.length} are not run:\n${notRun.join('\n')}`);
  assert.ok(held.length > notRun.length, `${held.length} hold, ${notRun.length} are not run`);
});
