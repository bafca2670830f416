/** The Python that the Python client is tested and measured in: an environment of its own, with pinned packages, kept in the cache of the user. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provision } from './cache.ts';
import { runProgram } from './run-program.ts';

export const pythonClient = join(import.meta.dirname, '../../clients/python');
const requirements = join(pythonClient, 'requirements.txt');
/** The oldest that all pinned packages are there for; the client itself runs on 3.10, too. */
const oldest = [3, 11] as const;

/** What the installed Python is, if it will do. */
function pythonVersion(): string | undefined {
  const question = `import sys, ensurepip, venv; assert sys.version_info >= (${oldest.join(', ')}); print(sys.version)`;
  const { status, stdout } = spawnSync('python3', ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}

/** Why the client cannot be tested here, as the `skip` of a test; false: it can. */
export function missingPython(): string | false {
  return pythonVersion() !== undefined ? false : `needs Python ${oldest.join('.')} or newer with venv: apt-get install python3 python3-venv`;
}

/** Installs the first time, which takes a minute. @returns the program. */
export async function pythonProgram(): Promise<string> {
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(pythonVersion() ?? '').digest('hex').slice(0, 16);
  const folder = await provision(`python-client-${wanted}`, async (draft) => {
    await runProgram('python3', ['-m', 'venv', draft]);
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary', ':all:', '--disable-pip-version-check', '-r', requirements];
    await runProgram(join(draft, 'bin', 'python'), install);
  });
  return join(folder, 'bin', 'python');
}

/** Prints what pip needs to install the client: what builds it, and what it depends on. */
const dependencies = `import sys, tomllib
project = tomllib.load(open(sys.argv[1], 'rb'))
print('\\n'.join(project['build-system']['requires'] + project['project']['dependencies']))`;

/**
 * What pip fetches to install the client as its users do, fetched once: some 25 MB, which take minutes where the network is slow.
 * @returns the folder, for `PIP_FIND_LINKS`.
 */
export async function pythonWheels(): Promise<string> {
  const python = await pythonProgram();
  const wanted = await runProgram(python, ['-c', dependencies, join(pythonClient, 'pyproject.toml')]);
  const name = createHash('sha256').update(wanted).update(pythonVersion() ?? '').digest('hex').slice(0, 16);
  return provision(`python-wheels-${name}`, async (draft) => {
    const fetch = ['-m', 'pip', 'download', '--quiet', '--only-binary', ':all:', '--disable-pip-version-check', '--dest', draft];
    await runProgram(python, [...fetch, ...wanted.trim().split('\n')]);
  });
}

/** What a developer has set does not reach what is under test, and nothing is written beside the sources. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  return { PYTHONPATH: join(pythonClient, 'src'), PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: '', PYTEST_ADDOPTS: '', MYPYPATH: '' };
}
