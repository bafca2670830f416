/** Vectors that no embedding should be, and that people store all the same: whatever they are, a search finds what is nearest. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { schemaText, type Metric, type Quantization } from '@proximadb/schemas';
import {
  defaultQuantization, encodeRows, hashId, prepareQuery, runBuildJob, Sealed, searchSealed, SegmentWriter, strideOf,
  type BuildResult, type GraphSettings, type SegmentFiles,
} from './index.ts';
import { kernelOf } from './metric.ts';
import { random } from './testing/random.ts';

const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));
const metrics = ['cosine', 'euclidean', 'dot', 'manhattan'] as const;
const k = 10;
const recallTarget = 0.95;
const queriesAsked = 41;
const graphCandidates = 256;
const listCandidates = 64;

const draw = random(7);
const drawn = (count: number, length: number): Float32Array[] => (
  Array.from({ length: count }, () => Float32Array.from({ length }, () => draw() + draw() + draw() - 1.5)));
const few = drawn(10, 8);
const noise = drawn(6_000, 8);
const some = drawn(6_000, 16);
const numbers = drawn(6_000, 1);
const wide = drawn(1_400, 4_096);

/** refused: it would find little, and is not taken; poor: it is refused, or measured how little it finds, as the few rows that are asked about have it. */
type Fate = Partial<Record<Metric, 'refused' | 'poor'>>;

interface Odd {
  readonly count: number;
  readonly vector: (row: number) => Float32Array;
  /** What becomes of a graph, by metric: of many equals nodes have links to these and to nobody else. Default: it finds what is nearest. */
  readonly graph?: Fate;
  /** The same of lists, whose codes cannot tell apart what lies a thousand times nearer to each other than to others. */
  readonly lists?: Fate;
  /** Whether graphs are built, too, of what else a collection may let them keep: see {@link otherQuantizations}. Default: of what is usual alone. */
  readonly ofAllKinds?: true;
  /** Whether lists, if not refused, cost less than comparing all rows. Default: nothing is said of it. */
  readonly byLists?: true;
  /** How far queries that are not stored lie from rows, in every dimension at most. Default 0.1. */
  readonly apart?: number;
}

/** What tells apart less than what a graph keeps by default. */
const otherQuantizations: Readonly<Record<Metric, readonly Quantization[]>> = {
  cosine: ['b1'], euclidean: ['i8', 'b1'], dot: ['i8', 'b1'], manhattan: ['b1'],
};

const refused: Fate = { cosine: 'refused', euclidean: 'refused', manhattan: 'refused' };
const poor: Fate = { cosine: 'poor', euclidean: 'poor', manhattan: 'poor' };
const odd: Readonly<Record<string, Odd>> = {
  'all equal': { count: 8_000, graph: refused, ofAllKinds: true, byLists: true, vector: () => few[0]! },
  'ten vectors, by the thousand': { count: 10_000, graph: refused, ofAllKinds: true, vector: (row) => few[row % 10]! },
  'ten vectors, by the thousand, one after the other': { count: 10_000, graph: refused, vector: (row) => few[Math.floor(row / 1_000)]! },
  'nearly equal': {
    count: 6_000, graph: { ...poor, dot: 'poor' }, lists: { ...refused, dot: 'poor' }, apart: 0.001,
    vector: (row) => few[row % 8]!.map((x, i) => x + noise[row]![i]! / 1_000),
  },
  'two fifths of them equal': { count: 6_000, graph: poor, vector: (row) => some[row % 10 < 4 ? 0 : row]! },
  'of one dimension': { count: 6_000, graph: { cosine: 'poor' }, ofAllKinds: true, vector: (row) => numbers[row]! },
  'of 4,096 dimensions': { count: 1_400, byLists: true, vector: (row) => wide[row]! },
  'of zeros and ones': { count: 6_000, graph: poor, byLists: true, vector: (row) => some[row]!.map((x, i) => (x > 0 || i === 0 ? 1 : 0)) },
  'of lengths from a thousandth to thousands': {
    count: 6_000, lists: { euclidean: 'refused', manhattan: 'refused' }, byLists: true, vector: (row) => some[row]!.map((x) => x * 10 ** (row % 7 - 3)),
  },
};

interface Made {
  readonly files: SegmentFiles;
  readonly built: BuildResult;
}

function build(directory: string, settings: GraphSettings, { count, vector }: Odd, index: 'hnsw' | 'ivf'): Made {
  const { dimension, metric } = settings;
  const writer = new SegmentWriter(join(directory, 'tmp'), count, () => text);
  const padded = new Float32Array(strideOf(dimension));
  for (let row = 0; row < count; row += 1) {
    const bytes = encodeVectorRecord(1, { id: `r${row}`, vector: vector(row) });
    padded.set(prepareQuery(metric, vector(row)));
    writer.add(1, bytes, row, Infinity, hashId(walker.view(bytes).idBytes), padded);
  }
  const codes = index === 'hnsw' ? metric : undefined;
  const schemaIds = writer.close();
  const { segment: flat } = runBuildJob({ kind: 'complete', directory: join(directory, 'tmp'), schemaIds, schemas: { 1: text }, dimension, codes });
  assert.ok(flat !== undefined);
  const graph = { ...settings, recallTarget };
  const whole = { directory: join(directory, flat.id), schemaIds: flat.schemaIds, keep: encodeRows(Array(count).keys()) };
  if (index === 'hnsw') return { files: flat, built: runBuildJob({ kind: 'graph', directory: whole.directory, sources: [whole], graph }) };
  const built = runBuildJob({
    kind: 'merge', directory: join(directory, 'lists'), dimension, schemas: { 1: text }, lists: metric, codes, recallTarget,
    sources: [whole],
  });
  assert.ok(built.segment !== undefined);
  return { files: built.segment, built };
}

/** An index: what a graph would keep of a vector, and what becomes of it. */
type Kind = readonly [metric: Metric, quantization: Quantization, fate: 'refused' | 'poor' | undefined];

function kindsOf({ graph, lists, ofAllKinds }: Odd, index: 'hnsw' | 'ivf'): readonly Kind[] {
  return metrics.flatMap((metric) => {
    const usual = [metric, defaultQuantization(metric), (index === 'ivf' ? lists : graph)?.[metric]] as const;
    const others = index === 'hnsw' && ofAllKinds === true ? otherQuantizations[metric] : [];
    return [usual, ...others.map((quantization) => [metric, quantization, 'poor'] as const)];
  });
}

for (const [what, data] of Object.entries(odd)) {
  describe(`vectors ${what}`, () => {
    for (const index of ['hnsw', 'ivf'] as const) {
      for (const [metric, quantization, fate] of kindsOf(data, index)) {
        const kept = quantization === defaultQuantization(metric) ? '' : ` of ${quantization}`;
        test(`${index}${kept} under ${metric}: what is found is as near as what is nearest`, async (context) => {
          const directory = mkdtempSync(join(tmpdir(), 'proximadb-odd-'));
          context.after(() => { rmSync(directory, { recursive: true }); });
          const graphSettings = { dimension: data.vector(0).length, metric, m: 16, efConstruction: 64, quantization };
          const { files, built } = build(directory, graphSettings, data, index);
          const sealed = await Sealed.open({ directory: join(directory, files.id), files, graphSettings, walkerOf: () => walker, storage: 'memory' }, true);
          context.after(() => { sealed.close(); });
          if (built.graph !== undefined) await sealed.attach(built.graph, true);
          if (fate === 'refused') assert.match(built.refused ?? '', index === 'ivf' ? /lists find/ : /does not find \d+ of \d+ of its own vectors/);
          if (fate === undefined) assert.equal(built.refused, undefined);
          assert.equal(sealed.isIndexed, built.refused === undefined);
          const { graph, lists } = sealed;
          const strategies = new Set<string>();
          const found = { bySearch: 0, byIndex: 0 };
          for (let asked = 0; asked < queriesAsked; asked += 1) {
            // Half of them are stored.
            const stored = data.vector(Math.floor((asked + 0.5) * data.count / queriesAsked));
            const given = asked % 2 === 0 ? stored : stored.map((x, i) => x + ((asked * 31 + i * 17) % 11 - 5) / 5 * (data.apart ?? 0.1));
            const query = prepareQuery(metric, given);
            const search = { metric, query, k, predicate: null, ef: null, recallTarget, nowMicros: 0 };
            const { distances: nearest } = searchSealed(sealed, { ...search, exact: true }).top;
            const { top: { rows, distances }, strategy } = searchSealed(sealed, { ...search, exact: false });
            strategies.add(strategy);
            assert.deepEqual([rows.length, new Set(rows).size], [k, k]);
            const farthest = nearest[k - 1]!;
            const countNear = (some: Float32Array): number => some.filter((distance) => distance <= farthest).length;
            found.bySearch += countNear(distances);
            // To compare so few rows of so few dimensions exactly costs less than an index, which is asked by itself, too.
            const candidates = graph?.candidates(query, graphCandidates)
              ?? lists?.candidates({ query, wanted: listCandidates, lists: lists.listsFor(recallTarget, k), among: null }).rows ?? new Uint32Array();
            found.byIndex += countNear(sealed.vectors.scanList(kernelOf(metric), query, candidates, k).distances);
          }
          const [recall, indexRecall] = [found.bySearch / (k * queriesAsked), found.byIndex / (k * queriesAsked)];
          const measured = built.graph?.ladder.at(-1)?.recall ?? 0;
          context.diagnostic(`${recall} by ${[...strategies].join()}; of the index ${built.refused ?? `${indexRecall}, measured ${measured}`}`);
          assert.ok(recall >= recallTarget, `recall is ${recall}, by ${[...strategies].join()}`);
          if (index === 'ivf' && data.byLists === true) assert.deepEqual([...strategies], [built.refused === undefined ? 'lists' : 'exact']);
          if (built.refused !== undefined) return;
          // It is asked for more than it was measured with, and by queries that are a little unlike the rows.
          assert.ok(indexRecall >= measured - 0.08, `of the index recall is ${indexRecall}, where it measured ${measured}`);
          if (fate === undefined) assert.ok(indexRecall >= 0.88, `of the index recall is ${indexRecall}`);
        });
      }
    }
  });
}
