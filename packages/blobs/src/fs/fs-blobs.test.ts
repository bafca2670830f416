import { strict as assert } from 'node:assert';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AppError } from '@proximadb/errors';
import { blobContract } from '../contract.ts';
import { FsBlobs } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'proximadb-fs-blobs-'));
after(() => { rmSync(root, { recursive: true, force: true }); });
const fresh = (): string => mkdtempSync(join(root, 'store-'));

const contractDirectory = fresh();
blobContract('a directory', () => FsBlobs.open(contractDirectory));

const program = fileURLToPath(new URL('fs-blobs.fixture.ts', import.meta.url));
const start = (args: readonly string[], command: readonly string[] = [process.execPath]): ChildProcess => {
  const [file = '', ...before] = command;
  return spawn(file, [...before, '--no-warnings', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
};
const lines = async (child: ChildProcess): Promise<string[]> => Array.fromAsync(createInterface({ input: child.stdout! }));
const text = async (store: FsBlobs, key: string): Promise<string> => Buffer.from((await store.get(key))?.content ?? []).toString();

function noStrace(): string | false {
  const tried = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'strace is not installed: apt-get install strace';
  return tried.status === 0 ? false : `strace may not trace here: ${tried.stderr.trim()}`;
}

describe('blobs in a directory', () => {
  test('processes and threads compare and set one after the other', async () => {
    const directory = fresh();
    const children = Array.from({ length: 3 }, () => start([directory, 'count', '25']));
    const threads = Array.from({ length: 2 }, () => new Worker(program, { argv: [directory, 'count', '25'] }));
    const codes = await Promise.all([...children.map((child) => once(child, 'exit')), ...threads.map((thread) => once(thread, 'exit'))]);
    assert.deepEqual(codes.map(([code]) => code as number), [0, 0, 0, 0, 0]);
    await using store = await FsBlobs.open(directory);
    assert.equal(await text(store, 'number'), '125');
  });

  test('who holds the lock for too long makes others UNAVAILABLE; killed, it holds it no more', async () => {
    const directory = fresh();
    const child = start([directory, 'hold']);
    await once(child.stdout!, 'data');
    await using store = await FsBlobs.open(directory, { lockWaitMs: 50 });
    await assert.rejects(store.putIf('a', Buffer.from('x'), null), (error) => error instanceof AppError && error.code === 'UNAVAILABLE');
    assert.equal(await store.get('a'), undefined);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(await store.putIf('a', Buffer.from('x'), null) !== undefined);
    assert.deepEqual(readdirSync(join(directory, '+tmp')), []);
  });

  test('a process that is killed while it writes leaves whole contents', async () => {
    const directory = fresh();
    for (let round = 0; round < 4; round += 1) {
      const child = start([directory, 'write', join(root, `source-${round}`)]);
      await once(child.stdout!, 'data');
      await new Promise((resolve) => setTimeout(resolve, 40 + 37 * round));
      child.kill('SIGKILL');
      await once(child, 'exit');
      await using store = await FsBlobs.open(directory);
      const copy = join(root, `copy-${round}`);
      await store.download('deep/er/uploaded', copy);
      for (const content of [readFileSync(copy), Buffer.from((await store.get('set'))?.content ?? [])]) {
        assert.ok(content.length >= 300_000 && content.equals(Buffer.alloc(content.length, (content.length - 300_000) % 256)));
      }
      const listed = await Array.fromAsync(store.list(''));
      assert.deepEqual(listed.map(({ key }) => key), ['deep/er/uploaded', 'set']);
    }
  });

  test('what crashed processes left is removed a day later', async () => {
    const directory = fresh();
    await FsBlobs.open(directory);
    const [old, recent] = ['old', 'recent'].map((name) => join(directory, '+tmp', name)) as [string, string];
    writeFileSync(old, 'x');
    writeFileSync(recent, 'x');
    utimesSync(old, new Date(), new Date(Date.now() - 25 * 3_600_000));
    await FsBlobs.open(directory);
    assert.deepEqual(readdirSync(join(directory, '+tmp')), ['recent']);
  });

  test('a relative directory, with a slash at its end, is one, too', async () => {
    const directory = fresh();
    await using store = await FsBlobs.open(`${directory}/sub/./x/../`);
    await store.putIf('a/b', Buffer.from('x'), null);
    assert.equal(readFileSync(join(directory, 'sub/a/b'), 'utf8'), 'x');
    await store.delete(['a/b']);
    assert.deepEqual(readdirSync(join(directory, 'sub')), ['+lock', '+tmp']);
  });

  test('a directory that cannot be one is refused', async () => {
    const path = join(root, 'a-file');
    writeFileSync(path, '');
    await assert.rejects(FsBlobs.open(path), (error) => error instanceof AppError && error.message.includes(path));
    await assert.rejects(FsBlobs.open(join(path, 'below')), (error) => error instanceof AppError && error.code === 'NOT_FOUND');
  });

  test('a disk without room is RESOURCE_EXHAUSTED and leaves nothing', async () => {
    const directory = fresh();
    const source = join(root, 'large');
    writeFileSync(source, Buffer.alloc(1_000_000));
    // The size of a file, in blocks of 512 bytes or of 1 KiB.
    const child = start([directory, 'too-large', source], ['sh', '-c', 'trap "" XFSZ; ulimit -f 200; exec "$@"', 'sh', process.execPath]);
    assert.deepEqual(await lines(child), ['RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED']);
    assert.deepEqual(readdirSync(join(directory, '+tmp')), []);
    await using store = await FsBlobs.open(directory);
    assert.deepEqual(await Array.fromAsync(store.list('')), []);
  });

  test('a content is flushed before it gets its name, and its folders before it counts', { skip: noStrace() }, async () => {
    const directory = fresh();
    const source = join(root, 'traced');
    writeFileSync(source, Buffer.alloc(100_000));
    const trace = join(root, 'trace');
    const child = start([directory, 'once', source], ['strace', '-f', '-y', '-e', 'trace=fsync,fdatasync,rename,write', '-o', trace, process.execPath]);
    assert.deepEqual(await lines(child), ['uploaded', 'set']);
    const calls = readFileSync(trace, 'utf8').split('\n').filter((line) => line.includes(directory) || /write\(1<.*"(uploaded|set)/.test(line));
    const at = (pattern: RegExp, from = 0): number => {
      const found = calls.findIndex((line, i) => i >= from && pattern.test(line));
      assert.ok(found >= 0, `${pattern} after line ${from}`);
      return found;
    };
    let done = 0;
    for (const [key, folders] of [['deep/er/uploaded', ['deep/er', 'deep', '']], ['deep/set', ['deep', '']]] as const) {
      const flushed = at(/f(data)?sync\(\d+<.*\/\+tmp\//, done);
      const renamed = at(new RegExp(`rename\\(.*/\\+tmp/.*/${key}"`), flushed);
      const last = Math.max(...folders.map((folder) => at(new RegExp(`fsync\\(\\d+<${join(directory, folder)}>`), renamed)));
      done = at(/write\(1</, last);
    }
  });
});
