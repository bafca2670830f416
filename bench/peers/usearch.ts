/** Bare USearch: the library that our graphs are made with, without anything around it. What all others are set in ratio to. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Index, MetricKind, ScalarKind, type BatchMatches, type Matches } from 'usearch';
import { packageVersions } from '../machine.ts';
import type { Batch } from '../data/stored.ts';
import { graph, type Peer, type PeerContext, type PeerKind, type PeerSearch } from './peer.ts';

class Usearch implements Peer {
  readonly version = packageVersions(['usearch'])['usearch'] ?? '';
  readonly pids = [process.pid];
  readonly #context: PeerContext;
  readonly #quantization: ScalarKind;
  #index: Index;

  constructor(context: PeerContext, quantization: ScalarKind) {
    this.#context = context;
    this.#quantization = quantization;
    this.#index = this.#empty();
  }

  #empty(): Index {
    const { dimension, metric } = this.#context.set;
    return new Index({
      dimensions: dimension, metric: metric === 'cosine' ? MetricKind.Cos : MetricKind.L2sq, quantization: this.#quantization,
      connectivity: graph.m, expansion_add: graph.efConstruction, expansion_search: 1, multi: false,
    });
  }

  get #file(): string {
    return join(this.#context.folder, 'index.usearch');
  }

  create(): Promise<void> {
    return Promise.resolve();
  }

  async insert({ rows, vectors }: Batch): Promise<void> {
    this.#index.add(BigUint64Array.from(rows, BigInt), vectors, availableParallelism());
  }

  async settle(): Promise<number> {
    this.#index.save(this.#file);
    return 0;
  }

  /** The library fixes its candidate list at construction, and never takes a shorter one than what is asked for: so more are asked for, and cut off. */
  async search({ query, k, effort }: PeerSearch): Promise<number[]> {
    const { keys } = this.#index.search(query, Math.max(k, effort), 1);
    return Array.from(keys.subarray(0, k), Number);
  }

  searchMany(queries: readonly Float32Array[], k: number, effort: number): number[][] {
    const wanted = Math.max(k, effort);
    const threads = Math.min(queries.length, availableParallelism());
    const answers: Matches | BatchMatches = this.#index.search([...queries], wanted, threads);
    // One query gets one answer, whatever the declared types say.
    return queries.map((_, i) => Array.from(('get' in answers ? answers.get(i) : answers).keys.subarray(0, k), Number));
  }

  async remove(rows: readonly number[]): Promise<number> {
    this.#index.remove(BigUint64Array.from(rows, BigInt));
    this.#index.save(this.#file);
    return 0;
  }

  async restart(): Promise<void> {
    this.#index = this.#empty();
    this.#index.load(this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The collector frees it.
  }
}

function kind(name: string, quantization: ScalarKind): PeerKind {
  return {
    name, sort: 'library', isOurs: false, ways: [''], efforts: [16, 32, 64, 128, 256, 512], canFilter: false, batchRows: 5_000,
    settings: `M ${graph.m}, efConstruction ${graph.efConstruction}, ${quantization}; several clients: one call for all of them, on as many threads`,
    missing: () => false,
    open: async (context) => new Usearch(context, quantization),
  };
}

export const usearchI8 = kind('usearch i8', ScalarKind.I8);
export const usearchF32 = kind('usearch f32', ScalarKind.F32);
