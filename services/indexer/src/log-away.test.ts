import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { partition, partitionOf } from '@proximadb/log';
import { readManifest } from '@proximadb/segment';
import { rig } from './testing/rig.ts';

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 120_000;
  while (!await holds()) {
    assert.ok(performance.now() < endMs, `in time: ${what}`);
    await delay(10);
  }
}

describe('a shard whose log goes away', () => {
  test('serves what it has, says so, and goes on when the log is back', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      r.faults.logGoesAway();
      await until('both partitions know', async () => (await r.host().report(7)).every(({ logAway }) => logAway !== null));
      const here = { log: 7, at: [{ partition: 0, atLeast: 0 }, { partition: 1, atLeast: 0 }], timeoutMs: 1_000 };
      assert.equal((await r.host().count(here, null)).count, 20);
      const [before] = await r.log().extents(r.topic.topic);
      const beyond = { ...here, at: [{ partition: 0, atLeast: (before?.end ?? 0) + 1 }], timeoutMs: 50 };
      await assert.rejects(r.host().count(beyond, null), { code: 'DEADLINE_EXCEEDED', message: /1 records behind/ });
      r.faults.logComesBack();
      await r.upsert('after', [0, 1, 0, 0]);
      assert.equal((await r.host().count(await r.request(), null)).count, 21);
      assert.ok((await r.host().report(7)).every(({ logAway, state }) => logAway === null && state === 'serving'));
    } finally {
      await r.close();
    }
  });

  test('stops with a reason if what comes back is another log, and never goes on from it', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      r.faults.logGoesAway();
      await until('both partitions know', async () => (await r.host().report(7)).every(({ logAway }) => logAway !== null));
      // Deleted, and made again longer than it was.
      await r.log().deleteTopic(r.topic.topic);
      await r.log().createTopic(r.topic.topic, 2);
      const keys = Array.from({ length: 200 }, (_, i) => Buffer.from(`other${i}`));
      await r.log().append(r.topic.topic, keys.map((key) => ({ partition: partitionOf(key, 2), key, value: null, headers: {} })));
      r.faults.logComesBack();
      await until('both partitions stop', async () => (await r.host().report(7)).every(({ state }) => state === 'stopped'));
      for (const { reason } of await r.host().report(7)) assert.match(reason ?? '', /was made anew: its topic has the id/);
      await assert.rejects(r.host().count({ log: 7, at: [{ partition: 0, atLeast: 0 }], timeoutMs: 100 }, null), { code: 'UNAVAILABLE' });
    } finally {
      await r.close();
    }
  });

  test('stops if the record that it applied last is another one now', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      r.faults.logGoesAway();
      await until('both partitions know', async () => (await r.host().report(7)).every(({ logAway }) => logAway !== null));
      r.faults.change = (record) => ({ ...record, appendTimeMicros: record.appendTimeMicros + 1 });
      r.faults.logComesBack();
      await until('both partitions stop', async () => (await r.host().report(7)).every(({ state }) => state === 'stopped'));
      for (const { reason } of await r.host().report(7)) assert.match(reason ?? '', /has another record at offset/);
    } finally {
      await r.close();
    }
  });

  test('writes no manifest that the log does not confirm', async () => {
    const r = await rig({ growingRowsMax: 1_000, maintenanceMs: 3_600_000 });
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      r.faults.change = (record) => ({ ...record, appendTimeMicros: record.appendTimeMicros + 1 });
      await r.host().settle(7);
      for (const { state, durable, reason } of await r.host().report(7)) {
        assert.deepEqual([state, durable], ['stopped', 0]);
        assert.match(reason ?? '', /has another record at offset/);
      }
    } finally {
      await r.close();
    }
  });

  test('a record that came as refused is in the ledger, whatever it holds, and takes its offset', async () => {
    const r = await rig();
    try {
      const key = Buffer.from('refused');
      r.faults.change = (record) => (Buffer.compare(record.key, key) === 0 ? { ...record, refused: 'written in a transaction' } : record);
      await r.log().append(r.topic.topic, [{ partition: partitionOf(key, 2), key, value: null, headers: {} }]);
      await r.upsert('x', [1, 0, 0, 0]);
      assert.equal((await r.host().count(await r.request(), null)).count, 1);
      const reports = await r.host().report(7);
      assert.equal(reports.reduce((sum, { malformed }) => sum + malformed, 0), 1);
    } finally {
      await r.close();
    }
  });
});

describe('a partition that moves', () => {
  test('is let go of with all it has on disk, and taken again where it was', async () => {
    const r = await rig();
    try {
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      const zero = async () => (await r.host().report(7)).find((report) => report.partition === 0);
      const first = await zero();
      await r.host().release(7, 0);
      assert.deepEqual(r.host().positions().map((position) => position.partition), [1]);
      const zeroAlone = { log: 7, at: [{ partition: 0, atLeast: 0 }], timeoutMs: 100 };
      await assert.rejects(r.host().count(zeroAlone, null), { code: 'UNAVAILABLE', message: /not served here/ });
      await r.host().release(7, 0);
      r.assign(0);
      assert.equal((await r.host().count(await r.request(), null)).count, 20);
      const again = await zero();
      assert.deepEqual([again?.durable, again?.live], [first?.watermark, first?.live]);
    } finally {
      await r.close();
    }
  });

  test('is staged as its last manifest has it, while merges go on', async () => {
    const r = await rig({ mergeFlatsMin: 2, maintenanceMs: 3_600_000 });
    try {
      const staged = join(r.directory, 'staged');
      mkdirSync(staged);
      assert.equal(await r.host().stage(7, 0, join(staged, 'nothing-yet')), undefined);
      for (let i = 0; i < 40; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      for (let i = 40; i < 80; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      const answer = await r.host().stage(7, 0, join(staged, '0'));
      const manifest = await readManifest(join(staged, '0'));
      assert.equal(answer?.watermark, manifest?.watermark);
      assert.ok((manifest?.segments.length ?? 0) >= 2);
      await r.host().maintain();
      const files = (manifest?.segments ?? []).flatMap(({ id, files: names }) => names.map(({ name }) => join('segments', id, name)));
      assert.ok(files.length > 0 && files.every((file) => existsSync(join(staged, '0', file))));
      assert.ok(files.some((file) => !existsSync(join(r.directory, 'shards', '7', '0', file))), 'a merge has removed some of them');
    } finally {
      await r.close();
    }
  });

  test('behind snapshots only, the log is trimmed no further than the oldest of them', async () => {
    const r = await rig({ historyMs: 0, historyBytesMax: 0, growingRowsMax: 32 }, { trimBehindSnapshots: true });
    try {
      for (let i = 0; i < 200; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      await r.host().maintain();
      assert.equal(r.asked.trims.length, 0);
      r.host().snapshotted(7, partition(0), 50);
      await r.host().maintain();
      await Promise.all(r.asked.trims);
      const [zero, one] = await r.log().extents(r.topic.topic);
      assert.ok((zero?.start ?? 0) > 0 && (zero?.start ?? 0) <= 49, `trimmed up to ${zero?.start}`);
      assert.equal(one?.start, 0);
    } finally {
      await r.close();
    }
  });
});
