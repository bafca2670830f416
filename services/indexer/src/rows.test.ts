import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText, type Metric } from '@proximadb/schemas';
import type { SearchSpec } from '@proximadb/query';
import { dumpGrowing, NearestSoFar, runBuildJob, Sealed, SegmentWriter, type Predicate } from '@proximadb/segment';
import { ShardRows, type Candidate } from './rows.ts';

/** Of fewer numbers exact distances take no longer than codes. */
const dimension = 96;
const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const root = mkdtempSync(join(tmpdir(), 'proximadb-rows-'));
after(() => { rmSync(root, { recursive: true }); });

/** Numbers from −1 to 1, always the same (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

interface Row {
  readonly id: string;
  readonly vector: readonly number[];
  readonly n: number;
}

/** One shard: rows in segments, in a memtable that waits to be sealed, and in one that takes them. */
class Shard {
  readonly rows: ShardRows;
  readonly live = new Map<string, Row>();
  readonly #metric: Metric;
  #offset = 0;

  constructor(metric: Metric) {
    this.#metric = metric;
    this.rows = new ShardRows({ dimension, metric, rowsMax: 32_768, index: 'hnsw', recallTarget: 0.95 });
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      const { id, vector, n } = row;
      const view = walker.check(encodeVectorRecord(1, { id, vector, metadata: new Map([['n', BigInt(n)]]) }), {
        dimension, metric: this.#metric, recordBytesMax: 1 << 16,
      });
      this.rows.add(view, walker, 1, this.#offset, 0);
      this.#offset += 1;
      this.live.set(id, row);
    }
  }

  end(id: string): void {
    const place = this.rows.find(Buffer.from(id));
    assert.ok(place !== undefined);
    this.rows.end(place, this.#offset);
    this.live.delete(id);
  }

  /** Makes a segment of what is in the memtable. */
  async seal(): Promise<void> {
    const frozen = this.rows.freeze();
    const temporary = join(mkdtempSync(join(root, 'segment-')), 'tmp');
    const writer = new SegmentWriter(temporary, frozen.count, () => text);
    Array.from(dumpGrowing(frozen, Uint32Array.from({ length: frozen.count }, (_, row) => row), writer));
    const { segment } = runBuildJob({
      kind: 'complete', directory: temporary, schemaIds: writer.close(), schemas: { 1: text }, dimension, codes: this.#metric,
    });
    assert.ok(segment !== undefined);
    const graphSettings = { dimension, metric: this.#metric, m: 16, efConstruction: 64, quantization: 'f32' } as const;
    const directory = join(temporary, '..', segment.id);
    this.rows.replace([frozen], [await Sealed.open({ directory, files: segment, graphSettings, walkerOf: () => walker, storage: 'memory' }, false)]);
  }

  close(): void {
    for (const sealed of this.rows.sealed) sealed.close();
  }
}

const spec = (vector: readonly number[], k: number, more: Partial<SearchSpec> = {}): SearchSpec =>
  ({ vector: Float32Array.from(vector), k, filter: null, exact: false, ef: null, records: false, explain: false, ...more });
const below = (n: number): Predicate => ({ kind: 'range', path: ['n'], lower: null, upper: { value: BigInt(n), inclusive: false } });

/** As a host asks its shards. */
function nearest(shards: readonly Shard[], asked: SearchSpec, predicate: Predicate | null): string[] {
  const soFar = new NearestSoFar(asked.k);
  const all = shards.flatMap(({ rows }, partition) =>
    rows.search(asked, predicate, partition, 0, soFar).candidates.map((candidate: Candidate) => ({ id: rows.id(candidate), candidate })));
  return all.sort((one, other) => one.candidate.distance - other.candidate.distance).slice(0, asked.k).map(({ id }) => id);
}

for (const metric of ['cosine', 'euclidean', 'dot'] as const) {
  describe(`rows in many segments and memtables of two shards, ${metric}`, () => {
    const next = numbers(42);
    const vector = (): number[] => Array.from({ length: dimension }, next);
    const shards = [new Shard(metric), new Shard(metric)];
    before(async () => {
      let made = 0;
      const rows = (count: number): Row[] => Array.from({ length: count }, () => ({ id: `r${made++}`, vector: vector(), n: made % 1_000 }));
      for (const [at, shard] of shards.entries()) {
        // One is large enough to measure its codes; one is searched exactly.
        for (const count of [at === 0 ? 17_000 : 4_000, 3_000, 2_500, 600]) {
          shard.add(rows(count));
          await shard.seal();
        }
        shard.add(rows(3_000));
        shard.rows.freeze();
        shard.add(rows(2_400));
        for (const id of [...shard.live.keys()].filter((_, i) => i % 9 === 0)) shard.end(id);
      }
    });
    after(() => { for (const shard of shards) shard.close(); });

    for (const [what, predicate] of [['no filter', null], ['a filter that half of them match', below(500)], ['a filter that a few match', below(3)]] as const) {
      test(`k hits of k that match, each once, and nearly all of the nearest: ${what}`, () => {
        const matching = shards.flatMap(({ live }) => [...live.values()]).filter(({ n }) => predicate === null || n < (what.includes('half') ? 500 : 3));
        const matches = new Set(matching.map(({ id }) => id));
        for (const k of [1, 10, 100, 3_000]) {
          let found = 0;
          let sought = 0;
          for (let turn = 0; turn < (k > 100 ? 3 : 20); turn += 1) {
            const query = vector();
            const exact = nearest(shards, spec(query, k, { exact: true }), predicate);
            // Codes of memtables are made by searches: some rows have none yet.
            const ids = nearest(shards, spec(query, k), predicate);
            assert.equal(ids.length, Math.min(k, matching.length));
            assert.equal(new Set(ids).size, ids.length);
            assert.ok(ids.every((id) => matches.has(id)));
            const right = new Set(exact);
            assert.equal(right.size, ids.length);
            found += ids.filter((id) => right.has(id)).length;
            sought += right.size;
          }
          assert.ok(found >= (predicate === null ? 0.95 : 0.99) * sought, `k ${k}: ${found} of ${sought}`);
        }
      });
    }

    test('the next segment compares fewer rows exactly than it would alone; and no more, where what is known lies far away', () => {
      const [shard] = shards;
      assert.ok(shard !== undefined);
      const compared = (soFar: NearestSoFar | undefined): number[] => Array.from({ length: 10 }, () => {
        const { costs } = shard.rows.search(spec(vector(), 10, { explain: true }), null, 0, 0, soFar);
        return costs.filter(({ strategy }) => strategy === 'codes').reduce((sum, { candidates }) => sum + candidates, 0);
      });
      const total = (some: readonly number[]): number => some.reduce((sum, each) => sum + each, 0);
      const near = new NearestSoFar(10);
      near.add(new Float32Array(10).fill(metric === 'euclidean' ? 0 : -100));
      const far = new NearestSoFar(10);
      far.add(new Float32Array(10).fill(1e6));
      const [alone, afterNear, afterFar] = [total(compared(undefined)), total(compared(near)), total(compared(far))];
      assert.ok(alone > 1_000, `codes are in use: ${alone}`);
      assert.ok(afterNear < alone / 4, `${afterNear} and ${alone}`);
      assert.ok(afterFar < 1.5 * alone, `${afterFar} and ${alone}`);
    });
  });
}

describe('ten memtables, as many as a shard holds', () => {
  const [memtables, rowsEach, wide, k] = [10, 8_192, 100, 10];
  const next = numbers(43);
  const drawn = (length: number): number[] => Array.from({ length }, next);
  const directions = Array.from({ length: 16 }, () => drawn(wide));
  const nearPlane = (): number[] => {
    const shares = drawn(directions.length);
    return drawn(wide).map((value, i) => value / 2 + directions.reduce((sum, direction, at) => sum + (direction[i] ?? 0) * (shares[at] ?? 0), 0));
  };
  // Vectors that lie anywhere are the hardest: all of them are about as far from a query.
  const kinds = { 'near a plane of a few directions': [nearPlane, 0.03], anywhere: [() => drawn(wide), 0.13] } as const;

  for (const [where, [vector, most]] of Object.entries(kinds)) {
    const records = Array.from({ length: memtables * rowsEach }, (_, i) => encodeVectorRecord(1, { id: `r${i}`, vector: vector() }));
    const queries = Array.from({ length: 20 }, vector);
    for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
      // Codes tell nothing of L1.
      const [strategy, how] = metric === 'manhattan' ? ['exact', 'all exactly,'] : ['codes', `at most ${most * 100} % exactly, once codes are made,`];
      test(`rows that lie ${where}, ${metric}: a search compares ${how} and finds what is nearest`, (context) => {
        const rows = new ShardRows({ dimension: wide, metric, rowsMax: rowsEach, index: 'hnsw', recallTarget: 0.95 });
        for (const [offset, record] of records.entries()) {
          if (offset > 0 && offset % rowsEach === 0) rows.freeze();
          rows.add(walker.check(record, { dimension: wide, metric, recordBytesMax: 1 << 16 }), walker, 1, offset, 0);
        }
        const ask = (query: readonly number[], exact: boolean) => {
          const { candidates, costs } = rows.search(spec(query, k, { exact, explain: true }), null, 0, 0);
          const offsets = candidates.sort((one, other) => one.distance - other.distance).slice(0, k).map(({ offset }) => offset);
          return { offsets, strategies: new Set(costs.map((cost) => cost.strategy)), compared: costs.reduce((sum, cost) => sum + cost.candidates, 0) };
        };
        // Each makes codes for 512 rows of a memtable.
        for (let made = 0; made < rowsEach; made += 512) ask(vector(), false);
        let [found, compared] = [0, 0];
        for (const query of queries) {
          const [answer, nearest] = [ask(query, false), ask(query, true)];
          assert.deepEqual([...answer.strategies], [strategy]);
          found += answer.offsets.filter((offset) => nearest.offsets.includes(offset)).length;
          compared += answer.compared;
        }
        const recall = found / k / queries.length;
        const share = compared / queries.length / records.length;
        context.diagnostic(`recall ${recall}, compared ${share.toFixed(3)}`);
        if (metric === 'manhattan') assert.equal(share, 1);
        else assert.ok(share <= most, `${share} of the rows are compared`);
        assert.ok(recall >= 0.95, `recall is ${recall}`);
      });
    }
  }
});

describe('ids of rows that come and go', () => {
  const shard = new Shard('dot');
  after(() => { shard.close(); });
  const rowOf = (n: number): Row => ({ id: `id-${n}`, vector: Array.from({ length: dimension }, () => 1), n });
  const held = (n: number): boolean => shard.rows.find(Buffer.from(`id-${n}`)) !== undefined;

  test('those that are there are found wherever they are, and no others, however many there have been', async () => {
    shard.add(Array.from({ length: 2_000 }, (_, n) => rowOf(n)));
    await shard.seal();
    shard.add(Array.from({ length: 500 }, (_, n) => rowOf(2_000 + n)));
    shard.rows.freeze();
    const atFirst = shard.rows.memoryBytes;
    let next = 10_000;
    for (let round = 0; round < 8; round += 1) {
      const gone = Array.from({ length: 25_000 }, () => rowOf(next++));
      shard.add(gone);
      for (const { id } of gone) shard.end(id);
      shard.rows.replace([shard.rows.freeze()], []);
      assert.ok(held(0) && held(1_999) && held(2_499), `in round ${round}`);
    }
    shard.add([rowOf(3_000)]);
    for (const n of [...Array(2_500).keys(), 3_000]) assert.ok(held(n), `${n} is there`);
    for (let n = 9_000; n < next; n += 1) assert.ok(!held(n), `${n} is gone`);
    // 200,000 have gone, of which 65,536 and a few may be known.
    assert.ok(shard.rows.memoryBytes < atFirst + 524_288, `${shard.rows.memoryBytes} bytes, ${atFirst} at first`);
  });

  test('a segment that was there before is found', async () => {
    const [sealed] = shard.rows.sealed;
    const other = new ShardRows({ dimension, metric: 'dot', rowsMax: 32_768, index: 'hnsw', recallTarget: 0.95 });
    other.restore(sealed!);
    assert.equal(other.find(Buffer.from('id-7'))?.row, 7);
    assert.equal(other.find(Buffer.from('id-2400')), undefined);
  });
});
