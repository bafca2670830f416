/** `proximadb verify` over real shards: replicas that hold the same agree, and what one of them holds otherwise is named. */
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { LogRecord } from '@proximadb/log';
import { Deadline } from '@proximadb/process';
import { createInspection, type Digest, type DigestRecord, type Replicas, type ReplicaMember, type ShardReport } from '@proximadb/query';
import { encodeVectorRecord } from '@proximadb/record';
import type { VerifyResponse } from '@proximadb/schemas';
import type { ShardHost } from './host.ts';
import { rig, schemaIds } from './testing/rig.ts';

type Rig = Awaited<ReturnType<typeof rig>>;

const members: readonly ReplicaMember[] = [{ memberId: 'a', group: 0, address: '' }, { memberId: 'b', group: 1, address: '' }];

function replicasOf(hosts: readonly ShardHost[]): Replicas {
  const hostOf = (member: ReplicaMember): ShardHost => hosts[members.indexOf(member)]!;
  return {
    reports: (log) => Promise.all(members.slice(0, hosts.length).map(async (replica) =>
      ({ replica, reports: await hostOf(replica).report(log), faults: [], error: null }))),
    digest: (member, request, signal) => hostOf(member).digest(request, signal),
  };
}

type Extents = Parameters<typeof createInspection>[1]['log']['extents'];

async function verify(replicas: Replicas, topic: string, extents: Extents, partitions = 2): Promise<VerifyResponse> {
  const collection = { log: 7, name: 'words', topic, settings: { partitions } } as never;
  const catalog = { list: () => [collection], lookUp: async () => collection } as never;
  const inspection = createInspection({}, {
    catalog, log: { extents, settingsAmiss: async () => [] }, replicas, members: () => [], faults: () => [], fewerSince: () => null,
  });
  const deadline = Deadline.after(30_000, () => performance.now());
  return inspection.verify({ collection: 'words' }, { signal: deadline.signal, deadline });
}

const verifyRig = (r: Rig, hosts: readonly ShardHost[]): Promise<VerifyResponse> => verify(replicasOf(hosts), r.topic.topic, (name) => r.log().extents(name));

async function caughtUp(r: Rig, host: ShardHost): Promise<void> {
  await host.count(await r.request(), null);
}

test('replicas that seal and merge as they like agree, also while records come in', async () => {
  const r = await rig();
  const other = r.replica('other', { growingRowsMax: 1_000, maintenanceMs: 3_600_000 });
  try {
    for (let i = 0; i < 200; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i += 1) {
        await r.upsert(`w${i % 300}`, [2, i, 0, 0]);
        if (i % 3 === 0) await r.remove(`w${i % 50}`);
      }
    })();
    for (let round = 0; round < 5; round += 1) {
      const { verdict, partitions } = await verifyRig(r, [r.host(), other]);
      assert.equal(verdict, 'agree', JSON.stringify(partitions, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)));
      for (const { at, replicas: [a, b] } of partitions) {
        assert.ok(at !== null && at > 50n);
        assert.ok(a!.records > 50n);
        assert.deepEqual([a!.sum, a!.records], [b!.sum, b!.records]);
      }
    }
    writing = false;
    await writer;
  } finally {
    await other.close();
    await r.close();
  }
});

test('a record that is missing, too many or another one in a replica is named, with what each holds', async () => {
  const r = await rig();
  for (let i = 0; i < 100; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
  await r.remove('w7');
  await caughtUp(r, r.host());
  const nothing = { key: new Uint8Array(), value: null, headers: {} };
  r.faults.change = (record: LogRecord): LogRecord => {
    const id = Buffer.from(record.key).toString();
    if (id === 'w3' || (id === 'w7' && record.value?.length !== undefined && record.value.length < 20)) return { ...record, ...nothing };
    if (id === 'w5') return { ...record, headers: {}, value: encodeVectorRecord(schemaIds.VectorRecord, { id, vector: [9, 9, 9, 9] }) };
    return record;
  };
  const other = r.replica('other');
  try {
    await caughtUp(r, other);
    r.faults.change = (record) => record;
    const { verdict, partitions } = await verifyRig(r, [r.host(), other]);
    assert.equal(verdict, 'differ');
    const differences = partitions.flatMap((one) => one.differences);
    const found = new Map(differences.map(({ id, held: [a, b] }) => [id, { a, b }]));
    assert.deepEqual([...found.keys()].sort(), ['w3', 'w5', 'w7']);
    assert.ok(found.get('w3')?.a?.version !== null);
    assert.equal(found.get('w3')?.b?.version, null, 'b lacks it');
    assert.equal(found.get('w7')?.a?.version, null, 'b has it still');
    assert.ok(found.get('w7')?.b?.version !== null);
    assert.equal(found.get('w5')?.a?.version, found.get('w5')?.b?.version);
    assert.notEqual(found.get('w5')?.a?.checksum, found.get('w5')?.b?.checksum);
    assert.equal(partitions.reduce((sum, { differing }) => sum + Number(differing), 0), 3);
  } finally {
    await other.close();
    await r.close();
  }
});

test('a replica that is behind is named as such, and the others are compared; one that is alone is said to be alone', async () => {
  const r = await rig();
  for (let i = 0; i < 50; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0]);
  try {
    await caughtUp(r, r.host());
    assert.equal((await verifyRig(r, [r.host()])).verdict, 'alone');
    const stopped = r.replica('stopped');
    await caughtUp(r, stopped);
    await stopped.close();
    const { verdict, partitions } = await verifyRig(r, [r.host(), stopped]);
    assert.equal(verdict, 'alone');
    for (const { replicas: [a, b] } of partitions) {
      assert.equal(a?.reason, null);
      assert.equal(b?.sum, null);
      assert.match(b?.reason ?? '', /not served|stopped|closed/);
    }
  } finally {
    await r.close();
  }
});

const serving = (watermark: number, marks: ShardReport['marks']): ShardReport => ({
  partition: 0, state: 'serving', reason: null, logAway: null, since: 0, watermark, durable: 0, live: 0, growingRows: 0, building: 0,
  memoryBytes: 0, malformed: 0, ledger: [], segments: [], writtenBytes: 0, sealedBytes: 0, marks,
});

test('replicas that noted other sums at the last offset that both of them passed differ, though they hold the same now', async () => {
  const [one, other] = ['1111111111111111', '2222222222222222'];
  const cases = [
    { a: [[100, one], [200, one]], b: [[100, one], [200, one]], verdict: 'agree', mark: 200n, sums: [one, one] },
    { a: [[100, one], [200, one]], b: [[100, one], [200, other]], verdict: 'differ', mark: 200n, sums: [one, other] },
    { a: [[100, other], [200, one], [300, one]], b: [[100, one], [200, one]], verdict: 'agree', mark: 200n, sums: [one, one] },
    { a: [[100, one]], b: [[200, other]], verdict: 'agree', mark: null, sums: [null, null] },
  ] as const;
  for (const { a, b, verdict, mark, sums } of cases) {
    const marksOf = new Map([a, b].map((marks, i) => [members[i], marks.map(([offset, sum]) => ({ offset, sum }))]));
    const replicas: Replicas = {
      reports: async () => members.map((replica) => ({ replica, faults: [], error: null, reports: [serving(400, marksOf.get(replica) ?? [])] })),
      digest: async () => ({ watermark: 400, records: [], ranges: [{ records: 7, sum: one }] }),
    };
    const { verdict: found, partitions: [partition] } = await verify(replicas, 'topic', async () => [{ start: 0, end: 400 }] as never, 1);
    assert.deepEqual([found, partition?.mark, partition?.replicas.map(({ markSum }) => markSum)], [verdict, mark, sums]);
    assert.deepEqual(partition?.differences, []);
  }
});

test('where many ids have hashes near each other the range is narrowed down, and no more than 100 records are named', async () => {
  const records = (skip: (i: number) => boolean): DigestRecord[] =>
    Array.from({ length: 9_000 }, (_, i): DigestRecord => ({ id: `n${i}`, hash: 1_000 + i * 3, offset: i, checksum: i })).filter((_, i) => !skip(i));
  const sides = new Map([['a', records(() => false)], ['b', records((i) => i === 4_321 || i > 8_800)]]);
  let listed = 0;
  const replicas: Replicas = {
    reports: async () => members.map((replica) => ({ replica, faults: [], error: null, reports: [serving(9_000, [])] })),
    digest: async ({ memberId }, { firstHash, lastHash, width, records: wanted }): Promise<Digest> => {
      const inside = sides.get(memberId)!.filter(({ hash }) => hash >= firstHash && hash <= lastHash);
      if (wanted) listed = Math.max(listed, inside.length);
      const sums = Array.from({ length: Math.ceil((lastHash - firstHash + 1) / width) }, () => ({ records: 0, sum: 0n }));
      for (const { hash, offset } of inside) {
        const range = sums[Math.floor((hash - firstHash) / width)]!;
        range.records += 1;
        range.sum = BigInt.asUintN(64, range.sum + BigInt(offset + 1) * 0x9e37_79b9_7f4a_7c15n);
      }
      const shown = sums.map(({ records: count, sum }) => ({ records: count, sum: sum.toString(16).padStart(16, '0') }));
      return { watermark: 9_000, records: wanted ? inside : [], ranges: shown };
    },
  };
  const { verdict, partitions: [partition] } = await verify(replicas, 'topic', async () => [{ start: 0, end: 9_000 }] as never, 1);
  assert.equal(verdict, 'differ');
  assert.equal(partition?.differences.length, 100);
  assert.ok(partition.differences.some(({ id }) => id === 'n4321'));
  assert.ok(partition.differing > 100n, `${partition.differing}`);
  assert.ok(listed <= 2_000, `${listed} records were listed at once`);
});
