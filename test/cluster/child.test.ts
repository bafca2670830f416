import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startAlone } from './alone.ts';
import { freePorts } from './ports.ts';

/** A part that is ready when its server listens; it says so on its standard output. */
const listens = (port: number): string => `require('node:net').createServer().listen(${port}, '127.0.0.1'); console.log('up')`;

function start(port: number, code = listens(port), readyTimeoutMs = 10_000): ReturnType<typeof startAlone<object>> {
  return startAlone('toy', {}, () => ({ command: process.execPath, args: ['-e', code], isReady: async () => isTaken(port), readyTimeoutMs }), {});
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => { resolve(true); });
    server.listen(port, '127.0.0.1', () => { server.close(() => { resolve(false); }); });
  });
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < 6_000, what);
    await delay(10);
  }
}

describe('a process of a part', () => {
  test('is killed, started again on its port, restarted, and gone when disposed of, with its folder', async () => {
    const [port = 0] = await freePorts(1);
    const toy = await start(port);
    const first = toy.pid;
    assert.deepEqual([toy.state, await isTaken(port)], ['running', true]);
    await toy.kill();
    assert.deepEqual([toy.state, lives(first), await isTaken(port)], ['ended', false, false]);
    await toy.start();
    await toy.restart();
    assert.notEqual(toy.pid, first);
    assert.ok(await isTaken(port));
    await toy[Symbol.asyncDispose]();
    assert.ok(!lives(toy.pid));
    assert.ok(!existsSync(toy.logFile));
    await assert.rejects(toy.start(), /disposed/);
  });

  test('stands still while paused, and is ended all the same', async () => {
    const [port = 0] = await freePorts(1);
    const toy = await start(port);
    await toy.pause();
    assert.equal(toy.state, 'paused');
    await toy.resume();
    assert.equal(toy.state, 'running');
    await toy.pause();
    await toy.kill('SIGTERM');
    assert.ok(!lives(toy.pid), 'it went on to hear of it');
    await toy.start();
    await toy.pause();
    await toy[Symbol.asyncDispose]();
    assert.ok(!lives(toy.pid));
  });

  test('that ends before it is ready is reported with the end of its log', async () => {
    await assert.rejects(start(1, 'console.log("no such luck"); process.exit(3)'), /toy ended with exit code 3.*no such luck/s);
    const unknown = startAlone('toy', {}, () => ({ command: './no-such-program', args: [], isReady: async () => true }), {});
    await assert.rejects(unknown, /toy could not be started.*ENOENT/s);
  });

  test('that is never ready is ended and reported', async () => {
    const [port = 0, other = 0] = await freePorts(2);
    await assert.rejects(start(port, listens(other), 500), /toy is not ready after 500 ms.*up/s);
    const args = ['-e', "console.log('up'); setInterval(() => {}, 1_000)"];
    const refused = async (): Promise<boolean> => { throw new Error('fetch failed', { cause: new Error('bad port') }); };
    const unasked = startAlone('toy', {}, () => ({ command: process.execPath, args, isReady: refused, readyTimeoutMs: 500 }), {});
    await assert.rejects(unasked, /toy is not ready after 500 ms \(fetch failed: bad port\)/);
    assert.ok(!await isTaken(other));
  });

  test('dies with the process that started it, killed without a warning, and its temporary folder with it', async () => {
    const [port = 0] = await freePorts(1);
    const code = `import { startAlone } from ${JSON.stringify(join(import.meta.dirname, 'alone.ts'))};
      const args = ['-e', ${JSON.stringify(listens(port))}];
      const toy = await startAlone('toy', {}, () => ({ command: process.execPath, args, isReady: async () => true }), {});
      console.log(JSON.stringify({ pid: toy.pid, logFile: toy.logFile })); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--no-warnings', '--input-type=module-typescript', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await parent.stdout.take(1).toArray() as Buffer[];
    const { pid, logFile } = JSON.parse(String(line)) as { pid: number; logFile: string };
    assert.ok(lives(pid) && existsSync(logFile));
    parent.kill('SIGKILL');
    await until(() => !lives(pid), 'the child is dead');
    await until(() => !existsSync(logFile), 'its folder is gone');
  });
});
