import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lacking } from './peers/software.ts';
import type { Report } from './report.ts';

let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-run-')); });
after(() => { rmSync(folder, { recursive: true, force: true }); });

function bench(...args: string[]): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', join(import.meta.dirname, 'run.ts'), ...args, '--json', folder], { encoding: 'utf8' });
  return { status, stderr };
}

function reportOf(scenario: string): Report {
  return JSON.parse(readFileSync(join(folder, `${scenario}.json`), 'utf8')) as Report;
}

test('the short form of the peers measures ours beside libraries, end to end, and draws what it measured', { timeout: 180_000 }, () => {
  const withCompiler = lacking({ 'g++': 'g++' }) === false;
  const only = ['usearch i8', ...(withCompiler ? ['hnswlib-node'] : []), 'proximadb hnsw of 2'];
  const { status, stderr } = bench('peers', '--short', '--only', only.join(','));
  assert.equal(status, 0, stderr);
  const { tables } = reportOf('peers');
  const named = (part: string): readonly (readonly unknown[])[] => tables.find(({ title }) => title.includes(part))?.rows ?? [];
  assert.deepEqual(named('Who takes part').map(([name]) => name), only);
  for (const part of ['writing 2,000 rows', 'same recall@10', 'k = 10 of', 'filters', 'deleted', 'while rows are written', 'kill -9']) {
    assert.ok(named(part).length > 0, `a table about ${part}`);
  }
  // Ours is exact at this size, with every filter.
  const filtered = named('filters').filter(([, , name]) => String(name).startsWith('proximadb'));
  assert.equal(filtered.length, 9);
  assert.ok(filtered.every(([, , , , recall, tooShort]) => Number(recall) > 0.99 && tooShort === 0), JSON.stringify(filtered));
  const plots = readdirSync(folder).filter((name) => name.endsWith('.svg'));
  assert.deepEqual(plots.sort(), ['peers-words-k10-clients1.svg', 'peers-words-k10-clients4.svg']);
  for (const plot of plots) assert.match(readFileSync(join(folder, plot), 'utf8'), /usearch i8: recall [01]\.\d+/);
});

test('the guard ends with exit code 1 and says which ratio got worse', { timeout: 180_000 }, () => {
  const file = join(folder, 'stored.json');
  const name = 'proximadb hnsw of 2: rows/s until indexed';
  const other = 'proximadb ivf of 2, gRPC: recall under the worst filter';
  writeFileSync(file, JSON.stringify({
    takenAt: '2026-01-01T00:00:00.000Z',
    figures: {
      // Nobody is a million times as fast as the library.
      [name]: { value: 1e6, better: 'higher', tolerance: 0.35, by: 'part' },
      [other]: { value: 0.5, better: 'higher', tolerance: 0.01, by: 'difference' },
    },
  }));
  const { status, stderr } = bench('guard', '--short', '--baseline', file);
  assert.equal(status, 1, stderr);
  const failures = stderr.split('\n').filter((line) => line.startsWith('FAILED'));
  assert.equal(failures.length, 1, stderr);
  assert.ok(failures[0]?.includes(name), stderr);
});

test('a peer or a data set that is not there is refused by its name', () => {
  assert.match(bench('peers', '--short', '--only', 'nobody').stderr, /no peer nobody; there are usearch i8/);
  assert.match(bench('peers', '--set', 'none').stderr, /no data set none; there are words, clustered/);
});
