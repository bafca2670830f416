import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { AppError, httpStatus, type Code, type ErrorDetail } from '@proximadb/errors';
import { partitionOf, writeHeaderName, type Appended, type Fate, AppendError, offset } from '@proximadb/log';
import { decodeVectorRecord, encodeDeleteRecord, encodePatchRecord, encodeVectorRecord, parseVersion, recordCounters } from '@proximadb/record';
import { Condition, decodeAvro, ReadToken, type DeleteRequest, type PatchRequest, type UpsertRequest } from '@proximadb/schemas';
import { call, deleteOf, errorOf, openFixture, patchOf, upsertOf, type Fixture } from './testing/fixture.ts';

let fixture: Fixture;
let log: number;
let topic: string;
let names = 0;
let collection: string;

before(async () => {
  fixture = await openFixture({ recordsMax: 200, requestBytesMax: 4_096 });
});
after(async () => {
  await fixture[Symbol.asyncDispose]();
});
beforeEach(async () => {
  collection = `words-${names++}`;
  ({ log, topic } = await fixture.collection(collection));
  fixture.append = undefined;
  fixture.shards.failure = undefined;
  fixture.appends.length = 0;
  fixture.shards.asked = 0;
});

const upsert = (fields: Partial<UpsertRequest>, context = call()) => fixture.gateway.upsert(upsertOf({ collection, ...fields }), context);
const patch = (fields: Partial<PatchRequest>) => fixture.gateway.patch(patchOf({ collection, ...fields }), call());
const remove = (fields: Partial<DeleteRequest>) => fixture.gateway.delete(deleteOf({ collection, ...fields }), call());
const ifAbsent = Condition.create({ condition: { kind: 'ifAbsent', value: {} } });
const ifPresent = Condition.create({ condition: { kind: 'ifPresent', value: {} } });
const ifVersion = (value: string) => Condition.create({ condition: { kind: 'ifVersion', value } });
const tokenOffsets = (token: string) => ReadToken.decode(Buffer.from(token, 'base64url')).offsets.map(Number);
const partitionOfId = (id: string): number => partitionOf(new TextEncoder().encode(id), 3);
const patchRecord = (id: string, fields: { unset?: string[] } = {}) => encodePatchRecord(fixture.catalog.schemas.idOf('PatchRecord'), { id, ...fields });

test('an upsert puts views on the very request bytes into the log, and encodes and decodes no record', async () => {
  const records = ['a', 'b', 'ü', 'd'].map((id) => fixture.record({ id, metadata: new Map([['year', 2020n]]) }));
  const originals = records.map((record) => Buffer.from(record));
  const before = { ...recordCounters };
  await upsert({ records });
  assert.deepEqual({ ...recordCounters }, before);
  const [entries] = fixture.appends;
  assert.equal(entries?.length, 4);
  for (const [index, entry] of entries.entries()) {
    const record = records[index]!;
    assert.equal(entry.value, record, 'the value is the very view');
    assert.equal(entry.key.buffer, record.buffer, 'the key lies in the same memory');
    assert.equal(entry.partition, partitionOf(entry.key, 3));
  }
  const stored = await fixture.shards.records(log);
  assert.deepEqual(records.map((_, index) => Buffer.from(stored.get(['a', 'b', 'ü', 'd'][index]!)!.bytes)), originals);
});

test('the answer has a version a record and a token that covers exactly what was written', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const { token, versions, refused } = await upsert({ records: ids.map((id) => fixture.record({ id })) });
  assert.deepEqual(refused, []);
  const stored = await fixture.shards.records(log);
  assert.deepEqual(versions.map(parseVersion), ids.map((id) => ({ log, offset: stored.get(id)!.offset })));
  assert.deepEqual(tokenOffsets(token), (await fixture.log.extents(topic)).map(({ end }) => Number(end)));
  assert.equal(ReadToken.decode(Buffer.from(token, 'base64url')).log, BigInt(log));
  const single = await upsert({ records: [fixture.record({ id: 'a' })] });
  const offsets = tokenOffsets(single.token);
  assert.deepEqual(offsets.map((end) => end > 0), [0, 1, 2].map((partition) => partition === partitionOfId('a')), 'untouched partitions are 0');
});

test('headers count sequences a partition and carry the request id, made up where it is missing', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  await upsert({ records: ids.map((id) => fixture.record({ id })), requestId: 'mine' });
  await upsert({ records: [fixture.record({ id: 'a' })] });
  const headers = fixture.appends.map((entries) =>
    entries.map(({ partition, headers: all }) => ({ partition, ...decodeAvro('WriteHeader', all[writeHeaderName]!) })));
  const next = [0, 0, 0];
  for (const { partition, sequence, request_id: requestId } of headers[0]!) {
    assert.equal(sequence, next[partition]!++);
    assert.equal(requestId, 'mine');
  }
  assert.match(headers[1]![0]!.request_id, /^generated-\d+$/);
});

test('the first attempt of a plain write is answered from the log, everything else by the shards', async () => {
  const records = [fixture.record({ id: 'a' })];
  const { versions } = await upsert({ records, requestId: 'r' });
  await remove({ ids: ['zzz'] });
  assert.equal(fixture.shards.asked, 0);
  const repeated = await upsert({ records, requestId: 'r', attempt: 1 });
  assert.equal(fixture.shards.asked, 1);
  assert.deepEqual(repeated.versions, versions, 'a repeat has the version of the first');
  const conditional = await upsert({ records: [fixture.record({ id: 'b' })], conditions: [ifAbsent] });
  assert.equal(fixture.shards.asked, 2);
  assert.deepEqual(conditional.refused, []);
  await patch({ patches: [patchRecord('a')] });
  assert.equal(fixture.shards.asked, 3);
});

test('records that a condition refuses are listed; the others are written', async () => {
  const first = await upsert({ records: [fixture.record({ id: 'a' })] });
  const { versions, refused } = await upsert({ records: ['a', 'b'].map((id) => fixture.record({ id })), conditions: [ifAbsent] });
  assert.equal(versions[0], '');
  assert.notEqual(versions[1], '');
  assert.deepEqual(refused, [{ record: 0, id: 'a', reason: 'exists' }]);
  const mixed = await upsert({
    records: ['a', 'b', 'c'].map((id) => fixture.record({ id })), conditions: [ifVersion(first.versions[0]!), ifVersion('1-0'), Condition.create()],
  });
  assert.deepEqual(mixed.refused, [{ record: 1, id: 'b', reason: 'version_mismatch' }]);
});

test('a write of which nothing was applied is ABORTED, 409, naming each record and reason', async () => {
  await upsert({ records: [fixture.record({ id: 'a' })] });
  const error = await errorOf(upsert({ records: ['a', 'b'].map((id) => fixture.record({ id })), conditions: [ifAbsent, ifPresent] }));
  assert.equal(error.code, 'ABORTED');
  assert.equal(httpStatus(error), 409);
  assert.deepEqual(error.details, [{ record: 0, reason: 'exists' }, { record: 1, reason: 'missing' }]);
  const missing = await errorOf(patch({ patches: [patchRecord('nobody')] }));
  assert.deepEqual([missing.code, missing.details], ['ABORTED', [{ record: 0, reason: 'missing' }]]);
});

test('a patch changes the stored record', async () => {
  await upsert({ records: [fixture.record({ id: 'a', metadata: new Map<string, bigint>([['year', 1n], ['month', 2n]]) })] });
  const { refused } = await patch({ patches: [patchRecord('a', { unset: ['year'] }), patchRecord('b')] });
  assert.deepEqual(refused, [{ record: 1, id: 'b', reason: 'missing' }]);
  const stored = (await fixture.shards.records(log)).get('a')!;
  assert.deepEqual(decodeVectorRecord(stored.bytes).metadata, new Map([['month', 2n]]));
});

test('a delete by ids ends records, and has a version an id', async () => {
  await upsert({ records: ['a', 'b', 'c'].map((id) => fixture.record({ id })) });
  const { versions, deleted, cursor } = await remove({ ids: ['a', 'c', 'never-there'] });
  assert.equal(versions.length, 3);
  assert.deepEqual([deleted, cursor], [0n, null]);
  assert.deepEqual([...(await fixture.shards.records(log)).keys()], ['b']);
  const error = await errorOf(remove({ ids: ['a'], conditions: [ifPresent] }));
  assert.deepEqual([error.code, error.details], ['ABORTED', [{ record: 0, reason: 'missing' }]]);
});

interface Bad {
  readonly name: string;
  readonly send: () => Promise<unknown>;
  readonly code: Code;
  readonly details: readonly Partial<ErrorDetail>[];
}

const good = (id = 'a') => fixture.record({ id });
const bad: readonly Bad[] = [
  { name: 'unknown collection', send: () => upsert({ collection: 'nothing', records: [good()] }), code: 'NOT_FOUND', details: [{ field: 'collection' }] },
  { name: 'no record', send: () => upsert({}), code: 'INVALID_ARGUMENT', details: [{ field: 'records' }] },
  { name: 'no patch', send: () => patch({}), code: 'INVALID_ARGUMENT', details: [{ field: 'patches' }] },
  {
    name: 'too many records', send: () => upsert({ records: Array.from({ length: 201 }, (_, id) => good(`${id}`)) }),
    code: 'RESOURCE_EXHAUSTED', details: [{ field: 'records' }],
  },
  {
    name: 'too many bytes', send: () => upsert({ records: [fixture.record({ metadata: new Map([['text', 'x'.repeat(4_096)]]) })] }),
    code: 'RESOURCE_EXHAUSTED', details: [{ field: 'records' }],
  },
  { name: 'a patch as an upsert', send: () => upsert({ records: [patchRecord('a')] }), code: 'INVALID_ARGUMENT', details: [{ record: 0 }] },
  { name: 'an upsert as a patch', send: () => patch({ patches: [good()] }), code: 'INVALID_ARGUMENT', details: [{ record: 0 }] },
  {
    name: 'a delete as an upsert', send: () => upsert({ records: [encodeDeleteRecord(fixture.catalog.schemas.idOf('DeleteRecord'), 'a')] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0 }],
  },
  {
    name: 'wrong dimension in the second record', send: () => upsert({ records: [good(), fixture.record({ id: 'b', vector: [1, 2, 3] })] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 1, field: 'vector' }],
  },
  {
    name: 'not a number', send: () => upsert({ records: [fixture.record({ vector: [1, NaN] })] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'vector[1]' }],
  },
  {
    name: 'zero under cosine', send: () => upsert({ records: [fixture.record({ vector: [0, 0] })] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'vector' }],
  },
  { name: 'empty id', send: () => upsert({ records: [fixture.record({ id: '' })] }), code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'id' }] },
  {
    name: 'over-long id', send: () => upsert({ records: [fixture.record({ id: 'x'.repeat(513) })] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'id' }],
  },
  {
    name: 'unknown schema', send: () => upsert({ records: [encodeVectorRecord(4_711, { id: 'a', vector: [1, 2] })] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0 }],
  },
  { name: 'truncated', send: () => upsert({ records: [good().subarray(0, 9)] }), code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'vector' }] },
  { name: 'no wire header', send: () => upsert({ records: [Uint8Array.of(1, 2)] }), code: 'INVALID_ARGUMENT', details: [{ record: 0 }] },
  {
    name: 'an id twice', send: () => upsert({ records: [good('a'), good('b'), good('a')] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'id' }, { record: 2, field: 'id' }],
  },
  {
    name: 'all mistakes at once', send: () => upsert({ records: [fixture.record({ id: '' }), good(), Uint8Array.of(0)] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 0, field: 'id' }, { record: 2 }],
  },
  { name: 'request id empty', send: () => upsert({ records: [good()], requestId: '' }), code: 'INVALID_ARGUMENT', details: [{ field: 'requestId' }] },
  {
    name: 'request id too long', send: () => upsert({ records: [good()], requestId: 'ü'.repeat(65) }),
    code: 'INVALID_ARGUMENT', details: [{ field: 'requestId' }],
  },
  { name: 'request id no text', send: () => upsert({ records: [good()], requestId: '\ud800' }), code: 'INVALID_ARGUMENT', details: [{ field: 'requestId' }] },
  { name: 'attempt below 0', send: () => upsert({ records: [good()], attempt: -1 }), code: 'INVALID_ARGUMENT', details: [{ field: 'attempt' }] },
  { name: 'no time', send: () => upsert({ records: [good()], timeoutMs: 0 }), code: 'INVALID_ARGUMENT', details: [{ field: 'timeoutMs' }] },
  {
    name: 'conditions for other records', send: () => upsert({ records: [good('a'), good('b'), good('c')], conditions: [ifAbsent, ifAbsent] }),
    code: 'INVALID_ARGUMENT', details: [{ field: 'conditions' }],
  },
  {
    name: 'empty condition', send: () => upsert({ records: [good()], conditions: [Condition.create()] }),
    code: 'INVALID_ARGUMENT', details: [{ field: 'conditions[0]' }],
  },
  {
    name: 'condition with no version', send: () => upsert({ records: [good('a'), good('b')], conditions: [ifAbsent, ifVersion('1.2')] }),
    code: 'INVALID_ARGUMENT', details: [{ record: 1, field: 'conditions[1].ifVersion' }],
  },
  { name: 'neither ids nor filter', send: () => remove({}), code: 'INVALID_ARGUMENT', details: [{ field: 'ids' }, { field: 'filter' }] },
  {
    name: 'ids and filter', send: () => remove({ ids: ['a'], filter: { node: null } }),
    code: 'INVALID_ARGUMENT', details: [{ field: 'ids' }, { field: 'filter' }],
  },
  { name: 'a cursor with ids', send: () => remove({ ids: ['a'], cursor: 'x' }), code: 'INVALID_ARGUMENT', details: [{ field: 'cursor' }] },
  { name: 'a limit with ids', send: () => remove({ ids: ['a'], limit: 1 }), code: 'INVALID_ARGUMENT', details: [{ field: 'limit' }] },
  { name: 'limit 0', send: () => remove({ filter: { node: null }, limit: 0 }), code: 'INVALID_ARGUMENT', details: [{ field: 'limit' }] },
  {
    name: 'a condition with a filter', send: () => remove({ filter: { node: null }, conditions: [ifPresent] }),
    code: 'INVALID_ARGUMENT', details: [{ field: 'conditions' }],
  },
  {
    name: 'ids empty, too long, twice, no text', send: () => remove({ ids: ['', 'x'.repeat(513), 'a', 'a', '\ud800'] }), code: 'INVALID_ARGUMENT',
    details: [{ record: 0, field: 'id' }, { record: 1, field: 'id' }, { record: 2, field: 'id' }, { record: 3, field: 'id' }, { record: 4, field: 'id' }],
  },
];

for (const { name, send, code, details } of bad) {
  test(`refused, and nothing is written: ${name}`, async () => {
    const error = await errorOf(send());
    assert.equal(error.code, code, error.message);
    assert.deepEqual(error.details.map(({ record, field }) => ({ record, field })), details.map(({ record, field }) => ({ record, field })), error.message);
    assert.ok(error.details.every(({ reason }) => reason.length > 5));
    assert.equal(error.retryAfterMs, undefined, 'the request has to be changed');
    assert.equal(fixture.appends.length, 0);
    if (code === 'RESOURCE_EXHAUSTED') assert.equal(httpStatus(error), 413);
  });
}

test('at most 100 mistakes are listed', async () => {
  const error = await errorOf(upsert({ records: Array.from({ length: 150 }, () => Uint8Array.of(0)) }));
  assert.equal(error.details.length, 100);
});

test("a log that fails tells each record's fate, and how to repeat the request", async () => {
  const fates: Fate[] = [{ kind: 'written', offset: offset(17) }, { kind: 'not_written' }, { kind: 'unknown' }];
  fixture.append = () => Promise.reject(new AppendError('a broker died', fates));
  const error = await errorOf(upsert({ records: [good('a'), good('b'), good('c')], requestId: 'again-please' }));
  assert.equal(error.code, 'UNAVAILABLE');
  const told = [`written, version ${log}-17`, 'not written', 'unknown'];
  assert.deepEqual(error.details, told.map((reason, record) => ({ record, reason })));
  assert.match(error.message, /a broker died.*"again-please"/);
  assert.equal(fixture.gateway.inFlightBytes, 0);
});

test('records that may stand in the log twice are answered by the shards, which know the one that was applied', async () => {
  fixture.append = async (name, entries) => {
    const { offsets } = await fixture.log.append(name, entries);
    assert.equal(offsets.length, 1);
    return { ...await fixture.log.append(name, entries), repeated: true };
  };
  const { versions: [version] } = await upsert({ records: [good('twice')], requestId: 'sent-twice' });
  const stored = (await fixture.log.extents(topic)).reduce((sum, { end }) => sum + end, 0);
  assert.equal(stored, 2);
  assert.equal(version, `${log}-0`, 'the second changed nothing');
});

test('a log that is full or gone says so as it is', async () => {
  fixture.append = () => Promise.reject(new AppError('RESOURCE_EXHAUSTED', 'full', { retryAfterMs: 7 }));
  const full = await errorOf(upsert({ records: [good()] }));
  assert.deepEqual([full.code, full.retryAfterMs], ['RESOURCE_EXHAUSTED', 7]);
  fixture.append = () => Promise.reject(new AppError('NOT_FOUND', 'no such topic'));
  const gone = await errorOf(upsert({ records: [good()] }));
  assert.equal(gone.code, 'NOT_FOUND');
  assert.match(gone.message, new RegExp(collection));
});

test('a log that does not answer in time leaves all fates unknown, and holds its bytes until it does', async () => {
  let settle: ((appended: Appended) => void) | undefined;
  fixture.append = () => new Promise((resolve) => { settle = resolve; });
  const record = good();
  const error = await errorOf(upsert({ records: [record], timeoutMs: 20 }));
  assert.equal(error.code, 'DEADLINE_EXCEEDED');
  assert.deepEqual(error.details, [{ record: 0, reason: 'unknown' }]);
  assert.equal(fixture.gateway.inFlightBytes, record.length);
  settle?.({ offsets: [], repeated: false });
  await new Promise(setImmediate);
  assert.equal(fixture.gateway.inFlightBytes, 0);
});

test('a caller that is gone is answered with CANCELLED at once', async () => {
  fixture.append = () => new Promise(() => undefined);
  const controller = new AbortController();
  const cancelled = errorOf(upsert({ records: [good()] }, { ...call(), signal: controller.signal }));
  setImmediate(() => controller.abort());
  assert.equal((await cancelled).code, 'CANCELLED');
});

for (const code of ['DEADLINE_EXCEEDED', 'UNAVAILABLE'] as const) {
  test(`shards that answer ${code} after the append give the caller the token of what is in the log`, async () => {
    fixture.shards.failure = new AppError(code, 'partition 1 is 5 records behind');
    const error = await errorOf(upsert({ records: [good()], conditions: [ifAbsent], requestId: 'r' }));
    assert.equal(error.code, code);
    assert.deepEqual(tokenOffsets(error.token ?? ''), (await fixture.log.extents(topic)).map(({ end }) => Number(end)));
    assert.match(error.message, /5 records behind/);
    fixture.shards.failure = undefined;
    const { refused } = await upsert({ records: [good()], conditions: [ifAbsent], requestId: 'r', attempt: 1 });
    assert.deepEqual(refused, [], "a retried `if absent` does not fail on its own success");
  });
}

test('past the limit of bytes in flight a write is sent away with a time to come back', async () => {
  await using small = await openFixture({ inFlightBytesMax: 1, retryAfterMs: 42 });
  await small.collection();
  let settle: (() => void) | undefined;
  small.append = (name, entries) => new Promise((resolve) => {
    settle = () => resolve(small.log.append(name, entries));
  });
  const first = small.gateway.upsert(upsertOf({ records: [small.record({})] }), call());
  while (settle === undefined) await new Promise(setImmediate);
  const error = await errorOf(small.gateway.upsert(upsertOf({ records: [small.record({})] }), call()));
  assert.deepEqual([error.code, error.retryAfterMs, httpStatus(error)], ['RESOURCE_EXHAUSTED', 42, 429]);
  settle();
  await first;
  small.append = undefined;
  await small.gateway.upsert(upsertOf({ records: [small.record({})] }), call());
  assert.equal(small.gateway.inFlightBytes, 0);
});

test('nothing is appended for a caller whose time is up', async () => {
  const error = await errorOf(upsert({ records: [good()] }, call(0)));
  assert.equal(error.code, 'DEADLINE_EXCEEDED');
  assert.equal(fixture.appends.length, 0);
});

test('past the rate that gateways share, a write is sent away whole with a time to come back', async () => {
  await using limited = await openFixture({ recordsPerSecondMax: 500, recordsMax: 2 });
  const { log: number } = await limited.collection();
  const asked: unknown[] = [];
  limited.rate = async (...taken) => {
    asked.push(taken);
    return asked.length === 1 ? 0 : 321;
  };
  await limited.gateway.upsert(upsertOf({ records: [limited.record({ id: 'a' }), limited.record({ id: 'b' })] }), call());
  const error = await errorOf(limited.gateway.upsert(upsertOf({ records: [limited.record({ id: 'c' })] }), call()));
  assert.deepEqual([error.code, error.retryAfterMs, httpStatus(error)], ['RESOURCE_EXHAUSTED', 321, 429]);
  assert.equal(limited.appends.flat().length, 2);
  const limit = { perSecond: 500, burst: 500 };
  assert.deepEqual(asked, [[`records/${number}`, 2, limit], [`records/${number}`, 1, limit]]);
  assert.equal(limited.gateway.inFlightBytes, 0);
});
