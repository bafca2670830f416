/** What peers are made of, fetched by the first run on a machine into the cache of its user, in versions that are named here. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { provision, runProgram } from '@proximadb/test-cluster';

/** @param what package and version. @returns a folder from which the package can be required. */
export async function npmSoftware(name: string, packages: readonly string[]): Promise<string> {
  return provision(name, async (draft) => {
    writeFileSync(join(draft, 'package.json'), '{"private":true}');
    await runProgram('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages], { cwd: draft });
  });
}

/** @returns a folder for PYTHONPATH. */
export async function pipSoftware(name: string, packages: readonly string[], withDependencies: boolean): Promise<string> {
  return provision(name, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-warn-conflicts', '--only-binary', ':all:', ...(withDependencies ? [] : ['--no-deps'])];
    await runProgram('python3', ['-m', 'pip', 'install', ...options, '--target', draft, ...packages], { timeoutMs: 900_000 });
  });
}

/**
 * hnswlib-node has its sources in its package and no binary; its own installation would fetch Node's headers. This compiles them against those
 * that a package brings, for this machine's processor, as hnswlib advises.
 */
export async function hnswlibAddon(): Promise<string> {
  const require = createRequire(import.meta.url);
  const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`));
  const { version } = require('hnswlib-node/package.json') as { version: string };
  const folder = await provision(`hnswlib-node-${version}-abi-${process.versions.modules}-1`, async (draft) => {
    const sources = join(folderOf('hnswlib-node'), 'src');
    const headers = [folderOf('node-addon-api'), join(folderOf('node-api-headers'), 'include'), sources].flatMap((path) => ['-I', path]);
    await runProgram('g++', ['-O3', '-march=native', '-std=c++17', '-fPIC', '-shared', '-DNAPI_DISABLE_CPP_EXCEPTIONS', ...headers,
      join(sources, 'addon.cc'), '-o', join(draft, 'addon.node')]);
  });
  return join(folder, 'addon.node');
}

/** @returns false, or how to get the programs that are not on the PATH. */
export function lacking(programs: Readonly<Record<string, string>>): string | false {
  const packages = Object.entries(programs).filter(([program]) => !isOnPath(program)).map(([, debian]) => debian);
  return packages.length === 0 ? false : `apt-get install ${packages.join(' ')}`;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
