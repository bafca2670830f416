import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const main = join(import.meta.dirname, 'main.ts');
const help = (environment: Readonly<Record<string, string>> = {}) =>
  spawnSync(process.execPath, ['--no-warnings', main, 'search', '--help'], { encoding: 'utf8', env: { ...process.env, ...environment } });

test('what Node made of the sources is kept for the next run, and a run without it says the same', () => {
  const first = help();
  assert.equal(first.status, 0, first.stderr);
  assert.ok(readdirSync(join(import.meta.dirname, '../../node_modules/.cache/proximadb'), { recursive: true }).length > 100);
  assert.equal(help().stdout, first.stdout);
  assert.equal(help({ NODE_DISABLE_COMPILE_CACHE: '1' }).stdout, first.stdout);
});

test('threads of a server, too, take what was made of the sources before', async (context) => {
  const data = mkdtempSync(join(tmpdir(), 'proximadb-main-'));
  context.after(() => { rmSync(data, { recursive: true }); });
  // Settings of whoever runs the tests are none of the server's.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PROXIMADB_')));
  /** @returns what Node says about what it keeps. */
  const startAndEnd = async (): Promise<string> => {
    const server = spawn(process.execPath, ['--no-warnings', main, 'start', '--data', data, '--grpc-port', '0', '--rest-port', '0'],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' } });
    const said = text(server.stderr);
    server.stdout.on('data', (some: Buffer) => { if (some.includes('Next, in another terminal')) server.kill('SIGTERM'); });
    const [status] = await once(server, 'exit') as [number | null];
    assert.equal(status, 0, await said);
    return said;
  };
  await startAndEnd();
  const said = await startAndEnd();
  for (const thread of ['shard-thread', 'writer-thread']) assert.match(said, new RegExp(`code cache for ESM \\S*/${thread}\\.ts was accepted`));
});
