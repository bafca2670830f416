import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { indexerConfig } from './config.ts';
import { nextChore, quietAfter, type SegmentFacts } from './policy.ts';

const config = indexerConfig.parse({});
const hnsw = { index: 'hnsw', dimension: 100 } as const;
const segment = (id: string, rows: number, options: Partial<SegmentFacts> = {}): SegmentFacts => ({ id, rows, dead: 0, isIndexed: false, ...options });
const graph = (id: string, rows: number, dead = 0): SegmentFacts => segment(id, rows, { isIndexed: true, dead });

describe('what a shard does next', () => {
  test('nothing, while there are few rows without a graph', () => {
    assert.equal(nextChore(config, [segment('a', 8_192)], hnsw, 'busy'), undefined);
  });
  test('builds one graph over all rows without one, once there are enough', () => {
    assert.deepEqual(nextChore(config, [segment('a', 8_192), segment('b', 8_192)], hnsw, 'busy'), { kind: 'merge', segments: ['a', 'b'], indexed: true });
  });
  test('only adds the graph to a segment that is alone and not worn', () => {
    assert.deepEqual(nextChore(config, [segment('a', 20_000)], hnsw, 'busy'), { kind: 'graph', segment: 'a' });
    assert.deepEqual(nextChore(config, [segment('a', 30_000, { dead: 12_000 })], hnsw, 'busy'), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('writes a segment anew where it gets lists', () => {
    assert.deepEqual(nextChore(config, [segment('a', 20_000)], { ...hnsw, index: 'ivf' }, 'busy'), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('builds earlier where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [segment('a', 1_024)], hnsw, 'idle'), { kind: 'graph', segment: 'a' });
  });
  test('never builds a graph for a flat collection, and merges its segments', () => {
    const flats = Array.from({ length: 8 }, (_, i) => segment(`s${i}`, 8_192));
    assert.deepEqual(nextChore(config, flats, { ...hnsw, index: 'flat' }, 'idle'), { kind: 'merge', segments: flats.map(({ id }) => id), indexed: false });
  });
  test('writes a worn segment anew', () => {
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 40_000)], hnsw, 'idle'), { kind: 'merge', segments: ['a'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 100_000, 20_000)], hnsw, 'idle'), undefined);
  });
  test('lets go of what nothing is left of before all else', () => {
    const flats = [segment('a', 8_192), segment('b', 8_192), segment('c', 8_192, { dead: 8_192 })];
    assert.deepEqual(nextChore(config, [graph('d', 50_000, 50_000), ...flats], hnsw, 'busy'), { kind: 'merge', segments: ['d', 'c'], indexed: false });
  });
  test('writes worn segments anew although rows wait for a graph, once more are dead than alive', () => {
    const flats = Array.from({ length: 4 }, (_, i) => segment(`s${i}`, 8_192));
    const alive = { kind: 'merge', segments: flats.map(({ id }) => id), indexed: true };
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 60_000), ...flats], hnsw, 'busy'), alive);
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 90_000), ...flats], hnsw, 'busy'), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('merges four of a size, and never past the largest size', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 20_000));
    assert.deepEqual(nextChore(config, four, hnsw, 'busy'), { kind: 'merge', segments: four.map(({ id }) => id), indexed: true });
    assert.equal(nextChore(config, four.slice(1), hnsw, 'busy'), undefined);
    const large = Array.from({ length: 8 }, (_, i) => graph(`g${i}`, 200_000));
    assert.equal(nextChore(config, large, hnsw, 'idle'), undefined);
  });
  test('merges two of a size where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [graph('a', 20_000), graph('b', 30_000)], hnsw, 'idle'), { kind: 'merge', segments: ['a', 'b'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 20_000), graph('b', 60_000)], hnsw, 'idle'), undefined);
  });
  test('merges unlike sizes at rest only, until each is much larger than all smaller ones together', () => {
    const unlike = [graph('c', 32_768), graph('a', 5_312), graph('d', 65_536), graph('b', 16_384)];
    assert.equal(nextChore(config, unlike, hnsw, 'busy'), undefined);
    assert.equal(nextChore(config, unlike, hnsw, 'idle'), undefined);
    assert.deepEqual(nextChore(config, unlike, hnsw, 'resting'), { kind: 'merge', segments: ['a', 'b', 'c', 'd'], indexed: true });
    assert.equal(nextChore(config, [graph('all', 120_000)], hnsw, 'resting'), undefined);
    // What would be too large together stays apart, and so does what is little beside the next.
    assert.deepEqual(nextChore(config, [...unlike, graph('e', 200_000)], hnsw, 'resting'), { kind: 'merge', segments: ['a', 'b', 'c', 'd'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 5_000), graph('b', 11_000), graph('c', 40_000), graph('d', 200_000)], hnsw, 'resting'), undefined);
    // Dead rows count for nothing.
    const worn = [graph('a', 7_000, 1_000), graph('b', 15_000, 3_000)];
    assert.deepEqual(nextChore(config, worn, hnsw, 'resting'), { kind: 'merge', segments: ['a', 'b'], indexed: true });
  });
  test('at rest a row is merged a few times, however segments come', () => {
    let [segments, merged, rows] = [[] as SegmentFacts[], 0, 0];
    for (let step = 0; step < 200; step += 1) {
      const size = 100 + (step * 7919) % 1_900;
      rows += size;
      segments.push(graph(`s${step}`, size));
      for (let turn = 0; ; turn += 1) {
        const chore = nextChore(config, segments, hnsw, 'resting');
        if (chore?.kind !== 'merge') break;
        const chosen = segments.filter(({ id }) => chore.segments.includes(id));
        const size = chosen.reduce((sum, one) => sum + one.rows, 0);
        merged += size;
        segments = [...segments.filter((one) => !chosen.includes(one)), graph(`m${step}-${turn}`, size)];
      }
    }
    assert.ok(segments.length <= 8, `${segments.length} segments of ${rows} rows`);
    assert.ok(merged / rows < 12, `a row was merged ${merged / rows} times`);
  });
  test('is idle, and then at rest, by the time since the last write', () => {
    assert.deepEqual([0, 1_999, 2_000, 29_999, 30_000].map((ms) => quietAfter(ms, config)), ['busy', 'busy', 'idle', 'idle', 'resting']);
    assert.equal(quietAfter(0, { idleMs: 0, restMs: 1 }), 'idle');
  });
  test('makes no segment whose vectors are more than one memory holds', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 30_000));
    const large = { ...hnsw, dimension: 4_096 };
    assert.deepEqual(nextChore(config, four, large, 'busy'), undefined);
    assert.deepEqual(nextChore(config, four, large, 'idle'), { kind: 'merge', segments: ['g0', 'g1'], indexed: true });
  });
});
