import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, httpStatus } from '@proximadb/errors';
import { partitionOf } from '@proximadb/log';
import { Condition } from '@proximadb/schemas';
import { call, deleteOf, errorOf, openFixture, patchOf, upsertOf, type Fixture } from './testing/fixture.ts';
import { encodePatchRecord } from '@proximadb/record';

const lagRecordsMax = 20;
const config = { lagRecordsMax, retryAfterMs: 1 };
const home = (id: string): number => partitionOf(Buffer.from(id), 3);
/** An id of a partition. */
const idIn = (partition: number, from = 0): string => {
  for (let i = from; ; i += 1) if (home(`w${i}`) === partition) return `w${i}`;
};
const write = (fixture: Fixture, id: string) => fixture.gateway.upsert(upsertOf({ records: [fixture.record({ id })] }), call());

/** Writes to a partition until a write is refused. @returns how many were taken. */
async function fill(fixture: Fixture, partition: number, writesMax = 10_000): Promise<{ readonly taken: number; readonly error: AppError | undefined }> {
  for (let taken = 0; taken < writesMax; taken += 1) {
    try {
      await write(fixture, idIn(partition, taken));
    } catch (error) {
      assert.ok(error instanceof AppError);
      return { taken, error };
    }
    // The answer of the shards takes a turn or two.
    await new Promise((resolve) => { setTimeout(resolve, 2); });
  }
  return { taken: writesMax, error: undefined };
}

test('writes go on while shards are behind by no more than the limit; past it they are sent away, until the shards have caught up', async () => {
  await using fixture = await openFixture(config);
  const { log } = await fixture.collection();
  const { taken, error } = await fill(fixture, 1);
  assert.ok(taken > lagRecordsMax && taken <= lagRecordsMax + 3, `${taken} writes`);
  assert.ok(error !== undefined);
  assert.deepEqual([error.code, error.retryAfterMs, httpStatus(error), error.retryable], ['RESOURCE_EXHAUSTED', 1, 429, true]);
  assert.match(error.message, /^partition 1 of collection "words" has 2\d records in its log that are not applied yet, and 20 are allowed/);

  // Nothing of what was refused is in the log.
  const appends = fixture.appends.length;
  const remove = fixture.gateway.delete(deleteOf({ ids: [idIn(0), idIn(1)] }), call());
  const patches = [encodePatchRecord(fixture.catalog.schemas.idOf('PatchRecord'), { id: idIn(1) })];
  const patch = fixture.gateway.patch(patchOf({ patches }), call());
  const conditional = fixture.gateway.upsert(upsertOf({
    records: [fixture.record({ id: idIn(1) })], conditions: [Condition.create({ condition: { kind: 'ifAbsent', value: {} } })],
  }), call());
  for (const refused of [remove, patch, conditional]) assert.equal((await errorOf(refused)).code, 'RESOURCE_EXHAUSTED');
  assert.equal(fixture.appends.length, appends);
  // Other partitions are not behind.
  await write(fixture, idIn(0));

  await fixture.shards.records(log);
  await write(fixture, idIn(1));
});

test('writes that wait for the shards count, too, although none of them is answered', async () => {
  await using fixture = await openFixture(config);
  await fixture.collection();
  const outcomes = fixture.shards.outcomes.bind(fixture.shards);
  fixture.shards.outcomes = async () => { throw new AppError('DEADLINE_EXCEEDED', 'the shard did not get there'); };
  const codes = new Set<string>();
  for (let i = 0; i < 2 * lagRecordsMax; i += 1) {
    const request = upsertOf({ records: [fixture.record({ id: idIn(2) })], conditions: [Condition.create({ condition: { kind: 'ifPresent', value: {} } })] });
    codes.add((await errorOf(fixture.gateway.upsert(request, call()))).code);
    await new Promise((resolve) => { setTimeout(resolve, 2); });
  }
  assert.deepEqual([...codes], ['DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);
  fixture.shards.outcomes = outcomes;
});

for (const [what, prepare] of [
  ['nobody answers for', (fixture: Fixture) => { fixture.shards.failure = new AppError('UNAVAILABLE', 'no indexer answers'); }],
  ['nobody serves', (fixture: Fixture) => { fixture.shards.states.set(1, 'stopped'); }],
  ['is replayed only', (fixture: Fixture) => { fixture.shards.states.set(1, 'replaying'); }],
] as const) {
  test(`writes to a partition that ${what} go on, however far it is behind`, async () => {
    await using fixture = await openFixture(config);
    await fixture.collection();
    prepare(fixture);
    assert.deepEqual(await fill(fixture, 1, 4 * lagRecordsMax), { taken: 4 * lagRecordsMax, error: undefined });
  });
}

test('0 is no limit, and a shard that keeps up is never the reason', async () => {
  await using unlimited = await openFixture({ ...config, lagRecordsMax: 0 });
  await unlimited.collection();
  assert.equal((await fill(unlimited, 1, 3 * lagRecordsMax)).error, undefined);

  await using fixture = await openFixture(config);
  const { log } = await fixture.collection();
  for (let i = 0; i < 3 * lagRecordsMax; i += 1) {
    await write(fixture, idIn(1, i));
    await fixture.shards.records(log);
  }
});
