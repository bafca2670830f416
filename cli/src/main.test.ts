import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const main = join(import.meta.dirname, 'main.ts');
const help = (environment: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, ['--no-warnings', main, 'search', '--help'], { encoding: 'utf8', env: { ...process.env, ...environment } });

test('what Node made of the sources is kept for the next run, and a run without it says the same', () => {
  const first = help();
  assert.equal(first.status, 0, first.stderr);
  assert.ok(readdirSync(join(import.meta.dirname, '../../node_modules/.cache/proximadb'), { recursive: true }).length > 100);
  assert.equal(help().stdout, first.stdout);
  assert.equal(help({ NODE_DISABLE_COMPILE_CACHE: '1' }).stdout, first.stdout);
});
