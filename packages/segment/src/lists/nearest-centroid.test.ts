import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Slab, type KernelMetric } from '../kernels/index.ts';
import { random } from '../testing/random.ts';
import { NearestCentroid } from './nearest-centroid.ts';

const rows = 2_000;

for (const kernel of ['ip', 'l2sq'] as const satisfies readonly KernelMetric[]) {
  for (const [count, dimension] of [[40, 24], [300, 24], [300, 100]] as const) {
    test(`${kernel}, ${count} centroids of ${dimension} dimensions: nearly always the nearest, and never one that is much farther`, () => {
      const next = random(count + dimension);
      const centroids = new Slab({ dimension, rows: count, rowsMax: count });
      // Far from 0, as embeddings that share a direction are.
      for (let i = 0; i < count; i += 1) centroids.row(i).set(Float32Array.from({ length: dimension }, () => 2 + next()));
      const nearest = new NearestCentroid(kernel, centroids);
      let missed = 0;
      for (let row = 0; row < rows; row += 1) {
        const vector = Float32Array.from({ length: dimension }, () => 2 + next());
        const exact = centroids.scan(kernel, vector, count, 2, null);
        const found = nearest.of(vector);
        if (found === exact.rows[0]) continue;
        missed += 1;
        assert.equal(found, exact.rows[1], 'else it is the second');
      }
      assert.ok(missed <= (count < 64 ? 0 : rows / 200), `${missed} of ${rows}`);
    });
  }
}

test('centroids that moved are found where they are', () => {
  const [count, dimension] = [100, 8];
  const centroids = new Slab({ dimension, rows: count, rowsMax: count });
  const place = (i: number): Float32Array => Float32Array.from({ length: dimension }, (_, at) => (at === i % dimension ? 1 + i : 0));
  for (let i = 0; i < count; i += 1) centroids.row(i).set(place(i));
  const nearest = new NearestCentroid('l2sq', centroids);
  assert.equal(nearest.of(place(17)), 17);
  for (let i = 0; i < count; i += 1) centroids.row(i).set(place(count - 1 - i));
  nearest.moved();
  assert.equal(nearest.of(place(17)), count - 1 - 17);
});
