/**
 * The order in which rows go into a graph: as they come, or cluster by cluster. All words in an order drawn by lot, all words in that of their list (the most
 * common first), and clusters of 768 dimensions; 500 others ask. Graphs are built 2,048 rows at a time by two threads and asked 25 queries at a time, in turn.
 * docs/adr/0015-order-of-insertion.md has the tables.
 * Run: node bench/graph-order.bench.ts
 */
import { nearbyOrder, prepareQuery } from '@proximadb/segment';
import { Index, MetricKind, ScalarKind } from 'usearch';
import { clusteredSet } from './data/clustered-set.ts';
import { vectorAt, type DataSet } from './data/data-set.ts';
import { exactTruth } from './data/truth.ts';
import { wordSet } from './data/word-set.ts';
import { median, stretchesOf } from './statistics.ts';
import { isQuery, loadWords, vectorOf } from './words.ts';

const k = 10;
const queriesMax = 500;
const candidateCounts = [64, 128, 256] as const;
const rowsAtOnce = 2_048;
const [links, threads] = [16, 2];

/** A graph, and how rows go into it. */
interface Way {
  readonly name: string;
  readonly index: Index;
  readonly order: Uint32Array;
  /** Of finding the order, by one thread. */
  readonly orderMs: number;
  buildMs: number;
}

console.log('| rows | order | efConstruction | finding it, s | build s | recall@10 among 64 | 128 | 256 | µs for 64 | 128 | 256 |');
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
const words = wordSet(Infinity, queriesMax);
compare('340,979 words, by lot', words);
compare('340,979 words, as listed', asListed(words));
compare('24,000 × 768', clusteredSet(24_000, queriesMax));

function compare(rows: string, set: DataSet): void {
  const nearest = exactTruth({ ...set, filters: [] }, k).of('all').map((found) => new Set(found));
  const ways = waysFor(set);
  for (let first = 0; first < set.rows; first += rowsAtOnce) for (const way of ways) addTo(way, set, first);
  const results = ways.map(() => candidateCounts.map(() => ({ found: 0, micros: [] as number[] })));
  for (const stretch of stretchesOf([...set.queries.entries()])) {
    ways.forEach(({ index }, w) => {
      candidateCounts.forEach((count, c) => {
        const result = results[w]?.[c];
        if (result === undefined) return;
        for (const [number, query] of stretch) {
          const asked = prepareQuery('cosine', query);
          const startedMs = performance.now();
          const { keys } = index.search(asked, count, 1);
          result.micros.push((performance.now() - startedMs) * 1_000);
          result.found += keys.reduce((sum, key) => sum + (nearest[number]?.has(Number(key)) === true ? 1 : 0), 0);
        }
      });
    });
  }
  ways.forEach(({ name, orderMs, buildMs }, w) => {
    const each = results[w] ?? [];
    const cells = [
      rows, name, (orderMs / 1_000).toFixed(1), (buildMs / 1_000).toFixed(1),
      ...each.map(({ found }) => (found / (k * set.queries.length)).toFixed(4)), ...each.map(({ micros }) => median(micros).toFixed(0)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  });
}

function waysFor(set: Pick<DataSet, 'dimension' | 'rows' | 'vectors'>): Way[] {
  const startedMs = performance.now();
  const nearby = nearbyOrder({ metric: 'cosine', dimension: set.dimension, numberBytes: 1, m: links }, set.rows,
    (row) => prepareQuery('cosine', vectorAt(set, row)));
  const orderMs = performance.now() - startedMs;
  const asTheyCome = Uint32Array.from({ length: set.rows }, (_, row) => row);
  const way = (name: string, efConstruction: number, order: Uint32Array, took: number): Way => ({
    name: `${name} | ${efConstruction}`, order, orderMs: took, buildMs: 0,
    index: new Index({
      dimensions: set.dimension, metric: MetricKind.IP, quantization: ScalarKind.I8, connectivity: links,
      expansion_add: efConstruction, expansion_search: 1, multi: false,
    }),
  });
  return [way('as they come', 128, asTheyCome, 0), way('by cluster', 128, nearby, orderMs), way('by cluster', 144, nearby, orderMs)];
}

function addTo(way: Way, set: Pick<DataSet, 'dimension' | 'rows' | 'vectors'>, first: number): void {
  const rows = way.order.subarray(first, first + rowsAtOnce);
  const keys = BigUint64Array.from(rows, BigInt);
  const vectors = new Float32Array(rows.length * set.dimension);
  rows.forEach((row, i) => { vectors.set(prepareQuery('cosine', vectorAt(set, row)), i * set.dimension); });
  const startedMs = performance.now();
  way.index.add(keys, vectors, threads);
  way.buildMs += performance.now() - startedMs;
}

/** The same words in the order of their list. */
function asListed(set: DataSet): DataSet {
  const all = loadWords();
  const members = [...all.names.keys()].filter((word) => !isQuery(word));
  const vectors = new Float32Array(set.vectors.length);
  members.forEach((word, row) => { vectors.set(vectorOf(all, word), row * set.dimension); });
  return { ...set, vectors };
}
