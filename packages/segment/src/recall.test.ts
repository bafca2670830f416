import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText, type Metric } from '@proximadb/schemas';
import {
  defaultQuantization, defaultsOf, encodeRows, hashId, prepareQuery, runBuildJob, Sealed, searchSealed, SegmentWriter, type BuildResult, type SegmentFiles,
} from './index.ts';
import { recallRead } from './recall.ts';
import { random } from './testing/random.ts';

const dimension = 128;
const count = 17_000;
const asked = 200;
const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const [low, high] = [0.95, 0.99];

/** As embeddings are: few directions in which they differ, of unequal weight, and noise in all. The last ones are not stored. */
const all = ((): Float32Array[] => {
  const next = random(11);
  const normal = (): number => (next() + next() + next() + next()) / 1.15;
  const directions = Array.from({ length: 32 }, (_, i) => Float32Array.from({ length: dimension }, () => normal() * 0.97 ** i));
  return Array.from({ length: count + asked }, () => {
    const vector = Float32Array.from({ length: dimension }, () => normal() * 0.3);
    for (const direction of directions) {
      const far = normal();
      for (let i = 0; i < dimension; i += 1) vector[i]! += far * direction[i]!;
    }
    return vector;
  });
})();

/** The same with lengths spread log-normally, σ 2: one of a thousand is 480 times as long as half of them are at most. */
const unequal = ((): Float32Array[] => {
  const next = random(12);
  const normal = (): number => Math.sqrt(-2 * Math.log((1 - next()) / 2)) * Math.cos(Math.PI * next());
  return all.map((vector) => {
    const times = Math.exp(2 * normal());
    return vector.map((value) => value * times);
  });
})();

/** Written and completed: it waits for an index. */
function flatSegment(directory: string, metric: Metric, vectors: readonly Float32Array[], codes: Metric | undefined): SegmentFiles {
  const writer = new SegmentWriter(join(directory, 'tmp'), vectors.length, () => text);
  vectors.forEach((vector, row) => {
    const bytes = encodeVectorRecord(1, { id: `r${row}`, vector });
    writer.add(1, bytes, row, Infinity, hashId(walker.view(bytes).idBytes), prepareQuery(metric, vector));
  });
  const schemaIds = writer.close();
  const job = { kind: 'complete', directory: join(directory, 'tmp'), schemaIds, schemas: { 1: text }, dimension: vectors[0]!.length, codes } as const;
  const { segment } = runBuildJob(job);
  assert.ok(segment !== undefined);
  return segment;
}

const sets: readonly (readonly [what: string, metric: Metric, vectors: readonly Float32Array[]])[] = [
  ['cosine', 'cosine', all], ['dot', 'dot', all], ['dot, of lengths that are spread widely', 'dot', unequal], ['euclidean', 'euclidean', all],
  ['manhattan', 'manhattan', all],
];
for (const [what, metric, vectors] of sets) {
  for (const strategy of ['graph', 'lists', 'codes'] as const) {
    // Manhattan has no product, and so no codes of one bit.
    if (strategy === 'codes' && metric === 'manhattan') continue;
    describe(`a segment with ${strategy} under ${what}`, () => {
      const directory = mkdtempSync(join(tmpdir(), 'proximadb-recall-'));
      const settings = { dimension, metric, m: 16, efConstruction: 128, quantization: defaultQuantization(metric) };
      let sealed: Sealed;
      let built: BuildResult;
      before(async () => {
        const flat = flatSegment(directory, metric, vectors.slice(0, count), strategy === 'codes' ? metric : undefined);
        const whole = { directory: join(directory, flat.id), schemaIds: flat.schemaIds, keep: encodeRows(Array(count).keys()) };
        built = strategy === 'codes' ? { segment: flat, graph: undefined } : strategy === 'graph'
          ? runBuildJob({ kind: 'graph', directory: whole.directory, sources: [whole], graph: { ...settings, recallTarget: high } })
          : runBuildJob({
            kind: 'merge', directory: join(directory, 'lists'), dimension, schemas: { 1: text }, lists: metric, codes: undefined,
            recallTarget: high, sources: [whole],
          });
        const files = built.segment ?? flat;
        sealed = await Sealed.open({ directory: join(directory, files.id), files, graphSettings: settings, walkerOf: () => walker, storage: 'memory' }, true);
        if (built.graph !== undefined) await sealed.attach(built.graph, true);
      });
      after(() => {
        sealed.close();
        rmSync(directory, { recursive: true });
      });

      /** Of queries that are not stored. */
      const recallOf = (recallTarget: number, k: number): number => {
        let [found, others] = [0, 0];
        for (const given of vectors.slice(count)) {
          const search = { metric, query: prepareQuery(metric, given), k, predicate: null, ef: null, recallTarget, nowMicros: 0 };
          const nearest = new Set(searchSealed(sealed, { ...search, exact: true }).top.rows);
          const { top, strategy: taken } = searchSealed(sealed, { ...search, exact: false });
          // A query that lies farther away than nearly all rows do gets exact distances, where there are no codes.
          if (taken !== strategy) others += 1;
          found += top.rows.filter((row) => nearest.has(row)).length;
        }
        // What is farther than nearly all is known from 128 rows: with lengths that are spread widely one query in twenty is.
        assert.ok(others <= asked / 10, `${others} of ${asked} were searched in another way`);
        return found / (k * asked);
      };

      test('a search finds what the target says, and more of a higher one', () => {
        const [less, more] = [recallOf(low, 10), recallOf(high, 10)];
        assert.ok(less >= low, `${less} of ${low}`);
        assert.ok(more >= high, `${more} of ${high}`);
        // Where the least that a graph is asked for finds what the higher target says, both ask for that.
        assert.ok(more > less || less >= high, `${more} and ${less}`);
      });

      test('what it says of itself is more than the target, and about what such queries find', () => {
        for (const target of [low, high]) {
          const { recall, ef, listsRead } = defaultsOf(sealed, target);
          assert.ok(recall !== null && recall > target);
          assert.ok(Math.abs(recall - recallOf(target, 10)) < 0.02, `${recall} and ${recallOf(target, 10)}`);
          assert.equal(ef !== null, strategy === 'graph');
          assert.equal(listsRead !== null, strategy === 'lists');
        }
      });
    });
  }
}

test('what is read for leaves two fifths of the misses that the target allows, of lists, three fifths of graphs', () => {
  assert.deepEqual([recallRead(0.95, 'graph'), recallRead(0.95, 'lists'), recallRead(0.95, 'smallLists'), recallRead(0.95, 'filteredLists')],
    [0.97, 0.98, 0.99, 0.95]);
  assert.deepEqual([recallRead(0.99, 'graph'), recallRead(0.99, 'lists'), recallRead(0.99, 'filteredLists')], [0.994, 0.996, 0.99]);
});

test('of a small segment of many dimensions codes find what is near among fewer than a thousand rows, and few of these are compared exactly', async () => {
  const next = random(13);
  const directions = Array.from({ length: 24 }, () => Float32Array.from({ length: 768 }, next));
  const wide = (): Float32Array => {
    const vector = Float32Array.from({ length: 768 }, () => next() / 4);
    for (const direction of directions) {
      const far = next();
      direction.forEach((value, i) => { vector[i]! += far * value; });
    }
    return vector;
  };
  const vectors = Array.from({ length: 2_000 }, wide);
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-small-'));
  try {
    const files = flatSegment(directory, 'cosine', vectors, 'cosine');
    const graphSettings = { dimension: 768, metric: 'cosine', m: 16, efConstruction: 128, quantization: 'i8' } as const;
    const sealed = await Sealed.open({ directory: join(directory, files.id), files, graphSettings, walkerOf: () => walker, storage: 'memory' }, false);
    for (let row = 0; row < 2_000; row += 1) if (row % 5 > 1) sealed.states.end(row, 2_000);
    let found = 0;
    for (let i = 0; i < 50; i += 1) {
      const search = { metric: 'cosine', query: prepareQuery('cosine', wide()), k: 10, predicate: null, ef: null, recallTarget: 0.95, nowMicros: 0 } as const;
      const [exact, byCodes] = [searchSealed(sealed, { ...search, exact: true }), searchSealed(sealed, { ...search, exact: false })];
      assert.equal(byCodes.strategy, 'codes');
      assert.ok(byCodes.candidates < 400, `${byCodes.candidates} of 800 rows`);
      found += [...byCodes.top.rows].filter((row) => exact.top.rows.includes(row)).length;
    }
    assert.ok(found >= 490, `${found} of 500`);
    sealed.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
