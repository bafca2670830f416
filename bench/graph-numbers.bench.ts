/**
 * What USearch's graphs keep of a vector, metric by metric: floats, half of them, whole numbers of 8 bits, single bits; against recall, time and bytes. 20,000
 * words of 100 numbers and 10,000 clustered vectors of 768; 500 others ask. Graphs are built a thousand rows at a time and asked 25 queries at a time, in turn.
 * Under Manhattan a graph goes by squared L2. Single bits are the signs of what a vector differs from the middle of all by, compared by Hamming's distance.
 * docs/adr/0016-numbers-of-a-graph.md has the tables.
 * Run: node bench/graph-numbers.bench.ts
 */
import { Index, MetricKind, ScalarKind } from 'usearch';
import { foundOf, product } from './answers.ts';
import { clusteredSet } from './data/clustered-set.ts';
import { vectorAt } from './data/data-set.ts';
import { median, stretchesOf } from './statistics.ts';
import { isQuery, loadWords, vectorOf } from './words.ts';

const k = 10;
const candidateCounts = [64, 256] as const;
const rowsAtOnce = 1_000;
const [links, efConstruction, threads] = [16, 128, 1];

type Distance = (one: Float32Array, other: Float32Array) => number;

interface Metric {
  readonly name: string;
  readonly kind: MetricKind;
  /** What a graph and its queries are given in a vector's place. */
  readonly prepared: (vector: Float32Array) => Float32Array;
  readonly distance: Distance;
}

const metrics: readonly Metric[] = [
  { name: 'cosine', kind: MetricKind.IP, prepared: unit, distance: (one, other) => -product(one, other) },
  { name: 'dot', kind: MetricKind.IP, prepared: (vector) => vector, distance: (one, other) => -product(one, other) },
  { name: 'euclidean', kind: MetricKind.L2sq, prepared: (vector) => vector, distance: squaredL2 },
  { name: 'manhattan', kind: MetricKind.L2sq, prepared: (vector) => vector, distance: l1 },
];

const kept = ['f32', 'f16', 'bf16', 'i8', 'b1'] as const;
const scalars = { f32: ScalarKind.F32, f16: ScalarKind.F16, bf16: ScalarKind.BF16, i8: ScalarKind.I8, b1: ScalarKind.B1 } as const;

interface Graph {
  readonly keeps: (typeof kept)[number];
  readonly index: Index;
  readonly given: (vector: Float32Array) => Float32Array;
  buildMs: number;
}

const words = loadWords();
const numbers = [...words.names.keys()];
const known = numbers.filter((word) => !isQuery(word));
const wordRows = Array.from({ length: 20_000 }, (_, row) => vectorOf(words, known[Math.floor(row * known.length / 20_000)] ?? 0));
const wordQueries = numbers.filter(isQuery).map((word) => vectorOf(words, word));
const clustered = clusteredSet(10_000, wordQueries.length);
const clusteredRows = Array.from({ length: clustered.rows }, (_, row) => vectorAt(clustered, row));

console.log('| metric | rows | a graph keeps | recall@10: the first 10 of 64 | 64, rescored | 256, rescored | build s | µs for 64 | 256 | bytes of a vector |');
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const metric of metrics) {
  compare(metric, 'words, 100-d', wordRows, wordQueries);
  compare(metric, 'clusters, 768-d', clusteredRows, clustered.queries);
}

function compare(metric: Metric, name: string, rows: readonly Float32Array[], queries: readonly Float32Array[]): void {
  const vectors = rows.map(metric.prepared);
  const asked = queries.map(metric.prepared);
  const graphs = graphsOf(metric, vectors);
  for (let first = 0; first < vectors.length; first += rowsAtOnce) for (const graph of graphs) add(graph, first, vectors.slice(first, first + rowsAtOnce));
  const nearest = asked.map((query) => nearestOf(vectors.map((vector) => metric.distance(query, vector))));
  const results = graphs.map(() => ({ first: 0, among: candidateCounts.map(() => 0), micros: candidateCounts.map((): number[] => []) }));
  for (const stretch of stretchesOf([...asked.entries()])) {
    graphs.forEach(({ index, given }, g) => {
      candidateCounts.forEach((count, c) => {
        for (const [number, query] of stretch) {
          const result = results[g];
          if (result === undefined) continue;
          const vector = given(query);
          const startedMs = performance.now();
          const { keys } = index.search(vector, count, threads);
          result.micros[c]?.push((performance.now() - startedMs) * 1_000);
          result.among[c] = (result.among[c] ?? 0) + foundOf(keys, nearest[number]);
          if (count === candidateCounts[0]) result.first += foundOf(keys.subarray(0, k), nearest[number]);
        }
      });
    });
  }
  graphs.forEach(({ keeps, buildMs }, g) => {
    const { first, among, micros } = results[g] ?? { first: 0, among: [], micros: [] };
    const share = (found: number): string => (found / (k * queries.length)).toFixed(3);
    const cells = [
      metric.name, name, keeps, share(first), ...among.map(share), (buildMs / 1_000).toFixed(1), ...micros.map((each) => median(each).toFixed(0)),
      String(bytesOf(keeps, vectors[0]?.length ?? 0)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  });
}

function graphsOf({ kind }: Metric, vectors: readonly Float32Array[]): Graph[] {
  const dimensions = vectors[0]?.length ?? 0;
  // As a graph of ours: packages/segment/src/sealed/graph.ts says why.
  const wholeBytes = Math.ceil(dimensions / 8) * 8;
  const middle = new Float32Array(dimensions);
  for (const vector of vectors) vector.forEach((value, i) => { middle[i] = (middle[i] ?? 0) + value / vectors.length; });
  const same = (vector: Float32Array): Float32Array => vector;
  const differing = (vector: Float32Array): Float32Array => Float32Array.from({ length: wholeBytes }, (_, i) => (vector[i] ?? 0) - (middle[i] ?? 0));
  return kept.map((keeps) => ({
    keeps, buildMs: 0, given: keeps === 'b1' ? differing : same,
    index: new Index({
      dimensions: keeps === 'b1' ? wholeBytes : dimensions, metric: keeps === 'b1' ? MetricKind.Hamming : kind, quantization: scalars[keeps],
      connectivity: links, expansion_add: efConstruction, expansion_search: 1, multi: false,
    }),
  }));
}

function add(graph: Graph, first: number, vectors: readonly Float32Array[]): void {
  const given = vectors.map(graph.given);
  const width = given[0]?.length ?? 0;
  const part = new Float32Array(given.length * width);
  given.forEach((vector, i) => { part.set(vector, i * width); });
  const keys = BigUint64Array.from({ length: vectors.length }, (_, i) => BigInt(first + i));
  const startedMs = performance.now();
  graph.index.add(keys, part, threads);
  graph.buildMs += performance.now() - startedMs;
}

function bytesOf(keeps: (typeof kept)[number], dimension: number): number {
  return Math.ceil(dimension * { f32: 32, f16: 16, bf16: 16, i8: 8, b1: 1 }[keeps] / 8);
}

function nearestOf(distances: readonly number[]): ReadonlySet<bigint> {
  const most = distances.toSorted((a, b) => a - b)[k - 1] ?? 0;
  return new Set([...distances.keys()].filter((row) => (distances[row] ?? 0) <= most).slice(0, k).map(BigInt));
}

function squaredL2(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += ((one[i] ?? 0) - (other[i] ?? 0)) ** 2;
  return sum;
}

function l1(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += Math.abs((one[i] ?? 0) - (other[i] ?? 0));
  return sum;
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(product(vector, vector));
  return vector.map((value) => value / length);
}
