/**
 * Dot product by USearch's graphs, of vectors whose lengths differ: what a graph keeps of them, against recall and time. 20,000 words as they are, and with
 * lengths that are log-normal, and clusters of 768 dimensions; 500 others ask. Graphs are built a thousand rows at a time and asked 25 queries at a time,
 * in turn.
 * docs/adr/0012-dot-product.md has the tables.
 * Run: node bench/dot.bench.ts
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foundOf, product } from './answers.ts';
import { clusteredSet } from './data/clustered-set.ts';
import { vectorAt } from './data/data-set.ts';
import { randomFrom } from './data/random.ts';
import { median, stretchesOf } from './statistics.ts';
import { isQuery, loadWords, vectorOf } from './words.ts';

const rows = 20_000;
const clusteredRows = 10_000;
const k = 10;
const candidateCounts = [64, 128, 256] as const;
const rowsAtOnce = 1_000;
const [linksPerNode, efConstruction, threads] = [16, 128, 1];

type Numbers = Float32Array | Int8Array;

/** What USearch's own `Index` calls. That one makes floats of whole numbers, and floats are scaled to one length when they become i8 again. */
interface CompiledIndex {
  add(keys: BigUint64Array, vectors: Numbers, threads: number): void;
  search(queries: Numbers, wanted: number, threads: number): readonly [keys: BigUint64Array, distances: Float32Array, counts: BigUint64Array];
}
type Binding = { readonly CompiledIndex: new (
  dimensions: number, metric: 'ip', scalar: Scalar, connectivity: number, expansionAdd: number, expansionSearch: number, multi: boolean,
) => CompiledIndex };
const usearch = import.meta.resolve('usearch');
const binding = (createRequire(usearch)('node-gyp-build') as (folder: string) => Binding)(join(fileURLToPath(usearch), '..', '..', '..', '..'));

type Scalar = 'f32' | 'bf16' | 'i8';

/** How vectors go into a graph, and how they are asked for. */
interface Way {
  readonly name: string;
  readonly scalar: Scalar;
  readonly dimensions: number;
  readonly row: (vector: Float32Array) => Numbers;
  readonly query: (vector: Float32Array) => Numbers;
}

const random = randomFrom(12);
const words = loadWords();
const numbers = [...words.names.keys()];
const known = numbers.filter((word) => !isQuery(word));
const stored = Array.from({ length: rows }, (_, row) => vectorOf(words, known[Math.floor(row * known.length / rows)] ?? 0));
const wordQueries = numbers.filter(isQuery).map((word) => vectorOf(words, word));
const clustered = clusteredSet(clusteredRows, wordQueries.length);

console.log('| lengths | a graph keeps | build s | recall@10: the first 10 of 64 | 64, rescored | 128 | 256 | µs for 64 | 128 | 256 |');
console.log('|---|---|---|---|---|---|---|---|---|---|');
compare('words, as they are', stored, wordQueries);
for (const sigma of [0.5, 1, 2]) {
  compare(`words, log-normal, σ ${sigma}`, stored.map((vector) => scaled(vector, Math.exp(sigma * normal()) / lengthOf(vector))), wordQueries);
}
compare('768-d clusters, 0.5 to 1.5', Array.from({ length: clusteredRows }, (_, row) => vectorAt(clustered, row)), clustered.queries);

function compare(lengths: string, vectors: readonly Float32Array[], queries: readonly Float32Array[]): void {
  const ways = waysFor(vectors);
  const graphs = ways.map(({ scalar, dimensions }) => new binding.CompiledIndex(dimensions, 'ip', scalar, linksPerNode, efConstruction, 1, false));
  const buildMs = ways.map(() => 0);
  for (let first = 0; first < vectors.length; first += rowsAtOnce) {
    const keys = BigUint64Array.from({ length: rowsAtOnce }, (_, i) => BigInt(first + i));
    ways.forEach((way, i) => {
      const part = joined(vectors.slice(first, first + rowsAtOnce).map(way.row));
      const startedMs = performance.now();
      graphs[i]?.add(keys, part, threads);
      buildMs[i] = (buildMs[i] ?? 0) + performance.now() - startedMs;
    });
  }
  const nearest = queries.map((query) => nearestOf(vectors, query));
  const results = ways.map(() => ({ first: 0, among: candidateCounts.map(() => 0), micros: candidateCounts.map((): number[] => []) }));
  for (const stretch of stretchesOf([...queries.entries()])) {
    ways.forEach((way, w) => {
      candidateCounts.forEach((count, c) => {
        for (const [number, query] of stretch) {
          const asked = way.query(query);
          const startedMs = performance.now();
          const [found = new BigUint64Array()] = graphs[w]?.search(asked, count, threads) ?? [];
          const result = results[w];
          if (result === undefined) continue;
          result.micros[c]?.push((performance.now() - startedMs) * 1_000);
          result.among[c] = (result.among[c] ?? 0) + foundOf(found, nearest[number]);
          if (count === candidateCounts[0]) result.first += foundOf(found.subarray(0, k), nearest[number]);
        }
      });
    });
  }
  ways.forEach(({ name }, w) => {
    const { first, among, micros } = results[w] ?? { first: 0, among: [], micros: [] };
    const share = (found: number): string => (found / (k * queries.length)).toFixed(3);
    const cells = [
      lengths, name, ((buildMs[w] ?? 0) / 1_000).toFixed(1), share(first), ...among.map(share),
      ...micros.map((each) => median(each).toFixed(0)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  });
}

function waysFor(vectors: readonly Float32Array[]): Way[] {
  const dimension = vectors[0]?.length ?? 0;
  const same = (vector: Float32Array): Float32Array => vector;
  const longest = vectors.reduce((most, vector) => Math.max(most, lengthOf(vector)), 0);
  /** All rows become equally long, so the nearest by cosine is the largest product (Bachrach and others, 2014). */
  const lifted = (vector: Float32Array): Float32Array => {
    const short = scaled(vector, 1 / longest);
    return withOneMore(short, Math.sqrt(Math.max(0, 1 - lengthOf(short) ** 2)));
  };
  const asked = (vector: Float32Array): Float32Array => withOneMore(vector, 0);
  const sizes = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, row) => { sizes.set(vector.map(Math.abs), row * dimension); });
  sizes.sort();
  const byOneScale = (share: number): Pick<Way, 'row' | 'query'> => {
    const largest = sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))] ?? 0;
    return { row: (vector) => rounded(vector, largest), query: (vector) => rounded(vector, vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)) };
  };
  const raw = { dimensions: dimension, row: same, query: same };
  const oneMore = { dimensions: dimension + 1, row: lifted, query: asked };
  return [
    { name: 'f32', scalar: 'f32', ...raw },
    { name: 'bf16', scalar: 'bf16', ...raw },
    { name: 'i8, directions only', scalar: 'i8', ...raw },
    { name: 'f32, one more dimension', scalar: 'f32', ...oneMore },
    { name: 'bf16, one more dimension', scalar: 'bf16', ...oneMore },
    { name: 'i8, one more dimension', scalar: 'i8', ...oneMore },
    { name: 'i8, one scale: the largest number', scalar: 'i8', dimensions: dimension, ...byOneScale(1) },
    { name: 'i8, one scale: 99.9 % of the numbers', scalar: 'i8', dimensions: dimension, ...byOneScale(0.999) },
  ];
}

/** Whole numbers, which USearch takes as they are; what is larger than `largest` is cut off. */
function rounded(vector: Float32Array, largest: number): Int8Array {
  return Int8Array.from(vector, (x) => Math.max(-127, Math.min(127, Math.round(x / largest * 127))));
}

function withOneMore(vector: Float32Array, last: number): Float32Array {
  const longer = new Float32Array(vector.length + 1);
  longer.set(vector);
  longer[vector.length] = last;
  return longer;
}

function joined(parts: readonly Numbers[]): Numbers {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = parts[0] instanceof Int8Array ? new Int8Array(length) : new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function nearestOf(vectors: readonly Float32Array[], query: Float32Array): ReadonlySet<bigint> {
  const products = Float64Array.from(vectors, (vector) => product(vector, query));
  const least = products.toSorted().at(-k) ?? 0;
  return new Set([...products.keys()].filter((row) => (products[row] ?? 0) >= least).slice(0, k).map(BigInt));
}

function lengthOf(vector: Float32Array): number {
  return Math.sqrt(product(vector, vector));
}

function scaled(vector: Float32Array, by: number): Float32Array {
  return vector.map((x) => x * by);
}

/** Box, Muller, 1958. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
