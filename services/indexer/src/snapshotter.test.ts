import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '@proximadb/process';
import { readManifest } from '@proximadb/segment';
import { Snapshotter } from './snapshotter.ts';
import { rig } from './testing/rig.ts';

const everyMs = 60_000;

test('a shard at rest is written once more when its segments have become others, as graphs make them', async () => {
  const r = await rig({ growingRowsMax: 32, graphRowsMin: 64, idleGraphRowsMin: 1_000, maintenanceMs: 3_600_000, idleMs: 3_600_000 });
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-snapshotter-'));
  for (let i = 0; i < 600; i += 1) await r.upsert(`w${i}`, [1, i, i * i, 0]);
  await r.host().count(await r.request(), null);
  await r.host().settle(7);
  let nowMs = 0;
  /** Of each snapshot: the partition, and whether it has graphs. */
  const written: { partition: number; indexed: boolean; watermark: number }[] = [];
  const snapshotter = new Snapshotter({
    directory, memberId: 'a', group: 0, positions: () => r.host().positions(), members: () => [], everyMs, everyRecords: 1_000_000,
    collectEveryMs: 3_600_000, lookMs: 5, clock: () => nowMs, logger: createLogger({ level: 'error' }),
    shards: {
      stage: (log, partition, into) => r.host().stage(log, partition, into),
      snapshotted: async (log, partition, oldest) => { r.host().snapshotted(log, partition, oldest); },
    },
    writer: {
      async publish(_log, partition, staged) {
        const { segments, watermark } = await readManifest(staged) ?? assert.fail('what is staged has a manifest');
        written.push({ partition, watermark, indexed: segments.some(({ graph }) => graph !== null) });
        return { kind: 'published', watermark, oldestWatermark: watermark, bytesUploaded: 1 };
      },
      collect: () => Promise.resolve(),
    },
  });
  /** Waits for so many snapshots; that none comes is believed after a few looks. */
  const looked = async (count: number): Promise<typeof written> => {
    const endMs = performance.now() + (count === 0 ? 100 : 120_000);
    while (performance.now() < endMs && (count === 0 || written.length < count)) await delay(10);
    return written.splice(0).sort((a, b) => a.partition - b.partition);
  };
  try {
    const flat = await looked(2);
    assert.deepEqual(flat.map(({ partition, indexed }) => [partition, indexed]), [[0, false], [1, false]]);
    nowMs += everyMs;
    assert.deepEqual(await looked(0), [], 'nothing has changed');

    const built = r.faults.holdBuilds();
    const maintained = r.host().maintain();
    await built.reached;
    nowMs += everyMs;
    assert.deepEqual(await looked(0), [], 'it is not at rest');
    built.release();
    await maintained;
    assert.deepEqual(await looked(2), flat.map((one) => ({ ...one, indexed: true })));
    nowMs += everyMs;
    assert.deepEqual(await looked(0), []);
  } finally {
    await snapshotter[Symbol.asyncDispose]();
    await r.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
