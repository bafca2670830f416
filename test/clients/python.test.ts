/** The Python client: its own tests, against real servers, each reported here; its types and style, and that its stubs are today's. */
import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { before, describe, test } from 'node:test';
import { runProgram } from '@proximadb/test-cluster';
import { TemporaryFolder } from '../e2e/server.ts';
import { missingPython, pythonClient, pythonEnvironment, pythonProgram } from './python.ts';

/** Of one case, as `tests/conftest.py` writes it. */
interface Case {
  /** Of its function, without parameters. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why not passed. */
  readonly text: string;
}

describe('the Python client', { skip: missingPython(), concurrency: false }, () => {
  let python = '';
  before(async () => { python = await pythonProgram(); });

  const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> =>
    runProgram(python, args, { cwd: pythonClient, environment: { ...pythonEnvironment(), ...environment } });

  test('its stubs and schemas are what would be generated', async () => {
    assert.equal(await run(['generate.py', '--check']), '');
  });

  test('it is typed, strictly', async () => {
    using folder = new TemporaryFolder();
    assert.match(await run(['-m', 'mypy', '--cache-dir', folder.path]), /no issues found in \d+ source files/);
  });

  test('its style is the house style', async () => {
    assert.match(await run(['-m', 'ruff', 'check', '--no-cache', '.']), /All checks passed/);
    assert.match(await run(['-m', 'ruff', 'format', '--no-cache', '--check', '.']), /already formatted/);
  });

  test('its tests', async (context) => {
    using folder = new TemporaryFolder();
    const report = join(folder.path, 'report.jsonl');
    const args = ['-m', 'pytest', '-p', 'no:cacheprovider', '--tb', 'short'];
    const ended = run(args, { PROXIMADB_TEST_NODE: process.execPath, PROXIMADB_TEST_REPORT: report });
    const said = await ended.catch((error: unknown) => (error as Error).message);
    const cases = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Case) : [];
    const byName = Map.groupBy(cases, ({ name }) => name);
    assert.ok(byName.size > 50, said);
    for (const [name, each] of byName) {
      const title = each.length === 1 ? name : `${name} (${each.length} cases)`;
      await context.test(title, () => {
        const wrong = each.filter(({ outcome }) => outcome !== 'passed');
        assert.deepEqual(wrong.map(({ text }) => text), []);
      });
    }
    assert.match(said, /\d+ passed/);
  });
});
