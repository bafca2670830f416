import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import type { Collection } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import { offset, type Extent } from '@proximadb/log';
import { Deadline } from '@proximadb/process';
import type { Finding } from '@proximadb/schemas';
import { diagnose, type DiagnoseDependencies } from './diagnose.ts';
import type { MemberReport } from './replicas.ts';
import type { ShardReport } from './shards.ts';

const sinceMicros = 1_700_000_000_000_000;
const partitions = 3;
const words = { name: 'words', log: 5, topic: 'proximadb-words-5', settings: { partitions } } as Collection;

function shard(partition: number, fields: Partial<ShardReport> = {}): ShardReport {
  return {
    partition, state: 'serving', reason: null, logAway: null, since: sinceMicros, watermark: 100, durable: 0, live: 100, growingRows: 0, building: 0,
    memoryBytes: 0, malformed: 0, ledger: [], segments: [], writtenBytes: 0, sealedBytes: 0, marks: [], ...fields,
  };
}

/** All partitions, with what is peculiar to some. */
function member(memberId: string, group: number, peculiar: Readonly<Record<number, Partial<ShardReport> | null>> = {}): MemberReport {
  const reports = Array.from({ length: partitions }, (_, partition) => partition)
    .filter((partition) => peculiar[partition] !== null).map((partition) => shard(partition, peculiar[partition] ?? {}));
  return { replica: { memberId, group, address: `${memberId}:5680` }, reports, faults: [], error: null };
}

const ends = (at: readonly number[]): Extent[] => at.map((end) => ({ start: offset(0), end: offset(end) }));

const topicsOf = (extents: Extent[]): DiagnoseDependencies['log'] => ({ extents: () => Promise.resolve(extents), settingsAmiss: () => Promise.resolve([]) });

const living = ['a', 'b'].map((id, group) => ({ id, kind: 'indexer', group, address: `${id}:5680` }));

async function findings(reports: readonly MemberReport[], others: Partial<DiagnoseDependencies> = {}, timeoutMs = 30_000): Promise<readonly Finding[]> {
  const answer = await diagnose({ deadline: Deadline.after(timeoutMs), signal: new AbortController().signal }, {
    catalog: { list: () => [words] }, config: { timeoutMsMax: 30_000 },
    log: topicsOf(ends([100, 100, 100])),
    replicas: { reports: () => Promise.resolve(reports), digest: () => { throw new Error('nobody looks at records'); } },
    members: () => living, faults: () => [], fewerSince: () => sinceMicros, ...others,
  });
  assert.deepEqual(answer.members, others.members?.() ?? living);
  return answer.findings;
}

const short = (found: readonly Finding[]): unknown[] => found.map(({ severity, where, what, since, who }) =>
  [severity, where, what, since === null ? null : Number(since), who]);

const operator = 'the operator of ProximaDB';

describe('the doctor', () => {
  test('finds nothing where two replicas serve all that is written, nor where one process is all there is', async () => {
    assert.deepEqual(await findings([member('a', 0), member('b', 1)]), []);
    assert.deepEqual(await findings([member('standalone', 0)], { members: () => [] }), []);
  });

  test('names partitions with one replica, together, since it is so', async () => {
    assert.deepEqual(short(await findings([member('a', 0), member('b', 1, { 0: null, 1: null })])), [
      ['warning', 'collection words, partitions 0-1', 'has one replica only: if it dies nobody answers', sinceMicros, operator],
    ]);
  });

  test('who reads its log again heals by itself', async () => {
    const healing = await findings([member('a', 0), member('b', 1, { 2: { state: 'replaying' } })]);
    assert.deepEqual(short(healing), [
      ['warning', 'collection words, partition 2', 'has one replica only: if it dies nobody answers', sinceMicros, 'nobody'],
    ]);
    const alone = await findings([member('a', 0, { 2: { state: 'replaying', since: sinceMicros + 5 } })]);
    assert.deepEqual(short(alone).at(0), [
      'critical', 'collection words, partition 2', 'nobody answers for it yet: its replicas read their log again', sinceMicros + 5, 'nobody',
    ]);
  });

  test('a partition that nobody holds is critical, and comes first', async () => {
    const found = await findings([member('a', 0, { 1: null })]);
    assert.deepEqual(short(found), [
      ['critical', 'collection words, partition 1', 'nobody answers for it', sinceMicros, operator],
      ['warning', 'collection words, partitions 0, 2', 'has one replica only: if it dies nobody answers', sinceMicros, operator],
    ]);
  });

  test('a shard that stopped is named with its reason, the worse if nobody else answers', async () => {
    const stopped = { 0: { state: 'stopped' as const, reason: 'segment-7 is damaged' } };
    const other = short(await findings([member('a', 0, stopped), member('b', 1)]));
    assert.deepEqual(other, [
      ['warning', 'collection words, partition 0', 'has one replica only: if it dies nobody answers', sinceMicros, operator],
      ['warning', 'collection words, partition 0', 'stopped on a: segment-7 is damaged', sinceMicros, operator],
    ]);
    const nobody = short(await findings([member('a', 0, stopped), member('b', 1, { 0: null })]));
    assert.deepEqual(nobody.slice(0, 2).map((found) => (found as string[]).slice(0, 3)), [
      ['critical', 'collection words, partition 0', 'nobody answers for it'],
      ['critical', 'collection words, partition 0', 'stopped on a: segment-7 is damaged'],
    ]);
  });

  test('a shard far behind its log is named with its distance, one that is near is not', async () => {
    const log = topicsOf(ends([100, 100_099, 100_100]));
    assert.deepEqual(short(await findings([member('a', 0), member('b', 1, { 2: { watermark: 200 } })], { log })), [
      ['warning', 'collection words, partition 2', 'is 100000 records behind its log on a', null, operator],
    ]);
  });

  test('a topic whose settings were changed is named with them, for who must set them back', async () => {
    const amiss = [{ field: 'retention.ms', reason: 'is 1000, not -1' }, { field: 'cleanup.policy', reason: 'is compact, not delete' }];
    const log = { ...topicsOf(ends([100, 100, 100])), settingsAmiss: () => Promise.resolve(amiss) };
    assert.deepEqual(short(await findings([member('a', 0), member('b', 1)], { log })), [[
      'critical', 'collection words',
      'its topic proximadb-words-5 has settings that may lose what was acknowledged: retention.ms is 1000, not -1; cleanup.policy is compact, not delete',
      null, 'the operator of Kafka',
    ]]);
  });

  test('settings that Kafka does not show are said once, and that is no outage', async () => {
    const refused = () => Promise.reject(new AppError('PERMISSION_DENIED', 'the broker refuses it'));
    const catalog = { list: () => [words, { ...words, name: 'others', topic: 't' }] };
    const found = await findings([member('a', 0), member('b', 1)], { log: { ...topicsOf(ends([100, 100, 100])), settingsAmiss: refused }, catalog });
    assert.deepEqual(short(found), [[
      'warning', 'Kafka', 'does not show how topics are set: the broker refuses it', null, 'the operator of Kafka',
    ]]);
    assert.match(found[0]?.advice ?? '', /DescribeConfigs/);
  });

  test('a part that a process is without says who mends it: schemas of a newer release', async () => {
    const fault = { part: 'schemas', what: 'ids 77 are in use, and this release cannot read their records', since: sinceMicros };
    assert.deepEqual(short(await findings([{ ...member('a', 0), faults: [fault] }, member('b', 1)])), [
      ['warning', 'schemas of records (seen by a)', fault.what, sinceMicros, operator],
    ]);
  });

  test('records that are none are a notice to whoever writes them', async () => {
    assert.deepEqual(short(await findings([member('a', 0, { 1: { malformed: 3 } }), member('b', 1)])), [
      ['notice', 'collection words, partition 1', '3 records of its log are malformed and left out, on a', null, 'whoever writes to Kafka past the gateways'],
    ]);
  });

  test('a log that is away is said once by the log, and by each shard that does not follow it', async () => {
    const away = { 0: { logAway: 'no broker answers' } };
    let asked = 0;
    const log = { ...topicsOf([]), extents: () => { asked += 1; return Promise.reject(new AppError('UNAVAILABLE', 'no broker answers')); } };
    const catalog = { list: () => Array.from({ length: 40 }, (_, i) => ({ ...words, name: `words-${i}`, topic: `t-${i}` })) };
    const found = await findings([member('a', 0, away), member('b', 1)], { log, catalog });
    assert.deepEqual(short(found.filter(({ where }) => where === 'Kafka')), [
      ['critical', 'Kafka', 'does not answer, nothing can be written: no broker answers', sinceMicros, 'the operator of Kafka'],
    ]);
    assert.equal(found.filter(({ what }) => what === 'does not follow its log on a: no broker answers').length, 40);
    assert.ok(asked <= 16, `asked ${asked} times: not again once it is known`);
  });

  test('a collection whose topic was just deleted is nothing that is wrong', async () => {
    const log = { ...topicsOf([]), extents: () => Promise.reject(new AppError('NOT_FOUND', 'gone')) };
    assert.deepEqual(await findings([member('a', 0), member('b', 1)], { log }), []);
  });

  test('what several processes do without is one finding, since the first of them felt it, with who must act', async () => {
    const fault = { part: 'redis', what: 'does not answer', since: sinceMicros + 10 };
    const reports = [member('a', 0), member('b', 1)].map((report) => ({ ...report, faults: [{ ...fault, since: sinceMicros }] }));
    assert.deepEqual(short(await findings(reports, { faults: () => [fault] })), [
      ['warning', 'Redis (seen by this process, a, b)', 'does not answer', sinceMicros, 'the operator of Redis'],
    ]);
  });

  test('says how many collections it did not get to in its time', async () => {
    const catalog = { list: () => Array.from({ length: 40 }, () => words) };
    const found = short(await findings([member('a', 0), member('b', 1)], { catalog }, 1_000));
    assert.deepEqual(found, [['notice', 'collections', '24 were not looked at: the time was over', null, 'nobody']]);
  });

  test('an indexer that says nothing is named with its address', async () => {
    const mute: MemberReport = { ...member('b', 1), reports: [], error: new AppError('UNAVAILABLE', 'connection refused') };
    const found = await findings([member('a', 0), mute]);
    assert.deepEqual(short(found.filter(({ where }) => where === 'indexer b')), [
      ['warning', 'indexer b', 'does not say how it is: connection refused', null, operator],
    ]);
    assert.ok(found.every(({ where, advice }) => where !== 'indexer b' || advice.includes('b:5680')));
  });
});
