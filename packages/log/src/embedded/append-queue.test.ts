import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { AppendError, type Fate } from '../index.ts';
import { AppendQueue, type QueueLimits } from './append-queue.ts';
import type { AppendAnswer, AppendFrame, Refusal } from './messages.ts';
import type { Outcome } from './writer-thread.ts';

const limits: QueueLimits = { queueBytesMax: 1_000, queueEntriesMax: 10 };
const frame = (topic: number, bytes = 100, entries = 1): AppendFrame => ({ topic, entries, frame: new Uint8Array(bytes) });
const refuse = (refusal: Refusal): Outcome<AppendAnswer> => ({ kind: 'refusal', refusal });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue whose disk is the test: it answers each group when it likes. */
function queueWithDisk(): { queue: AppendQueue; groups: number[][]; finish: (outcome?: Outcome<AppendAnswer>) => Promise<void> } {
  const groups: number[][] = [];
  const open: { frames: readonly AppendFrame[]; resolve: (outcome: Outcome<AppendAnswer>) => void }[] = [];
  const queue = new AppendQueue((frames) => {
    groups.push(frames.map(({ topic }) => topic));
    return new Promise((resolve) => open.push({ frames, resolve }));
  }, limits);
  const finish = async (outcome?: Outcome<AppendAnswer>): Promise<void> => {
    const group = open.shift();
    assert.ok(group !== undefined, 'a group is on its way');
    group.resolve(outcome ?? { kind: 'answer', answer: group.frames.map(({ topic }) => Float64Array.of(topic)) });
    await settled();
  };
  return { queue, groups, finish };
}

const isExhausted = (error: unknown): error is AppError => error instanceof AppError && error.code === 'RESOURCE_EXHAUSTED';

test('what is appended in one turn goes together; while two groups are on their way the rest makes the next one', async () => {
  const { queue, groups, finish } = queueWithDisk();
  const answers = [1, 2].map((topic) => queue.push('t', frame(topic), undefined));
  await settled();
  answers.push(queue.push('t', frame(3), undefined));
  await settled();
  answers.push(queue.push('t', frame(4), undefined), queue.push('t', frame(5), undefined));
  await settled();
  assert.deepEqual(groups, [[1, 2], [3]]);
  await finish();
  assert.deepEqual(groups, [[1, 2], [3], [4, 5]]);
  await finish();
  await finish();
  assert.deepEqual(await Promise.all(answers), [[1], [2], [3], [4], [5]]);
});

test('past a limit a request is refused with a time to come back, and admitted when others are done', async () => {
  const { queue, finish } = queueWithDisk();
  queue.admit(600, 5);
  const first = queue.push('t', frame(1, 600, 5), undefined);
  for (const [bytes, entries] of [[401, 1], [1, 6]] as const) {
    assert.throws(() => { queue.admit(bytes, entries); }, (error) => isExhausted(error) && (error.retryAfterMs ?? 0) > 0);
  }
  queue.admit(400, 5);
  await settled();
  await finish();
  await first;
  queue.admit(1_000, 10);
});

test('a request that can never fit is refused without a time to come back', () => {
  const { queue } = queueWithDisk();
  for (const [bytes, entries] of [[1_001, 1], [1, 11]] as const) {
    assert.throws(() => { queue.admit(bytes, entries); }, (error) => isExhausted(error) && error.retryAfterMs === undefined);
  }
});

test('an error says of each entry what became of it, and the next request is written', async () => {
  const { queue, finish } = queueWithDisk();
  const allAre = (kind: Fate['kind']) => (error: unknown): boolean =>
    error instanceof AppendError && error.fates.length === 3 && error.fates.every((fate) => fate.kind === kind);
  const cases: readonly [Refusal, (error: unknown) => boolean][] = [
    [{ kind: 'failed', message: 'm' }, allAre('not_written')],
    [{ kind: 'broken', message: 'm' }, allAre('unknown')],
    [{ kind: 'refused', code: 'DATA_LOSS', message: 'm', details: [] }, (error) => error instanceof AppError && error.code === 'DATA_LOSS'],
  ];
  for (const [refusal, expected] of cases) {
    const rejected = assert.rejects(queue.push('t', frame(1, 100, 3), undefined), expected);
    await settled();
    await finish(refuse(refusal));
    await rejected;
  }
  const next = queue.push('t', frame(7), undefined);
  await settled();
  await finish();
  assert.deepEqual(await next, [7]);
});

test('the request of a topic that is gone is NOT_FOUND, the others of its group are written', async () => {
  const { queue, finish } = queueWithDisk();
  const gone = assert.rejects(queue.push('gone', frame(1), undefined), (error) => error instanceof AppError && error.code === 'NOT_FOUND');
  const there = queue.push('there', frame(2), undefined);
  await settled();
  await finish({ kind: 'answer', answer: ['gone', Float64Array.of(5)] });
  await gone;
  assert.deepEqual(await there, [5]);
});

test('an aborted request is taken out while it waits, and of unknown fate when it is on its way', async () => {
  const { queue, groups, finish } = queueWithDisk();
  const stop = new AbortController();
  const running = queue.push('t', frame(1), stop.signal);
  await settled();
  const other = queue.push('t', frame(2), undefined);
  await settled();
  const waiting = queue.push('t', frame(3), stop.signal);
  await settled();
  stop.abort();
  await assert.rejects(running, (error) => error instanceof AppendError && error.fates[0]?.kind === 'unknown');
  await assert.rejects(waiting, (error) => error instanceof AppError && error.code === 'CANCELLED');
  await finish();
  await finish();
  await other;
  assert.deepEqual(groups, [[1], [2]]);
  queue.admit(1_000, 10);
  await queue.drained();
});
