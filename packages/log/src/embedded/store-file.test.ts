import { strict as assert } from 'node:assert';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { entryOf } from '../contract.ts';
import { EmbeddedLog } from './index.ts';

const isDataLoss = (error: unknown): boolean => error instanceof AppError && error.code === 'DATA_LOSS';

test('a file that is no log, or was cut off, is refused each time, and the directory is given back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  const file = join(directory, 'data.mdb');
  try {
    await writeFile(file, 'not a log '.repeat(2_000));
    for (let round = 0; round < 2; round += 1) await assert.rejects(EmbeddedLog.open({ directory }), isDataLoss);
    await writeFile(file, '');
    {
      await using log = await EmbeddedLog.open({ directory });
      await log.createTopic('t', 1);
      assert.deepEqual((await log.append('t', [entryOf(0, 'a')])).offsets, [0]);
    }
    await truncate(file, 5_000);
    await assert.rejects(EmbeddedLog.open({ directory }), isDataLoss);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
