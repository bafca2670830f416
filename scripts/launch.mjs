// Runs a command of this repository on Node 24 with pnpm, whatever Node (18 or newer) started it: what is missing comes by npx.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const commands = {
  proximadb: 'cli/src/main.ts',
  start: 'cli/src/main.ts start',
  demo: 'cli/src/main.ts demo',
  test: 'test/run.ts',
  parts: 'test/cluster/provision.ts',
  cluster: 'test/cluster/main.ts',
  bench: 'bench/run.ts',
  check: 'scripts/check.ts',
  generate: 'scripts/generate.ts',
  crash: 'test/crash/main.ts',
  model: 'test/model/main.ts',
  soak: 'test/soak/main.ts',
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`usage: launch.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(2);
}

const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
const nodeIsNew = Number(process.versions.node.split('.')[0]) >= 24;
if (process.env.PROXIMADB_TOOLCHAIN !== 'ready' && !(nodeIsNew && has('pnpm'))) {
  console.error('Fetching Node 24 and pnpm by npx (a few seconds the first time) ...');
  // npx -c runs a shell line: the arguments travel in an environment variable, so that no quoting can change them.
  await rerun('npx', ['--yes', '--package=node@24', '--package=pnpm@10', '-c', `node ${JSON.stringify(fileURLToPath(import.meta.url))} ${name}`], {
    PROXIMADB_TOOLCHAIN: 'ready', PROXIMADB_ARGS: JSON.stringify(args),
  });
}

const given = process.env.PROXIMADB_ARGS === undefined ? args : JSON.parse(process.env.PROXIMADB_ARGS);
install();
// Some commands say in their first line what they and Node need.
const [, variables = '', firstLine = ''] = /^#!\/usr\/bin\/env -S ((?:\w+=\S+ )*)node (.+)\n/.exec(readFileSync(join(root, command.split(' ')[0]), 'utf8')) ?? [];
const environment = Object.fromEntries(variables.split(' ').filter((one) => one !== '').map((one) => one.split('=')));
const nodeFlags = ['--no-warnings', ...firstLine.split(' ').filter((flag) => flag !== '')];
await rerun('node', [...nodeFlags, ...command.split(' ').map((part, i) => (i === 0 ? join(root, part) : part)), ...given], {
  ...environment, PROXIMADB_ARGS: undefined, PROXIMADB_TOOLCHAIN: undefined,
});

/** Installs the dependencies if the lock file changed since the last time. */
function install() {
  const wanted = createHash('sha256').update(readFileSync(join(root, 'pnpm-lock.yaml'))).update(process.version).digest('hex');
  const mark = join(root, 'node_modules', '.proximadb-installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  console.error('Installing dependencies ...');
  const result = spawnSync('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) process.exit(result.status ?? 1);
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, wanted);
}

/** Hands over to another program: passes signals on and ends as it ends. Never returns. */
async function rerun(program, programArgs, env) {
  const merged = { ...process.env, ...env };
  for (const key of Object.keys(merged)) if (merged[key] === undefined) delete merged[key];
  const child = spawn(program, programArgs, { stdio: 'inherit', env: merged });
  // A terminal signals the whole group, so the child has its own SIGINT; SIGTERM comes to this process alone.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)));
  });
  process.exit(status);
}
