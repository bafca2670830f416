/** The graph of a segment: USearch's HNSW over quantised vectors. Synchronous, so never on a serving loop. */
import { Index, MetricKind, ScalarKind } from 'usearch';
import { AppError, assert } from '@proximadb/errors';
import type { Metric, Quantization } from '@proximadb/schemas';
import { measureLadder, unknownRows, type GraphRecall } from '../ladder.ts';
import { calling } from '../native-calls.ts';
import { spreadRows } from '../spread-rows.ts';
import { difference, middleOf, type Vectors } from '../vectors.ts';
import type { FileEntry } from './files.ts';
import { nearbyOrder } from './nearby-order.ts';
import { unreachedRows } from './unreached.ts';

export interface GraphSettings {
  readonly dimension: number;
  readonly metric: Metric;
  /** Links a node. */
  readonly m: number;
  readonly efConstruction: number;
  readonly quantization: Quantization;
}

/** A graph as a manifest names it. */
export interface BuiltGraph extends GraphRecall {
  readonly file: FileEntry;
}

const numberBytes: Record<Quantization, number> = { f32: 4, bf16: 2, i8: 1, b1: 1 / 8 };
const scalars: Record<Quantization, ScalarKind> = { f32: ScalarKind.F32, bf16: ScalarKind.BF16, i8: ScalarKind.I8, b1: ScalarKind.B1 };

/** What measured best for a metric: i8 keeps directions, not lengths. */
export function defaultQuantization(metric: Metric): Quantization {
  switch (metric) {
    case 'cosine': return 'i8';
    case 'dot': case 'euclidean': case 'manhattan': return 'bf16';
  }
}

/** Cosine is the inner product of normalised rows; Manhattan is approached by squared L2 and rescored; of single bits those that differ are counted. */
function metricOf({ metric, quantization }: GraphSettings): MetricKind {
  if (quantization === 'b1') return MetricKind.Hamming;
  return metric === 'cosine' || metric === 'dot' ? MetricKind.IP : MetricKind.L2sq;
}

/** What a graph is given in a vector's place. */
type Given = (vector: Float32Array) => Float32Array;

/** Numbers that a graph is given. USearch (2.26.2) does not clear the bits beyond the last whole byte: other vectors' would stay in them. */
function widthOf({ dimension, quantization }: GraphSettings): number {
  return quantization === 'b1' ? Math.ceil(dimension / bitsAByte) * bitsAByte : dimension;
}
const bitsAByte = 8;

/** Of single bits USearch keeps signs: here those of what a vector differs from the middle of all rows by, so that half of them are set. */
export function givenOf(settings: GraphSettings, vectors: Pick<Vectors, 'dimension' | 'each'>, count: number): Given {
  if (settings.quantization !== 'b1') return (vector) => vector;
  const middle = middleOf(vectors, count);
  const width = widthOf(settings);
  return (vector) => {
    const given = new Float32Array(width);
    given.set(difference(vector, middle));
    return given;
  };
}

function createIndex(settings: GraphSettings): Index {
  return calling(() => new Index({
    dimensions: widthOf(settings),
    metric: metricOf(settings),
    quantization: scalars[settings.quantization],
    connectivity: settings.m,
    expansion_add: settings.efConstruction,
    expansion_search: 1,
    multi: false,
  }));
}

/**
 * Gives back what an index holds, memory or mapping, now: a collector sees a few bytes of it, and may not come for minutes. USearch has no such call, but
 * lets go of everything before it looks into the file that it is to view. Here that is one that it refuses, and that is there: for one that is not, USearch
 * closes descriptor 0.
 */
function letGo(index: Index): void {
  try {
    calling(() => { index.view(noGraph); });
  } catch {
    // Refused, as was meant.
  }
  assert(calling(() => index.size()) === 0, 'an index that was let go of is empty');
}
const noGraph = import.meta.filename;

/** Rows that go in with one call: at its end threads wait for the slowest of them, and whoever ends this one waits for the call. */
const chunkRows = 2048;

/** Of so many rows one is asked for when the graph is done. */
const rowsPerSample = 1024;

/** A row that is asked about. */
export interface Sample {
  readonly row: number;
  readonly vector: Float32Array;
}

interface Learned {
  readonly recall: GraphRecall;
  /** Some of its rows. */
  readonly samples: readonly Sample[];
}

/** Rows 0 … count − 1 of a graph. Vectors are `dimension` floats, normalised under cosine. */
export interface GraphRows {
  readonly count: number;
  /** Asked for some or all rows in their order, a few times; valid until the next call. */
  readonly inOrder: (row: number) => Float32Array;
  /** Asked for any row, in no order; stays as it is. */
  readonly single: (row: number) => Float32Array;
}

/**
 * Builds a graph over all rows and saves it.
 * @param recall that the graph is measured up to.
 * @param threads that add rows together; this one waits for them.
 * @throws AppError INTERNAL if the finished graph lacks a row.
 * @throws GraphRefused if it does not find a sample of its own vectors.
 */
export function buildGraph(settings: GraphSettings, rows: GraphRows, path: string, recall: number, threads: number): GraphRecall {
  const { count } = rows;
  const { dimension } = settings;
  const given = givenOf(settings, { dimension, each: (first, _, visit) => { visit(first, rows.single(first)); } }, count);
  const index = createIndex(settings);
  let learned: Learned;
  try {
    learned = learn(index, settings, rows, given, recall, threads);
    const size = calling(() => index.size());
    if (size !== count) throw new AppError('INTERNAL', `the graph holds ${size} of ${count} rows`);
    calling(() => { index.save(path); });
    if (addUnreachedAgain(index, settings, rows, given, path)) calling(() => { index.save(path); });
  } finally {
    letGo(index);
  }
  // Of an inner product over raw vectors, a longer vector may rightly be nearer than the vector itself.
  if (settings.metric === 'dot') return learned.recall;
  using graph = new Graph(settings, path, count, given);
  assertFindsItself(settings, graph, learned.samples);
  return learned.recall;
}

/**
 * Where several threads add, to some rows no link leads in the end: docs/adr/0014-threads-of-a-graph.md says how. They are added again, one after the other.
 * Where they are many, it is for another reason, such as vectors that are equal, and would be so again.
 * @returns whether there were any.
 */
function addUnreachedAgain(index: Index, settings: GraphSettings, { count, single }: GraphRows, given: Given, path: string): boolean {
  const unreached = unreachedRows(path);
  if (unreached.length === 0 || unreached.length > count / rowsPerUnreached) return false;
  const chunk = new Chunk(index, widthOf(settings), given, 1);
  calling(() => { index.remove(BigUint64Array.from(unreached, BigInt)); });
  for (const row of unreached) chunk.add(row, single(row));
  chunk.flush();
  return true;
}
const rowsPerUnreached = 50;

/** Some rows come last: until then they are the queries by which the graph is measured. */
function learn(index: Index, settings: GraphSettings, { count, inOrder, single }: GraphRows, given: Given, recall: number, threads: number): Learned {
  const { metric, dimension, m } = settings;
  const last = new Set(unknownRows(count, dimension));
  const sampled = new Set(spreadRows(count, Math.ceil(count / rowsPerSample)));
  const unknown: Sample[] = [];
  const samples: Sample[] = [];
  const chunk = new Chunk(index, widthOf(settings), given, threads);
  for (const row of nearbyOrder({ metric, dimension, m, numberBytes: numberBytes[settings.quantization] }, count, inOrder)) {
    const vector = single(row);
    if (sampled.has(row)) samples.push({ row, vector });
    if (last.has(row)) unknown.push({ row, vector });
    else chunk.add(row, vector);
  }
  chunk.flush();
  const measured = measureLadder({
    metric, dimension, rows: count, vector: inOrder, single, unknown, recall, candidates: (query, wanted) => candidatesOf(index, given(query), wanted).rows,
  });
  for (const one of unknown) chunk.add(one.row, one.vector);
  chunk.flush();
  return { recall: measured, samples };
}

/** Rows on their way into a graph: many go in with one call. */
class Chunk {
  readonly #index: Index;
  readonly #width: number;
  readonly #given: Given;
  readonly #threads: number;
  readonly #keys = new BigUint64Array(chunkRows);
  readonly #vectors: Float32Array;
  #count = 0;

  constructor(index: Index, width: number, given: Given, threads: number) {
    this.#index = index;
    this.#width = width;
    this.#given = given;
    this.#threads = threads;
    this.#vectors = new Float32Array(chunkRows * width);
  }

  add(row: number, vector: Float32Array): void {
    this.#keys[this.#count] = BigInt(row);
    this.#vectors.set(this.#given(vector), this.#count * this.#width);
    this.#count += 1;
    if (this.#count === chunkRows) this.flush();
  }

  flush(): void {
    const [keys, vectors] = [this.#keys.subarray(0, this.#count), this.#vectors.subarray(0, this.#count * this.#width)];
    if (this.#count > 0) calling(() => { this.#index.add(keys, vectors, this.#threads); });
    this.#count = 0;
  }
}

/** No graph of these rows finds what is nearest. Such rows are searched without. */
export class GraphRefused extends Error {
  override readonly name = 'GraphRefused';
}

/**
 * A graph with unreachable nodes misses vectors that it holds: so does one of a few vectors by the thousand, whose nodes have links to their equals and to
 * nobody else. A row need not be found where so many are as near as it is itself. A few misses pass.
 * @throws GraphRefused
 */
export function assertFindsItself(settings: GraphSettings, graph: Pick<Graph, 'nearest'>, samples: readonly Sample[]): void {
  let missed = 0;
  for (const { row, vector } of samples) {
    const { rows, distances } = graph.nearest(vector, selfSearchCandidates);
    if (rows.includes(row)) continue;
    if (rows.length < selfSearchCandidates || Math.max(...distances) > ownDistance(settings, vector)) missed += 1;
  }
  if (missed > Math.max(2, samples.length / 5)) throw new GraphRefused(`a graph does not find ${missed} of ${samples.length} of its own vectors`);
}
const selfSearchCandidates = 256;

/** Of a vector to itself, as a graph computes it: quantised. */
function ownDistance(settings: GraphSettings, vector: Float32Array): number {
  if (settings.quantization === 'b1') return 0;
  const index = createIndex(settings);
  try {
    calling(() => { index.add(0n, vector, 1); });
    return calling(() => index.search(vector, 1, 1)).distances[0] ?? 0;
  } finally {
    letGo(index);
  }
}

/** What a graph answers with, in no promised order. */
export interface Candidates {
  readonly rows: Uint32Array;
  /** Of what the graph keeps of the vectors, as USearch has them. */
  readonly distances: Float32Array;
}

/** A saved graph, memory-mapped: its pages are shared by all threads. */
export class Graph {
  readonly #index: Index;
  readonly #given: Given;

  /** @param given see {@link givenOf}. */
  constructor(settings: GraphSettings, path: string, count: number, given: Given) {
    this.#given = given;
    this.#index = createIndex(settings);
    calling(() => { this.#index.view(path); });
    const [size, width] = calling(() => [this.#index.size(), this.#index.dimensions()]);
    if (size === count && width === widthOf(settings)) return;
    letGo(this.#index);
    throw new AppError('DATA_LOSS', `a graph holds ${size} rows of ${width} numbers instead of ${count} of ${widthOf(settings)}`);
  }

  /** Ends the mapping. Afterwards there are no candidates. */
  [Symbol.dispose](): void {
    letGo(this.#index);
  }

  /** Row numbers of about the nearest `candidates` rows, in no promised order. */
  candidates(query: Float32Array, candidates: number): Uint32Array {
    return this.nearest(query, candidates).rows;
  }

  /** The same, with the distances that they were chosen by. */
  nearest(query: Float32Array, candidates: number): Candidates {
    return candidatesOf(this.#index, this.#given(query), candidates);
  }
}

/** USearch's `ef` is the number of candidates, too. */
function candidatesOf(index: Index, query: Float32Array, candidates: number): Candidates {
  const { keys, distances } = calling(() => index.search(query, candidates, 1));
  const rows = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i += 1) rows[i] = Number(keys[i]);
  return { rows, distances };
}
