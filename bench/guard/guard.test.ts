import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runBench } from '../run.fixture.ts';
import { guardBaseline, guardFigures } from '../scenarios/guard.ts';
import type { Baseline, Figures } from './compare.ts';

let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-guard-')); });
after(() => { rmSync(folder, { recursive: true, force: true }); });

/** A run in its short form. */
function guard(file: string, ...args: string[]): { readonly status: number | null; readonly stderr: string } {
  return runBench(folder, 'guard', '--short', '--baseline', file, ...args);
}

function figuresIn(file: string): Figures {
  return (JSON.parse(readFileSync(file, 'utf8')) as Baseline).figures;
}

test('what is stored with the bench are the figures that a run measures, by their names', () => {
  assert.equal(guardFigures.length, 10);
  assert.deepEqual(Object.keys(figuresIn(guardBaseline)).sort(), guardFigures.toSorted());
});

test('the guard ends with exit code 0 beside what it stored itself, and with 1 where a ratio got worse, which it names', () => {
  const file = join(folder, 'stored.json');
  const stored = guard(file, '--write-baseline');
  assert.equal(stored.status, 0, stored.stderr);
  assert.match(stored.stderr, /the guard took \d+ s/);
  const measured = figuresIn(file);
  assert.deepEqual(Object.keys(measured).sort(), guardFigures.toSorted());

  const name = 'proximadb hnsw of 2: rows/s until indexed';
  // Nothing is too slow, but nobody is a million times as fast as the library.
  const lenient = Object.entries(measured).map(([each, figure]) => [each, { ...figure, tolerance: 1e6 }]);
  const figures = { ...Object.fromEntries(lenient) as Figures, [name]: { value: 1e6, better: 'higher', tolerance: 0.35, by: 'part' } };
  writeFileSync(file, JSON.stringify({ takenAt: '2026-01-01T00:00:00.000Z', figures }));
  const { status, stderr } = guard(file);
  assert.equal(status, 1, stderr);
  const failures = stderr.split('\n').filter((line) => line.startsWith('FAILED'));
  assert.equal(failures.length, 1, stderr);
  assert.ok(failures[0]?.includes(name), stderr);
});
