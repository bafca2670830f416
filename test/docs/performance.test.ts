/** The pages of docs/performance are made by scripts: no table of them was written, changed, moved or left out by hand. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const pages = globSync('docs/performance/*.md', { cwd: root }).sort().map((file) => readFileSync(join(root, file), 'utf8')).join('\n');

/** The line above the tables of a run: its command, when it ran, and where. */
const runLine = /^`npm run bench -- .*`, \d{4}-\d\d-\d\d .* UTC; .*$/gm;
/** A title, a header, its rows, and the notes below them. */
const tablePattern = /^### .*\n\n(?:\|.*\n)+(?:\n(?:- .*\n)+)?/gm;

/** The tables of each run, by its line. */
function runsOf(text: string): Map<string, string[]> {
  const lines = [...text.matchAll(runLine)];
  return new Map(lines.map(({ 0: line, index }, at) => [line, tablesOf(text.slice(index, lines[at + 1]?.index))]));
}

function tablesOf(text: string): string[] {
  return [...text.matchAll(tablePattern)].map(([table]) => table.trimEnd());
}

const onPages = runsOf(pages);

test('they have the tables of every stored run, below the line that says what ran, whole and in their order, as bench/show.ts writes them', () => {
  // What guard.json holds are bounds.
  const results = globSync('bench/baselines/*.json', { cwd: root }).filter((file) => !file.endsWith('guard.json'));
  const shown = runsOf(execFileSync(process.execPath, ['--no-warnings', 'bench/show.ts', ...results], { cwd: root, encoding: 'utf8' }));
  assert.equal(shown.size, results.length);
  assert.deepEqual([...onPages.keys()].sort(), [...shown.keys()].sort());
  for (const [line, tables] of shown) assert.deepEqual(onPages.get(line), tables, line);
});

test('they have no other tables', () => {
  const lines = pages.split('\n').filter((line) => line.startsWith('|') || line.startsWith('###'));
  const known = [...onPages.values()].flat().flatMap((table) => table.split('\n').filter((line) => !line.startsWith('-') && line !== ''));
  assert.ok(lines.length > 300, `${lines.length} lines`);
  assert.deepEqual(lines, known);
});
