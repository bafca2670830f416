import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readManifest } from '@proximadb/segment';
import { rig } from './testing/rig.ts';

describe('a host of shards that stop', () => {
  test('stops with a reason, and touches nothing, where the log is not the one of its manifest', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 10; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      await r.replaceLog();
      const message = /is not the log that this shard's manifest was made from/;
      for (const at of (await r.request()).at) {
        await assert.rejects(r.host().count({ log: 7, at: [at], timeoutMs: 10_000 }, null), { code: 'UNAVAILABLE', message });
      }
      const reports = await r.host().report(7);
      assert.ok(reports.every(({ state, reason }) => state === 'stopped' && reason !== null));
    } finally {
      await r.close();
    }
  });

  test('stops with a reason where a file is damaged, and builds a damaged graph again', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10, mergeFlatsMin: 100 });
    try {
      for (let i = 0; i < 60; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      await r.host().maintain();
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.every(({ indexed }) => indexed)));
      await r.damage('graph.usearch');
      assert.equal((await r.host().count(await r.request(), null)).count, 60);
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.every(({ indexed }) => !indexed)));
      await r.host().maintain();
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.every(({ indexed }) => indexed)));
      await r.damage('vectors.f32');
      await assert.rejects(r.host().count(await r.request(), null), { code: 'UNAVAILABLE', message: /vectors\.f32 fails its checksum/ });
    } finally {
      await r.close();
    }
  });

  test('a stop waits for no graph: what was being built is built again after the next start', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10, mergeFlatsMin: 100 });
    try {
      for (let i = 0; i < 60; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      const held = r.faults.holdBuilds();
      const maintained = r.host().maintain();
      await held.reached;
      await r.host().close();
      held.release();
      await maintained;
      await r.reopen();
      assert.equal((await r.host().count(await r.request(), null)).count, 60);
      assert.ok((await r.host().report(7)).every(({ segments, state }) => state === 'serving' && segments.every(({ indexed }) => !indexed)));
      await r.host().maintain();
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.every(({ indexed }) => indexed)));
    } finally {
      await r.close();
    }
  });

  test('letting go of a collection ends when the files of its shards are closed, of those that were let go of before, too', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      const held = r.faults.holdBuilds();
      const released = [0, 1].map((each) => r.host().release(7, each));
      await held.reached;
      let isOver = false;
      const all = r.host().releaseAll(7).then(() => { isOver = true; });
      await delay(50);
      assert.equal(isOver, false);
      held.release();
      await Promise.all([...released, all]);
      const manifests = await Promise.all([0, 1].map((each) => readManifest(join(r.directory, 'shards', '7', String(each)))));
      assert.equal(manifests.flatMap((manifest) => manifest!.segments).reduce((sum, { rows }) => sum + rows, 0), 20);
    } finally {
      await r.close();
    }
  });
});
