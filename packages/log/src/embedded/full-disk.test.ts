import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppendError, partition } from '../index.ts';
import { node, program, startChild } from './child.fixture.ts';
import { EmbeddedLog } from './index.ts';

const notWritten = { code: 'UNAVAILABLE', fates: [{ kind: 'not_written' }, { kind: 'not_written' }] };

test('a log that may grow no more refuses appends, keeps what it acknowledged, and goes on when it is trimmed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    // In blocks of 1024 bytes.
    const child = startChild([directory, 'fill'], ['bash', '-c', 'ulimit -S -f 6000 && exec "$@"', 'bash', node, program]);
    const full = JSON.parse(await child.line('{"written"')) as { written: number; end: number; refusal: unknown };
    assert.deepEqual(full.refusal, notWritten);
    assert.equal(full.end, full.written);
    assert.ok(full.written > 10, `${full.written} records`);
    const after = JSON.parse(await child.line('{"offsets"')) as unknown;
    const { written } = full;
    assert.deepEqual(after, { offsets: [written, written + 1], extent: { start: written, end: written + 2 } });
    await child.ended;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

/** A small file system of its own; undefined where this process may not mount one. */
async function smallDisk(): Promise<{ readonly directory: string; readonly unmount: () => Promise<void> } | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory]).status === 0) {
    return {
      directory,
      unmount: async () => {
        spawnSync('umount', ['-l', directory]);
        await rm(directory, { recursive: true, force: true });
      },
    };
  }
  await rm(directory, { recursive: true, force: true });
  return undefined;
}

test('a full disk refuses appends with each fate, reads go on, and there is room again when something else is deleted', async (t) => {
  const disk = await smallDisk();
  if (disk === undefined) {
    t.skip('a file system can be mounted by root only');
    return;
  }
  const { directory, unmount } = disk;
  try {
    await using log = await EmbeddedLog.open({ directory: join(directory, 'log') });
    await log.createTopic('t', 1);
    const entry = { partition: partition(0), key: Buffer.from('key'), value: Buffer.alloc(200_000, 'v'), headers: {} };
    await log.append('t', [entry]);
    const filler = join(directory, 'filler');
    await writeFile(filler, Buffer.alloc(6 * 1024 * 1024));
    let acknowledged = 1;
    const refusal = await (async () => {
      for (;;) {
        try {
          await log.append('t', [entry, entry]);
          acknowledged += 2;
        } catch (error) {
          return error;
        }
      }
    })();
    assert.ok(refusal instanceof AppendError, String(refusal));
    assert.deepEqual({ code: refusal.code, fates: refusal.fates }, notWritten);
    await assert.rejects(log.append('t', [entry, entry]), AppendError);
    assert.deepEqual(await log.extents('t'), [{ start: 0, end: acknowledged }]);
    await rm(filler);
    assert.deepEqual((await log.append('t', [entry, entry])).offsets, [acknowledged, acknowledged + 1]);
  } finally {
    await unmount();
  }
});
