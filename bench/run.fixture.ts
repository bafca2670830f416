/** The bench as a user starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** @param folder where its JSON and its plots go. */
export function runBench(folder: string, ...args: string[]): { readonly status: number | null; readonly stderr: string } {
  const program = join(import.meta.dirname, 'run.ts');
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...args, '--json', folder], { encoding: 'utf8' });
  return { status, stderr };
}
