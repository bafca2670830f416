import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { startChild } from './child.fixture.ts';
import { EmbeddedLog } from './index.ts';

const inUse = (directory: string, pid: number) => (error: unknown): boolean =>
  error instanceof AppError && error.code === 'FAILED_PRECONDITION' && error.message.includes(directory) && new RegExp(`\\b${pid}\\b`).test(error.message);

test('a directory that another process has is refused, naming both, until that process is gone, however it went', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const child = startChild([directory, 'hold']);
    const pid = Number((await child.line('opened')).split(' ')[1]);
    await assert.rejects(EmbeddedLog.open({ directory }), inUse(directory, pid));
    child.process.kill('SIGKILL');
    await child.ended;
    const log = await EmbeddedLog.open({ directory });
    await log[Symbol.asyncDispose]();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a directory is opened once in a process, too, and again after it was given back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const log = await EmbeddedLog.open({ directory });
    await assert.rejects(EmbeddedLog.open({ directory }), inUse(directory, process.pid));
    await assert.rejects(EmbeddedLog.open({ directory }), inUse(directory, process.pid));
    await log[Symbol.asyncDispose]();
    const again = await EmbeddedLog.open({ directory });
    assert.equal(again.clusterId, log.clusterId);
    await again[Symbol.asyncDispose]();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
