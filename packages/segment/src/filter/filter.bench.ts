/**
 * Filters' times: building columns and asking them, and dense row sets beside roaring bitmaps (roaring-wasm). The ways of a group
 * are interleaved; the median of the rounds and, in brackets, the best, which says more on a busy machine.
 * Run: node packages/segment/src/filter/filter.bench.ts
 */
 
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Metadata, MetadataValue } from '@proximadb/record';
import { orPosting, postingWords } from './posting.ts';
import { Columns, ColumnsBuilder, matches, RecentSelections, RowSet, type Predicate } from './index.ts';
import { wordsFor } from './row-set.ts';

/** Park–Miller: the same rows in every run. */
let state = 1;
function random(): number {
  state = (state * 48271) % 0x7fffffff;
  return state / 0x7fffffff;
}

type Ways = Readonly<Record<string, () => unknown>>;

/** Microseconds a call, `calls` at a time, each way once a round. */
function measure(ways: Ways, rounds: number, calls: number): void {
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const start = performance.now();
      for (let call = 0; call < calls; call += 1) way();
      times.get(name)?.push(((performance.now() - start) / calls) * 1000);
    }
  }
  for (const [name, list] of times) {
    list.sort((a, b) => a - b);
    console.log(`  ${name.padEnd(46)}${(list[list.length >>> 1] ?? 0).toFixed(1).padStart(10)} µs  (${(list[0] ?? 0).toFixed(1)})`);
  }
}

/** @param run rows that lie together: what was written together is often alike. */
function sets(rows: number, share: number, run = 1): void {
  const pick = (): Uint32Array => {
    const isIn = Array.from({ length: Math.ceil(rows / run) }, () => random() < share);
    return Uint32Array.from({ length: rows }, (_, row) => row).filter((row) => isIn[Math.floor(row / run)]);
  };
  const [a, b] = [pick(), pick()];
  const dense = [a, b].map((list) => list.reduce((set, row) => set.add(row), new RowSet(rows)));
  const roaring = [a, b].map((list) => new RoaringBitmap32(list));
  // Runs are stored as such only on request.
  for (const bitmap of roaring) bitmap.runOptimize();
  const [denseA = new RowSet(0), denseB = denseA] = dense;
  const [roaringA = new RoaringBitmap32(), roaringB = roaringA] = roaring;
  // Every row of the first set is in both, so the first stays as it is however often they are and-ed.
  const denseBoth = denseA.clone().or(denseB);
  const roaringBoth = RoaringBitmap32.or(roaringA, roaringB);
  const stored = Uint8Array.from(roaringA.serialize('portable'));
  const bitmapWords = wordsFor(rows);
  const posting = postingWords(a.length, bitmapWords) < bitmapWords ? a : denseA.words;
  const place = run > 1 ? `, in runs of ${run}` : '';
  console.log(`\n${rows} rows, ${a.length} in the set${place}: set ${denseA.words.byteLength} bytes, posting ${posting.byteLength}, roaring ${stored.length}`);
  measure({
    'posting → set': () => { const set = new RowSet(rows); orPosting(posting, 0, posting.length, bitmapWords, set); return set; },
    'roaring: bytes → bitmap': () => RoaringBitmap32.deserialize(stored, 'portable').dispose(),
    'set: copy, and': () => denseA.clone().and(denseB),
    'roaring: and': () => RoaringBitmap32.and(roaringA, roaringB).dispose(),
    'set: copy, or': () => denseA.clone().or(denseB),
    'roaring: or': () => RoaringBitmap32.or(roaringA, roaringB).dispose(),
    'set: and in place': () => denseA.and(denseBoth),
    'roaring: and in place': () => { roaringA.andInPlace(roaringBoth); },
    'set: copy, complement': () => denseA.clone().complement(),
    'roaring: copy, flip': () => { const flipped = roaringA.clone(); flipped.flipRange(0, rows); flipped.dispose(); },
    'set: size': () => denseA.size,
    'set: list of rows': () => denseA.toArray(),
    'roaring: list of rows': () => roaringA.toUint32Array(),
  }, 15, rows > 100_000 ? 40 : 300);
  for (const bitmap of [...roaring, roaringBoth]) bitmap.dispose();
}

/** Measured first, before anything is compiled. */
const firstRows = 16_384;

function record(row: number): Metadata {
  return new Map<string, MetadataValue>([
    ['year', BigInt(1990 + (row % 35))], ['price', random() * 1000], ['language', ['de', 'en', 'fr', 'es'][row % 4] ?? ''],
    ['title', `Title number ${(row * 7919) % 100_003}`], ['tags', [`a${row % 50}`, `b${row % 7}`]],
  ]);
}

function columns(rows: number): void {
  const records = Array.from({ length: rows }, (_, row) => record(row));
  const build = (): Uint8Array => {
    const builder = new ColumnsBuilder();
    records.forEach((metadata, row) => { builder.add(row, metadata); });
    return builder.build();
  };
  const start = performance.now();
  const bytes = build();
  const firstMs = performance.now() - start;
  const built = new Columns(bytes, rows);
  console.log(`\nColumns of ${rows} rows: year, price, language, title, tags; ${bytes.length} bytes, ${(bytes.length / rows).toFixed(1)} a row`);
  console.log(`  first build${rows === firstRows ? ' of the process' : ''}: ${firstMs.toFixed(0)} ms`);
  measure({ build, open: () => new Columns(bytes, rows) }, 7, 1);
  const asked: Readonly<Record<string, Predicate>> = {
    '$eq of a title (1 row)': { kind: 'in', path: ['title'], values: ['Title number 7919'] },
    '$eq of a year (1 in 35)': { kind: 'in', path: ['year'], values: [2000n] },
    '$eq of a language (1 in 4)': { kind: 'in', path: ['language'], values: ['de'] },
    '$in of 100 titles': { kind: 'in', path: ['title'], values: Array.from({ length: 100 }, (_, i) => `Title number ${i}`) },
    '$gte of a price (1 in 2, all distinct)': { kind: 'range', path: ['price'], lower: { value: 500, inclusive: true }, upper: null },
    '$contains of a tag (1 in 50)': { kind: 'contains', path: ['tags'], value: 'a3' },
    '$contains of a part of a title': { kind: 'contains', path: ['title'], value: '99' },
    '$startsWith of a title': { kind: 'prefix', path: ['title'], prefix: 'Title number 1' },
    $exists: { kind: 'exists', path: ['title'] },
    '$and of a language and not a year': { kind: 'and', of: [
      { kind: 'in', path: ['language'], values: ['de'] }, { kind: 'not', of: { kind: 'in', path: ['year'], values: [2000n] } }] },
    'a path that is nowhere': { kind: 'in', path: ['nowhere'], values: [1n] },
  };
  measure(Object.fromEntries(Object.entries(asked).map(([name, predicate]) => [name, () => built.select(predicate)])), 15, 20);
  const recent = new RecentSelections(built, () => false);
  measure(Object.fromEntries(Object.entries(asked).slice(0, 8).map(([name, predicate]) => [`again: ${name}`, () => recent.select(predicate)])), 15, 20);
  const language = asked['$eq of a language (1 in 4)'];
  if (language !== undefined) measure({ '$eq of a language by matches, all rows': () => records.filter((one) => matches(language, one)) }, 5, 1);
}

columns(firstRows);
columns(262_144);
for (const rows of [16_384, 524_288]) for (const share of [0.001, 0.01, 0.1, 0.5]) sets(rows, share);
for (const share of [0.1, 0.5]) sets(524_288, share, 1_000);
