/** Go, new enough to build what is needed. */
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder } from './folder.ts';
import { runProgram } from './run-program.ts';

/** What builds MinIO, if the Go that is installed cannot. */
const fallback = 'go1.24.6';

/** For programs whose speed nobody measures: without what a debugger reads, and without inlining, they are built in 70 % of the time. */
export const goCompilerFlags = '-gcflags=all=-dwarf=false -l';

/**
 * Builds a program from its sources.
 * @param folder where it is put. @param source `module@version`. @throws Error with Go's words.
 */
export async function goInstall(folder: string, source: string): Promise<void> {
  const environment = { GOBIN: folder, GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
  await runProgram(await goProgram(), ['install', '-ldflags=-s -w', source], { environment, timeoutMs: 3_000_000 });
}

/** Builds the program whose sources lie in a folder, soon rather than fast. @param flags of the linker. @throws Error with Go's words. */
export async function goBuild(target: string, sources: string, flags: string): Promise<void> {
  const environment = { GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
  await runProgram(await goProgram(), ['build', goCompilerFlags, `-ldflags=${flags}`, '-o', target, '.'], { cwd: sources, environment, timeoutMs: 3_000_000 });
}

/** The one on PATH, or a newer one that it fetches: Debian 12 has 1.19. */
async function goProgram(): Promise<string> {
  const version = (await runProgram('go', ['env', 'GOVERSION'])).trim();
  const [major = 0, minor = 0] = version.replace(/^go/, '').split('.').map(Number);
  if (major > 1 || minor >= 24) return 'go';
  await using work = openFolder('go');
  const platform = `${(await runProgram('go', ['env', 'GOOS'])).trim()}-${(await runProgram('go', ['env', 'GOARCH'])).trim()}`;
  const answer = await runProgram('go', ['mod', 'download', '-json', `golang.org/toolchain@v0.0.1-${fallback}.${platform}`], { cwd: work.path });
  const { Dir: home } = JSON.parse(answer) as { Dir: string };
  // A module has no executable files, and a compiler has some.
  for (const bin of [join(home, 'bin'), join(home, 'pkg', 'tool', platform.replace('-', '_'))]) {
    for (const file of await readdir(bin)) await chmod(join(bin, file), 0o755);
  }
  return join(home, 'bin', 'go');
}
