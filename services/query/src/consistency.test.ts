import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type Code } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { CountRequest, GetRequest, SearchRequest, type ReadOptions } from '@proximadb/schemas';
import { call, errorOf, openFixture, reading, type Fixture } from './testing/fixture.ts';
import { decodeToken, encodeToken, maximum } from './tokens.ts';

// The shards of this fixture apply only what they are asked to have applied: a read sees what it waited for, and nothing else.
let fixture: Fixture;
let collection: Collection;
let names = 0;

beforeEach(async () => {
  collection = await fixture.collection(`c${names++}`);
  fixture.shards.asked.length = 0;
  fixture.failure = undefined;
  fixture.nowMs = 0;
  fixture.probes = 0;
});
before(async () => {
  fixture = await openFixture();
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});

const count = async (options: Partial<ReadOptions> | null): Promise<number> =>
  Number((await fixture.query.count(CountRequest.create({ collection: collection.name, read: options === null ? null : reading(options) }), call())).count);
const write = (...ids: string[]): Promise<string> => fixture.write(collection, ids.map((id) => ({ id })));
const ends = async (): Promise<number[]> => (await fixture.log.extents(collection.topic)).map(({ end }) => Number(end));

test('eventual, the default, waits for nothing and asks the log nothing', async () => {
  await write('a', 'b');
  assert.equal(await count(null), 0);
  assert.equal(await count({ consistency: 'eventual' }), 0);
  await fixture.shards.catchUp(collection.log);
  assert.equal(await count(null), 2);
  assert.equal(fixture.probes, 0);
});

test('a token is session, and sees at least its writes', async () => {
  const token = await write('a', 'b', 'c');
  await write('d', 'e');
  const seen = await count({ token });
  assert.ok(seen >= 3, `${seen}`);
  assert.equal(await count({ token, consistency: 'session' }), seen);
});

test('a token is a floor at every level', async () => {
  const token = await write('a', 'b', 'c');
  assert.ok(await count({ token, consistency: 'eventual' }) >= 3);
});

test("an answer's token is what was seen: reads at it see no less, and tokens merge by maximum", async () => {
  const first = await write('a');
  await write('b', 'c', 'd');
  const { token } = await fixture.query.count(CountRequest.create({ collection: collection.name, read: reading({ token: first }) }), call());
  const offsets = decodeToken(token, collection).offsets;
  assert.ok(offsets.every((offset, partition) => offset >= decodeToken(first, collection).offsets[partition]!));
  const all = encodeToken({ log: collection.log, offsets: maximum(offsets, await ends()) });
  assert.equal(await count({ token: all }), 4);
});

test('a get of one partition answers a token that still covers the one it was given', async () => {
  const given = await write('a', 'b', 'c', 'd', 'e');
  const { token } = await fixture.query.get(GetRequest.create({ collection: collection.name, ids: ['a'], read: reading({ token: given }) }), call());
  assert.deepEqual(decodeToken(token, collection), decodeToken(given, collection));
});

test('strong sees all that was acknowledged before it arrived', async () => {
  await write('a', 'b', 'c');
  assert.equal(await count({ consistency: 'strong' }), 3);
  await write('d');
  assert.equal(await count({ consistency: 'strong' }), 4);
  assert.equal(fixture.probes, 2);
});

test('strong reads that arrive together share one question to the log', async () => {
  await write('a', 'b', 'c');
  const counts = await Promise.all(Array.from({ length: 50 }, () => count({ consistency: 'strong' })));
  assert.deepEqual(new Set(counts), new Set([3]));
  assert.equal(fixture.probes, 1);
});

test('bounded uses a probe again while it is fresh enough, and asks anew when it is not', async () => {
  await write('a');
  assert.equal(await count({ consistency: 'bounded', maxStalenessMs: 100 }), 1);
  await write('b', 'c');
  fixture.nowMs = 100;
  const stale = await count({ consistency: 'bounded', maxStalenessMs: 100 });
  assert.equal(stale, 1, 'it may be 100 ms old');
  assert.equal(fixture.probes, 1);
  assert.equal(await count({ consistency: 'bounded', maxStalenessMs: 99 }), 3);
  assert.equal(fixture.probes, 2);
});

test('a token costs no question to the log where a shard gets there soon; where none does one, shared', async () => {
  const token = await write('a', 'b', 'c');
  await Promise.all(Array.from({ length: 10 }, () => count({ token })));
  assert.equal(fixture.probes, 0, 'the shards were there');
  const later = await write('d', 'e');
  const gate = Promise.withResolvers<void>();
  fixture.shards.gate = gate.promise;
  const waiting = Promise.all(Array.from({ length: 10 }, () => count({ token: later })));
  await delay(200);
  gate.resolve();
  assert.deepEqual(new Set(await waiting), new Set([5]));
  assert.equal(fixture.probes, 1);
});

test('a token beyond the end is refused while its shards still wait', async () => {
  fixture.shards.gate = new Promise(() => {});
  const error = await errorOf(count({ token: encodeToken({ log: collection.log, offsets: [0, 0, 1] }) }));
  fixture.shards.gate = Promise.resolve();
  assert.equal(error.code, 'OUT_OF_RANGE');
});

test('what of a token no shard is asked about is checked first', async () => {
  const token = encodeToken({ log: collection.log, offsets: [1_000, 1_000, 1_000] });
  const error = await errorOf(fixture.query.get(GetRequest.create({ collection: collection.name, ids: ['a'], read: reading({ token }) }), call()));
  assert.deepEqual([error.code, fixture.shards.asked.length], ['OUT_OF_RANGE', 0]);
});

test('a search by id reads vector and neighbours at the same token', async () => {
  const token = await fixture.write(collection, [{ id: 'a', vector: [1, 0] }, { id: 'b', vector: [0, 1] }]);
  const request = SearchRequest.create({ collection: collection.name, id: 'b', read: reading({ token }) });
  const { hits } = await fixture.query.search(request, call());
  assert.deepEqual(hits.map(({ id }) => id), ['b', 'a']);
});

const refused: readonly (readonly [string, () => Partial<ReadOptions>, Code, string])[] = [
  ['session without a token', () => ({ consistency: 'session' }), 'INVALID_ARGUMENT', 'token'],
  ['bounded without a bound', () => ({ consistency: 'bounded' }), 'INVALID_ARGUMENT', 'maxStalenessMs'],
  ['bounded with a bound below 0', () => ({ consistency: 'bounded', maxStalenessMs: -1 }), 'INVALID_ARGUMENT', 'maxStalenessMs'],
  ['a bound without bounded', () => ({ consistency: 'strong', maxStalenessMs: 5 }), 'INVALID_ARGUMENT', 'maxStalenessMs'],
  ['a token that is none', () => ({ token: 'garbage!' }), 'INVALID_ARGUMENT', 'token'],
  ['a token of another number of partitions', () => ({ token: encodeToken({ log: collection.log, offsets: [0] }) }), 'INVALID_ARGUMENT', 'token'],
  ['a token of another log', () => ({ token: encodeToken({ log: collection.log + 1, offsets: [0, 0, 0] }) }), 'FAILED_PRECONDITION', 'token'],
  ['a token beyond the end', () => ({ token: encodeToken({ log: collection.log, offsets: [0, 0, 1] }) }), 'OUT_OF_RANGE', 'token'],
  [
    'a token beyond the end, however strong',
    () => ({ consistency: 'strong', token: encodeToken({ log: collection.log, offsets: [9, 0, 0] }) }), 'OUT_OF_RANGE', 'token',
  ],
];
for (const [name, options, code, field] of refused) {
  test(`refused: ${name}`, async () => {
    const error = await errorOf(count(options()));
    assert.deepEqual([error.code, error.details[0]?.field], [code, field], error.message);
    assert.equal(fixture.shards.asked.length, code === 'OUT_OF_RANGE' ? 1 : 0);
  });
}

test('a token of a collection that was deleted and made again is refused', async () => {
  const token = await write('a');
  await fixture.catalog.delete(collection.name);
  collection = await fixture.collection(collection.name);
  assert.equal((await errorOf(count({ token }))).code, 'FAILED_PRECONDITION');
});

test('with the log away, strong fails clearly, and what needs no end is answered', async () => {
  const token = await write('a', 'b');
  fixture.failure = new AppError('UNAVAILABLE', 'no broker');
  assert.equal((await errorOf(count({ consistency: 'strong' }))).code, 'UNAVAILABLE');
  assert.equal(await count(null), 0);
  assert.equal(await count({ token }), 2, 'a shard that is there proves the token');
});
