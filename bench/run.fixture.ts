/** The bench as a user starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** @param folder where its report, its JSON and its plots go; null: where they go by themselves. */
export function runBench(folder: string | null, ...args: string[]): { readonly status: number | null; readonly stderr: string } {
  const program = join(import.meta.dirname, 'run.ts');
  const into = folder === null ? [] : ['--json', folder];
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...args, ...into], { encoding: 'utf8' });
  return { status, stderr };
}
