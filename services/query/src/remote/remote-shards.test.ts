import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OutcomesWanted } from '@proximadb/gateway';
import type { Filter } from '@proximadb/schemas';
import { mergeHits } from '@proximadb/segment/merge';
import type { PageAnswer, PageSpec, RowsAnswer, SearchSpec } from '../shards.ts';
import { IndexerShards, openCluster, type Cluster, type Indexer } from '../testing/indexers.ts';

let cluster: Cluster;
let alone: IndexerShards;
let indexers: Indexer[];
const ids = Array.from({ length: 200 }, (_, i) => `word-${i}-ü`);
const spec: SearchSpec = { vector: Float32Array.of(3, 1), k: 20, filter: null, exact: false, ef: null, records: false, explain: false };
const evenYears: Filter = {
  node: { kind: 'comparison', value: { path: ['even'], operator: 'eq', values: [{ value: { kind: 'boolean', value: true } }] } },
};

before(async () => {
  cluster = await openCluster({ hedgePercent: 0, quietMs: 60_000 });
  // Two replica groups that divide the partitions differently.
  indexers = [
    await cluster.indexer(0, [0, 1, 2]), await cluster.indexer(0, [3, 4, 5]), await cluster.indexer(1, [0, 3]), await cluster.indexer(1, [1, 2, 4, 5]),
  ];
  alone = new IndexerShards(cluster.fixture, cluster.all);
  await cluster.fixture.write(cluster.collection, ids.map((id, i) => ({ id, vector: [i % 40, i % 7], metadata: new Map([['even', i % 2 === 0]]) })));
});
after(() => cluster[Symbol.asyncDispose]());

const byId = <T extends { readonly id: string }>(rows: readonly T[]): T[] => rows.toSorted((left, right) => (left.id < right.id ? -1 : 1));
const plain = (bytes: Uint8Array | null): number[] | null => (bytes === null ? null : [...bytes]);
const unsorted = <T extends { readonly partition: number }>(items: readonly T[]): T[] => items.toSorted((left, right) => left.partition - right.partition);

test('searches are answered as by the same shards in this process: batches, filters, records, costs', async () => {
  const specs: SearchSpec[] = [
    spec, { ...spec, k: 3, filter: evenYears, explain: true }, { ...spec, vector: Float32Array.of(39, 0), k: 200, records: true, exact: true, ef: 300 },
  ];
  const request = await cluster.request();
  const expected = await alone.search(request, specs);
  const answer = await cluster.remote.search(request, specs);
  assert.equal(answer.answers.length, 3);
  for (const [i, { hits, costs }] of answer.answers.entries()) {
    const { k } = specs[i]!;
    const wanted = mergeHits([expected.answers[i]!.hits], k);
    assert.deepEqual(hits.map((hit) => ({ ...hit, record: plain(hit.record) })), wanted.map((hit) => ({ ...hit, record: plain(hit.record) })));
    assert.deepEqual(unsorted(costs), unsorted(expected.answers[i]!.costs));
  }
  assert.equal(answer.answers[2]!.hits.length, 200);
  assert.deepEqual(unsorted(answer.watermarks), unsorted(expected.watermarks));
  assert.deepEqual(answer.missing, []);
});

test('get, scroll and count are, too', async () => {
  const request = await cluster.request();
  const wanted = [ids[3]!, 'nobody', ids[77]!, ids[150]!];
  const [got, expected] = [await cluster.remote.get(request, wanted), await alone.memory.getAny(request, wanted)];
  const bare = ({ rows }: RowsAnswer) => byId(rows).map((row) => ({ ...row, record: plain(row.record) }));
  assert.deepEqual(bare(got), bare(expected));
  assert.deepEqual(unsorted(got.watermarks), unsorted(expected.watermarks));

  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const page: PageSpec = { filter: evenYears, after, limit: 7, bytesMax: 600 };
    const one: PageAnswer = await cluster.remote.scroll(request, page);
    const other = await alone.scroll(request, page);
    assert.deepEqual(one.rows.map(({ id, offset }) => [id, offset]), other.rows.map(({ id, offset }) => [id, offset]));
    assert.equal(one.more, other.more);
    seen.push(...one.rows.map(({ id }) => id));
    if (!one.more) break;
    after = one.rows.at(-1)!.id;
  }
  assert.equal(new Set(seen).size, 100);

  assert.equal((await cluster.remote.count(request, null)).count, 200);
  assert.equal((await cluster.remote.count(request, evenYears)).count, 100);
});

test('outcomes and reports are, too', async () => {
  const { log } = cluster.collection;
  const wanted = cluster.all.map((partition): OutcomesWanted => ({ partition, through: 10 + partition, count: partition }));
  const [got, expected] = [await cluster.remote.outcomes(log, 'r', wanted, 1_000), await alone.outcomes(log, 'r', wanted, 1_000)];
  assert.deepEqual(unsorted(got), expected);
  assert.ok(got.some(({ outcomes }) => outcomes.some(({ kind }) => kind === 'refused')));
  await alone.memory.catchUp(log);
  for (const { shards } of indexers) await shards.memory.catchUp(log);
  assert.deepEqual(await cluster.remote.report(log), await alone.report(log));
  assert.deepEqual((await cluster.remote.reports(log)).map(({ replica, reports, error }) => [replica.group, reports.length, error]).sort(),
    [[0, 3, null], [0, 3, null], [1, 2, null], [1, 4, null]]);
});

test('a question goes to one replica group, one call to each of its indexers', async () => {
  const request = await cluster.request();
  for (const { shards } of indexers) shards.seen.length = 0;
  for (let i = 0; i < 10; i += 1) await cluster.remote.search(request, [spec, spec]);
  const counts = indexers.map(({ shards }) => shards.seen.length);
  assert.deepEqual([counts[0], counts[2]], [counts[1], counts[3]], 'both of a group are asked');
  assert.deepEqual(counts.map((count) => count > 0), [true, true, true, true], 'groups take turns');
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 20, 'two calls a question');
});

test('what is wrong with the question is said as the shard says it', async () => {
  const filter = { node: { kind: 'comparison', value: { path: ['even'], operator: 'in', values: [] } } } as const;
  const bad: Filter = { node: { kind: 'not', value: { node: null } } };
  await assert.doesNotReject(cluster.remote.count(await cluster.request(), filter));
  await assert.rejects(cluster.remote.count(await cluster.request(), bad), { name: 'AppError', code: 'INVALID_ARGUMENT' });
});

test('an answer that no shard can give in time says by how much it is late', async () => {
  const request = await cluster.request();
  const beyond = { ...request, at: request.at.map((one) => ({ ...one, atLeast: one.atLeast + 5 })), timeoutMs: 200 };
  await assert.rejects(cluster.remote.count(beyond, null), { code: 'DEADLINE_EXCEEDED', message: /partition \d did not get to \d+ in time/ });
});
