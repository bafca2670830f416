import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { AppError } from '@proximadb/errors';
import { Rpc } from './rpc.ts';

const { port1, port2 } = new MessageChannel();
after(() => { port1.close(); });

let heard: Promise<unknown> | undefined;
new Rpc(port2, {
  add: (a: number, b: number) => a + b,
  refuse: () => { throw new AppError('RESOURCE_EXHAUSTED', 'full', { retryAfterMs: 7 }); },
  wait: (signal: AbortSignal) => {
    heard = new Promise((resolve) => { signal.addEventListener('abort', () => { resolve('cancelled'); }); });
    return heard.then(() => { throw new AppError('CANCELLED', 'as asked'); });
  },
});
const near = new Rpc(port1, {});

test('a call is answered with a value, or with the error that was thrown', async () => {
  assert.equal(await near.call('add', 2, 3), 5);
  await assert.rejects(near.call('refuse'), { code: 'RESOURCE_EXHAUSTED', message: 'full', retryAfterMs: 7 });
  await assert.rejects(near.call('nothing'), { code: 'UNIMPLEMENTED' });
});

test('a cancelled call is heard of on the other side, which ends it; one that was cancelled before is never made', async () => {
  const controller = new AbortController();
  const call = near.cancellable(controller.signal, 'wait');
  assert.equal(await near.call('add', 1, 1), 2);
  assert.ok(heard !== undefined, 'it is under way');
  controller.abort();
  await assert.rejects(call, { code: 'CANCELLED', message: 'as asked' });
  assert.equal(await heard, 'cancelled');
  heard = undefined;
  await assert.rejects(near.cancellable(AbortSignal.abort(), 'wait'), { code: 'CANCELLED' });
  assert.equal(await near.call('add', 1, 1), 2);
  assert.equal(heard, undefined);
});
