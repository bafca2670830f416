import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { offset, type Extent } from '@proximadb/log';
import { Probes } from './probes.ts';

interface Question {
  readonly answer: (end: number) => void;
  readonly fail: (error: Error) => void;
}

/** A log whose answers a test gives by hand. */
function openProbes(logsMax = 10) {
  const questions: Question[] = [];
  const clock = { nowMs: 0 };
  const extents = (): Promise<Extent[]> => new Promise((resolve, reject) => {
    questions.push({ answer: (end) => resolve([{ start: offset(0), end: offset(end) }]), fail: reject });
  });
  return { probes: new Probes({ extents }, () => clock.nowMs, logsMax), questions, clock };
}

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

test('all who ask in one turn share a probe', async () => {
  const { probes, questions } = openProbes();
  const all = [probes.fresh('t'), probes.fresh('t'), probes.fresh('t')];
  await turn();
  assert.equal(questions.length, 1);
  questions[0]!.answer(5);
  assert.deepEqual((await Promise.all(all)).map(({ ends }) => ends), [[5], [5], [5]]);
});

test('who asks while a probe is in flight waits for one that begins after it, together with the others', async () => {
  const { probes, questions } = openProbes();
  const first = probes.fresh('t');
  await turn();
  const later = [probes.fresh('t'), probes.fresh('t')];
  await turn();
  later.push(probes.fresh('t'));
  assert.equal(questions.length, 1, 'one is in flight at a time');
  questions[0]!.answer(5);
  assert.deepEqual((await first).ends, [5]);
  await turn();
  assert.equal(questions.length, 2);
  questions[1]!.answer(8);
  assert.deepEqual((await Promise.all(later)).map(({ ends }) => ends), [[8], [8], [8]]);
});

test('a failed probe fails its askers and nobody else', async () => {
  const { probes, questions } = openProbes();
  const first = probes.fresh('t');
  await turn();
  const second = probes.fresh('t');
  questions[0]!.fail(new AppError('UNAVAILABLE', 'away'));
  await assert.rejects(first, /away/);
  await turn();
  questions[1]!.answer(3);
  assert.deepEqual((await second).ends, [3]);
});

test('logs do not wait for one another', async () => {
  const { probes, questions } = openProbes();
  void probes.fresh('one');
  const other = probes.fresh('other');
  await turn();
  questions[1]!.answer(1);
  assert.deepEqual((await other).ends, [1]);
});

test('a probe is used again as long as its beginning is recent enough, done or in flight', async () => {
  const { probes, questions, clock } = openProbes();
  const first = probes.recent('t', 100);
  await turn();
  clock.nowMs = 50;
  const inFlight = probes.recent('t', 50);
  clock.nowMs = 60;
  questions[0]!.answer(5);
  assert.equal((await first).startedAtMs, 0);
  assert.equal(await inFlight, await first);
  clock.nowMs = 100;
  assert.equal(await probes.recent('t', 100), await first, 'it is not its end that counts');
  assert.equal(questions.length, 1);
  clock.nowMs = 101;
  const next = probes.recent('t', 100);
  await turn();
  assert.equal(questions.length, 2);
  questions[1]!.answer(6);
  assert.deepEqual((await next).ends, [6]);
});

test('with no staleness allowed, a probe that began earlier is not used', async () => {
  const { probes, questions, clock } = openProbes();
  const first = probes.recent('t', 0);
  await turn();
  clock.nowMs = 1;
  const second = probes.recent('t', 0);
  questions[0]!.answer(1);
  await first;
  await turn();
  assert.equal(questions.length, 2);
  questions[1]!.answer(2);
  assert.deepEqual((await second).ends, [2]);
});

test('the highest ends are known, from probes and from what was read; idle logs make room', async () => {
  const { probes, questions } = openProbes(2);
  const first = probes.fresh('t');
  await turn();
  questions[0]!.answer(5);
  await first;
  probes.learn('t', [4]);
  assert.deepEqual(probes.known('t'), [5]);
  probes.learn('t', [7]);
  assert.deepEqual(probes.known('t'), [7]);
  void probes.fresh('busy');
  await turn();
  probes.learn('another', [1]);
  assert.deepEqual([probes.known('t'), probes.known('another')], [[], [1]]);
});
