import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runBench } from '../run.fixture.ts';

let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-guard-')); });
after(() => { rmSync(folder, { recursive: true, force: true }); });

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
  const { status, stderr } = runBench(folder, 'guard', '--short', '--baseline', file);
  assert.equal(status, 1, stderr);
  const failures = stderr.split('\n').filter((line) => line.startsWith('FAILED'));
  assert.equal(failures.length, 1, stderr);
  assert.ok(failures[0]?.includes(name), stderr);
});
