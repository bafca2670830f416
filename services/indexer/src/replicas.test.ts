import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { encodePatchRecord } from '@proximadb/record';
import type { ShardHost } from './host.ts';
import { markEvery } from './replica-sum.ts';
import { rig, schemaIds } from './testing/rig.ts';

type Rig = Awaited<ReturnType<typeof rig>>;

/** Applies all that is in the log. @returns the sums of both partitions there. */
async function sums(r: Rig, host: ShardHost) {
  await host.count(await r.request(), null);
  return [0, 1].map((partition) => host.marks(7, partition).at(-1));
}

async function write(r: Rig): Promise<void> {
  for (let i = 0; i < 150; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0], { n: BigInt(i) });
  for (let i = 0; i < 150; i += 3) await r.upsert(`w${i}`, [2, i, 0, 0]);
  for (let i = 0; i < 150; i += 7) await r.remove(`w${i}`);
  for (let i = 1; i < 150; i += 11) {
    const patch = { id: `w${i}`, set: new Map([['patched', true]]), unset: [], vector: null, timestamp: null };
    await r.write(encodePatchRecord(schemaIds.PatchRecord, patch), `w${i}`);
  }
}

test('replicas that seal, merge and restart as they like have one sum at one offset; a record more or less is another', async () => {
  const r = await rig();
  const other = r.replica('other', { growingRowsMax: 1_000, maintenanceMs: 3_600_000 });
  try {
    await write(r);
    const expected = await sums(r, other);
    assert.ok(expected.every((mark) => mark !== undefined && mark.offset > 50 && !/^0+$/.test(mark.sum)));
    assert.deepEqual(await sums(r, r.host()), expected, 'through memtables and segments');
    await r.host().settle(7);
    await r.host().maintain();
    assert.deepEqual(await sums(r, r.host()), expected, 'merged');
    await r.reopen();
    assert.deepEqual(await sums(r, r.host()), expected, 'restarted');
    await r.upsert('w0', [3, 3, 3, 3]);
    assert.notDeepEqual(await sums(r, r.host()), expected);
    assert.deepEqual(await sums(r, r.host()), await sums(r, other));
  } finally {
    await other.close();
    await r.close();
  }
});

test('what has expired by log time is in no sum, whether its bytes are still there or not', async () => {
  const r = await rig({ maintenanceMs: 3_600_000, deadShareMax: 0.01 });
  const other = r.replica('other', { growingRowsMax: 1_000 });
  try {
    const soon = BigInt(r.now() + 60_000_000);
    for (let i = 0; i < 80; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0], {}, null, i % 2 === 0 ? soon : null);
    const before = await sums(r, r.host());
    assert.deepEqual(await sums(r, other), before);
    await r.host().settle(7);
    r.setClock(Number(soon) + 1_000_000);
    for (const id of ['x', 'y', 'z', 'u', 'v']) await r.upsert(id, [1, 1, 1, 1]);
    await r.host().settle(7);
    await r.host().maintain();
    const rows = (await r.host().report(7)).flatMap(({ segments }) => segments).reduce((sum, segment) => sum + segment.rows, 0);
    assert.equal(rows, 45, 'a merge left out what had expired');
    const after = await sums(r, r.host());
    assert.deepEqual(await sums(r, other), after, 'the other one still has them');
    await r.reopen();
    assert.deepEqual(await sums(r, r.host()), after);
  } finally {
    await other.close();
    await r.close();
  }
});

test('the sum is noted at every 65,536th offset', async () => {
  const r = await rig({ growingRowsMax: 8_192 });
  const other = r.replica('other');
  try {
    const tick = { partition: 0 as never, key: new Uint8Array(), value: null, headers: {} };
    await r.upsert('w1', [1, 0, 0, 0]);
    await r.upsert('w2', [1, 0, 0, 0]);
    for (let sent = 0; sent < markEvery; sent += 16_384) await r.log().append(r.topic.topic, Array.from({ length: 16_384 }, () => tick));
    await sums(r, r.host());
    await sums(r, other);
    const [mark] = r.host().marks(7, 0);
    assert.equal(mark?.offset, markEvery);
    assert.deepEqual(other.marks(7, 0), r.host().marks(7, 0));
    const before = r.host().marks(7, 0);
    await r.reopen();
    await sums(r, r.host());
    assert.deepEqual(r.host().marks(7, 0), before, 'kept over a restart');
  } finally {
    await other.close();
    await r.close();
  }
});
