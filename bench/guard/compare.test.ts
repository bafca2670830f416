import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { compareFigures, guardReport, mediansOf, type Figure, type Figures } from './compare.ts';

const rate = (value: number, better: Figure['better'] = 'higher'): Figure => ({ value, better, tolerance: 0.2, by: 'part' });
const recall = (value: number): Figure => ({ value, better: 'higher', tolerance: 0.01, by: 'difference' });
const stored: Figures = { 'searches/s': rate(0.5), 'p50, × without': rate(2, 'lower'), recall: recall(0.99) };

function failuresOf(measured: Figures): readonly string[] {
  return guardReport({ takenAt: '2026-01-01T00:00:00.000Z', figures: stored }, measured).failures ?? [];
}

test('the same figures, better ones, and ones that are worse by less than is let pass are as good', () => {
  assert.deepEqual(failuresOf(stored), []);
  assert.deepEqual(failuresOf({ 'searches/s': rate(5), 'p50, × without': rate(1, 'lower'), recall: recall(1) }), []);
  assert.deepEqual(failuresOf({ 'searches/s': rate(0.41), 'p50, × without': rate(2.3, 'lower'), recall: recall(0.985) }), []);
});

test('a ratio that got worse fails, by its name, and only that one', () => {
  const failures = failuresOf({ ...stored, 'searches/s': rate(0.39) });
  assert.equal(failures.length, 1);
  assert.match(failures[0] ?? '', /^searches\/s: 0\.3900, 0\.5000 is stored, and 20 % worse is let pass$/);
  assert.equal(failuresOf({ ...stored, 'p50, × without': rate(2.5, 'lower') }).length, 1);
  assert.equal(failuresOf({ ...stored, recall: recall(0.975) }).length, 1);
});

test('what was not measured is worse, what is measured only now is not compared', () => {
  const { recall: _, ...without } = stored;
  assert.match(failuresOf(without)[0] ?? '', /^recall: not measured/);
  assert.equal(compareFigures(stored, { ...stored, new: rate(1) }).length, 3);
  assert.equal(failuresOf({ ...stored, recall: recall(NaN) }).length, 1);
});

test('what is stored of several runs is the median of each figure', () => {
  const runs = [0.5, 0.1, 0.4].map((value): Figures => ({ 'searches/s': rate(value), recall: recall(1 - value) }));
  assert.deepEqual(mediansOf(runs), { 'searches/s': rate(0.4), recall: recall(0.6) });
  assert.deepEqual(mediansOf(runs.slice(0, 1)), runs[0]);
});
