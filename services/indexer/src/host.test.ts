import { strict as assert } from 'node:assert';
import { existsSync, promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Collection } from '@proximadb/catalog';
import { partition, partitionOf } from '@proximadb/log';
import type { Filter } from '@proximadb/schemas';
import { createLogger, Deadline } from '@proximadb/process';
import { createQuery, type QueryDependencies } from '@proximadb/query';
import { readManifest } from '@proximadb/segment';
import type { ShardHost } from './host.ts';
import { rig, settings } from './testing/rig.ts';

/** n < 0 */
const below0: Filter = { node: { kind: 'comparison', value: { path: ['n'], operator: 'lt', values: [{ value: { kind: 'long', value: 0n } }] } } };

/** As far as statistics ask it. */
function catalogOf(topic: string): QueryDependencies['catalog'] {
  const collection: Collection = { name: 'words', log: 7, topic, topicId: '', state: 'ready', settings, description: '', tags: {}, createdAtMicros: 0 };
  return { lookUp: () => Promise.resolve(collection) } as unknown as QueryDependencies['catalog'];
}

async function rowsSealed(host: ShardHost): Promise<number> {
  return (await host.report(7)).flatMap(({ segments }) => segments).reduce((sum, { rows }) => sum + rows, 0);
}

describe('a host of shards', () => {
  test('finds what was written, through memtables, segments, graphs, merges and a restart', async () => {
    const r = await rig();
    try {
      const count = 700;
      const angle = (i: number): number[] => [Math.cos(i / 111), Math.sin(i / 111), 0.1, 0];
      for (let i = 0; i < count; i += 1) await r.upsert(`w${i}`, angle(i), { n: BigInt(i) });
      for (let i = 0; i < count; i += 7) await r.remove(`w${i}`);
      for (let i = 1; i < count; i += 7) await r.upsert(`w${i}`, angle(i), { n: BigInt(-i) });
      const expected = count - 100;
      for (const phase of ['growing', 'settled', 'restarted']) {
        const counted = await r.host().count(await r.request(), null);
        assert.equal(counted.count, expected, phase);
        // w49 is deleted.
        const { hits } = await r.search(angle(49.9), 3);
        assert.deepEqual(hits.map(({ id }) => id), ['w50', 'w51', 'w48'], phase);
        const filtered = await r.host().count(await r.request(), below0);
        assert.equal(filtered.count, 100, phase);
        const page = await r.host().scroll(await r.request(), { filter: null, after: 'w5', limit: 1000, bytesMax: 1 << 24 });
        const ids = page.rows.map(({ id }) => id);
        assert.deepEqual(ids, [...ids].sort(), phase);
        assert.equal(ids.every((id) => id > 'w5'), true);
        if (phase === 'growing') await r.host().settle(7);
        if (phase === 'settled') await r.reopen();
      }
      const reports = await r.host().report(7);
      assert.ok(reports.every(({ segments }) => segments.length > 0));
      assert.equal(reports.reduce((sum, { live }) => sum + live, 0), expected);
    } finally {
      await r.close();
    }
  });

  test('of many as near as each other, those who ask for more get the same first: in memtables, segments, and what these become', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, graphRowsMin: 1_000_000, idleGraphRowsMin: 10 });
    const firstOfAll = async (phase: string): Promise<void> => {
      const all = (await r.search([1, 0, 0, 0], 90)).hits.map(({ id }) => id);
      assert.equal(new Set(all).size, 90, phase);
      for (const k of [1, 10, 40, 70]) assert.deepEqual((await r.search([1, 0, 0, 0], k)).hits.map(({ id }) => id), all.slice(0, k), `${phase}, ${k}`);
    };
    try {
      // Descending, so that the order of the ids is not that of the log; and the larger segments come last.
      for (let left = 90; left > 0; left -= 1) {
        await r.upsert(`w${String(left).padStart(2, '0')}`, [left, 0, 0, 0]);
        if (left === 80 || left === 50) await r.host().settle(7);
      }
      await firstOfAll('memtables behind segments');
      await r.host().settle(7);
      await firstOfAll('segments');
      await r.host().maintain();
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.length === 1));
      await firstOfAll('one segment');
    } finally {
      await r.close();
    }
  });

  test('decides conditions in the log’s order and applies a repeated request once', async () => {
    const r = await rig();
    try {
      const absent = { 'proximadb.v1.IfAbsent': {} };
      const first = await r.upsert('a', [1, 0, 0, 0], { v: 1n }, absent, null, 'request-1');
      assert.equal(first.kind, 'applied');
      const second = await r.upsert('a', [0, 1, 0, 0], { v: 2n }, absent);
      assert.deepEqual({ kind: second.kind, reason: second.kind === 'refused' ? second.reason : '' }, { kind: 'refused', reason: 'exists' });
      assert.deepEqual(await r.upsert('a', [1, 0, 0, 0], { v: 1n }, absent, null, 'request-1'), first);
      await r.reopen();
      assert.deepEqual(await r.upsert('a', [1, 0, 0, 0], { v: 1n }, absent, null, 'request-1'), first);
      const wrong = await r.upsert('a', [0, 1, 0, 0], {}, { 'proximadb.v1.IfVersion': { log: 7, offset: first.offset + 1 } });
      assert.equal(wrong.kind, 'refused');
      const right = await r.upsert('a', [0, 1, 0, 0], {}, { 'proximadb.v1.IfVersion': { log: 7, offset: first.offset } });
      assert.equal(right.kind, 'applied');
    } finally {
      await r.close();
    }
  });

  test('hides a record from the instant it expires', async () => {
    const r = await rig();
    try {
      const expires = r.now() + 60_000_000;
      await r.upsert('a', [1, 0, 0, 0], {}, null, BigInt(expires));
      await r.upsert('b', [1, 0, 0, 0]);
      assert.equal((await r.host().count(await r.request(), null)).count, 2);
      r.setClock(expires);
      assert.equal((await r.host().count(await r.request(), null)).count, 1);
      assert.deepEqual((await r.search([1, 0, 0, 0], 10)).hits.map(({ id }) => id), ['b']);
      assert.equal((await r.host().get(await r.request(), ['a'])).rows.length, 0);
    } finally {
      await r.close();
    }
  });

  for (const index of ['hnsw', 'ivf'] as const) {
    test(`what was measured under ${index} is in the manifest, and in those that are written after a restart`, async () => {
      const r = await rig({ growingRowsMax: 4_096, maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 1_000, graphRowsMin: 1_000 }, { index });
      const measured = async (): Promise<[string, number, number | null][]> => {
        const manifests = await Promise.all([0, 1].map((each) => readManifest(join(r.directory, 'shards', '7', String(each)))));
        return manifests.flatMap((manifest) => manifest?.segments ?? []).filter(({ rows }) => rows > 1_000)
          .map(({ id, ladder, reach }) => [id, ladder.reduce((sum, { candidates, recall }) => sum + candidates + recall, 0), reach]);
      };
      try {
        await Promise.all(Array.from({ length: 3_200 }, (_, i) => r.upsert(`w${i}`, [Math.cos(i), Math.sin(i), Math.cos(i * 7), 0])));
        await r.host().settle(7);
        await r.host().maintain();
        const before = await measured();
        assert.equal(before.length, 2);
        assert.ok(before.every(([, ladder, reach]) => (index === 'hnsw') === (ladder > 0) && reach !== null), JSON.stringify(before));
        await r.reopen();
        for (let i = 0; i < 20; i += 1) await r.upsert(`v${i}`, [1, i, 0, 0]);
        await r.host().settle(7);
        assert.deepEqual(await measured(), before);
      } finally {
        await r.close();
      }
    });
  }

  test('rows of which no graph finds what is nearest are searched without: it is tried once, and other rows get theirs', async () => {
    const r = await rig({
      growingRowsMax: 16_384, maintenanceMs: 3_600_000, idleMs: 0, restMs: 3_600_000, idleGraphRowsMin: 1_000, graphRowsMin: 1_000,
      // What is written later needs room for a memtable, and rows that never get an index are not waited for.
      unindexedRowsMax: 4_000, growingBytesMax: 1 << 20,
    });
    const jobs: string[] = [];
    const upserts = async (name: string, count: number, vector: (i: number) => number[], text = ''): Promise<void> => {
      await Promise.all(Array.from({ length: count }, (_, i) => r.upsert(`${name}${i}`, vector(i), { text })));
      await r.host().settle(7);
      for (let i = 0; i < 4; i += 1) await r.host().maintain();
    };
    const segments = async () => (await r.host().report(7)).flatMap((report) => report.segments);
    try {
      r.faults.beforeBuild = (job) => { jobs.push(job.kind); return Promise.resolve(); };
      await upserts('same', 16_000, (i) => [Math.cos(i % 8), Math.sin(i % 8), 1, 0]);
      assert.deepEqual(jobs.filter((kind) => kind !== 'complete'), ['graph', 'graph'], 'one for each partition');
      const rowsWithout = (await segments()).map(({ rows }) => rows);
      assert.deepEqual((await segments()).map(({ indexed }) => indexed), [false, false]);
      for (let each = 0; each < 8; each += 1) {
        const { hits } = await r.search([Math.cos(each), Math.sin(each), 1, 0], 100);
        assert.equal(hits.length, 100);
        assert.ok(hits.every(({ id }) => Number(id.slice('same'.length)) % 8 === each));
      }
      await upserts('other', 3_000, (i) => [Math.cos(i), Math.sin(i), Math.cos(i * 7), 1], 'x'.repeat(1_000));
      const found = await segments();
      assert.deepEqual(found.filter(({ indexed }) => !indexed).map(({ rows }) => rows), rowsWithout);
      assert.ok(found.some(({ indexed }) => indexed), 'the others have their graphs');
    } finally {
      await r.close();
    }
  });

  test('counts what it writes: what is sealed, and all of it again with each merge', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, mergeFlatsMin: 2, idleGraphRowsMin: 10_000 });
    const report = async () => (await r.host().report(7)).filter(({ segments }) => segments.length > 0);
    try {
      for (const first of [0, 20]) {
        for (let i = first; i < first + 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0], { text: 'x'.repeat(1_000) });
        await r.host().settle(7);
      }
      const sealed = await report();
      for (const { writtenBytes, sealedBytes, segments } of sealed) {
        assert.equal(writtenBytes, segments.reduce((sum, { bytes }) => sum + bytes, 0));
        assert.ok(sealedBytes > 1_000 * segments.reduce((sum, { rows }) => sum + rows, 0) && sealedBytes < writtenBytes);
      }
      await r.host().maintain();
      (await report()).forEach(({ writtenBytes, sealedBytes, segments }, i) => {
        assert.equal(segments.length, 1, 'merged');
        assert.equal(writtenBytes, sealed[i]!.writtenBytes + segments[0]!.bytes);
        assert.equal(sealedBytes, sealed[i]!.sealedBytes);
      });
    } finally {
      await r.close();
    }
  });

  test('tells what the rows that were deleted take, segment by segment, until a merge leaves them out', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, mergeFlatsMin: 2, idleGraphRowsMin: 10_000 });
    // Of both partitions, and each segment with rows of another size.
    const batches = [1_000, 5_000].map((length, batch) => ({ ids: Array.from({ length: 40 }, (_, i) => `w${batch}-${i}`), text: 'x'.repeat(length) }));
    const deleted = new Set(batches.flatMap(({ ids }, batch) => ids.filter((_, i) => i % (batch === 0 ? 2 : 3) === 0)));
    const countIn = (ids: Iterable<string>, number: number): number => [...ids].filter((id) => partitionOf(Buffer.from(id), 2) === number).length;
    const query = createQuery({}, { log: r.log(), catalog: catalogOf(r.topic.topic), shards: r.host(), logger: createLogger({ level: 'silent' }) });
    const statsOf = async () => query.stats({ collection: 'words' }, { signal: new AbortController().signal, deadline: Deadline.after(60_000) });
    try {
      for (const { ids, text } of batches) {
        for (const id of ids) await r.upsert(id, [1, ids.indexOf(id), 0, 0], { text });
        await r.host().settle(7);
      }
      assert.deepEqual(r.host().positions().map(({ space }) => space.deadBytes), [0, 0]);
      for (const id of deleted) await r.remove(id);
      await r.host().settle(7);
      const { partitions, space, diskBytes } = await statsOf();
      let dead = 0;
      for (const { partition: number, segments, space: its } of partitions) {
        const deadBytes = segments.map(({ bytes }, batch) => {
          const { ids } = batches[batch]!;
          return Number(bytes) * countIn(ids.filter((id) => deleted.has(id)), number) / countIn(ids, number);
        });
        assert.equal(segments.length, 2);
        const expected = deadBytes.reduce((sum, bytes) => sum + bytes, 0);
        const shard = r.host().positions().find((position) => position.partition === number)!;
        for (const told of [shard.space.deadBytes, Number(its!.deadBytes)]) assert.ok(Math.abs(told - expected) <= 1, `${told} bytes, and not ${expected}`);
        assert.equal(shard.space.liveBytes + shard.space.deadBytes, segments.reduce((sum, { bytes }) => sum + Number(bytes), 0));
        dead += expected;
      }
      assert.ok(Math.abs(Number(space!.deadBytes) - dead) <= 2, `${space!.deadBytes} bytes, and not ${dead}`);
      assert.equal(space!.spaceAmplification, Number(diskBytes) / Number(space!.liveBytes));
      for (let i = 0; i < 6; i += 1) await r.host().maintain();
      const { space: merged, dead: rowsDead, diskBytes: left } = await statsOf();
      assert.deepEqual([merged!.liveBytes, merged!.deadBytes, merged!.spaceAmplification, rowsDead], [left, 0n, 1, 0n]);
      assert.ok(left < diskBytes - space!.deadBytes / 2n, `${left} bytes of ${diskBytes}`);
      assert.equal(merged!.sealedBytes, space!.sealedBytes);
    } finally {
      await r.close();
    }
  });

  test('a manifest of a merge knows nothing of what came after its watermark', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, mergeFlatsMin: 2, idleGraphRowsMin: 10_000 });
    try {
      const present = { 'proximadb.v1.IfPresent': {} };
      for (let i = 0; i < 20; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      for (let i = 20; i < 40; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      // Ends sealed rows, above the watermark of every manifest so far.
      for (let i = 0; i < 40; i += 1) assert.equal((await r.upsert(`w${i}`, [2, i, 0, 0], {}, present)).kind, 'applied');
      await r.host().maintain();
      assert.ok((await r.host().report(7)).every(({ segments }) => segments.length === 1), 'merged');
      await r.crash();
      assert.equal((await r.host().count(await r.request(), null)).count, 40);
    } finally {
      await r.close();
    }
  });

  test('never hides a row, not for a moment, while memtables are sealed, merged and get graphs', async () => {
    const r = await rig({ maintenanceMs: 10, idleMs: 0, growingRowsMax: 32, mergeFlatsMin: 2, mergeTierMin: 2, graphRowsMin: 64, idleGraphRowsMin: 32 });
    try {
      let written = 0;
      let looks = 0;
      let done = false;
      const look = async (): Promise<void> => {
        while (!done) {
          const least = written;
          const { count } = await r.host().count({ ...(await r.request()), at: (await r.request()).at.map((each) => ({ ...each, atLeast: 0 })) }, null);
          assert.ok(count >= least, `${count} rows where ${least} were there before`);
          const { rows } = await r.host().get(await r.request(), [`w${least - 1}`]);
          assert.equal(rows.length, least === 0 ? 0 : 1);
          looks += 1;
        }
      };
      const write = async (): Promise<void> => {
        for (; written < 600; written += 1) await r.upsert(`w${written}`, [1, written, 0, 0]);
        // Rows are replaced, too: the count stays.
        for (let i = 0; i < 300; i += 1) await r.upsert(`w${i}`, [2, i, 0, 0]);
        done = true;
      };
      await Promise.all([write().finally(() => { done = true; }), look()]);
      assert.ok(looks > 100);
      const segments = (await r.host().report(7)).flatMap((report) => report.segments);
      assert.ok(segments.some(({ indexed }) => indexed), 'graphs were built meanwhile');
    } finally {
      await r.close();
    }
  });

  test('gives back the space of what was replaced, deleted and expired', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10_000 });
    try {
      const expires = r.now() + 1_000_000;
      for (let i = 0; i < 100; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0], {}, null, i < 50 ? BigInt(expires) : null);
      await r.host().settle(7);
      assert.equal(await rowsSealed(r.host()), 100);
      r.setClock(expires + 1);
      // The log's time has to pass, too: something is written in both partitions, and sealed.
      for (let i = 0; i < 20; i += 1) await r.upsert(`later${i}`, [1, i, 1, 0]);
      for (let i = 50; i < 60; i += 1) await r.remove(`w${i}`);
      await r.host().settle(7);
      for (let i = 0; i < 6; i += 1) await r.host().maintain();
      assert.equal(await rowsSealed(r.host()), 60);
      assert.equal((await r.host().count(await r.request(), null)).count, 60);
    } finally {
      await r.close();
    }
  });

  test('gives back the space of what was deleted last, however little that is', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, restMs: 1, idleGraphRowsMin: 10_000 });
    try {
      for (let i = 0; i < 100; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      await r.host().maintain();
      assert.equal(await rowsSealed(r.host()), 100);
      for (let i = 0; i < 60; i += 1) await r.remove(`w${i}`);
      assert.equal((await r.host().count(await r.request(), null)).count, 40);
      // A manifest has to be written before a merge may leave them out.
      for (let i = 0; i < 10 && await rowsSealed(r.host()) > 40; i += 1) {
        await delay(10);
        await r.host().maintain();
      }
      assert.equal(await rowsSealed(r.host()), 40);
    } finally {
      await r.close();
    }
  });

  test('asks for the garbage to be collected when it comes to rest, once for what it replaced', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 3_600_000 });
    try {
      for (let i = 0; i < 10; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      await r.host().maintain();
      assert.equal(r.asked.collections, 0, 'records came since it looked last');
      for (let i = 0; i < 2; i += 1) await r.host().maintain();
      assert.equal(r.asked.collections, 0, 'that may be a pause between two batches');
      for (let i = 0; i < 5; i += 1) await r.host().maintain();
      assert.equal(r.asked.collections, 1);
      await r.upsert('more', [1, 1, 1, 1]);
      assert.equal((await r.host().count(await r.request(), null)).count, 11);
      for (let i = 0; i < 8; i += 1) await r.host().maintain();
      assert.equal(r.asked.collections, 1, 'what is in memory replaced nothing');
      await r.host().settle(7);
      for (let i = 0; i < 8; i += 1) await r.host().maintain();
      assert.equal(r.asked.collections, 2);
    } finally {
      await r.close();
    }
  });

  test('stages what the disk names, where writing a manifest failed after it had taken its place', async () => {
    const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, idleGraphRowsMin: 10, mergeFlatsMin: 100 });
    const folder = join(r.directory, 'shards', '7', '0');
    try {
      for (let i = 0; i < 60; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      const { open } = promises;
      const failing = mock.method(promises, 'open', async (...args: Parameters<typeof open>) => {
        if (args[0] === folder) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
        return open(...args);
      });
      syncBuiltinESMExports();
      try {
        await r.host().maintain();
      } finally {
        failing.mock.restore();
        syncBuiltinESMExports();
      }
      const staged = join(r.directory, 'staged');
      const { generation } = await r.host().stage(7, 0, staged) ?? {};
      const manifest = await readManifest(staged);
      assert.equal(manifest?.generation, generation);
      assert.ok(manifest?.segments.some(({ graph }) => graph !== null), 'the manifest that failed is the one on the disk');
      for (const { id, files, graph } of manifest?.segments ?? []) {
        for (const { name } of [...files, ...graph === null ? [] : [graph]]) assert.ok(existsSync(join(staged, 'segments', id, name)), name);
      }
    } finally {
      await r.close();
    }
  });

  test('keeps serving and stops consuming while the disk is full, and goes on when there is room', async () => {
    const r = await rig({ growingRowsMax: 32, frozenMax: 2 });
    try {
      r.faults.builds = 6;
      // Two partitions, a memtable and two frozen ones each: more than fits in memory.
      for (let i = 0; i < 160; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      assert.equal((await r.host().count(await r.request(), null)).count, 160);
      await r.host().settle(7);
      assert.equal(r.faults.builds, 0);
      assert.equal((await r.host().report(7)).reduce((sum, { growingRows }) => sum + growingRows, 0), 0);
      await r.reopen();
      assert.equal((await r.host().count(await r.request(), null)).count, 160);
    } finally {
      await r.close();
    }
  });

  test('has the log trimmed behind its manifest, and knows it again after a restart', async () => {
    const r = await rig({ historyMs: 0, historyBytesMax: 0, maintenanceMs: 3_600_000 });
    try {
      for (let i = 0; i < 60; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().settle(7);
      for (let i = 60; i < 80; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
      await r.host().maintain();
      await Promise.all(r.asked.trims);
      const durable = (await r.host().report(7)).map((report) => report.durable);
      const extents = await r.log().extents(r.topic.topic);
      assert.deepEqual(extents.map(({ start }) => Number(start)), durable.map((watermark) => watermark - 1), 'all but the last record below the manifest');
      await r.reopen();
      assert.equal((await r.host().count(await r.request(), null)).count, 80);
      assert.ok((await r.host().report(7)).every(({ state }) => state === 'serving'));
    } finally {
      await r.close();
    }
  });

  test('a page that ends at its bytes in one partition leaves out nothing that lies before another partition’s rows', async () => {
    const r = await rig();
    try {
      const idIn = (wanted: number, prefix: string): string =>
        Array.from({ length: 50 }, (_, i) => `${prefix}${i}`).find((id) => partitionOf(Buffer.from(id), 2) === wanted)!;
      const ids = [idIn(0, 'a'), idIn(0, 'b'), idIn(1, 'c')];
      await r.upsert(ids[0]!, [1, 0, 0, 0], { text: 'x'.repeat(900) });
      await r.upsert(ids[1]!, [1, 0, 0, 0], { text: 'x'.repeat(900) });
      await r.upsert(ids[2]!, [1, 0, 0, 0]);
      const seen: string[] = [];
      for (let after: string | null = null; ;) {
        const page = await r.host().scroll(await r.request(), { filter: null, after, limit: 10, bytesMax: 1_200 });
        seen.push(...page.rows.map(({ id }) => id));
        after = seen.at(-1) ?? null;
        if (!page.more) break;
      }
      assert.deepEqual(seen, ids);
    } finally {
      await r.close();
    }
  });

  test('asks for a tick where something expired and the log stands still', async () => {
    const r = await rig({ tickMs: 1_000, maintenanceMs: 3_600_000 });
    try {
      await r.upsert('a', [1, 0, 0, 0], {}, null, BigInt(r.now() + 1_000_000));
      await r.host().maintain();
      assert.deepEqual(r.asked.ticks, [], 'nothing has expired');
      r.setClock(r.now() + 2_000_000);
      await new Promise((resolve) => { setTimeout(resolve, 1_100); });
      await r.host().maintain();
      assert.deepEqual(r.asked.ticks, [partitionOf(Buffer.from('a'), 2)]);
    } finally {
      await r.close();
    }
  });

  test('a read whose caller has gone waits no more', async () => {
    const r = await rig();
    try {
      await r.upsert('x', [1, 0, 0, 0]);
      const beyond = { log: 7, at: [{ partition: 0, atLeast: 1_000 }], timeoutMs: 60_000 };
      const controller = new AbortController();
      const waiting = r.host().count(beyond, null, controller.signal);
      setImmediate(() => { controller.abort(); });
      await assert.rejects(waiting, { code: 'CANCELLED' });
      await assert.rejects(r.host().count(beyond, null, AbortSignal.abort()), { code: 'CANCELLED' });
    } finally {
      await r.close();
    }
  });

  test('puts what is not a record of ours into the ledger and goes on', async () => {
    const r = await rig();
    try {
      const key = Buffer.from('x');
      await r.log().append(r.topic.topic, [{ partition: partitionOf(key, 2), key, value: Buffer.from('nonsense'), headers: {} }]);
      await r.log().append(r.topic.topic, [{ partition: partition(1 - partitionOf(key, 2)), key, value: null, headers: {} }]);
      await r.upsert('x', [1, 0, 0, 0]);
      assert.equal((await r.host().count(await r.request(), null)).count, 1);
      const reports = await r.host().report(7);
      assert.equal(reports.reduce((sum, { malformed }) => sum + malformed, 0), 2);
    } finally {
      await r.close();
    }
  });
});
