/** hnswlib-node: the original HNSW library, in Node. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { HierarchicalNSW } from 'hnswlib-node';
import type { RangeFilter } from '../data/data-set.ts';
import type { Batch } from '../data/stored.ts';
import { graph, type Peer, type PeerContext, type PeerKind, type PeerSearch } from './peer.ts';
import { hnswlibAddon, lacking } from './software.ts';

const require = createRequire(import.meta.url);
type Construct = typeof HierarchicalNSW;

class Hnswlib implements Peer {
  readonly version = (require('hnswlib-node/package.json') as { version: string }).version;
  readonly pids = [process.pid];
  readonly #context: PeerContext;
  readonly #construct: Construct;
  /** Its filters are functions of a row's number. */
  readonly #columns: ReadonlyMap<string, Float64Array>;
  #index: HierarchicalNSW;
  #effort = 0;

  constructor(context: PeerContext, construct: Construct) {
    this.#context = context;
    this.#construct = construct;
    this.#columns = new Map(context.set.filterFields.map((field) => [field, context.set.column(field)]));
    this.#index = this.#empty();
  }

  #empty(): HierarchicalNSW {
    return new this.#construct(this.#context.set.metric === 'cosine' ? 'cosine' : 'l2', this.#context.set.dimension);
  }

  get #file(): string {
    return join(this.#context.folder, 'index.hnsw');
  }

  async create(): Promise<void> {
    // Rows that come later, while it is searched, have to fit, too.
    this.#index.initIndex(this.#context.set.rows * 2, graph.m, graph.efConstruction);
  }

  async insert({ rows, vectors }: Batch): Promise<void> {
    const { dimension } = this.#context.set;
    rows.forEach((row, i) => { this.#index.addPoint(Array.from(vectors.subarray(i * dimension, (i + 1) * dimension)), row); });
  }

  async settle(): Promise<number> {
    await this.#index.writeIndex(this.#file);
    return 0;
  }

  async search({ query, k, effort, filter }: PeerSearch): Promise<number[]> {
    if (this.#effort !== effort) this.#index.setEf(effort);
    this.#effort = effort;
    return this.#index.searchKnn(Array.from(query), k, filter === null ? undefined : this.#accepting(filter)).neighbors;
  }

  #accepting({ field, below }: RangeFilter): (row: number) => boolean {
    const column = this.#columns.get(field);
    return (row) => (column?.[row] ?? NaN) < below;
  }

  async remove(rows: readonly number[]): Promise<number> {
    for (const row of rows) this.#index.markDelete(row);
    await this.#index.writeIndex(this.#file);
    return 0;
  }

  async restart(): Promise<void> {
    this.#index = this.#empty();
    this.#effort = 0;
    await this.#index.readIndex(this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The collector frees it.
  }
}

export const hnswlibNode: PeerKind = {
  name: 'hnswlib-node', sort: 'library', isOurs: false, ways: [''], efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 2_000,
  settings: `M ${graph.m}, efConstruction ${graph.efConstruction}, f32, compiled for this processor; one thread, all that its API uses`,
  missing: () => lacking({ 'g++': 'g++' }),
  open: async (context) => {
    const { HierarchicalNSW: construct } = require(await hnswlibAddon()) as { HierarchicalNSW: Construct };
    return new Hnswlib(context, construct);
  },
};
