// Lint, types, and the difference between what the generators write and what is committed. Exits 1 if any of them complains.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);
const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']],
  ['lint', bin('eslint'), ['.']],
  ['schemas', process.execPath, ['schemas/src/generator/main.ts', '--check']],
  ['kernels', process.execPath, ['packages/segment/src/kernels/build.ts', '--check']],
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
