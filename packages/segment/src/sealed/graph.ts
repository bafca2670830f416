/** The graph of a segment: USearch's HNSW over quantised vectors. Synchronous, so never on a serving loop. */
import { Index, MetricKind, ScalarKind } from 'usearch';
import { AppError, assert } from '@proximadb/errors';
import type { Metric, Quantization } from '@proximadb/schemas';

export interface GraphSettings {
  readonly dimension: number;
  readonly metric: Metric;
  /** Links a node. */
  readonly m: number;
  readonly efConstruction: number;
  readonly quantization: Quantization;
}

const scalars: Record<Quantization, ScalarKind> = { f32: ScalarKind.F32, bf16: ScalarKind.BF16, i8: ScalarKind.I8 };

/** What measured best for a metric: i8 keeps directions, not lengths. */
export function defaultQuantization(metric: Metric): Quantization {
  switch (metric) {
    case 'cosine': return 'i8';
    case 'dot': return 'f32';
    case 'euclidean': case 'manhattan': return 'bf16';
  }
}

/** Cosine is the inner product of normalised rows; Manhattan is approached by squared L2 and rescored. */
function createIndex(settings: GraphSettings): Index {
  return new Index({
    dimensions: settings.dimension,
    metric: settings.metric === 'cosine' || settings.metric === 'dot' ? MetricKind.IP : MetricKind.L2sq,
    quantization: scalars[settings.quantization],
    connectivity: settings.m,
    expansion_add: settings.efConstruction,
    expansion_search: 1,
    multi: false,
  });
}

/**
 * Gives back what an index holds, memory or mapping, now: a collector sees a few bytes of it, and may not come for minutes. USearch has no such call, but
 * lets go of everything before it looks into the file that it is to view. Here that is one that it refuses, and that is there: for one that is not, USearch
 * closes descriptor 0.
 */
function letGo(index: Index): void {
  try {
    index.view(noGraph);
  } catch {
    // Refused, as was meant.
  }
  assert(index.size() === 0, 'an index that was let go of is empty');
}
const noGraph = import.meta.filename;

const chunkRows = 1024;

/** Writes the (normalised) vectors of rows [start, start + rows) into the matrix, `dimension` floats each. */
type Fill = (start: number, rows: number, into: Float32Array) => void;

interface Sample {
  readonly row: number;
  readonly vector: Float32Array;
}

/**
 * Builds a graph over rows 0 … count − 1 and saves it.
 * @throws AppError INTERNAL if the finished graph lacks a row, or does not find a sample of its own vectors.
 */
export function buildGraph(settings: GraphSettings, count: number, fill: Fill, path: string): void {
  const index = createIndex(settings);
  let samples: readonly Sample[];
  try {
    samples = addRows(index, settings.dimension, count, fill);
    if (index.size() !== count) throw new AppError('INTERNAL', `the graph holds ${index.size()} of ${count} rows`);
    index.save(path);
  } finally {
    letGo(index);
  }
  // Of an inner product over raw vectors, a longer vector may rightly be nearer than the vector itself.
  if (settings.metric === 'dot') return;
  using graph = new Graph(settings, path, count);
  assertFindsItself(graph, samples);
}

/** One thread: concurrent `add`s of USearch can lose nodes. */
function addRows(index: Index, dimension: number, count: number, fill: Fill): Sample[] {
  const keys = new BigUint64Array(chunkRows);
  const vectors = new Float32Array(chunkRows * dimension);
  const samples: Sample[] = [];
  for (let start = 0; start < count; start += chunkRows) {
    const rows = Math.min(chunkRows, count - start);
    fill(start, rows, vectors);
    for (let i = 0; i < rows; i += 1) keys[i] = BigInt(start + i);
    index.add(keys.subarray(0, rows), vectors.subarray(0, rows * dimension), 1);
    samples.push({ row: start, vector: vectors.slice(0, dimension) });
  }
  return samples;
}

/** A graph with unreachable nodes misses vectors that it holds. Equal vectors may crowd each other out, so a few misses pass. */
function assertFindsItself(graph: Graph, samples: readonly Sample[]): void {
  let missed = 0;
  for (const { row, vector } of samples) if (!graph.candidates(vector, selfSearchCandidates).includes(row)) missed += 1;
  if (missed > Math.max(2, samples.length / 5)) throw new AppError('INTERNAL', `the graph does not find ${missed} of ${samples.length} of its own vectors`);
}
const selfSearchCandidates = 256;

/** A saved graph, memory-mapped: its pages are shared by all threads. */
export class Graph {
  readonly #index: Index;

  constructor(settings: GraphSettings, path: string, count: number) {
    this.#index = createIndex(settings);
    this.#index.view(path);
    const size = this.#index.size();
    if (size === count) return;
    letGo(this.#index);
    throw new AppError('DATA_LOSS', `a graph holds ${size} rows instead of ${count}`);
  }

  /** Ends the mapping. Afterwards there are no candidates. */
  [Symbol.dispose](): void {
    letGo(this.#index);
  }

  /** Row numbers of about the nearest `candidates` rows, in no promised order. USearch's `ef` is this number, too. */
  candidates(query: Float32Array, candidates: number): Uint32Array {
    const { keys } = this.#index.search(query, candidates, 1);
    const rows = new Uint32Array(keys.length);
    for (let i = 0; i < keys.length; i += 1) rows[i] = Number(keys[i]);
    return rows;
  }
}
