import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileWalker, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { schemaText, type Metric, type StorageKind } from '@proximadb/schemas';
import {
  defaultQuantization, distanceOf, encodeRows, Explanation, Growing, hashId, NearestSoFar, prepareQuery, runBuildJob, Sealed, searchGrowing, searchSealed,
  SegmentWriter, type Predicate, type SegmentAnswer,
} from './index.ts';
import { signsFile } from './sealed/files.ts';
import { random } from './testing/random.ts';

const dimension = 32;
const count = 12_000;
/** Such vectors have no order: for more of what is nearest a graph would be asked so broadly that a scan costs less. */
const recallTargets = { hnsw: 0.7, coded: 0.7, ivf: 0.95, none: 0.95 } as const;
const text = schemaText('VectorRecord');
const walker = compileWalker(JSON.parse(text));

const next = random(7);
const vectors = Array.from({ length: count }, () => Float32Array.from({ length: dimension }, next));
const query = Float32Array.from({ length: dimension }, next);
/** Of one query alone a graph may find seven of ten, and of the next one all. */
const others = Array.from({ length: 20 }, () => Float32Array.from({ length: dimension }, next));

/** @param withCodes false: as an earlier release wrote it. */
type Open = (storage: StorageKind, withCodes?: boolean) => Promise<Sealed>;

interface Data {
  readonly vectors: readonly Float32Array[];
  /** Of a row, what filters are asked of. */
  readonly n: (row: number) => number;
  readonly recallTarget: number;
}

const unordered = (index: keyof typeof recallTargets): Data => ({ vectors, n: (row) => row % 1000, recallTarget: recallTargets[index] });

/** @param index hnsw: a graph, and no codes of one bit; coded: both; none: it waits for one, with codes. */
function build(directory: string, metric: Metric, index: keyof typeof recallTargets, data = unordered(index)): Open {
  const rows = data.vectors;
  const graphSettings = { dimension, metric, m: 16, efConstruction: 64, quantization: defaultQuantization(metric) };
  const growing = new Growing({ dimension, metric, rowsMax: rows.length });
  const writer = new SegmentWriter(join(directory, 'tmp'), rows.length, () => text);
  for (let i = 0; i < rows.length; i += 1) {
    const metadata = new Map<string, MetadataValue>([['n', BigInt(data.n(i))]]);
    const view = walker.check(encodeVectorRecord(1, { id: `r${i}`, vector: rows[i]!, metadata }), { dimension, metric, recordBytesMax: 1 << 16 });
    growing.add(view, walker, 1, i, hashId(view.idBytes));
    writer.add(1, view.bytes, i, Infinity, hashId(view.idBytes), growing.slab.row(i));
  }
  const schemaIds = writer.close();
  const { segment: flat } = runBuildJob({
    kind: 'complete', directory: join(directory, 'tmp'), schemaIds, schemas: { 1: text }, dimension, codes: index === 'hnsw' ? undefined : metric,
  });
  assert.ok(flat !== undefined);
  const whole = { directory: join(directory, flat.id), schemaIds, keep: encodeRows(rows.keys()) };
  const { segment = flat, graph } = index === 'none' ? { segment: flat, graph: undefined } : index === 'hnsw' || index === 'coded'
    ? runBuildJob({ kind: 'graph', directory: whole.directory, sources: [whole], graph: { ...graphSettings, recallTarget: data.recallTarget } })
    : runBuildJob({
      kind: 'merge', directory: join(directory, 'lists'), dimension, schemas: { 1: text }, lists: metric, codes: undefined,
      recallTarget: data.recallTarget, sources: [whole],
    });
  return async (storage, withCodes = true) => {
    const files = withCodes ? segment : { ...segment, files: segment.files.filter(({ name }) => name !== signsFile) };
    const sealed = await Sealed.open({ directory: join(directory, segment.id), files, graphSettings, walkerOf: () => walker, storage }, true);
    if (graph !== undefined) await sealed.attach(graph, true);
    assert.equal(sealed.isIndexed, index !== 'none');
    return sealed;
  };
}

const below = (n: number): Predicate => ({ kind: 'range', path: ['n'], lower: null, upper: { value: BigInt(n), inclusive: false } });
const from = (n: number): Predicate => ({ kind: 'range', path: ['n'], lower: { value: BigInt(n), inclusive: true }, upper: null });

function trueDistance(metric: Metric, row: number): number {
  const pairs = [...query].map((value, i) => [value, vectors[row]![i]!] as const);
  const dot = pairs.reduce((sum, [a, b]) => sum + a * b, 0);
  switch (metric) {
    case 'cosine': return 1 - dot / Math.hypot(...query) / Math.hypot(...vectors[row]!);
    case 'dot': return -dot;
    case 'euclidean': return Math.hypot(...pairs.map(([a, b]) => a - b));
    case 'manhattan': return pairs.reduce((sum, [a, b]) => sum + Math.abs(a - b), 0);
  }
}

const metrics = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;
const ways = [
  ...metrics.flatMap((metric) => [{ metric, index: 'hnsw', strategy: 'graph' }, { metric, index: 'ivf', strategy: 'lists' }] as const),
  // L1 is no matter of products.
  ...metrics.map((metric) => ({ metric, index: 'none', strategy: metric === 'manhattan' ? 'exact' : 'codes' }) as const),
  ...metrics.map((metric) => ({ metric, index: 'coded', strategy: metric === 'manhattan' ? 'graph' : 'codes' }) as const),
];

/** k, of a thousand how many match, exact, ef. */
const asked: readonly (readonly [number, number | null, boolean, number | null])[] = [
  [10, null, false, null], [10, null, true, null], [1, null, false, 16], [100, null, false, 400], [12_000, null, true, null], [5_000, null, false, null],
  [10, 999, false, null], [10, 500, true, null], [100, 200, false, null], [10, 100, true, null], [10, 20, false, null], [10, 1, true, null],
  [10, 0, false, null],
];

type Way = (typeof ways)[number];

const search = (
  sealed: Sealed, { metric, index }: Way, k: number, predicate: Predicate | null, exact: boolean, ef: number | null = null, given = query,
): SegmentAnswer =>
  searchSealed(sealed, { metric, query: prepareQuery(metric, given), k, predicate, exact, ef, recallTarget: recallTargets[index], nowMicros: 0 });

for (const way of ways) {
  describe(`a sealed segment with ${way.index === 'coded' ? 'a graph and codes' : way.strategy} under ${way.metric}`, () => {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-plan-'));
    let open: Open;
    before(() => { open = build(directory, way.metric, way.index); });
    after(() => { rmSync(directory, { recursive: true }); });
    for (const storage of ['memory', 'disk'] as const) {
      describe(`of storage ${storage}`, () => { testSearches(way, () => open(storage)); });
    }

    test('on disk the answers are those of memory, to the last bit, and vectors take no memory', async () => {
      const held = await open('memory');
      const stored = await open('disk');
      for (const dead of [[], [0, 31, 32, 63, 64, 5_000, count - 1]]) {
        for (const row of dead) for (const sealed of [held, stored]) sealed.states.end(row, count);
        for (const [k, share, exact, ef] of asked) {
          const [one, other] = [held, stored].map((sealed) => search(sealed, way, k, share === null ? null : below(share), exact, ef));
          assert.deepEqual(other, one);
        }
      }
      const files = new Map(held.files.files.map(({ name, bytes }) => [name, bytes]));
      assert.ok(held.memoryBytes - stored.memoryBytes >= files.get('vectors.f32')! + (files.get('codes.bin') ?? 0));
      for (const sealed of [held, stored]) sealed.close();
    });

    test('on disk a file of vectors that was cut short is told by its name, and nothing else is answered', async () => {
      const stored = await open('disk');
      const file = join(directory, stored.files.id, 'vectors.f32');
      const bytes = readFileSync(file);
      truncateSync(file, 1_000);
      try {
        for (const exact of [true, false]) {
          assert.throws(() => search(stored, way, 10, null, exact), { code: 'DATA_LOSS', message: /vectors\.f32 has no byte \d+/ });
        }
        await assert.rejects(open('disk'), { code: 'DATA_LOSS', message: /vectors\.f32 does not have/ });
      } finally {
        writeFileSync(file, bytes);
      }
      bytes[500]! ^= 1;
      writeFileSync(file, bytes);
      await assert.rejects(open('disk'), { code: 'DATA_LOSS', message: /vectors\.f32 fails its checksum/ });
      bytes[500]! ^= 1;
      writeFileSync(file, bytes);
      stored.close();
    });
  });
}

function testSearches(way: Way, open: () => Promise<Sealed>): void {
  const { metric, index, strategy } = way;
  let sealed: Sealed;
  before(async () => { sealed = await open(); });
  after(() => { sealed.close(); });
  const ask = (k: number, predicate: Predicate | null, exact: boolean, ef: number | null = null): SegmentAnswer =>
    search(sealed, way, k, predicate, exact, ef);
  /** Of the vectors, not of the rows: lists have an order of their own. */
  const numbers = ({ top }: SegmentAnswer): number[] => [...top.rows].map((row) => Number(sealed.view(row).id.slice(1)));

  test('the exact answer is that of plain arithmetic, and nearly all of it is found without looking at all rows', () => {
    const best = vectors.map((_, row) => row).sort((a, b) => trueDistance(metric, a) - trueDistance(metric, b)).slice(0, 10);
    const exact = ask(10, null, true);
    assert.equal(exact.strategy, 'exact');
    assert.deepEqual(numbers(exact), best);
    exact.top.distances.forEach((distance, i) => { assert.ok(Math.abs(distanceOf(metric, distance) - trueDistance(metric, best[i]!)) < 1e-3); });
    const found = ask(10, null, false, index === 'hnsw' ? 64 : null);
    assert.equal(found.strategy, strategy);
    assert.equal(found.candidates < count, strategy !== 'exact');
    let both = 0;
    for (const given of others) {
      const nearest = search(sealed, way, 10, null, true, null, given).top.rows;
      both += search(sealed, way, 10, null, false, index === 'hnsw' ? 64 : null, given).top.rows.filter((row) => nearest.includes(row)).length;
    }
    assert.ok(both >= 0.8 * 10 * others.length, `${both} of ${10 * others.length} are found`);
  });

  for (const share of [1000, 500, 100, 20, 5, 1]) {
    test(`k hits come back of the ${share / 10} % that match, none that does not`, () => {
      const matching = (count / 1000) * share;
      for (const k of [1, 10, 100]) {
        const answer = ask(k, below(share), false);
        assert.equal(answer.matching, matching);
        assert.equal(answer.top.rows.length, Math.min(k, matching), answer.strategy);
        for (const number of numbers(answer)) assert.ok(number % 1000 < share);
        assert.equal(new Set(answer.top.rows).size, answer.top.rows.length);
      }
    });
  }

  test('k hits come back with an ef of less, too', () => {
    for (const predicate of [null, below(500)]) assert.equal(ask(100, predicate, false, 8).top.rows.length, 100);
  });

  const isCoded = index === 'coded' && strategy === 'codes';
  if (isCoded) test('codes look at more where more is asked for than the graph is asked for by default, and not at more for less', () => {
    const compared = (k: number, ef: number | null): number => {
      const { strategy: taken, candidates } = ask(k, below(500), false, ef);
      assert.equal(taken, 'codes');
      return candidates;
    };
    // For ten hits it is asked for 64, for a hundred for more than that.
    for (const [k, usual, more] of [[10, [64], 256], [100, [64, 128], 1_024]] as const) {
      const byDefault = compared(k, null);
      for (const ef of usual) assert.equal(compared(k, ef), byDefault);
      assert.ok(compared(k, more) > byDefault * 1.3);
    }
  });

  test('an explanation says what was expected, and where the time went', () => {
    const startedMs = performance.now();
    const explanation = new Explanation();
    const { strategy: taken } = searchSealed(sealed, {
      metric, query: prepareQuery(metric, query), k: 10, predicate: below(900), exact: false, ef: 8, recallTarget: 0.95, nowMicros: 0, explanation,
    });
    const all = (performance.now() - startedMs) * 1_000;
    const { considered, took } = explanation;
    // A graph that is asked for so little takes less than codes.
    const expected = index === 'coded' ? 'graph' : strategy;
    const others = expected === strategy ? [] : [strategy];
    assert.deepEqual(considered.map((one) => one.strategy), strategy === 'exact' ? ['exact'] : [expected, ...others, 'exact']);
    assert.ok(considered.every(({ micros }) => micros > 0));
    assert.equal(taken, strategy === 'exact' ? 'exact_over_matches' : expected);
    assert.ok(took.filter > 0 && took.search > 0 && took.filter + took.search + took.rescoring <= all);
    assert.equal(took.rescoring > 0, strategy !== 'exact');
    assert.equal(sealed.estimate(below(900), 0), count * 0.9);
    // They have nothing to do with each other, as far as one knows by their numbers.
    assert.equal(sealed.estimate({ kind: 'and', of: [below(500), below(100)] }, 0), count * 0.05);
  });

  test('rows that ended are left out before candidates are cut', () => {
    const dead = new Set(ask(200, null, true).top.rows);
    for (const row of dead) sealed.states.end(row, count);
    for (const exact of [true, false]) {
      const { top } = ask(50, null, exact);
      assert.equal(top.rows.length, 50);
      for (const row of top.rows) assert.ok(!dead.has(row));
    }
  });

  test('an id is found by its bytes, and not once its row ended', () => {
    const bytes = Buffer.from('r77');
    const row = sealed.find(bytes, hashId(bytes));
    assert.ok(row !== undefined);
    assert.equal(sealed.view(row).id, 'r77');
    sealed.states.end(row, count);
    assert.equal(sealed.find(bytes, hashId(bytes)), undefined);
    assert.equal(sealed.find(Buffer.from('nobody'), hashId(Buffer.from('nobody'))), undefined);
  });
}

for (const metric of ['cosine', 'dot', 'euclidean'] as const) {
  test(`a memtable under ${metric}: codes find nearly all of the nearest, of rows that came after the first search, too, and none that ended`, () => {
    const growing = new Growing({ dimension, metric, rowsMax: count });
    const addUpTo = (rows: number): void => {
      for (let i = growing.count; i < rows; i += 1) {
        const view = walker.check(encodeVectorRecord(1, { id: `r${i}`, vector: vectors[i]! }), { dimension, metric, recordBytesMax: 1 << 16 });
        growing.add(view, walker, 1, i, hashId(view.idBytes));
      }
    };
    const search = (exact: boolean): SegmentAnswer =>
      searchGrowing(growing, { metric, query: prepareQuery(metric, query), k: 10, predicate: null, exact, ef: null, recallTarget: 0.95, nowMicros: 0 });
    const dead = new Set<number>();
    for (const rows of [500, 9_000, 9_001, 11_500]) {
      addUpTo(rows);
      const nearest = [...search(true).top.rows];
      // Some rows get their codes with a search: what has none is compared exactly.
      const times = 1 + Math.ceil(rows / 512);
      const answers = Array.from({ length: times }, () => search(false));
      const found = answers.at(-1)!;
      if (rows > 500) assert.ok(found.candidates < rows / 10, `${found.candidates} candidates in the end`);
      for (const { top } of answers) assert.ok([...top.rows].filter((row) => nearest.includes(row)).length >= 9, `${top.rows.join()} of ${nearest.join()}`);
      assert.equal(found.strategy, rows === 500 ? 'exact' : 'codes');
      assert.ok([...found.top.rows].filter((row) => nearest.includes(row)).length >= 9, `${found.top.rows.join()} of ${nearest.join()}`);
      assert.ok([...found.top.rows].every((row) => row < rows && !dead.has(row)));
      for (const row of nearest.slice(0, 3)) {
        dead.add(row);
        growing.states.end(row, count);
      }
    }
  });
}

test('a memtable whose nearest are infinitely near: codes compare few others exactly', () => {
  const wide = 100;
  const growing = new Growing({ dimension: wide, metric: 'dot', rowsMax: 8_192 });
  const limits = { dimension: wide, metric: 'dot', recordBytesMax: 1 << 16 } as const;
  for (let i = 0; i < 8_192; i += 1) {
    const vector = Float32Array.from({ length: wide }, () => (i % 100 === 0 ? 2e19 : 1) * (1 + next() / 8));
    const view = walker.check(encodeVectorRecord(1, { id: `r${i}`, vector }), limits);
    growing.add(view, walker, 1, i, hashId(view.idBytes));
  }
  const asked = prepareQuery('dot', new Float32Array(wide).fill(2e19));
  const search = (ef: number | null): SegmentAnswer =>
    searchGrowing(growing, { metric: 'dot', query: asked, k: 10, predicate: null, exact: false, ef, recallTarget: 0.95, nowMicros: 0 });
  for (let times = 0; times < 17; times += 1) search(null);
  const { top, strategy, candidates } = search(null);
  assert.equal(strategy, 'codes');
  assert.deepEqual([...top.distances], new Array<number>(10).fill(-Infinity));
  assert.ok(candidates < 1_000, `${candidates} candidates`);
  // Less than by default changes nothing here.
  for (const ef of [8, 32, 64]) assert.equal(search(ef).candidates, candidates);
});

test('what was found so far: the k nearest of all that was added, and no bound before there are k', () => {
  const soFar = new NearestSoFar(3);
  soFar.add(Float32Array.of(-1, 5));
  assert.equal(soFar.bound, Infinity);
  soFar.add(Float32Array.of());
  soFar.add(Float32Array.of(2, 7, 8));
  assert.equal(soFar.bound, 5);
  soFar.add(Float32Array.of(5, 6));
  assert.equal(soFar.bound, 5);
  soFar.add(Float32Array.of(-3, 1));
  assert.equal(soFar.bound, 1);
});

for (const metric of ['cosine', 'dot', 'euclidean'] as const) {
  test(`codes under ${metric}: where other segments have what is nearer, fewer rows are compared exactly, and what is as near is found`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'proximadb-plan-'));
    try {
      const sealed = await build(directory, metric, 'none')('memory');
      const more = random(11);
      const found = { near: 0, sought: 0, candidates: 0, candidatesWithout: 0 };
      for (let i = 0; i < 40; i += 1) {
        const query = prepareQuery(metric, Float32Array.from({ length: dimension }, more));
        const asked = { metric, query, k: 10, predicate: null, ef: null, recallTarget: 0.95, nowMicros: 0 };
        const { rows, distances } = searchSealed(sealed, { ...asked, exact: true }).top;
        const soFar = new NearestSoFar(10);
        // Others hold ten rows that are nearer than all but three of these.
        soFar.add(new Float32Array(10).fill(distances[2] ?? 0));
        const near = new Set(rows.subarray(0, 3));
        const [bounded, unbounded] = [searchSealed(sealed, { ...asked, exact: false, soFar }), searchSealed(sealed, { ...asked, exact: false })];
        assert.equal(bounded.strategy, 'codes');
        found.near += [...bounded.top.rows].filter((row) => near.has(row)).length;
        found.sought += near.size;
        found.candidates += bounded.candidates;
        found.candidatesWithout += unbounded.candidates;
      }
      assert.ok(found.candidates < 0.75 * found.candidatesWithout, JSON.stringify(found));
      assert.ok(found.near >= 0.98 * found.sought, JSON.stringify(found));
      sealed.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

describe('under filters that follow the vector, where neighbours lie close together: lists', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-plan-'));
  const rows = sheets(30_200);
  const queries = rows.splice(30_000).map((vector) => prepareQuery('cosine', vector));
  const near = rankOf(rows.map((vector) => -product(prepareQuery('cosine', vector), prepareQuery('cosine', rows[7]!))));
  let sealed: Sealed;
  before(async () => { sealed = await build(directory, 'cosine', 'ivf', { vectors: rows, n: (row) => near[row]!, recallTarget: 0.95 })('memory'); });
  after(() => {
    sealed.close();
    rmSync(directory, { recursive: true });
  });
  for (const share of [500, 200, 100]) test(`${share / 10} % of the rows: what is nearest is found, though two lists hold it where all rows count`, () => {
    assert.ok(sealed.lists!.listsFor(0.95, 10) <= 3, 'few lists hold what is nearest of all');
    let found = 0;
    for (const one of queries) {
      const asked = { metric: 'cosine', query: one, k: 10, predicate: below(share), ef: null, recallTarget: 0.95, nowMicros: 0 } as const;
      const nearest = new Set(searchSealed(sealed, { ...asked, exact: true }).top.rows);
      const answer = searchSealed(sealed, { ...asked, exact: false });
      assert.equal(answer.strategy, 'lists');
      found += [...answer.top.rows].filter((row) => nearest.has(row)).length;
    }
    assert.ok(found >= 0.99 * 10 * queries.length, `${found} of ${10 * queries.length}`);
  });

  for (const k of [1, 10, 100]) test(`the farthest half, k ${k}: what is nearest of it is found, though thousands are about as near`, () => {
    const more = random(12);
    let found = 0;
    for (let i = 0; i < 40; i += 1) {
      const one = prepareQuery('cosine', rows[7]!.map((value) => value + 0.001 * more()));
      const asked = { metric: 'cosine', query: one, k, predicate: from(500), ef: null, recallTarget: 0.95, nowMicros: 0 } as const;
      const nearest = new Set(searchSealed(sealed, { ...asked, exact: true }).top.rows);
      const { top: { rows: hits }, strategy } = searchSealed(sealed, { ...asked, exact: false });
      assert.deepEqual([hits.length, strategy], [k, 'lists']);
      found += hits.filter((row) => nearest.has(row)).length;
    }
    assert.ok(found >= 0.97 * 40 * k, `${found} of ${40 * k}`);
  });
});

/** Places of very unequal sizes, each a thin sheet in a few of the directions that all of them share. */
function sheets(rows: number): Float32Array[] {
  const next = random(11);
  const below = (end: number): number => Math.floor((next() + 1) / 2 * end);
  const normal = (): number => Math.sqrt(-2 * Math.log((1 - next()) / 2)) * Math.cos(Math.PI * next());
  const unit = (): Float32Array => {
    const vector = Float32Array.from({ length: dimension }, normal);
    return vector.map((value) => value / Math.hypot(...vector));
  };
  const directions = Array.from({ length: 16 }, unit);
  const places = Array.from({ length: 300 }, () => ({ middle: unit(), axes: Array.from({ length: 4 }, () => directions[below(16)]!) }));
  return Array.from({ length: rows }, () => {
    const { middle, axes } = places[Math.floor(places.length ** ((next() + 1) / 2)) - 1]!;
    const steps = axes.map((axis) => [axis, 0.2 * normal()] as const);
    return middle.map((value, i) => value + steps.reduce((sum, [axis, far]) => sum + far * axis[i]!, 0.01 * normal()));
  });
}

describe('under filters', () => {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-plan-'));
  const more = random(8);
  const places = Array.from({ length: 64 }, () => Float32Array.from({ length: dimension }, more));
  // They overlap: every row has neighbours of other places.
  const all = Array.from({ length: 30_200 }, (_, i) => places[i % 64]!.map((at) => at + 1.2 * more()));
  const rows = all.slice(0, 30_000);
  const queries = all.slice(30_000).map((vector) => prepareQuery('cosine', vector));
  /** Of 1,000 as many rows each, by how near they are to one of them; `apart`: by lot. */
  const near = rankOf(rows.map((vector) => -product(prepareQuery('cosine', vector), prepareQuery('cosine', rows[7]!))));
  const apart = rankOf(rows.map(() => more()));
  /** Like the row that the filter is about. */
  const beside = [rows[7]!, ...Array.from({ length: 59 }, () => rows[7]!.map((value) => value + 0.4 * more()))].map((vector) => prepareQuery('cosine', vector));
  after(() => { rmSync(directory, { recursive: true }); });

  type Kind = 'apart' | 'near';
  const built = new Map<string, Open>();
  const open = async (index: 'hnsw' | 'coded' | 'ivf', kind: Kind): Promise<Sealed> => {
    const name = `${index === 'ivf' ? 'ivf' : 'graph'}-${kind}`;
    const n = kind === 'near' ? near : apart;
    const data = { vectors: rows, n: (row: number) => n[row]!, recallTarget: 0.95 };
    const made = built.get(name) ?? build(join(directory, name), 'cosine', index === 'ivf' ? 'ivf' : 'coded', data);
    built.set(name, made);
    return made('memory', index !== 'hnsw');
  };

  const whats = { hnsw: 'a graph', coded: 'a graph and codes', ivf: 'lists' } as const;
  for (const [index, withLittle] of [['hnsw', 0.975], ['coded', 0.99], ['ivf', 0.99]] as const) describe(whats[index], () => {
    let sealed: Readonly<Record<Kind, Sealed>>;
    before(async () => { sealed = { near: await open(index, 'near'), apart: await open(index, 'apart') }; });
    after(() => { for (const one of Object.values(sealed)) one.close(); });

    const findsNearest = (kind: Kind, predicate: Predicate, ef: number | null, asked: readonly Float32Array[], least: number): void => {
      let found = 0;
      const how = new Set<string>();
      for (const one of asked) {
        const search = { metric: 'cosine', query: one, k: 10, predicate, ef, recallTarget: 0.95, nowMicros: 0 } as const;
        const nearest = new Set(searchSealed(sealed[kind], { ...search, exact: true }).top.rows);
        const { top, strategy } = searchSealed(sealed[kind], { ...search, exact: false });
        assert.equal(top.rows.length, 10);
        how.add(strategy);
        found += [...top.rows].filter((row) => nearest.has(row)).length;
      }
      assert.ok(found >= least * 10 * asked.length, `${found} of ${10 * asked.length} by ${[...how].join()}`);
      // What a graph without codes does depends on how few it finds.
      if (index !== 'hnsw') assert.deepEqual([...how], [index === 'ivf' ? 'lists' : 'codes']);
    };

    for (const kind of ['apart', 'near'] as const) {
      const asked = [
        [900, null, 0.98], [900, 64, 0.98], [500, null, 0.99], [500, 64, 0.99], [200, 64, 0.99], [500, 16, withLittle], [200, 16, withLittle],
      ] as const;
      for (const [share, ef, least] of asked) {
        const which = `${share / 10} % of the rows, drawn ${kind === 'apart' ? 'by lot' : 'around one of them'}`;
        test(`${which}, ef ${ef ?? 'by default'}: what is nearest is found`, () => { findsNearest(kind, below(share), ef, queries, least); });
      }
    }

    for (const ef of [null, 64, 8]) test(`the half that is farthest from what is asked for, ef ${ef ?? 'by default'}: what is nearest is found`, () => {
      findsNearest('near', from(500), ef, beside, index === 'hnsw' ? 1 : 0.98);
    });

    // Lists are read on until enough of them matched.
    if (index !== 'ivf') test('the half that is farthest: the graph is asked for more until something else costs less, which answers', () => {
      const [taken, cheaper] = index === 'hnsw' ? ['graph_then_exact', ['exact']] : ['codes', ['codes', 'exact']];
      for (const query of beside) {
        const ask = (predicate: Predicate, exact: boolean): { answer: SegmentAnswer; explanation: Explanation } => {
          const explanation = new Explanation();
          const asked = { metric: 'cosine', query, k: 10, ef: 8, recallTarget: 0.95, nowMicros: 0 } as const;
          return { answer: searchSealed(sealed.near, { ...asked, predicate, exact, explanation }), explanation };
        };
        const { answer, explanation } = ask(from(500), false);
        assert.equal(answer.strategy, taken);
        const [graph, ...others] = explanation.considered;
        assert.equal(graph?.strategy, 'graph');
        assert.deepEqual(others.map(({ strategy }) => strategy), cheaper);
        for (const { strategy, micros } of others) assert.ok(graph.micros < micros, `the graph was expected to take less than ${strategy}`);
        assert.ok(explanation.took.search > 0);
        assert.equal(ask(below(500), false).answer.strategy, 'graph', 'of the nearest half the first candidates are enough');
        if (index === 'coded') continue;
        assert.equal(explanation.took.rescoring, 0, 'no candidate of the graph is in the answer');
        assert.equal(answer.candidates, answer.matching);
        const { answer: exact } = ask(from(500), true);
        assert.equal(exact.strategy, 'exact_over_matches');
        assert.deepEqual(answer.top, exact.top);
      }
    });
  });
});

function product(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, i) => sum + value * other[i]!, 0);
}

/** Which thousandth each value belongs to, the least first. */
function rankOf(values: readonly number[]): Uint16Array {
  const ranks = new Uint16Array(values.length);
  values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!).forEach((row, at) => { ranks[row] = Math.floor(at * 1_000 / values.length); });
  return ranks;
}
