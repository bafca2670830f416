import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { AppError, httpStatus, type Code } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { partitionOf } from '@proximadb/log';
import { parseVersion, recordCounters } from '@proximadb/record';
import {
  CountRequest, GetRequest, ScrollRequest, SearchBatchRequest, SearchRequest, type Filter, type FilterOperator, type FilterValue, type Metric,
} from '@proximadb/schemas';
import { compareIds } from '@proximadb/segment/merge';
import { distance } from './testing/memory-shards.ts';
import { call, errorOf, openFixture, reading, type Fixture } from './testing/fixture.ts';
import { decodeCursor, decodeToken } from './tokens.ts';

let fixture: Fixture;
let collection: Collection;
let names = 0;

before(async () => {
  fixture = await openFixture({ batchSearchesMax: 3, batchHitsMax: 100, idsMax: 20, pageBytesMax: 1_024, answerBytesMax: 4_096, efMax: 500 });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  collection = await fixture.collection(`c${names++}`, { metric: 'euclidean' });
  fixture.shards.asked.length = 0;
});

const strong = reading({ consistency: 'strong' });
const searchOf = (fields: Partial<SearchRequest> = {}): SearchRequest =>
  SearchRequest.create({ collection: collection.name, vector: Float32Array.of(0, 1), read: strong, ...fields });
const search = (fields: Partial<SearchRequest> = {}) => fixture.query.search(searchOf(fields), call());
const batch = (fields: Partial<SearchBatchRequest>) =>
  fixture.query.searchBatch(SearchBatchRequest.create({ collection: collection.name, read: strong, ...fields }), call());
const get = (ids: readonly string[], fields: Partial<GetRequest> = {}) =>
  fixture.query.get(GetRequest.create({ collection: collection.name, ids, read: strong, ...fields }), call());
const scroll = (fields: Partial<ScrollRequest> = {}) =>
  fixture.query.scroll(ScrollRequest.create({ collection: collection.name, read: strong, ...fields }), call());
const count = (fields: Partial<CountRequest> = {}) =>
  fixture.query.count(CountRequest.create({ collection: collection.name, read: strong, ...fields }), call());
const one = (fields: Partial<SearchRequest>): SearchRequest => SearchRequest.create({ vector: Float32Array.of(0, 1), ...fields });
const where = (key: string, operator: FilterOperator, value: FilterValue['value']): Filter =>
  ({ node: { kind: 'comparison', value: { path: [key], operator, values: [{ value }] } } });
const fromYear = (year: bigint): Filter => where('year', 'gte', { kind: 'long', value: year });
const idsOf = (prefix: string, length: number): string[] => Array.from({ length }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`);
const years = (ids: readonly string[]) => ids.map((id, index) => ({ id, vector: [index, 1], metadata: new Map([['year', BigInt(2_000 + index)]]) }));

test('hits come nearest first, equal ones by their ids, with score, distance and version', async () => {
  await fixture.write(collection, [{ id: 'far', vector: [3, 1] }, { id: 'b', vector: [1, 1] }, { id: 'a', vector: [1, 1] }, { id: 'here', vector: [0, 1] }]);
  const { hits, explain } = await search();
  assert.deepEqual(hits.map(({ id, distance: raw, score, record }) => ({ id, raw, score, record })), [
    { id: 'here', raw: 0, score: 0, record: null }, { id: 'a', raw: 1, score: -1, record: null },
    { id: 'b', raw: 1, score: -1, record: null }, { id: 'far', raw: 3, score: -3, record: null },
  ]);
  assert.equal(parseVersion(hits[0]!.version).log, collection.log);
  assert.equal(explain, null);
});

for (const metric of ['cosine', 'dot', 'euclidean', 'manhattan'] as const satisfies readonly Metric[]) {
  test(`under ${metric} the best hit has the highest score`, async () => {
    const own = await fixture.collection(`metric-${metric}`, { metric });
    await fixture.write(own, [{ id: 'a', vector: [1, 2] }, { id: 'b', vector: [-3, 1] }, { id: 'c', vector: [4, -4] }, { id: 'd', vector: [0.5, 0.25] }]);
    const { hits } = await fixture.query.search(SearchRequest.create({ collection: own.name, vector: Float32Array.of(1, 1), read: strong }), call());
    assert.equal(hits.length, 4);
    for (const [index, hit] of hits.entries()) {
      assert.ok(index === 0 || hit.score <= hits[index - 1]!.score);
      assert.equal(hit.score, metric === 'cosine' ? 1 - hit.distance : -hit.distance);
    }
    const exact = distance(metric, Float32Array.of(1, 1), Float32Array.of(1, 2));
    assert.equal(hits.find(({ id }) => id === 'a')?.distance, exact);
  });
}

test('k, offset, threshold and filter choose among the hits', async () => {
  await fixture.write(collection, years(idsOf('x', 12)));
  const ids = async (fields: Partial<SearchRequest>) => (await search(fields)).hits.map(({ id }) => id);
  assert.deepEqual(await ids({}), idsOf('x', 10), 'k is 10 where it is not given');
  assert.deepEqual(await ids({ k: 3, offset: 2 }), ['x02', 'x03', 'x04']);
  assert.deepEqual(await ids({ scoreThreshold: -2 }), ['x00', 'x01', 'x02']);
  assert.deepEqual(await ids({ scoreThreshold: -2, offset: 1 }), ['x01', 'x02']);
  assert.deepEqual(await ids({ filter: fromYear(2_009n) }), ['x09', 'x10', 'x11']);
  assert.deepEqual(await ids({ offset: 50 }), []);
});

test('anything to include brings the very bytes that were written, and no record is decoded or encoded for it', async () => {
  await fixture.write(collection, years(['a']));
  const stored = (await get(['a'])).records[0]!;
  const counted = { ...recordCounters };
  for (const include of [['vector'], ['metadata'], ['vector', 'metadata']] as const) {
    const { hits } = await search({ include });
    assert.deepEqual(hits[0]!.record, stored.record);
    assert.equal(hits[0]!.version, stored.version);
  }
  assert.deepEqual({ ...recordCounters }, counted);
});

test('explain says what each segment did, and only to who asked', async () => {
  await fixture.write(collection, years(['a', 'b']));
  const { explain } = await search({ explain: true });
  assert.deepEqual(explain?.segments.map(({ partition, segment, strategy }) => ({ partition, segment, strategy })),
    [0, 1, 2].map((partition) => ({ partition, segment: 'growing', strategy: 'exact' })));
  assert.ok(explain.waitedMicros >= 0 && explain.totalMicros >= explain.waitedMicros);
});

test('a search by id takes the vector of the stored record, which stays among the hits', async () => {
  await fixture.write(collection, years(['a', 'b', 'c']));
  const { hits } = await search({ vector: new Float32Array(), id: 'c', k: 2 });
  assert.deepEqual(hits.map(({ id, distance: raw }) => [id, raw]), [['c', 0], ['b', 1]]);
  const [asked] = fixture.shards.asked;
  assert.deepEqual(asked?.at.map(({ partition }) => partition), [partitionOf(Buffer.from('c'), 3)], 'only its partition is asked for it');
});

test('an unknown id to search by is NOT_FOUND, by its place', async () => {
  await fixture.write(collection, years(['a']));
  const error = await errorOf(batch({ searches: [one({}), one({ vector: new Float32Array(), id: 'nobody' })] }));
  assert.deepEqual([error.code, error.details[0]?.field, httpStatus(error)], ['NOT_FOUND', 'searches[1].id', 404]);
});

test('a batch answers each search as if it came alone, all from one view', async () => {
  await fixture.write(collection, years(idsOf('x', 9)));
  const searches = [one({ k: 2 }), one({ vector: new Float32Array(), id: 'x07', k: 1 }), one({ k: 5, filter: fromYear(2_004n) })];
  fixture.shards.asked.length = 0;
  const { results } = await batch({ searches });
  assert.equal(fixture.shards.asked.length, 2, 'one question for the vectors of ids, one for the searches');
  assert.equal(new Set(results.map(({ token }) => token)).size, 1);
  for (const [index, request] of searches.entries()) {
    assert.deepEqual(results[index], await search({ ...request, collection: collection.name, read: strong }));
  }
  assert.deepEqual(results.map(({ hits }) => hits.map(({ id }) => id)), [['x00', 'x01'], ['x07'], ['x04', 'x05', 'x06', 'x07', 'x08']]);
});

test('get answers what is there, in the order asked for, once a position, and asks only the partitions of the ids', async () => {
  await fixture.write(collection, years(['a', 'b', 'c']));
  await fixture.remove(collection, ['b']);
  fixture.shards.asked.length = 0;
  const { records, token } = await get(['c', 'a', 'nobody', 'b', 'c']);
  assert.deepEqual(records.map(({ id }) => id), ['c', 'a', 'c']);
  const ends = (await fixture.log.extents(collection.topic)).map(({ end }) => Number(end));
  assert.deepEqual(decodeToken(token, collection).offsets, ends);
  await get(['c']);
  assert.deepEqual(fixture.shards.asked.at(-1)?.at.map(({ partition }) => partition), [partitionOf(Buffer.from('c'), 3)]);
});

test('a scroll brings every record once, in the order of the bytes, in pages of limited rows and bytes', async () => {
  const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }).filter((text) => text.isWellFormed());
  const input = fc.record({ ids: fc.uniqueArray(id, { maxLength: 15 }), limit: fc.integer({ min: 1, max: 6 }), padding: fc.nat(600) });
  let runs = 0;
  await fc.assert(fc.asyncProperty(input, async ({ ids, limit, padding }) => {
    collection = await fixture.collection(`scroll-${runs++}`);
    if (ids.length > 0) await fixture.write(collection, ids.map((name) => ({ id: name, metadata: new Map([['padding', 'x'.repeat(padding)]]) })));
    const read: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await scroll({ limit, cursor });
      assert.ok(page.records.length <= limit);
      assert.ok(page.records.length === 1 || page.records.reduce((sum, { record }) => sum + record.length, 0) <= 1_024);
      read.push(...page.records.map((row) => row.id));
      cursor = page.cursor;
    } while (cursor !== null && read.length <= ids.length);
    assert.deepEqual(read, [...ids].sort(compareIds));
  }), { interruptAfterTimeLimit: 2_500, numRuns: 25 });
});

test('a cursor goes on at least where its page was, and its token is a floor', async () => {
  await fixture.write(collection, years(idsOf('x', 5)));
  const first = await scroll({ limit: 2 });
  const position = decodeCursor(first.cursor!, collection);
  assert.deepEqual(position.after, 'x01');
  assert.deepEqual(position.token, decodeToken(first.token, collection));
  fixture.shards.asked.length = 0;
  const second = await scroll({ limit: 100, cursor: first.cursor, read: null });
  assert.deepEqual(second.records.map(({ id }) => id), ['x02', 'x03', 'x04']);
  assert.equal(second.cursor, null);
  assert.deepEqual(fixture.shards.asked[0]?.at.map(({ atLeast }) => atLeast), position.token.offsets);
});

test('count is exact', async () => {
  await fixture.write(collection, years(idsOf('x', 9)));
  await fixture.remove(collection, ['x00']);
  assert.equal((await count()).count, 8n);
  assert.equal((await count({ filter: fromYear(2_004n) })).count, 5n);
});

test('stats put together what shards and log say', async () => {
  await fixture.write(collection, years(idsOf('x', 9)));
  await fixture.shards.catchUp(collection.log);
  await fixture.write(collection, years(['x00', 'x01']));
  fixture.shards.silent.add(2);
  const stats = await fixture.query.stats({ collection: collection.name }, call());
  fixture.shards.silent.clear();
  const extents = await fixture.log.extents(collection.topic);
  const seen = stats.partitions.map(({ watermark }) => Number(watermark));
  assert.deepEqual({ ...stats, partitions: stats.partitions.map(({ state, reason, end }) => ({ state, reason, end })) }, {
    collection: collection.name, records: BigInt(seen[0]! + seen[1]!), growing: BigInt(seen[0]! + seen[1]!), sealed: 14n, indexed: 10n, building: 0n, dead: 6n,
    lag: BigInt(extents.reduce((sum, { end }) => sum + end, 0) - seen[0]! - seen[1]!), diskBytes: 2_000n, memoryBytes: 200n,
    space: { liveBytes: 1_400n, deadBytes: 600n, spaceAmplification: 2_000 / 1_400, writtenBytes: 6_000n, sealedBytes: 1_200n, writeAmplification: 5 },
    partitions: extents.map(({ end }, partition) =>
      ({ state: partition === 2 ? 'stopped' : 'serving', reason: partition === 2 ? 'nobody serves this partition' : null, end: BigInt(end) })),
  });
  const { space, segments } = stats.partitions[0]!;
  assert.deepEqual(space, {
    liveBytes: 700n, deadBytes: 300n, spaceAmplification: 1_000 / 700, writtenBytes: 3_000n, sealedBytes: 600n, writeAmplification: 5,
  });
  assert.deepEqual(segments, [{ id: 's0', rows: 10, dead: 3, indexed: true, bytes: 1_000n, recall: 0.98, ef: 64, listsRead: null, lists: null }]);
  assert.equal(stats.partitions[2]!.space, null, 'nobody serves it');
});

const vector = (...numbers: number[]) => ({ vector: Float32Array.from(numbers) });
const bad: readonly (readonly [string, () => Promise<unknown>, Code, string | undefined])[] = [
  ['unknown collection', () => search({ collection: 'nothing' }), 'NOT_FOUND', 'collection'],
  ['neither vector nor id', () => search(vector()), 'INVALID_ARGUMENT', 'vector'],
  ['vector and id', () => search({ id: 'a' }), 'INVALID_ARGUMENT', 'id'],
  ['wrong dimension', () => search(vector(1, 2, 3)), 'INVALID_ARGUMENT', 'vector'],
  ['not a number', () => search(vector(1, NaN)), 'INVALID_ARGUMENT', 'vector[1]'],
  ['infinite', () => search(vector(-Infinity, 1)), 'INVALID_ARGUMENT', 'vector[0]'],
  ['id too long', () => search({ ...vector(), id: 'x'.repeat(513) }), 'INVALID_ARGUMENT', 'id'],
  ['id empty', () => search({ ...vector(), id: '' }), 'INVALID_ARGUMENT', 'id'],
  ['k below 1', () => search({ k: -1 }), 'INVALID_ARGUMENT', 'k'],
  ['k too large', () => search({ k: 10_001 }), 'INVALID_ARGUMENT', 'k'],
  ['offset below 0', () => search({ offset: -1 }), 'INVALID_ARGUMENT', 'offset'],
  ['offset and k too large', () => search({ k: 5_000, offset: 5_001 }), 'INVALID_ARGUMENT', 'offset'],
  ['threshold not finite', () => search({ scoreThreshold: Infinity }), 'INVALID_ARGUMENT', 'scoreThreshold'],
  ['ef below 1', () => search({ ef: 0 }), 'INVALID_ARGUMENT', 'ef'],
  ['ef too large', () => search({ ef: 501 }), 'INVALID_ARGUMENT', 'ef'],
  ['empty filter', () => search({ filter: { node: null } }), 'INVALID_ARGUMENT', 'filter'],
  ['no time', () => search({ read: reading({ timeoutMs: 0 }) }), 'INVALID_ARGUMENT', 'timeoutMs'],
  ['no search', () => batch({ searches: [] }), 'INVALID_ARGUMENT', 'searches'],
  ['too many searches', () => batch({ searches: [one({}), one({}), one({}), one({})] }), 'RESOURCE_EXHAUSTED', 'searches'],
  ['too many hits', () => batch({ searches: [one({ k: 60 }), one({ k: 41 })] }), 'RESOURCE_EXHAUSTED', 'searches'],
  ['a bad search in a batch', () => batch({ searches: [one({}), one(vector(1, NaN))] }), 'INVALID_ARGUMENT', 'searches[1].vector[1]'],
  ['a bad filter in a batch', () => batch({ searches: [one({ filter: { node: null } })] }), 'INVALID_ARGUMENT', 'searches[0].filter'],
  ['options in a search of a batch', () => batch({ searches: [one({ read: strong })] }), 'INVALID_ARGUMENT', 'searches[0].read'],
  ['another collection in a batch', () => batch({ searches: [one({ collection: 'other' })] }), 'INVALID_ARGUMENT', 'searches[0].collection'],
  ['no ids', () => get([]), 'INVALID_ARGUMENT', 'ids'],
  ['too many ids', () => get(idsOf('x', 21)), 'RESOURCE_EXHAUSTED', 'ids'],
  ['a bad id', () => get(['a', '']), 'INVALID_ARGUMENT', 'ids[1]'],
  ['an id that is no text', () => get(['\udc00']), 'INVALID_ARGUMENT', 'ids[0]'],
  ['limit below 1', () => scroll({ limit: -1 }), 'INVALID_ARGUMENT', 'limit'],
  ['limit too large', () => scroll({ limit: 1_001 }), 'INVALID_ARGUMENT', 'limit'],
  ['no cursor', () => scroll({ cursor: '???' }), 'INVALID_ARGUMENT', 'cursor'],
  ['empty filter of a scroll', () => scroll({ filter: { node: null } }), 'INVALID_ARGUMENT', 'filter'],
  ['empty filter of a count', () => count({ filter: { node: null } }), 'INVALID_ARGUMENT', 'filter'],
  ['stats of nothing', () => fixture.query.stats({ collection: 'nothing' }, call()), 'NOT_FOUND', 'collection'],
];
for (const [name, send, code, field] of bad) {
  test(`refused before any shard is asked: ${name}`, async () => {
    const error = await errorOf(send());
    assert.deepEqual([error.code, error.details[0]?.field], [code, field], error.message);
    assert.equal(error.retryAfterMs, undefined, 'the request has to be changed');
    assert.equal(fixture.shards.asked.length, 0);
    if (code === 'RESOURCE_EXHAUSTED') assert.equal(httpStatus(error), 413);
  });
}

test('zero has no direction: refused under cosine, and only there', async () => {
  assert.deepEqual((await search(vector(0, 0))).hits, []);
  const own = await fixture.collection(`cosine-${names++}`, { metric: 'cosine' });
  const error = await errorOf(search({ collection: own.name, ...vector(0, -0) }));
  assert.deepEqual([error.code, error.details[0]?.field], ['INVALID_ARGUMENT', 'vector']);
});

test('an answer of too many bytes is refused, with advice', async () => {
  await fixture.write(collection, idsOf('x', 5).map((id) => ({ id, metadata: new Map([['padding', 'x'.repeat(1_000)]]) })));
  for (const send of [() => get(idsOf('x', 5)), () => search({ include: ['vector'] })]) {
    const error = await errorOf(send());
    assert.equal(error.code, 'RESOURCE_EXHAUSTED');
    assert.match(error.message, /ask for fewer/);
  }
  assert.equal((await search()).hits.length, 5, 'without records it fits');
});

test('past the reads at once and the queue a caller is sent away with a time to come back', async () => {
  await using small = await openFixture({ readsMax: 1, queueMax: 0, retryAfterMs: 21 });
  const own = await small.collection('c');
  const { promise, resolve } = Promise.withResolvers<void>();
  small.shards.gate = promise;
  const request = CountRequest.create({ collection: own.name });
  const first = small.query.count(request, call());
  await new Promise(setImmediate);
  assert.deepEqual(small.query.load, { busy: 1, waiting: 0 });
  const error = await errorOf(small.query.count(request, call()));
  assert.deepEqual([error.code, error.retryAfterMs, httpStatus(error)], ['RESOURCE_EXHAUSTED', 21, 429]);
  resolve();
  assert.equal((await first).count, 0n);
  assert.equal((await small.query.count(request, call())).count, 0n);
});

test('what is left of the time goes to the shards, and a caller that is gone is answered at once', async () => {
  await search({ read: reading({ timeoutMs: 1_234 }) });
  const { timeoutMs } = fixture.shards.asked[0]!;
  assert.ok(timeoutMs > 0 && timeoutMs <= 1_234, `${timeoutMs}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  fixture.shards.gate = promise;
  const controller = new AbortController();
  const gone = errorOf(fixture.query.search(searchOf({ read: null }), { ...call(), signal: controller.signal }));
  setImmediate(() => controller.abort(new AppError('CANCELLED', 'the client went away')));
  assert.equal((await gone).code, 'CANCELLED');
  const late = await errorOf(search({ read: reading({ timeoutMs: 5 }) }));
  assert.equal(late.code, 'DEADLINE_EXCEEDED');
  resolve();
  const expired = await errorOf(fixture.query.search(searchOf(), call(0)));
  assert.equal(expired.code, 'DEADLINE_EXCEEDED');
});

test("the gateway's reader goes through all that match, seeing at least what it is told", async () => {
  await fixture.write(collection, years(idsOf('x', 7)));
  const ends = (await fixture.log.extents(collection.topic)).map(({ end }) => Number(end));
  const read: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await fixture.query.reader.scroll(collection, { filter: fromYear(2_002n), cursor, atLeast: ends, limit: 2, timeoutMs: 5_000 });
    assert.deepEqual(page.offsets, ends);
    read.push(...page.rows.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  assert.deepEqual(read, idsOf('x', 7).slice(2));
  const [row] = (await fixture.query.reader.scroll(collection, { filter: fromYear(2_006n), cursor: null, atLeast: ends, limit: 2, timeoutMs: 5_000 })).rows;
  assert.equal(row?.offset, parseVersion((await get(['x06'])).records[0]!.version).offset);
  const error = await errorOf(fixture.query.reader.scroll(collection, { filter: { node: null }, cursor: null, atLeast: ends, limit: 2, timeoutMs: 5_000 }));
  assert.deepEqual([error.code, error.details[0]?.field], ['INVALID_ARGUMENT', 'filter']);
});
