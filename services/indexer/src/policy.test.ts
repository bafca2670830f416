import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { indexerConfig } from './config.ts';
import { idleAfterMs, lanes, nextChore, quietAfter, type Lane, type Quiet, type SegmentFacts, type Situation } from './policy.ts';

const config = indexerConfig.parse({});
const hnsw = { index: 'hnsw', dimension: 100 } as const;
const segment = (id: string, rows: number, options: Partial<SegmentFacts> = {}): SegmentFacts => ({ id, rows, dead: 0, isIndexed: false, ...options });
/** Rows have waited for long, unless it is said. */
const at = (quiet: Quiet, { waitingMs = config.indexWaitMs, free = lanes }: { waitingMs?: number; free?: readonly Lane[] } = {}): Situation =>
  ({ quiet, waitingMs, free: new Set(free) });
const graph = (id: string, rows: number, dead = 0): SegmentFacts => segment(id, rows, { isIndexed: true, dead });

describe('what a shard does next', () => {
  test('nothing, while there are few rows without a graph', () => {
    assert.equal(nextChore(config, [segment('a', 8_192)], hnsw, at('busy')), undefined);
  });
  test('builds one graph over all rows without one, once there are enough', () => {
    assert.deepEqual(nextChore(config, [segment('a', 8_192), segment('b', 8_192)], hnsw, at('busy')), { kind: 'graph', segments: ['a', 'b'] });
  });
  test('while rows come in, builds one for all that come within a while, or that are as many as a segment may have', () => {
    const waiting = [segment('a', 131_072), segment('b', 65_536)];
    const soon = { waitingMs: config.indexWaitMs - 1 };
    assert.equal(nextChore(config, waiting, hnsw, at('busy', soon)), undefined);
    assert.deepEqual(nextChore(config, waiting, hnsw, at('busy')), { kind: 'graph', segments: ['a', 'b'] });
    assert.deepEqual(nextChore(config, waiting, hnsw, at('idle', soon)), { kind: 'graph', segments: ['a', 'b'] });
    const many = Array.from({ length: 5 }, (_, i) => segment(`s${i}`, 131_072));
    assert.deepEqual(nextChore(config, many, hnsw, at('busy', soon)), { kind: 'graph', segments: ['s0', 's1', 's2', 's3'] });
    // Before so many wait that the shard has to stop.
    const hasty = { ...config, unindexedRowsMax: 2 * 196_608 };
    assert.deepEqual(nextChore(hasty, waiting, hnsw, at('busy', soon)), { kind: 'graph', segments: ['a', 'b'] });
  });
  test('where nothing else is to be done, builds what is smaller than all that waits with it', () => {
    const segments = [segment('a', 40_000), segment('b', 30_000), graph('c', 60_000), graph('d', 100_000)];
    assert.deepEqual(nextChore(config, segments, hnsw, at('idle')), { kind: 'graph', segments: ['a', 'b', 'c'] });
    assert.deepEqual(nextChore(config, segments, { ...hnsw, index: 'ivf' }, at('idle')), { kind: 'merge', segments: ['a', 'b', 'c'], indexed: true });
    assert.deepEqual(nextChore(config, segments, hnsw, at('busy')), { kind: 'graph', segments: ['a', 'b'] });
  });
  test('while a graph is built merges what waits, eight of a size, and two where nothing else is to be done', () => {
    const flats = Array.from({ length: 8 }, (_, i) => segment(`s${i}`, 8_192));
    const building = { free: ['merging'] } as const;
    assert.deepEqual(nextChore(config, flats, hnsw, at('busy', building)), { kind: 'merge', segments: flats.map(({ id }) => id), indexed: false });
    assert.equal(nextChore(config, flats.slice(1), hnsw, at('busy', building)), undefined);
    assert.deepEqual(nextChore(config, flats.slice(6), hnsw, at('idle', building)), { kind: 'merge', segments: ['s6', 's7'], indexed: false });
    assert.equal(nextChore(config, [graph('a', 20_000), graph('b', 20_000)], hnsw, at('idle', building)), undefined);
    assert.equal(nextChore(config, flats, hnsw, at('idle', { free: [] })), undefined);
  });
  test('writes a segment anew where it gets lists', () => {
    assert.deepEqual(nextChore(config, [segment('a', 20_000)], { ...hnsw, index: 'ivf' }, at('busy')), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('builds earlier where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [segment('a', 1_024)], hnsw, at('idle')), { kind: 'graph', segments: ['a'] });
  });
  test('never builds a graph for a flat collection, and merges its segments', () => {
    const flats = Array.from({ length: 8 }, (_, i) => segment(`s${i}`, 8_192));
    assert.deepEqual(nextChore(config, flats, { ...hnsw, index: 'flat' }, at('idle')), { kind: 'merge', segments: flats.map(({ id }) => id), indexed: false });
  });
  test('writes a worn segment anew', () => {
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 40_000)], hnsw, at('idle')), { kind: 'merge', segments: ['a'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 100_000, 20_000)], hnsw, at('idle')), undefined);
  });
  test('lets go of what nothing is left of before all else', () => {
    const flats = [segment('a', 8_192), segment('b', 8_192), segment('c', 8_192, { dead: 8_192 })];
    for (const free of [lanes, ['dropping']] as const) {
      assert.deepEqual(nextChore(config, [graph('d', 50_000, 50_000), ...flats], hnsw, at('busy', { free })), { kind: 'drop', segments: ['d', 'c'] });
    }
  });
  test('builds what is due beside that: where rows die all the time, something is always let go of', () => {
    const segments = [graph('d', 50_000, 50_000), segment('a', 8_192), segment('b', 8_192), segment('c', 8_192, { dead: 8_192 })];
    assert.deepEqual(nextChore(config, segments, hnsw, at('busy', { free: ['indexing', 'merging'] })), { kind: 'graph', segments: ['a', 'b'] });
  });
  test('writes worn segments anew although rows wait for a graph, once more are dead than alive', () => {
    const flats = Array.from({ length: 4 }, (_, i) => segment(`s${i}`, 8_192));
    const alive = { kind: 'graph', segments: flats.map(({ id }) => id) };
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 60_000), ...flats], hnsw, at('busy')), alive);
    assert.deepEqual(nextChore(config, [graph('a', 100_000, 90_000), ...flats], hnsw, at('busy')), { kind: 'merge', segments: ['a'], indexed: true });
  });
  test('merges four of a size, and never past the largest size', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 20_000));
    assert.deepEqual(nextChore(config, four, hnsw, at('busy')), { kind: 'merge', segments: four.map(({ id }) => id), indexed: true });
    assert.equal(nextChore(config, four.slice(1), hnsw, at('busy')), undefined);
    const large = Array.from({ length: 8 }, (_, i) => graph(`g${i}`, 300_000));
    assert.equal(nextChore(config, large, hnsw, at('idle')), undefined);
  });
  test('merges two of a size where there is nothing else to do', () => {
    assert.deepEqual(nextChore(config, [graph('a', 20_000), graph('b', 30_000)], hnsw, at('idle')), { kind: 'merge', segments: ['a', 'b'], indexed: true });
    assert.equal(nextChore(config, [graph('a', 20_000), graph('b', 60_000)], hnsw, at('idle')), undefined);
  });
  test('merges unlike sizes at rest only, until each is much larger than all smaller ones together', () => {
    const unlike = [graph('c', 32_768), graph('a', 5_312), graph('d', 65_536), graph('b', 16_384)];
    assert.equal(nextChore(config, unlike, hnsw, at('busy')), undefined);
    assert.equal(nextChore(config, unlike, hnsw, at('idle')), undefined);
    assert.deepEqual(nextChore(config, unlike, hnsw, at('resting')), { kind: 'merge', segments: ['a', 'b', 'c', 'd'], indexed: true });
    assert.equal(nextChore(config, [graph('all', 120_000)], hnsw, at('resting')), undefined);
    // What would be too large together stays apart, and so does what is little beside the next.
    const large = [...unlike, graph('e', 450_000)];
    assert.deepEqual(nextChore(config, large, hnsw, at('resting')), { kind: 'merge', segments: ['a', 'b', 'c', 'd'], indexed: true });
    const apart = [5_000, 11_000, 40_000, 200_000].map((rows) => graph(`${rows}`, rows));
    assert.equal(nextChore(config, apart, hnsw, at('resting')), undefined);
    // Dead rows count for nothing.
    const worn = [graph('a', 7_000, 1_000), graph('b', 15_000, 3_000)];
    assert.deepEqual(nextChore(config, worn, hnsw, at('resting')), { kind: 'merge', segments: ['a', 'b'], indexed: true });
  });
  test('at rest a row is merged a few times, however segments come', () => {
    let [segments, merged, rows] = [[] as SegmentFacts[], 0, 0];
    for (let step = 0; step < 200; step += 1) {
      const size = 100 + (step * 7919) % 1_900;
      rows += size;
      segments.push(graph(`s${step}`, size));
      for (let turn = 0; ; turn += 1) {
        const chore = nextChore(config, segments, hnsw, at('resting'));
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
    assert.deepEqual([0, 999, 1_000, 29_999, 30_000].map((ms) => quietAfter(ms, 1_000, 30_000)), ['busy', 'busy', 'idle', 'idle', 'resting']);
    assert.equal(quietAfter(0, 0, 1), 'idle');
  });
  test('is idle sooner after a load of few rows, as long as more wait for an index than have one', () => {
    const idleMs = (waiting: number, indexed: number): number => idleAfterMs(config, { waiting, indexed });
    assert.deepEqual([idleMs(0, 0), idleMs(1, 0), idleMs(500, 499), idleMs(500, 500), idleMs(500, 501)], [1_500, 300, 300, 1_500, 1_500]);
    assert.deepEqual([16_384, 32_768, 65_536, 131_072, 1_000_000].map((waiting) => idleMs(waiting, 10_000)), [300, 375, 750, 1_500, 1_500]);
  });
  test('makes no segment whose vectors are more than one memory holds', () => {
    const four = Array.from({ length: 4 }, (_, i) => graph(`g${i}`, 30_000));
    const large = { ...hnsw, dimension: 4_096 };
    assert.deepEqual(nextChore(config, four, large, at('busy')), undefined);
    assert.deepEqual(nextChore(config, four, large, at('idle')), { kind: 'merge', segments: ['g0', 'g1'], indexed: true });
  });
});
