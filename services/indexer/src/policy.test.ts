import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { indexerConfig } from './config.ts';
import { nextChore, type SegmentFacts } from './policy.ts';

const config = indexerConfig.parse({});
const hnsw = { index: 'hnsw', dimension: 100 } as const;
const segment = (id: string, rows: number, options: Partial<SegmentFacts> = {}): SegmentFacts => ({ id, rows, dead: 0, isIndexed: false, ...options });
const graph = (id: string, rows: number, dead = 0): SegmentFacts => segment(id, rows, { isIndexed: true, dead });

describe('what a shard does next', () => {
  test('nothing, while there are few rows without a graph', () => {
    assert.equal(nextChore(config, [segment('a', 8_192)], hnsw, false), undefined);
  });
  test('builds one graph over all rows without one, once there are enough', () => {
    assert.deepEqual(nextChore(config, [segment('a', 8_192), segment('b', 8_192)], hnsw, false), { kind: 'merge', segments: ['a', 'b'], indexed: true });
  });
  test('only adds the graph to a segment that is alone and not worn', () => {
    assert.deepEqual(nextChore(config, [segment('a', 20_000)], hnsw, false), { kind: 'graph', segment: 'a' });
    assert.deepEqual(nextChore(config, [segment('a', 30_000, { dead: 12_000 })], hnsw, false), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('writes a segment anew where it gets lists', () => {
    assert.deepEqual(nextChore(config, [segment('a', 20_000)], { ...hnsw, index: 'ivf' }, false), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('builds earlier where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [segment('a', 1_024)], hnsw, true), { kind: 'graph', segment: 'a' });
  });
  test('never builds a graph for a flat collection, and merges its segments', () => {
    const flats = Array.from({ length: 8 }, (_, i) => segment(`s${i}`, 8_192));
    assert.deepEqual(nextChore(config, flats, { ...hnsw, index: 'flat' }, true), { kind: 'merge', segments: flats.map(({ id }) => id), indexed: false });
  });
  test('writes a worn segment anew', () => {
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 40_000)], hnsw, true), { kind: 'merge', segments: ['a'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 100_000, 20_000)], hnsw, true), undefined);
  });
  test('lets go of what nothing is left of before all else', () => {
    const flats = [segment('a', 8_192), segment('b', 8_192), segment('c', 8_192, { dead: 8_192 })];
    assert.deepEqual(nextChore(config, [graph('d', 50_000, 50_000), ...flats], hnsw, false), { kind: 'merge', segments: ['d', 'c'], indexed: false });
  });
  test('writes worn segments anew although rows wait for a graph, once more are dead than alive', () => {
    const flats = Array.from({ length: 4 }, (_, i) => segment(`s${i}`, 8_192));
    const alive = { kind: 'merge', segments: flats.map(({ id }) => id), indexed: true };
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 60_000), ...flats], hnsw, false), alive);
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 90_000), ...flats], hnsw, false), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('merges four of a size, and never past the largest size', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 20_000));
    assert.deepEqual(nextChore(config, four, hnsw, false), { kind: 'merge', segments: four.map(({ id }) => id), indexed: true });
    assert.equal(nextChore(config, four.slice(1), hnsw, false), undefined);
    const large = Array.from({ length: 8 }, (_, i) => graph(`g${i}`, 200_000));
    assert.equal(nextChore(config, large, hnsw, true), undefined);
  });
  test('merges two of a size where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [graph('a', 20_000), graph('b', 30_000)], hnsw, true), { kind: 'merge', segments: ['a', 'b'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 20_000), graph('b', 60_000)], hnsw, true), undefined);
  });
  test('makes no segment whose vectors are more than one memory holds', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 30_000));
    const large = { ...hnsw, dimension: 4_096 };
    assert.deepEqual(nextChore(config, four, large, false), undefined);
    assert.deepEqual(nextChore(config, four, large, true), { kind: 'merge', segments: ['g0', 'g1'], indexed: true });
  });
});
