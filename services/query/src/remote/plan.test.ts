import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Health } from './link.ts';
import { planFor, type Candidate } from './plan.ts';
import type { Replica } from './routes.ts';

const replica = (address: string, group: number, ready = true): Replica => ({ memberId: address, address, incarnation: 'x', group, ready, building: false });
const [a0, a1, b0, b1] = [replica('a0', 0), replica('a1', 0), replica('b0', 1), replica('b1', 1)];
/** Group 0: a0 has even partitions, a1 odd ones; group 1: b0 has the first half, b1 the second. */
const grid = (partition: number): Replica[] => [partition % 2 === 0 ? a0 : a1, partition < 3 ? b0 : b1];
const at = [0, 1, 2, 3, 4, 5].map((partition) => ({ partition, atLeast: 0 }));
const idle: Candidate = { health: 'good', calls: 0 };

function plan(candidates: Readonly<Record<string, Partial<Candidate>>> = {}, tried: readonly string[] = [], turn = 0, replicas = grid) {
  return planFor(at, { replicas, turn, tried: new Set(tried), candidate: (address) => ({ ...idle, ...candidates[address] }) });
}
const shape = ({ parts }: ReturnType<typeof plan>) =>
  Object.fromEntries(parts.map(({ address, at: those }) => [address, those.map(({ partition }) => partition)]));

test('one group is asked, and groups that are alike take turns', () => {
  assert.deepEqual(shape(plan({}, [], 0)), { a0: [0, 2, 4], a1: [1, 3, 5] });
  assert.deepEqual(shape(plan({}, [], 1)), { b0: [0, 1, 2], b1: [3, 4, 5] });
});

test('the group whose busiest indexer has less to do comes first', () => {
  assert.deepEqual(shape(plan({ a0: { calls: 1 } })), { b0: [0, 1, 2], b1: [3, 4, 5] });
  assert.deepEqual(shape(plan({ a0: { calls: 1 }, b1: { calls: 2 } }, [], 1)), { a0: [0, 2, 4], a1: [1, 3, 5] });
});

test('an indexer in bad shape, or asked already, is asked for nothing that another has', () => {
  for (const health of ['quiet', 'bad'] as const) assert.deepEqual(shape(plan({ a0: { health } })), { b0: [0, 1, 2], b1: [3, 4, 5] });
  assert.deepEqual(shape(plan({ a0: { health: 'bad' }, b0: { health: 'bad' } })), { a1: [1, 3, 5], b1: [4], a0: [0, 2] });
  assert.deepEqual(shape(plan({}, ['a0', 'b0'])), { a1: [1, 3, 5], b1: [4] });
  assert.deepEqual(plan({}, ['a0', 'b0']).unserved.map(({ partition }) => partition), [0, 2]);
});

test('one that is not ready is asked only where nobody else is left, and is no good place to go', () => {
  const replicas = (partition: number): Replica[] => [replica('new', 0, false), ...(partition === 0 ? [] : [b0])];
  const { parts } = plan({}, [], 0, replicas);
  assert.deepEqual(parts.map(({ address, good }) => [address, good]).sort(), [['b0', true], ['new', false]]);
});

test('of two that hold a partition in one group, who is asked anyway is asked', () => {
  const replicas = (partition: number): Replica[] => (partition === 5 ? [a0, a1] : [a1]);
  assert.deepEqual(shape(plan({ a1: { calls: 9 } }, [], 0, replicas)), { a1: [0, 1, 2, 3, 4, 5] });
});

test('an indexer whose shape changes while it is looked at has the shape that it had first', () => {
  let looks = 0;
  const candidate = (): Candidate => ({ calls: 0, get health() { return looks++ === 0 ? 'good' : 'quiet'; } });
  const { parts, unserved } = planFor(at, { replicas: () => [a0], turn: 0, tried: new Set(), candidate });
  assert.deepEqual([parts, unserved], [[{ address: 'a0', at, good: true }], []]);
});

test('every partition stands in one part of a replica that may be asked, or is unserved', () => {
  const addresses = ['a', 'b', 'c', 'd', 'e'];
  const places = fc.array(fc.record({
    address: fc.constantFrom(...addresses), group: fc.integer({ min: 0, max: 2 }), ready: fc.boolean(),
  }), { maxLength: 4 });
  const health = fc.dictionary(fc.constantFrom(...addresses), fc.constantFrom<Health>('good', 'quiet', 'bad'));
  const tables = fc.array(places, { minLength: 6, maxLength: 6 });
  const asked = fc.uniqueArray(fc.constantFrom(...addresses));
  fc.assert(fc.property(tables, health, asked, fc.nat(9), (table, states, tried, turn) => {
    const replicas = (partition: number): Replica[] =>
      (table[partition] ?? []).map((one) => ({ ...one, memberId: one.address, incarnation: 'x', building: false }));
    const { parts, unserved } = planFor(at, {
      replicas, turn, tried: new Set(tried), candidate: (address) => ({ health: states[address] ?? 'good', calls: 0 }),
    });
    const planned = [...parts.flatMap((part) => part.at), ...unserved].map(({ partition }) => partition).sort();
    assert.deepEqual(planned, [0, 1, 2, 3, 4, 5]);
    for (const { address, at: those, good } of parts) {
      assert.ok(!tried.includes(address));
      for (const { partition } of those) {
        const held = replicas(partition).filter((one) => one.address === address);
        assert.ok(held.length > 0);
        if (good) assert.ok(held.some(({ ready }) => ready) && (states[address] ?? 'good') === 'good');
      }
    }
    for (const { partition } of unserved) assert.ok(replicas(partition).every(({ address }) => tried.includes(address)));
    assert.equal(new Set(parts.map(({ address }) => address)).size, parts.length);
  }));
});
