import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Collection } from '@proximadb/catalog';
import { partitionOf } from '@proximadb/log';
import { CountRequest, GetRequest, ScrollRequest, SearchBatchRequest, SearchRequest, type ReadOptions } from '@proximadb/schemas';
import { call, errorOf, openFixture, reading, type Fixture } from './testing/fixture.ts';
import { decodeToken } from './tokens.ts';

let fixture: Fixture;
let collection: Collection;
let names = 0;
const ids = Array.from({ length: 30 }, (_, index) => `r${index}`);
const home = (id: string): number => partitionOf(new TextEncoder().encode(id), 3);

before(async () => {
  fixture = await openFixture();
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  fixture.shards.stopped.clear();
  fixture.shards.asked.length = 0;
  collection = await fixture.collection(`partial${names++}`, { metric: 'euclidean' });
  await fixture.write(collection, ids.map((id, index) => ({ id, vector: [index, 1] })));
});

const partial = (more: Partial<ReadOptions> = {}): ReadOptions => reading({ consistency: 'strong', allowPartial: true, ...more });
const whole = reading({ consistency: 'strong' });
const searchOf = (fields: Partial<SearchRequest> = {}): SearchRequest =>
  SearchRequest.create({ collection: collection.name, vector: Float32Array.of(0, 1), k: 30, read: partial(), ...fields });
const search = (fields: Partial<SearchRequest> = {}) => fixture.query.search(searchOf(fields), call());
const count = (read: ReadOptions) => fixture.query.count(CountRequest.create({ collection: collection.name, read }), call());
const stopOne = (): void => { fixture.shards.stopped.set(1, 'partition 1 stopped: its log is another one'); };
const without1 = ids.filter((id) => home(id) !== 1);
const missing1 = { partition: 1, code: 'UNAVAILABLE', reason: 'partition 1 stopped: its log is another one' };

test('what nobody can answer is left out of a search and a count, and named', async () => {
  stopOne();
  const { hits, coverage, token } = await search();
  assert.deepEqual(hits.map(({ id }) => id), without1);
  assert.deepEqual(coverage, { partitions: 3, answered: 2, missing: [missing1] });
  const { offsets } = decodeToken(token, collection);
  assert.ok(offsets[0]! > 0 && offsets[1]! > 0, 'the floor of a partition that is missing stays in the token');
  const counted = await count(partial());
  assert.deepEqual([counted.count, counted.coverage], [BigInt(without1.length), coverage]);
});

test('each search of a batch says what it covers', async () => {
  stopOne();
  const searches = [searchOf({ collection: '', read: null }), searchOf({ collection: '', read: null, k: 1 })];
  const { results } = await fixture.query.searchBatch(SearchBatchRequest.create({ collection: collection.name, searches, read: partial() }), call());
  assert.deepEqual(results.map(({ hits, coverage }) => [hits.length, coverage?.missing]), [[without1.length, [missing1]], [1, [missing1]]]);
});

test('a whole answer says so, if it was asked; nothing is said to who did not ask', async () => {
  const covered = { partitions: 3, answered: 3, missing: [] };
  assert.deepEqual((await search()).coverage, covered);
  assert.deepEqual((await count(partial())).coverage, covered);
  assert.equal((await search({ read: whole })).coverage, null);
  assert.equal((await count(whole)).coverage, null);
});

test('without it, one partition that is missing fails the call', async () => {
  stopOne();
  for (const error of [await errorOf(search({ read: whole })), await errorOf(count(whole))]) {
    assert.deepEqual([error.code, error.message], ['UNAVAILABLE', missing1.reason]);
  }
});

test('shards that would answer a little late are given up before the caller does', async () => {
  await search({ read: partial({ timeoutMs: 1_000 }) });
  const [asked] = fixture.shards.asked;
  assert.equal(asked?.allowPartial, true);
  assert.ok(asked.timeoutMs <= 950, `${asked.timeoutMs}`);
});

test('an answer of no partition is none', async () => {
  for (const partition of [0, 1, 2]) fixture.shards.stopped.set(partition, `partition ${partition} stopped`);
  for (const error of [await errorOf(search()), await errorOf(count(partial()))]) {
    assert.deepEqual([error.code, error.message], ['UNAVAILABLE', 'no partition answered: partition 0 stopped']);
  }
});

test('the record that a search is asked to be like has to be there', async () => {
  stopOne();
  const [inside, outside] = [ids.find((id) => home(id) === 0)!, ids.find((id) => home(id) === 1)!];
  const like = { vector: new Float32Array() };
  assert.equal((await search({ ...like, id: inside })).coverage?.answered, 2);
  assert.equal((await errorOf(search({ ...like, id: outside }))).code, 'UNAVAILABLE');
});

test('refused where a part of an answer would be a wrong one: get and scroll', async () => {
  const get = fixture.query.get(GetRequest.create({ collection: collection.name, ids: ['r0'], read: partial() }), call());
  const scroll = fixture.query.scroll(ScrollRequest.create({ collection: collection.name, read: partial() }), call());
  for (const error of [await errorOf(get), await errorOf(scroll)]) {
    assert.deepEqual([error.code, error.details[0]?.field], ['INVALID_ARGUMENT', 'allowPartial']);
  }
});
