import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { AppendError } from '../../append-error.ts';
import { partition, type AppendEntry, type Appended } from '../../port.ts';
import { AppendCall } from './append-call.ts';
import type { OutBatch } from './out-batch.ts';
import { PartitionQueue } from './partition-queue.ts';

const PRODUCER = 40;

function callOf(count: number, bytes = 100): AppendCall {
  const entries = Array.from({ length: count }, (_, at): AppendEntry => (
    { partition: partition(0), key: Buffer.from('k'), value: Buffer.from(`${at}`), headers: {} }));
  const call = new AppendCall('t', entries, new Uint32Array(count).fill(bytes), count * bytes, () => undefined);
  call.appended.catch(() => undefined);
  return call;
}

const all = (call: AppendCall): number[] => call.entries.map((_, at) => at);
const queueWith = (...calls: readonly AppendCall[]): PartitionQueue => {
  const queue = new PartitionQueue('t', 0, 1);
  for (const call of calls) queue.add(call, all(call));
  return queue;
};

/** As a lane does: the batch is encoded and goes out. */
function send(queue: PartitionQueue): OutBatch {
  const batch = queue.nextBatch(PRODUCER);
  assert.ok(batch !== undefined);
  queue.isInFlight = true;
  batch.writeTo(Buffer.alloc(batch.bytesMax), 0, 1);
  batch.sent();
  return batch;
}

const identity = ({ stamp }: OutBatch): string => `${stamp.producerId}/${stamp.epoch}/${stamp.sequence}`;
const failure = (call: AppendCall): Promise<AppError> => call.appended.then((answer: Appended) => assert.fail(JSON.stringify(answer)), (error: unknown) => {
  assert.ok(error instanceof AppError);
  return error;
});
const fates = async (call: AppendCall): Promise<readonly string[]> => {
  const error = await failure(call);
  return error instanceof AppendError ? error.fates.map(({ kind }) => kind) : [error.code];
};

describe('the queue of a partition', () => {
  test('what waits goes together, at most 1,000 records and about 1 MiB at once, in its order', async () => {
    const [large, small] = [callOf(2_500), callOf(3)];
    const queue = queueWith(large, small);
    const sizes: number[] = [];
    for (let offset = 0; queue.hasWork;) {
      const batch = send(queue);
      sizes.push(batch.records);
      queue.written(batch, offset);
      queue.landed();
      offset += batch.records;
    }
    assert.deepEqual(sizes, [1_000, 1_000, 503]);
    assert.deepEqual((await small.appended).offsets, [2_500, 2_501, 2_502]);
    const heavy = queueWith(callOf(5, 300_000), callOf(1, 5_000_000), callOf(1, 10));
    const counts: number[] = [];
    for (; heavy.hasWork; heavy.landed()) {
      const batch = send(heavy);
      counts.push(batch.records);
      heavy.written(batch, 0);
    }
    assert.deepEqual(counts, [3, 2, 1, 1]);
  });

  test('sequence numbers follow each other, and a batch of unknown fate goes out again under its own', () => {
    const queue = queueWith(callOf(5), callOf(2));
    const first = send(queue);
    first.unknown();
    queue.landed();
    const again = send(queue);
    assert.equal(again, first);
    queue.written(again, 0);
    queue.landed();
    queue.add(callOf(1), [0]);
    assert.deepEqual([identity(first), identity(send(queue))], ['40/0/0', '40/0/7']);
  });

  test('the bytes of a batch of unknown fate are those of the first time, whatever became of the buffers', () => {
    const call = callOf(3);
    const queue = queueWith(call);
    const batch = queue.nextBatch(PRODUCER);
    assert.ok(batch !== undefined);
    const [first, second] = [Buffer.alloc(1_000), Buffer.alloc(1_000)];
    const end = batch.writeTo(first, 10, 1);
    for (const { value } of call.entries) value?.fill(0);
    assert.equal(batch.writeTo(second, 20, 2) - 20, end - 10);
    assert.deepEqual(second.subarray(20, 20 + end - 10), first.subarray(10, end));
  });

  test('a pair of epoch and sequence is never used for two batches: one that is given up ends the epoch', async () => {
    const [gone, next] = [callOf(3), callOf(2)];
    const queue = queueWith(gone);
    const lost = send(queue);
    lost.unknown();
    queue.landed();
    gone.expire('late', 1);
    assert.deepEqual(await fates(gone), ['unknown', 'unknown', 'unknown']);
    assert.equal(queue.hasWork, false);
    queue.add(next, all(next));
    assert.deepEqual([identity(lost), identity(send(queue))], ['40/0/0', '40/1/0']);
  });

  test('a batch of unknown fate stays as it is while one of its callers still waits', async () => {
    const [gone, stays] = [callOf(1), callOf(1)];
    const queue = queueWith(gone, stays);
    const batch = send(queue);
    batch.unknown();
    gone.expire('late', 1);
    queue.landed();
    assert.equal(queue.nextBatch(PRODUCER), batch);
    queue.written(batch, 70);
    assert.deepEqual(await stays.appended, { offsets: [71], repeated: false });
    assert.deepEqual(await fates(gone), ['unknown']);
  });

  test('a batch that surely did not come in is taken apart when one of its callers goes: what is left goes first', async () => {
    const [gone, stays, later] = [callOf(2), callOf(2), callOf(1)];
    const queue = queueWith(gone, stays);
    const batch = send(queue);
    queue.add(later, all(later));
    batch.notWritten();
    queue.landed();
    gone.expire('late', 1);
    assert.deepEqual(await fates(gone), ['not_written', 'not_written']);
    const next = send(queue);
    assert.deepEqual([next.records, identity(next)], [3, '40/1/0']);
    queue.written(next, 5);
    assert.deepEqual([(await stays.appended).offsets, (await later.appended).offsets], [[5, 6], [7]]);
  });

  test('once unknown always unknown: a later refusal does not say that the first one did not come in', async () => {
    const call = callOf(1);
    const queue = queueWith(call);
    const batch = send(queue);
    batch.unknown();
    queue.landed();
    send(queue).notWritten();
    queue.landed();
    call.fail(new AppError('CANCELLED', 'enough'));
    assert.deepEqual(await fates(call), ['unknown']);
  });

  test('a producer that the broker has forgotten begins anew; what may be there already is told to be repeated', async () => {
    const [unsure, fresh] = [callOf(1), callOf(1)];
    const queue = queueWith(unsure);
    const batch = send(queue);
    batch.unknown();
    queue.landed();
    queue.restart(41);
    assert.equal(identity(send(queue)), '41/0/0');
    queue.written(batch, 9);
    queue.landed();
    assert.deepEqual(await unsure.appended, { offsets: [9], repeated: true });
    queue.add(fresh, all(fresh));
    const next = send(queue);
    next.notWritten();
    queue.landed();
    queue.restart(42);
    queue.written(send(queue), 10);
    assert.deepEqual(await fresh.appended, { offsets: [10], repeated: false });
  });

  test('a refusal for good is told to the callers of the batch, with all of theirs in this partition; the others go on', async () => {
    const [refused, other] = [callOf(1_500), callOf(1)];
    const queue = queueWith(refused);
    const batch = send(queue);
    queue.add(other, all(other));
    batch.notWritten();
    queue.refused(batch, new AppError('FAILED_PRECONDITION', 'no'));
    queue.landed();
    assert.deepEqual(await fates(refused), ['FAILED_PRECONDITION']);
    const next = send(queue);
    assert.equal(next.records, 1);
    queue.written(next, 3);
    assert.deepEqual((await other.appended).offsets, [3]);
  });
});
