// Lint, types, and the difference between what the generators write and what is committed. Exits 1 if any of them complains.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { generators } from './generators.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']],
  ['lint', bin('eslint'), ['.']],
  ...generators.map(([name, script]) => [name, process.execPath, ['--no-warnings', script, '--check']] as const),
];
let failed = 0;
for (const [name, program, args] of checks) {
  console.log(`check: ${name}`);
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`check failed: ${name}`);
    failed += 1;
  }
}
process.exitCode = failed === 0 ? 0 : 1;
