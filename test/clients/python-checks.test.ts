/** The Python client as it is written: its types, its style, and that what is generated of it is today's. */
import { strict as assert } from 'node:assert';
import { before, describe, test } from 'node:test';
import { missingPython, pythonClient, pythonEnvironment, pythonProgram, runProgram } from '@proximadb/test-cluster';
import { TemporaryFolder } from '../e2e/server.ts';

describe('the sources of the Python client', { skip: missingPython() }, () => {
  let python = '';
  before(async () => { python = await pythonProgram(); });

  const run = (...args: readonly string[]): Promise<string> => runProgram(python, args, { cwd: pythonClient, environment: pythonEnvironment() });

  test('stubs and schemas are what would be generated', async () => {
    assert.equal(await run('generate.py', '--check'), '');
  });

  test('they are typed, strictly', async () => {
    using folder = new TemporaryFolder();
    assert.match(await run('-m', 'mypy', '--cache-dir', folder.path), /no issues found in \d+ source files/);
  });

  test('their style is the house style', async () => {
    assert.match(await run('-m', 'ruff', 'check', '--no-cache', '.'), /All checks passed/);
    assert.match(await run('-m', 'ruff', 'format', '--no-cache', '--check', '.'), /already formatted/);
  });
});
