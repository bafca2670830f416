/** Writes everything that is generated: schemas/gen, the kernels, the configuration's page, the stubs of the Python client. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { generators } from './generators.ts';

for (const [name, script] of generators) {
  console.log(`generate: ${name}`);
  const { status } = spawnSync(process.execPath, ['--no-warnings', script], { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
