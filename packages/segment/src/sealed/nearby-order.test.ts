import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { random } from '../testing/random.ts';
import { nearbyOrder } from './nearby-order.ts';

const [rows, dimension, places] = [12_000, 32, 10];
const kept = { metric: 'euclidean', dimension, numberBytes: 4, m: 16 } as const;

const vectors = ((): Float32Array[] => {
  const next = random(5);
  const centres = Array.from({ length: places }, () => Array.from({ length: dimension }, () => 3 * next()));
  return Array.from({ length: rows }, (_, i) => Float32Array.from(centres[i % places] ?? [], (at) => at + next()));
})();

/** The mean of the squared distances from each to the next. */
function step(order: Uint32Array): number {
  let sum = 0;
  for (let i = 1; i < order.length; i += 1) {
    const [one, other] = [vectors[order[i - 1]!]!, vectors[order[i]!]!];
    sum += one.reduce((total, value, at) => total + (value - other[at]!) ** 2, 0);
  }
  return sum / (order.length - 1);
}

test('each row once, soon after others that lie near it; the same again', () => {
  const order = nearbyOrder(kept, rows, (row) => vectors[row]!);
  const asTheyCome = Uint32Array.from({ length: rows }, (_, row) => row);
  assert.deepEqual(order.toSorted(), asTheyCome);
  assert.ok(step(order) < step(asTheyCome) / 2, `${step(order)} and ${step(asTheyCome)}`);
  assert.deepEqual(nearbyOrder(kept, rows, (row) => vectors[row]!), order);
});

test('what is in the cache in any order comes as it is', () => {
  const few = 3_000;
  assert.deepEqual(nearbyOrder(kept, few, (row) => vectors[row]!), Uint32Array.from({ length: few }, (_, row) => row));
});
