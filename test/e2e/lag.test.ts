import assert from 'node:assert/strict';
import { globSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { encodeVectorRecord } from '@proximadb/record';
import { startServer } from './server.ts';

const collection = 'words';
const rowsMax = 32;
const lagRecordsMax = 200;
const batch = 20;

test('a server that cannot seal searches ten memtables, keeps what comes then in its log, and in the end sends writers away', async () => {
  await using server = await startServer({
    logLevel: 'silent', indexer: { threads: 1, growingRowsMax: rowsMax }, gateway: { lagRecordsMax, partitionsDefault: 1 },
  }, { attemptsMax: 1 });
  const { client, folder } = server;
  await client.createCollection({ name: collection, dimension: 2 });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  let written = 0;
  const write = async (): Promise<void> => {
    const records = Array.from({ length: batch }, (_, i) => encodeVectorRecord(schemaId, { id: `w${written + i}`, vector: [1, written + i] }));
    await client.upsert({ collection, records });
    written += batch;
  };
  await write();
  // A file where the folder of segments is: what a shard writes fails, as on a full disk.
  let segments: string[] = [];
  while (segments.length === 0) {
    await setTimeout(5);
    segments = globSync(join(folder, 'shards', '*', '0', 'segments'));
  }
  const [path = ''] = segments;
  renameSync(path, `${path}.away`);
  writeFileSync(path, '');

  let refused: unknown;
  while (refused === undefined) {
    await write().catch((error: unknown) => { refused = error; });
    await setTimeout(5);
  }
  assert.ok(refused instanceof AppError);
  assert.deepEqual([refused.code, refused.retryAfterMs], ['RESOURCE_EXHAUSTED', 100]);
  assert.match(refused.message, /nothing was written/);
  const { growing, lag, partitions } = await client.stats({ collection });
  assert.equal(growing, BigInt(10 * rowsMax));
  assert.equal(lag, BigInt(written - 10 * rowsMax));
  assert.ok(Number(lag) > lagRecordsMax, `${lag} records behind`);
  for (let i = 0; i < 5; i += 1) await assert.rejects(write(), { code: 'RESOURCE_EXHAUSTED' });
  assert.equal((await client.stats({ collection })).lag, lag);
  assert.equal(partitions[0]?.state, 'serving');
  assert.equal((await client.search({ collection, vector: Float32Array.of(1, 300), k: 5 })).hits.length, 5);

  rmSync(path);
  renameSync(`${path}.away`, path);
  for (;;) {
    const error = await write().then(() => undefined, (thrown: unknown) => thrown);
    if (error === undefined) break;
    assert.ok(error instanceof AppError && error.code === 'RESOURCE_EXHAUSTED');
    await setTimeout(error.retryAfterMs ?? 0);
  }
  const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  assert.equal((await client.count({ collection, read: strong })).count, BigInt(written));
});
