/** Codes of one bit beside lists: where lists that hold what is nearest would be most of all. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText, type Metric } from '@proximadb/schemas';
import {
  defaultQuantization, defaultsOf, encodeRows, hashId, prepareQuery, runBuildJob, Sealed, searchSealed, SegmentWriter, type SegmentSearch,
} from '../index.ts';
import { random } from '../testing/random.ts';

const dimension = 256;
const count = 6_000;
const k = 10;
const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));

const next = random(21);
const anywhere = (): Float32Array => Float32Array.from({ length: dimension }, next);
const middles = Array.from({ length: 200 }, anywhere);
const nearSome = (apart: number) => (_: unknown, i: number): Float32Array => (middles[i % middles.length] ?? anywhere()).map((value) => value + apart * next());
const nearby = nearSome(0.3);

/** Those far out take most of the lists, so the few that a query comes to first hold more rows than others. */
const inClustersOrFarOut = (_: unknown, i: number): Float32Array => (i % 2 === 0 ? nearby(undefined, i) : anywhere().map((value) => value * 3));

const inLooseClusters = Array.from({ length: count + 100 }, nearSome(1.15));

interface Case {
  readonly lie: string;
  readonly metric: Metric;
  /** The last hundred ask. */
  readonly vectors: readonly Float32Array[];
  readonly recallTarget: number;
  readonly hasCodes: boolean;
}

const cases: readonly Case[] = [
  { lie: 'anywhere', metric: 'cosine', vectors: Array.from({ length: count + 100 }, anywhere), recallTarget: 0.95, hasCodes: true },
  { lie: 'in clusters', metric: 'cosine', vectors: Array.from({ length: count + 100 }, nearby), recallTarget: 0.95, hasCodes: false },
  {
    lie: 'in clusters for one half, for the other far out', metric: 'euclidean',
    vectors: Array.from({ length: count + 100 }, inClustersOrFarOut), recallTarget: 0.95, hasCodes: true,
  },
  { lie: 'in loose clusters', metric: 'cosine', vectors: inLooseClusters, recallTarget: 0.95, hasCodes: false },
  { lie: 'in loose clusters', metric: 'cosine', vectors: inLooseClusters, recallTarget: 0.99, hasCodes: true },
];

function write(directory: string, metric: Metric, vectors: readonly Float32Array[]): { readonly directory: string; readonly schemaIds: readonly number[] } {
  const writer = new SegmentWriter(directory, vectors.length, () => text);
  vectors.forEach((vector, row) => {
    const bytes = encodeVectorRecord(1, { id: `r${row}`, vector });
    writer.add(1, bytes, row, Infinity, hashId(walker.view(bytes).idBytes), prepareQuery(metric, vector));
  });
  const schemaIds = writer.close();
  const { segment } = runBuildJob({ kind: 'complete', directory, schemaIds, schemas: { 1: text }, dimension, codes: undefined });
  assert.ok(segment !== undefined);
  return { directory: join(directory, '..', segment.id), schemaIds };
}

for (const { lie, metric, vectors, recallTarget, hasCodes } of cases) {
  describe(`lists of rows that lie ${lie}, under ${metric}, for a target of ${recallTarget}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'proximadb-coded-lists-'));
    const settings = { dimension, metric, m: 16, efConstruction: 128, quantization: defaultQuantization(metric) } as const;
    const opened: Sealed[] = [];
    before(async () => {
      const source = { ...write(join(folder, 'tmp'), metric, vectors.slice(0, count)), keep: encodeRows(Array(count).keys()) };
      const { segment: files } = runBuildJob({
        kind: 'merge', directory: join(folder, 'lists'), dimension, schemas: { 1: text }, lists: metric, codes: metric, recallTarget,
        sources: [source],
      });
      assert.ok(files !== undefined);
      const directory = join(folder, files.id);
      for (const storage of ['memory', 'disk'] as const) {
        opened.push(await Sealed.open({ directory, files, graphSettings: settings, walkerOf: () => walker, storage }, true));
      }
    });
    after(() => {
      for (const sealed of opened) sealed.close();
      rmSync(folder, { recursive: true });
    });

    const searchOf = (query: Float32Array, more: Partial<SegmentSearch> = {}): SegmentSearch => ({
      metric, query: prepareQuery(metric, query), k, predicate: null, exact: false, ef: null, recallTarget, nowMicros: 0, ...more,
    });

    test(`${hasCodes ? 'codes' : 'lists'} answer by default, and find what the target says; with a low ef lists do`, () => {
      for (const sealed of opened) {
        assert.equal(sealed.files.files.some((file) => file.name === 'signs.bin'), hasCodes);
        const strategies = new Set<string>();
        let found = 0;
        for (const query of vectors.slice(count)) {
          const exact = new Set(searchSealed(sealed, searchOf(query, { exact: true })).top.rows);
          const { top, strategy } = searchSealed(sealed, searchOf(query));
          strategies.add(strategy);
          found += top.rows.filter((row) => exact.has(row)).length;
          assert.equal(searchSealed(sealed, searchOf(query, { ef: 4 })).strategy, 'lists');
        }
        assert.deepEqual([...strategies], [hasCodes ? 'codes' : 'lists']);
        const recall = found / (100 * k);
        assert.ok(recall >= recallTarget, `recall ${recall}`);
      }
    });

    test('what it says of itself is what answers', () => {
      for (const sealed of opened) {
        const { lists, listsRead, recall } = defaultsOf(sealed, recallTarget);
        assert.ok(lists !== null && lists > 10 && listsRead !== null, `${listsRead} of ${lists} lists`);
        // So few rows do not measure their codes.
        if (hasCodes) assert.deepEqual([listsRead, recall], [0, null]);
        else assert.ok(listsRead > 0 && listsRead < lists / 2 && recall !== null && recall >= recallTarget, `${listsRead} of ${lists} lists, recall ${recall}`);
      }
    });
  });
}
