import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { atRecall, type Point } from './sweep.ts';

/** The rest of a point does not matter here. */
const point = (effort: number, recall: number, qps: number): Point => ({ effort, recall, qps, p50Ms: 1, cpuSecondsPer1000: 1 }) as unknown as Point;

test('between two points the searches a second lie on a line by their logarithm', () => {
  const found = atRecall([point(64, 0.98, 100), point(32, 0.92, 400)], 0.95);
  assert.ok(Math.abs((found?.qps ?? 0) - 200) < 1e-6, String(found?.qps));
});

test('who finds more with the least effort is taken there, who never finds so much has no figure', () => {
  assert.equal(atRecall([point(32, 0.97, 400), point(64, 0.99, 100)], 0.95)?.qps, 400);
  assert.equal(atRecall([point(32, 0.6, 400), point(64, 0.7, 100)], 0.95), undefined);
  assert.equal(atRecall([], 0.95), undefined);
});
