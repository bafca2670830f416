import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { atRecall, queriesOfBlock, type Point } from './sweep.ts';

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

test('a block holds what fits into its time, in whole calls, and keeps every client busy', () => {
  const sizes = { blockMs: 150, blockQueriesMin: 34 };
  assert.equal(queriesOfBlock({ expectedMs: 1, clients: 1 }, 1, sizes), 150);
  assert.equal(queriesOfBlock({ expectedMs: 1, clients: 4 }, 10, sizes), 150);
  assert.equal(queriesOfBlock({ expectedMs: 1, clients: 16 }, 10, sizes), 320, 'each asks twice');
  assert.equal(queriesOfBlock({ expectedMs: 100, clients: 1 }, 1, sizes), 34, 'of slow ones so many');
  assert.equal(queriesOfBlock({ expectedMs: 100, clients: 1 }, 10, sizes), 40, 'the last call is as full as the others');
  assert.equal(queriesOfBlock({ expectedMs: 0.001, clients: 1 }, 1, sizes), 2_000);
});
