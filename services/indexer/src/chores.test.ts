import { strict as assert } from 'node:assert';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { partitionOf } from '@proximadb/log';
import { Sealed } from '@proximadb/segment';
import { rig } from './testing/rig.ts';

/** @returns what writes twenty more records to each partition: segments of one size. */
function evenly(r: Awaited<ReturnType<typeof rig>>): () => Promise<void> {
  let next = 0;
  return async () => {
    for (const left = [20, 20]; left.some((count) => count > 0); next += 1) {
      const at = partitionOf(Buffer.from(`w${next}`), 2);
      if (left[at] === 0) continue;
      left[at]! -= 1;
      await r.upsert(`w${next}`, [1, next, 0, 0]);
    }
  };
}

test('what gets a graph becomes one segment first, and what comes while it is built becomes another', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10, mergeFlatsMin: 100 });
  const write = evenly(r);
  const segments = async () => (await r.host().report(7)).map((report) => report.segments.map(({ rows, indexed }) => ({ rows, indexed })));
  const until = async (count: number): Promise<void> => { while ((await segments()).some(({ length }) => length !== count)) await delay(5); };
  const over: Promise<void>[] = [];
  try {
    for (const _ of [1, 2]) {
      await write();
      await r.host().settle(7);
    }
    await until(2);
    const held = r.faults.holdBuilds((job) => job.kind === 'graph');
    over.push(r.host().maintain());
    await held.reached;
    await until(1);
    for (const count of [2, 3]) {
      await write();
      over.push(r.host().settle(7));
      await until(count);
    }
    over.push(r.host().maintain());
    await until(2);
    // Of one size, but the graph of one of them is being built.
    while ((await r.host().report(7)).some(({ building }) => building !== 40)) await delay(5);
    over.push(r.host().maintain());
    assert.ok((await segments()).flat().every(({ indexed }) => !indexed));
    held.release();
    await Promise.all(over);
    for (const each of await segments()) assert.deepEqual(each, [{ rows: 40, indexed: true }, { rows: 40, indexed: false }]);
    assert.equal((await r.host().count(await r.request(), null)).count, 160);
  } finally {
    await r.close();
  }
});

test('while segments become one, the graph of all of them is built; whichever fails is made again, and nothing of it stays', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10, mergeFlatsMin: 100 }, { index: 'hnsw' });
  const write = evenly(r);
  const segments = async () => (await r.host().report(7)).map((report) => report.segments.map(({ rows, indexed }) => [rows, indexed]));
  const folders = () => globSync(join(r.directory, 'shards', '7', '*', 'segments', '*')).length;
  try {
    for (const _ of [1, 2]) {
      await write();
      await r.host().settle(7);
    }
    const begun = Promise.withResolvers<void>();
    const kinds: string[] = [];
    const held = r.faults.holdBuilds((job) => {
      kinds.push(job.kind);
      if (kinds.length === 4) begun.resolve();
      return true;
    });
    void r.host().maintain();
    await begun.promise;
    assert.deepEqual(kinds.toSorted(), ['graph', 'graph', 'merge', 'merge']);
    assert.deepEqual(await segments(), [[[20, false], [20, false]], [[20, false], [20, false]]]);
    // In each partition one of the two: what comes first fails.
    r.faults.builds = 2;
    held.release();
    const endMs = performance.now() + 120_000;
    while (performance.now() < endMs && (await segments()).flat().some(([rows, indexed]) => rows !== 40 || indexed !== true)) {
      await delay(50);
      void r.host().maintain();
    }
    assert.deepEqual(await segments(), [[[40, true]], [[40, true]]]);
    await r.host().maintain();
    assert.equal(folders(), 2);
    assert.equal((await r.host().count(await r.request(), null)).count, 80);
    await r.reopen();
    assert.equal((await r.host().count(await r.request(), null)).count, 80);
    assert.deepEqual(await segments(), [[[40, true]], [[40, true]]]);
  } finally {
    await r.close();
  }
});

test('a merge that fails when its files are there leaves none of them', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 3_600_000, graphRowsMin: 10, mergeFlatsMin: 100 });
  const write = evenly(r);
  const segments = async () => (await r.host().report(7)).map((report) => report.segments.map(({ rows, indexed }) => [rows, indexed]));
  const folders = () => globSync(join(r.directory, 'shards', '7', '*', 'segments', '*')).length;
  const four = [[20, true], [20, true], [20, true], [20, true]];
  const failed: string[] = [];
  try {
    r.faults.beforeBuild = async (job) => {
      if (job.kind === 'merge') failed.push(job.kind);
      if (job.kind !== 'graph' || job.sources.length === 1) return;
      failed.push(job.kind);
      throw new AppError('UNAVAILABLE', 'no space left on device');
    };
    for (const _ of four) {
      await write();
      await r.host().settle(7);
      void r.host().maintain();
      const endMs = performance.now() + 60_000;
      while (performance.now() < endMs && (await segments()).flat().some(([, indexed]) => indexed !== true)) await delay(5);
    }
    assert.deepEqual(await segments(), [four, four]);
    const endMs = performance.now() + 60_000;
    while (performance.now() < endMs && (failed.length < 4 || folders() > 8)) {
      void r.host().maintain();
      await delay(5);
    }
    assert.deepEqual(failed.toSorted(), ['graph', 'graph', 'merge', 'merge']);
    assert.equal(folders(), 8);
    assert.deepEqual(await segments(), [four, four]);
  } finally {
    await r.close();
  }
});

test('what is sealed because nobody writes any more gets its index at once, and not with the next look', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10 });
  try {
    await evenly(r)();
    void r.host().maintain();
    const segments = async () => (await r.host().report(7)).map((report) => report.segments.map(({ rows, indexed }) => [rows, indexed]));
    const endMs = performance.now() + 120_000;
    while (performance.now() < endMs && (await segments()).some(([one]) => one?.[1] !== true)) await delay(5);
    assert.deepEqual(await segments(), [[[20, true]], [[20, true]]]);
  } finally {
    await r.close();
  }
});

test('an index waits for what is being merged, and takes all of it', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 1_000, bulkIdleShare: 1, idleGraphRowsMin: 10, graphRowsMin: 1_000_000, mergeFlatsMin: 2 });
  const write = evenly(r);
  const rows = async () => (await r.host().report(7)).map(({ segments }) => segments.map((one) => [one.rows, one.indexed]));
  try {
    for (const _ of [1, 2]) {
      await write();
      await r.host().settle(7);
    }
    const held = r.faults.holdBuilds((job) => job.kind === 'merge');
    const merged = r.host().maintain();
    await held.reached;
    await write();
    const settled = r.host().settle(7);
    while ((await rows()).some(({ length }) => length < 3)) await delay(5);
    await delay(1_100);
    void r.host().maintain();
    held.release();
    await Promise.all([merged, settled]);
    assert.deepEqual(await rows(), [[[20, false], [40, false]], [[20, false], [40, false]]]);
    await r.host().maintain();
    assert.deepEqual(await rows(), [[[60, true]], [[60, true]]]);
  } finally {
    await r.close();
  }
});

test('where most rows wait, an index begins soon after the last write, whenever it is looked at next; where most have theirs, it waits', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 600_000, bulkIdleShare: 0.0001, idleGraphRowsMin: 20 }, { index: 'hnsw' });
  const write = evenly(r);
  const segments = async () => (await r.host().report(7)).map((report) => report.segments.map(({ rows, indexed }) => [rows, indexed]));
  try {
    await write();
    while ((await segments()).flat().filter(([, indexed]) => indexed).length < 2) await delay(5);
    await write();
    assert.equal((await r.host().count(await r.request(), null)).count, 80);
    // Ten times as long as the first ones waited.
    await delay(1_000);
    assert.deepEqual(await segments(), [[[20, true]], [[20, true]]]);
  } finally {
    await r.close();
  }
});

test('a segment of which much was deleted is written anew before it gets its graph', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 3_600_000, graphRowsMin: 10 });
  try {
    for (let i = 0; i < 60; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
    await r.host().settle(7);
    for (let i = 0; i < 24; i += 1) await r.remove(`w${i}`);
    // A manifest that says so: what ended above the watermark of the last one is not left out.
    await r.host().settle(7);
    await r.host().maintain();
    const segments = (await r.host().report(7)).flatMap((report) => report.segments);
    assert.deepEqual([segments.reduce((sum, { rows }) => sum + rows, 0), segments.every(({ indexed }) => indexed)], [36, true]);
  } finally {
    await r.close();
  }
});

test('a shard at rest is looked at as often as before while rows wait for an index, and else a quarter as often', async () => {
  const quiet = { maintenanceMs: 50, idleMs: 3_600_000, graphRowsMin: 1_000_000 };
  const r = await rig({ ...quiet, idleGraphRowsMin: 64 });
  const other = r.replica('other', { ...quiet, idleGraphRowsMin: 65 });
  const looks = [r.host(), other].map((host) => {
    const counted = { looks: 0 };
    const maintain = host.maintain.bind(host);
    host.maintain = async () => { counted.looks += 1; return maintain(); };
    return counted;
  });
  try {
    const names = Array.from({ length: 1_000 }, (_, i) => `w${i}`).filter((id) => partitionOf(Buffer.from(id), 2) === 0).slice(0, 64);
    for (const id of names) await r.upsert(id, [1, 2, 3, 4]);
    assert.equal((await other.count(await r.request(), null)).count, 64);
    for (const where of ['memory', 'segments']) {
      await delay(300);
      for (const each of looks) each.looks = 0;
      while (looks[1]!.looks < 5) await delay(5);
      assert.ok(looks[0]!.looks >= 12, `${where}: ${JSON.stringify(looks)}`);
      for (const host of [r.host(), other]) await host.settle(7);
    }
  } finally {
    await other.close();
    await r.close();
  }
});

test('a shard that is being opened has all of its segments or none: a merge that began meanwhile would leave out the others, for good', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10_000 });
  const write = evenly(r);
  try {
    for (const _ of [1, 2, 3, 4]) {
      await write();
      await r.host().settle(7);
    }
    const [halfway, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const open = Sealed.open.bind(Sealed);
    let opened = 0;
    const slow = mock.method(Sealed, 'open', async (...asked: Parameters<typeof open>) => {
      const [, isThereBefore] = asked;
      if (isThereBefore) opened += 1;
      if (!isThereBefore || opened <= 4) return open(...asked);
      halfway.resolve();
      await released.promise;
      return open(...asked);
    });
    await r.reopen();
    await halfway.promise;
    await delay(50);
    await r.host().maintain();
    slow.mock.restore();
    released.resolve();
    assert.equal((await r.host().count(await r.request(), null)).count, 160);
    await r.crash();
    assert.equal((await r.host().count(await r.request(), null)).count, 160);
  } finally {
    await r.close();
  }
});

for (const when of ['before its manifest is written', 'while its manifest is written'] as const) {
  test(`a shard that is closed while a merge ends, ${when}, has all of its files when it is opened again`, async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10_000 });
    const write = evenly(r);
    const [halfway, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const open = Sealed.open.bind(Sealed);
    let slow: { readonly mock: { restore(): void } } | undefined;
    try {
      for (const _ of [1, 2]) {
        await write();
        await r.host().settle(7);
      }
      let opened = 0;
      slow = mock.method(Sealed, 'open', async (...asked: Parameters<typeof open>) => {
        const sealed = await open(...asked);
        const [, isThereBefore] = asked;
        if (isThereBefore) return sealed;
        opened += 1;
        if (opened === 2) halfway.resolve();
        if (when === 'before its manifest is written') await released.promise;
        return sealed;
      });
      const merged = r.host().maintain();
      await halfway.promise;
      await r.reopen();
      const request = await r.request();
      const early = when === 'before its manifest is written' ? r.host().count(request, null) : undefined;
      if (early !== undefined) assert.equal((await early).count, 80);
      released.resolve();
      await merged;
      slow.mock.restore();
      assert.equal((await r.host().count(request, null)).count, 80);
      for (const { segments } of await r.host().report(7)) assert.equal(segments.reduce((sum, { rows }) => sum + rows, 0), 40);
      await r.reopen();
      assert.equal((await r.host().count(request, null)).count, 80);
      assert.ok((await r.host().report(7)).every(({ state }) => state === 'serving'));
    } finally {
      released.resolve();
      slow?.mock.restore();
      await r.close();
    }
  });
}

test('a shard that starts merges nothing until it has applied what was acknowledged, unless that is so much that many segments come of it', async () => {
  const r = await rig({ idleMs: 3_600_000, graphRowsMin: 1_000_000, mergeFlatsMin: 1_000_000 });
  const ids = Array.from({ length: 6_000 }, (_, i) => `w${i}`).filter((id) => partitionOf(Buffer.from(id), 2) === 0);
  try {
    await Promise.all(ids.map((id) => r.upsert(id, [1, 2, 3, 4])));
    for (const [name, growingRowsMax, begins] of [['few', 64, 'serving'], ['many', 32, 'replaying']] as const) {
      const begun: string[] = [];
      const other = r.replica(name, { growingRowsMax, mergeFlatsMin: 2 });
      const state = async () => (await other.report(7))[0]!.state;
      r.faults.beforeBuild = async ({ kind }) => {
        if (kind === 'merge') begun.push(await state());
      };
      try {
        while (await state() === 'replaying') {
          void other.maintain();
          await delay(1);
        }
        await other.maintain();
        assert.equal(begun[0], begins, name);
      } finally {
        await other.close();
      }
    }
  } finally {
    await r.close();
  }
});
