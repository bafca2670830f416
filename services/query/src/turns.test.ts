import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { errorOf } from './testing/fixture.ts';
import { Turns } from './turns.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const state = { begun: false };
  return { state, end: resolve, run: () => { state.begun = true; return promise; } };
}

test('no more are worked on than allowed; the others come in their order; past the queue they are sent away', async () => {
  const turns = new Turns(2, 2, 33);
  const works = [work(), work(), work(), work()];
  const taken = works.map(({ run }) => turns.take(1, never, run));
  await turn();
  assert.deepEqual(works.map(({ state }) => state.begun), [true, true, false, false]);
  const error = await errorOf(turns.take(1, never, async () => undefined));
  assert.deepEqual([error.code, error.retryAfterMs], ['RESOURCE_EXHAUSTED', 33]);
  works[1]!.end();
  await turn();
  assert.deepEqual(works.map(({ state }) => state.begun), [true, true, true, false]);
  for (const { end } of works) end();
  await Promise.all(taken);
  assert.deepEqual([turns.busy, turns.waiting], [0, 0]);
});

test('what is heavier than everything allowed is let in alone', async () => {
  const turns = new Turns(2, 10, 1);
  const light = work();
  const heavy = work();
  const all = [turns.take(1, never, light.run), turns.take(5, never, heavy.run)];
  await turn();
  assert.equal(heavy.state.begun, false);
  light.end();
  await turn();
  assert.equal(heavy.state.begun, true);
  heavy.end();
  await Promise.all(all);
  assert.equal(turns.busy, 0);
});

test('who leaves the queue makes way', async () => {
  const turns = new Turns(2, 10, 1);
  const first = work();
  const running = turns.take(1, never, first.run);
  const controller = new AbortController();
  const leaving = turns.take(2, controller.signal, async () => 'never');
  const behind = turns.take(1, never, async () => 'behind');
  controller.abort(new AppError('CANCELLED', 'gone'));
  assert.equal((await errorOf(leaving)).code, 'CANCELLED');
  assert.equal(await behind, 'behind');
  first.end();
  await running;
});

test('work that fails gives its turn back', async () => {
  const turns = new Turns(1, 0, 1);
  await assert.rejects(turns.take(1, never, () => Promise.reject(new Error('broken'))), /broken/);
  assert.equal(await turns.take(1, never, async () => 'next'), 'next');
});
