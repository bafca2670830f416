/** The bench as a user starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param folder where its report, its JSON and its plots go; null: where they go by themselves. */
export function runBench(folder: string | null, ...args: string[]): Ended {
  const program = join(import.meta.dirname, 'run.ts');
  const into = folder === null ? [] : ['--json', folder];
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...args, ...into], { encoding: 'utf8' });
  return { status, stdout, stderr };
}
