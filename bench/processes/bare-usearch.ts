/** Bare USearch in a process of its own: how fast graphs of given sizes are built by nobody but the library. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** @returns vectors a second, one graph after the other, each by so many threads, with the settings of the server's default index. */
export async function bareUsearchRate(sizes: readonly number[], threads: number): Promise<number> {
  const main = join(import.meta.dirname, 'bare-usearch.main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', main, JSON.stringify(sizes), String(threads)]);
  return Number(stdout);
}
