import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ShardAnswer, ShardAnswers } from '@proximadb/schemas';
import { messageBytesMax, Outbox, partBytesMax } from './outbox.ts';

/** An outbox whose messages are taken when the test says so. */
function held() {
  const all = { bytes: 0 };
  const messages: ShardAnswer[][] = [];
  const sizes: number[] = [];
  let take: (() => void) | undefined;
  const outbox = new Outbox({
    all,
    write: (message) => new Promise((resolve) => {
      const bytes = Buffer.concat(message);
      sizes.push(bytes.length);
      messages.push([...ShardAnswers.decode(bytes).answers]);
      take = resolve;
    }),
  });
  const tick = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
  return { outbox, all, messages, sizes, tick, next: async () => { take?.(); await tick(); } };
}

const small = (id: number): Uint8Array => ShardAnswer.encode({ id, answer: { kind: 'count', value: { count: id, watermarks: [], missing: [] } } });
const large = (id: number, bytes: number): Uint8Array => {
  const rows = [{ id: 'a', partition: 0, offset: 0, record: new Uint8Array(bytes).fill(id) }];
  return ShardAnswer.encode({ id, answer: { kind: 'get', value: { rows, more: false, watermarks: [], missing: [] } } });
};
const done: (id: number) => () => void = () => () => undefined;

test('what is answered at one moment shares a message; what comes while it is under way shares the next', async () => {
  const { outbox, messages, tick, next } = held();
  for (const id of [1, 2, 3]) outbox.add(id, small(id), done(id));
  await tick();
  for (const id of [4, 5]) outbox.add(id, small(id), done(id));
  await next();
  assert.deepEqual(messages.map((answers) => answers.map(({ id }) => id)), [[1, 2, 3], [4, 5]]);
});

test('large answers go in parts that take turns, small ones before the next of them', async () => {
  const { outbox, messages, sizes, tick, next } = held();
  const whole = new Map([[1, large(1, 500_000)], [2, large(2, 300_000)]]);
  const finished: number[] = [];
  for (const [id, bytes] of whole) outbox.add(id, bytes, () => { finished.push(id); });
  await tick();
  outbox.add(3, small(3), () => { finished.push(3); });
  while (outbox.length > 0 || finished.length < 3) await next();
  const order = messages.flat().map(({ id }) => id);
  assert.deepEqual(order, [1, 2, 3, 1, 2, 1, 2, 1], 'the small one waits for the message that was under way');
  assert.deepEqual(finished, [3, 2, 1]);
  assert.ok(Math.max(...sizes) <= messageBytesMax + partBytesMax + 100, sizes.join());
  for (const [id, bytes] of whole) {
    const parts = messages.flat().filter((answer) => answer.id === id).map(({ answer }) => {
      assert.ok(answer?.kind === 'part');
      assert.equal(answer.value.total, bytes.length);
      return answer.value.bytes;
    });
    assert.ok(Buffer.concat(parts).equals(bytes));
  }
});

test('bytes are counted until the connection took them', async () => {
  const { outbox, all, tick, next } = held();
  const [one, two] = [large(1, 300_000), small(2)];
  let taken = 0;
  outbox.add(1, one, () => { taken += 1; });
  outbox.add(2, two, () => { taken += 1; });
  assert.deepEqual([outbox.bytes, all.bytes, outbox.length], [one.length + two.length, one.length + two.length, 2]);
  await tick();
  assert.equal(taken, 0);
  assert.equal(outbox.bytes, one.length + two.length);
  await next();
  assert.deepEqual([taken, outbox.bytes], [1, one.length]);
  while (taken < 2) await next();
  assert.deepEqual([outbox.bytes, all.bytes, outbox.length], [0, 0, 0]);
});

test('an answer can be taken back, in the middle of its parts, too', async () => {
  const { outbox, all, messages, tick, next } = held();
  const settled: number[] = [];
  outbox.add(1, large(1, 1_000_000), () => { settled.push(1); });
  await tick();
  outbox.add(2, small(2), () => { settled.push(2); });
  outbox.drop(1);
  outbox.drop(2);
  outbox.drop(3);
  assert.deepEqual([settled, all.bytes], [[1, 2], 0]);
  await next();
  await next();
  assert.equal(messages.length, 1);
});

test('after the end nothing goes out, and everything is settled', async () => {
  const { outbox, all, messages, tick, next } = held();
  let settled = 0;
  for (const id of [1, 2]) outbox.add(id, large(id, 400_000), () => { settled += 1; });
  await tick();
  outbox.close();
  outbox.add(3, small(3), () => { settled += 1; });
  await next();
  assert.deepEqual([settled, all.bytes, outbox.length, messages.length], [3, 0, 0, 1]);
});
