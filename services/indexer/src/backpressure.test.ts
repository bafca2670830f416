import { strict as assert } from 'node:assert';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { manifestFile, readManifest, type BuildJob } from '@proximadb/segment';
import { rig } from './testing/rig.ts';

type Rig = Awaited<ReturnType<typeof rig>>;

const rowsMax = 32;
const angle = (i: number): number[] => [Math.cos(i / 500), Math.sin(i / 500), 0.1, 0];
const everywhere = { log: 7, at: [{ partition: 0, atLeast: 0 }, { partition: 1, atLeast: 0 }], timeoutMs: 60_000 };
const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

/** A rig whose shards serve: how far a shard has to get before that is decided when it starts, and these tests stop them on their way. */
async function servingRig(overrides: Parameters<typeof rig>[0]): Promise<Rig> {
  const r = await rig(overrides);
  await r.host().count(everywhere, null);
  return r;
}

const watermarksOf = (r: Rig): number[] => r.host().positions().map(({ watermark }) => watermark);

/** The watermarks, once they have not moved for a while. */
async function stalled(r: Rig): Promise<number[]> {
  let before = watermarksOf(r);
  for (let unchanged = 0; unchanged < 50; unchanged += 1) {
    await setTimeout(1);
    const now = watermarksOf(r);
    if (now.some((watermark, i) => watermark !== before[i])) unchanged = 0;
    before = now;
  }
  return before;
}

/** Each partition gets as far as this, and no farther. */
async function assertStopsAt(r: Rig, rows: number): Promise<void> {
  while (watermarksOf(r).some((watermark) => watermark < rows)) await setTimeout(1);
  assert.deepEqual(await stalled(r), [rows, rows]);
}

async function assertFound(r: Rig, numbers: readonly number[]): Promise<void> {
  for (const i of numbers) {
    const spec = { vector: Float32Array.from(angle(i)), k: 1, filter: null, exact: false, ef: null, records: false, explain: false };
    const { answers } = await r.host().search(everywhere, [spec]);
    assert.deepEqual(answers[0]?.hits.map(({ id }) => id), [`w${i}`]);
  }
}

test('while a builder does not finish, ten memtables a shard are searched and the rest waits in the log; then all of it is applied', async () => {
  const r = await servingRig({ growingRowsMax: rowsMax });
  try {
    const held = r.faults.holdBuilds();
    const written = Array.from({ length: 1_500 }, (_, i) => r.upsert(`w${i}`, angle(i)));
    await held.reached;
    await assertStopsAt(r, 10 * rowsMax);
    assert.equal((await r.host().count(everywhere, null)).count, 20 * rowsMax);
    await assertFound(r, [0, 1, 2]);
    assert.deepEqual((await r.host().report(7)).map(({ state }) => state), ['serving', 'serving']);
    await assert.rejects(r.host().count({ ...(await r.request()), timeoutMs: 20 }, null), { code: 'DEADLINE_EXCEEDED', message: /records behind/ });

    held.release();
    await Promise.all(written);
    assert.equal((await r.host().count(await r.request(), null)).count, 1_500);
    await assertFound(r, [0, 700, 1_499]);
  } finally {
    await r.close();
  }
});

/** Tells the first job of each shard from all others. */
function firstOfItsShard(): (job: BuildJob) => boolean {
  const first = new Map<string, string>();
  return ({ directory }) => {
    const shard = dirname(directory);
    if (!first.has(shard)) first.set(shard, directory);
    return first.get(shard) === directory;
  };
}

test('a shard that seals goes on with the first memtable that is done, not with the last', async () => {
  const r = await servingRig({ growingRowsMax: rowsMax, frozenMax: 2 });
  try {
    const isFirst = firstOfItsShard();
    const held = r.faults.holdBuilds((job) => !isFirst(job));
    const written = Array.from({ length: 600 }, (_, i) => r.upsert(`w${i}`, angle(i)));
    await assertStopsAt(r, 4 * rowsMax);
    held.release();
    await Promise.all(written);
  } finally {
    await r.close();
  }
});

/** Folders of segments, those that are being made left out. */
const segmentsOf = (r: Rig): string[] => globSync(join(r.directory, 'shards', '*', '*', 'segments', '*')).filter((path) => !basename(path).startsWith('tmp-'));
const durableOf = async (r: Rig): Promise<number[]> => (await r.host().report(7)).map(({ durable }) => durable);

test('a memtable whose files are there before those of an earlier one waits for it, and lets go of them if that fails', async () => {
  const r = await servingRig({ growingRowsMax: rowsMax, frozenMax: 3 });
  try {
    const isFirst = firstOfItsShard();
    const held = r.faults.holdBuilds(isFirst);
    const written = Array.from({ length: 600 }, (_, i) => r.upsert(`w${i}`, angle(i)));
    await assertStopsAt(r, 4 * rowsMax);
    // The second of each shard has its files; of the third there are none.
    assert.equal(segmentsOf(r).length, 2);
    assert.deepEqual(await durableOf(r), [0, 0]);
    r.faults.builds = Infinity;
    held.release();
    while (segmentsOf(r).length > 0) await setTimeout(1);
    assert.deepEqual(await durableOf(r), [0, 0]);
    await assertFound(r, [0, 1, 2]);
    r.faults.builds = 0;
    await Promise.all(written);
    assert.equal((await r.host().count(await r.request(), null)).count, 600);
    await r.crash();
    assert.equal((await r.host().count(await r.request(), null)).count, 600);
    await assertFound(r, [0, 300, 599]);
  } finally {
    await r.close();
  }
});

test('a shard that stops while the log is away keeps the memtable whose files were being made, and ends after it', async () => {
  const r = await servingRig({ growingRowsMax: rowsMax });
  try {
    const held = r.faults.holdBuilds(firstOfItsShard());
    await Promise.all(Array.from({ length: 120 }, (_, i) => r.upsert(`w${i}`, angle(i))));
    await held.reached;
    r.faults.logGoesAway();
    const closed = r.host().close();
    let isClosed = false;
    void closed.then(() => { isClosed = true; });
    await setTimeout(200);
    assert.equal(isClosed, false, 'its files are still being made');
    held.release();
    await closed;
    const manifests = globSync(join(r.directory, 'shards', '*', '*', manifestFile)).map(dirname);
    assert.deepEqual(await Promise.all(manifests.map(async (shard) => (await readManifest(shard))?.watermark)), [rowsMax, rowsMax]);
    r.faults.logComesBack();
    await r.reopen();
    assert.equal((await r.host().count(await r.request(), null)).count, 120);
  } finally {
    await r.close();
  }
});

test('the bytes of all memtables bound what waits to be sealed, whatever the rows would allow', async () => {
  const r = await servingRig({ growingRowsMax: rowsMax, growingTotalBytesMax: 1 << 20 });
  try {
    const held = r.faults.holdBuilds();
    const text = 'x'.repeat(16_384);
    const written = Array.from({ length: 500 }, (_, i) => r.upsert(`w${i}`, angle(i), { text }));
    await held.reached;
    const applied = sum(await stalled(r));
    // Past the limit a shard fills the memtable that it has, and no other.
    assert.ok(applied * text.length <= (1 << 20) + 2 * rowsMax * text.length + (1 << 19), `${applied} rows`);
    await assertFound(r, [0, 1]);
    held.release();
    await Promise.all(written);
    assert.equal((await r.host().count(await r.request(), null)).count, 500);
  } finally {
    await r.close();
  }
});

test('while no graph gets finished, rows without one are searched up to their limit; then the shard waits for it', async () => {
  const r = await servingRig({ growingRowsMax: 64, graphRowsMin: 256, unindexedRowsMax: 1_024, idleMs: 3_600_000 });
  try {
    const held = r.faults.holdBuilds((job) => job.kind === 'graph');
    const written = Array.from({ length: 5_000 }, (_, i) => r.upsert(`w${i}`, angle(i)));
    await held.reached;
    let watermarks = await stalled(r);
    // Sealing takes turns of the loop: what was frozen becomes segments first.
    while ((await r.host().report(7)).some(({ growingRows }) => growingRows > 64)) watermarks = await stalled(r);
    for (const watermark of watermarks) assert.ok(watermark >= 1_024 && watermark <= 1_024 + 10 * 64, `${watermark} rows`);
    assert.equal((await r.host().count(everywhere, null)).count, sum(watermarks));
    await assertFound(r, [0, 1, 500]);
    held.release();
    await Promise.all(written);
    await r.host().settle(7);
    assert.equal((await r.host().count(await r.request(), null)).count, 5_000);
  } finally {
    await r.close();
  }
});
