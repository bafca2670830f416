/** The Python client's own tests, against real servers, each reported here. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { missingPython, pythonClient, pythonEnvironment, pythonProgram, runProgram } from '@proximadb/test-cluster';
import { TemporaryFolder } from '../e2e/server.ts';

/** Of one case, as `tests/conftest.py` writes it. */
interface Case {
  /** Of its function, without parameters. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why not passed. */
  readonly text: string;
}

test('the Python client', { skip: missingPython() }, async (context) => {
  using folder = new TemporaryFolder();
  const report = join(folder.path, 'report.jsonl');
  const ended = runProgram(await pythonProgram(), ['-m', 'pytest', '-p', 'no:cacheprovider', '--tb', 'short'], {
    cwd: pythonClient, environment: { ...pythonEnvironment(), PROXIMADB_TEST_NODE: process.execPath, PROXIMADB_TEST_REPORT: report },
  });
  const said = await ended.catch((error: unknown) => (error as Error).message);
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter((line) => line !== '') : [];
  const cases = Map.groupBy(lines.map((line) => JSON.parse(line) as Case), ({ name }) => name);
  assert.ok(cases.size > 50, said);
  for (const [name, each] of cases) {
    await context.test(each.length === 1 ? name : `${name} (${each.length} cases)`, () => {
      assert.deepEqual(each.filter(({ outcome }) => outcome !== 'passed').map(({ text }) => text), []);
    });
  }
  assert.match(said, /\d+ passed/);
});
