/** docs/performance.md is made by scripts: no figure of its tables was written or changed by hand. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Before this heading the page sums up in words of its own. */
const summedUp = '## Into the log';

test('every row of its tables is one that a bench has measured, as bench/show.ts writes it', () => {
  // What guard.json holds are bounds.
  const results = globSync('bench/baselines/*.json', { cwd: root }).filter((file) => !file.endsWith('guard.json'));
  assert.ok(results.length > 10);
  const shown = new Set(execFileSync(process.execPath, ['--no-warnings', 'bench/show.ts', ...results], { cwd: root, encoding: 'utf8' }).split('\n'));
  const page = readFileSync(join(root, 'docs/performance.md'), 'utf8');
  assert.ok(page.includes(summedUp));
  const rows = page.slice(page.indexOf(summedUp)).split('\n').filter((line) => line.startsWith('|'));
  assert.ok(rows.length > 300, `${rows.length} rows`);
  assert.deepEqual(rows.filter((row) => !shown.has(row)), []);
});
