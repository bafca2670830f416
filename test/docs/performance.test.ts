/** docs/performance.md is made by scripts: no table of it was written, changed, moved or left out by hand. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');

/** Before this heading the page sums up in words of its own. */
const summedUp = '## Into the log';
/** The line above the tables of a run: its command, when it ran, and where. */
const runLine = /^`npm run bench -- .*`, \d{4}-\d\d-\d\d .* UTC; .*$/gm;
/** A title, a header, its rows, and the notes below them. */
const tablePattern = /^### .*\n\n(?:\|.*\n)+(?:\n(?:- .*\n)+)?/gm;
/** Every point of the peers' curves: the page has their plots, and links to the file. */
const isSweep = (table: string): boolean => /^### .*: k = \d+ of [\d,]+ rows, .*, no filter\n/.test(table);

/** The tables of each run, by its line. */
function runsOf(text: string): Map<string, string[]> {
  const lines = [...text.matchAll(runLine)];
  return new Map(lines.map(({ 0: line, index }, at) => [line, tablesOf(text.slice(index, lines[at + 1]?.index))]));
}

function tablesOf(text: string): string[] {
  return [...text.matchAll(tablePattern)].map(([table]) => table.trimEnd());
}

const measured = page.slice(page.indexOf(summedUp));
const onPage = runsOf(measured);

test('it has the tables of every stored run, below the line that says what ran, whole and in their order, as bench/show.ts writes them', () => {
  assert.ok(page.includes(summedUp));
  // What guard.json holds are bounds.
  const results = globSync('bench/baselines/*.json', { cwd: root }).filter((file) => !file.endsWith('guard.json'));
  const shown = runsOf(execFileSync(process.execPath, ['--no-warnings', 'bench/show.ts', ...results], { cwd: root, encoding: 'utf8' }));
  assert.equal(shown.size, results.length);
  assert.deepEqual([...onPage.keys()].sort(), [...shown.keys()].sort());
  for (const [line, tables] of shown) assert.deepEqual(onPage.get(line), tables.filter((table) => !isSweep(table)), line);
});

test('it has no other tables behind its summary', () => {
  const lines = measured.split('\n').filter((line) => line.startsWith('|') || line.startsWith('###'));
  const known = [...onPage.values()].flat().flatMap((table) => table.split('\n').filter((line) => !line.startsWith('-') && line !== ''));
  assert.ok(lines.length > 300, `${lines.length} lines`);
  assert.deepEqual(lines, known);
});
