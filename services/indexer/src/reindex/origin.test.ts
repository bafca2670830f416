import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { partition, partitionOf } from '@proximadb/log';
import { encodeVectorRecord } from '@proximadb/record';
import { rig, schemaIds, settings } from '../testing/rig.ts';
import { encodeOrigin, originHeaderName, OriginStreams, parseOrigin } from './origin.ts';

test('of a stream only what lies above its last record counts', () => {
  const streams = new OriginStreams();
  const advance = (of: number, epoch: number, sequence: number): boolean => streams.advance({ partition: of, epoch, sequence, offset: 0 });
  assert.deepEqual([advance(0, 5, 1), advance(0, 5, 1), advance(0, 5, 3), advance(0, 5, 2)], [true, false, true, false]);
  assert.deepEqual([advance(0, 4, 9), advance(1, 4, 1), advance(0, 6, 1), advance(0, 5, 4)], [false, true, true, false]);
  assert.deepEqual(new OriginStreams(streams.all()).all(), [{ partition: 0, epoch: 6, sequence: 1 }, { partition: 1, epoch: 4, sequence: 1 }]);
});

test('a header is read as it was written, and refused when it is cut or goes on', () => {
  const origin = { partition: 255, epoch: 2 ** 40, sequence: 7, offset: 2 ** 52 };
  const bytes = encodeOrigin(origin);
  assert.deepEqual({ ...parseOrigin(bytes) }, origin);
  for (const wrong of [new Uint8Array(), bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)])]) {
    assert.throws(() => parseOrigin(wrong), { code: 'INVALID_ARGUMENT' });
  }
});

test('a shard ignores what a stream repeats or an overtaken copier writes, over a restart, too', async () => {
  await using stack = new AsyncDisposableStack();
  const shards = await rig();
  stack.defer(() => shards.close());
  const id = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].find((one) => (partitionOf(Buffer.from(one), settings.partitions) as number) === 0)!;
  const write = async (epoch: number, sequence: number, n: number | null): Promise<void> => {
    const value = n === null ? null : encodeVectorRecord(schemaIds.VectorRecord, { id, vector: [n, 1, 1, 1] });
    const headers = { [originHeaderName]: encodeOrigin({ partition: 3, epoch, sequence, offset: 0 }) };
    await shards.log().append(shards.topic.topic, [{ partition: partition(0), key: Buffer.from(id), value, headers }]);
  };
  const stored = async (): Promise<number | undefined> => {
    const { hits } = await shards.search([1, 1, 1, 1], 1);
    return hits[0]?.offset;
  };
  await write(10, 1, 1);
  await write(10, 2, 2);
  await write(10, 1, 3);
  assert.equal(await stored(), 1, 'a repetition changes nothing');
  await shards.reopen();
  await write(10, 2, 4);
  await write(9, 50, null);
  assert.equal(await stored(), 1, 'the manifest knows the stream');
  await write(11, 1, null);
  assert.equal(await stored(), undefined, 'a newer copier is heard');
  await write(10, 3, 5);
  assert.equal(await stored(), undefined, 'an overtaken one is not');
});
