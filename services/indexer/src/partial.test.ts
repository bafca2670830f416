import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { partitionOf } from '@proximadb/log';
import { Deadline } from '@proximadb/process';
import { rig } from './testing/rig.ts';

const ids = Array.from({ length: 20 }, (_, i) => `w${i}`);
const home = (id: string): number => partitionOf(Buffer.from(id), 2);
const spec = { vector: Float32Array.of(1, 0, 0, 0), k: 100, filter: null, exact: false, ef: null, records: false, explain: false };

test('partitions that are not here, or behind, are left out where the request allows it, and fail it where not', async () => {
  const r = await rig();
  try {
    for (const [i, id] of ids.entries()) await r.upsert(id, [1, i, 0, 0]);
    const here = ids.filter((id) => home(id) === 0).sort();
    const behind = { log: 7, at: [{ partition: 0, atLeast: 0 }, { partition: 1, atLeast: 1_000 }], timeoutMs: 30 };
    await assert.rejects(r.host().count(behind, null), { code: 'DEADLINE_EXCEEDED' });
    const late = await r.host().count({ ...behind, allowPartial: true }, null);
    assert.deepEqual([late.count, late.watermarks.map(({ partition }) => partition)], [here.length, [0]]);
    assert.deepEqual(late.missing.map(({ partition, code }) => [partition, code]), [[1, 'DEADLINE_EXCEEDED']]);
    assert.match(late.missing[0]?.reason ?? '', /did not get there in time/);

    await r.host().release(7, 1);
    const request = { ...behind, at: [{ partition: 0, atLeast: 0 }, { partition: 1, atLeast: 0 }] };
    await assert.rejects(r.host().count(request, null), { code: 'UNAVAILABLE' });
    const missing = [{ partition: 1, code: 'UNAVAILABLE', reason: 'partition 1 of log 7 is not served here' }];
    const found = await r.host().search({ ...request, allowPartial: true }, [spec]);
    assert.deepEqual(found.missing, missing);
    assert.deepEqual(found.answers[0]?.hits.map(({ id }) => id).sort(), here);
    const got = await r.host().get({ ...request, allowPartial: true }, ids);
    assert.deepEqual([got.rows.map(({ id }) => id).sort(), got.missing], [here, missing]);
    const page = await r.host().scroll({ ...request, allowPartial: true }, { filter: null, after: null, limit: 100, bytesMax: 1e6 });
    assert.deepEqual([page.rows.map(({ id }) => id), page.missing], [here, missing]);
  } finally {
    await r.close();
  }
});

test('what is wrong with the request itself fails it, whatever it allows', async () => {
  const r = await rig();
  try {
    const request = { log: 7, at: [{ partition: 0, atLeast: 1_000 }], timeoutMs: 10_000, allowPartial: true };
    const gone = AbortSignal.abort(new AppError('CANCELLED', 'the client went away'));
    await assert.rejects(r.host().count(request, null, gone), { code: 'CANCELLED' });
  } finally {
    await r.close();
  }
});

test('a caller whose time is up hears by how much the shard is behind, although its signal says so, too', async () => {
  const r = await rig();
  try {
    for (let i = 0; i < 5; i += 1) {
      const { signal } = Deadline.after(20);
      const counted = r.host().count({ log: 7, at: [{ partition: 0, atLeast: 1_000 }], timeoutMs: 25 }, null, signal);
      await assert.rejects(counted, { code: 'DEADLINE_EXCEEDED', message: /1000 records behind/ });
    }
  } finally {
    await r.close();
  }
});
