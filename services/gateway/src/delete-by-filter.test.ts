import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { ReadToken, type DeleteRequest, type Filter } from '@proximadb/schemas';
import { call, deleteOf, errorOf, openFixture, upsertOf, type Fixture } from './testing/fixture.ts';

// The shards of this fixture ask their own `matches` what the filter asks.
const filter: Filter = { node: null };
const chunk = 4;
let fixture: Fixture;
let log: number;
let topic: string;
let collection: string;
let names = 0;

before(async () => {
  fixture = await openFixture({ deleteChunkRecords: chunk });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  collection = `words-${names++}`;
  ({ log, topic } = await fixture.collection(collection));
  fixture.append = undefined;
  fixture.shards.failure = undefined;
  fixture.shards.matches = (view) => view.field(['year']) === 2020n;
  fixture.appends.length = 0;
});

const remove = (fields: Partial<DeleteRequest> = {}, context = call()) => fixture.gateway.delete(deleteOf({ collection, filter, ...fields }), context);
const write = async (ids: readonly string[], year: bigint): Promise<void> => {
  await fixture.gateway.upsert(upsertOf({ collection, records: ids.map((id) => fixture.record({ id, metadata: new Map([['year', year]]) })) }), call());
};
const left = async (): Promise<string[]> => [...(await fixture.shards.records(log)).keys()].sort();
const idsOf = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`);

test('deletes all that match, in chunks, and sees every write acknowledged before', async () => {
  await write(idsOf('old', 10), 2020n);
  await write(idsOf('new', 5), 2021n);
  fixture.appends.length = 0;
  const { deleted, changed, cursor, token, versions } = await remove();
  assert.deepEqual([deleted, changed, cursor, versions], [10n, 0n, null, []]);
  assert.deepEqual(await left(), idsOf('new', 5));
  assert.deepEqual(fixture.appends.map((entries) => entries.length), [4, 4, 2]);
  const ends = (await fixture.log.extents(topic)).map(({ end }) => Number(end));
  assert.deepEqual(ReadToken.decode(Buffer.from(token, 'base64url')).offsets.map(Number), ends, 'reads at the token see the deletes');
});

test('a record that changes between the read and the delete stays, and is counted', async () => {
  await write(['a', 'b', 'c'], 2020n);
  fixture.append = async (name, entries) => {
    fixture.append = undefined;
    await write(['b'], 2022n);
    return fixture.log.append(name, entries);
  };
  const { deleted, changed } = await remove();
  assert.deepEqual([deleted, changed], [2n, 1n]);
  assert.deepEqual(await left(), ['b']);
});

test('a limit stops it with a cursor, and the cursor goes on', async () => {
  await write(idsOf('old', 11), 2020n);
  const first = await remove({ limit: 6 });
  assert.equal(first.deleted, 6n);
  assert.notEqual(first.cursor, null);
  assert.deepEqual(await left(), idsOf('old', 11).slice(6));
  const second = await remove({ cursor: first.cursor });
  assert.deepEqual([second.deleted, second.cursor], [5n, null]);
  assert.deepEqual(await left(), []);
});

test('when the time left is short it answers with what it did, and a cursor', async () => {
  await using hurried = await openFixture({ deleteChunkRecords: 2, deleteReserveMs: 60_000 });
  await hurried.collection();
  await hurried.gateway.upsert(upsertOf({ records: idsOf('a', 5).map((id) => hurried.record({ id })) }), call());
  const { deleted, cursor } = await hurried.gateway.delete(deleteOf({ filter }), call());
  assert.equal(deleted, 2n);
  assert.notEqual(cursor, null);
});

test('repeating a call deletes what is there by then, whatever its request id', async () => {
  await write(['a'], 2020n);
  assert.equal((await remove({ requestId: 'same' })).deleted, 1n);
  await write(['b'], 2020n);
  assert.equal((await remove({ requestId: 'same', attempt: 1 })).deleted, 1n);
  assert.deepEqual(await left(), []);
});

test('nothing that matches is no error', async () => {
  const { deleted, changed, cursor } = await remove();
  assert.deepEqual([deleted, changed, cursor], [0n, 0n, null]);
  assert.equal(fixture.appends.length, 0);
});

test('an error after some chunks says how many records were deleted', async () => {
  await write(idsOf('old', 10), 2020n);
  let appends = 0;
  fixture.append = (name, entries) => {
    appends++;
    if (appends === 3) fixture.shards.failure = new AppError('DEADLINE_EXCEEDED', 'partition 2 is behind');
    return fixture.log.append(name, entries);
  };
  const error = await errorOf(remove());
  assert.equal(error.code, 'DEADLINE_EXCEEDED');
  assert.match(error.message, /^8 records were deleted, then: .*partition 2 is behind/);
  assert.notEqual(error.token, undefined);
});

test("the reader's error is the answer", async () => {
  fixture.shards.failure = new AppError('INVALID_ARGUMENT', 'no such operator', { details: [{ field: 'filter.$foo', reason: 'no such operator' }] });
  const error = await errorOf(remove());
  assert.deepEqual([error.code, error.details[0]?.field], ['INVALID_ARGUMENT', 'filter.$foo']);
});
