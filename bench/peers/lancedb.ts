/** LanceDB: a database in the caller's process, on files. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Batch } from '../data/stored.ts';
import { graph, type Peer, type PeerContext, type PeerKind, type PeerSearch } from './peer.ts';
import { lacking, npmSoftware } from './software.ts';

const version = '0.39.0';
const software = `lancedb-${version}-1`;
const arrowVersion = '18.1.0';
/** Times k that are compared exactly; its candidate list must be no shorter. */
const refine = 2;

/** What is used of its API. */
interface Lance {
  connect(path: string): Promise<{ createTable(name: string, data: unknown): Promise<Table>; openTable(name: string): Promise<Table> }>;
  makeArrowTable(rows: readonly object[]): unknown;
  readonly Index: { hnswSq(options: object): unknown; btree(): unknown };
}
interface Table {
  add(data: unknown): Promise<unknown>;
  delete(predicate: string): Promise<unknown>;
  optimize(): Promise<unknown>;
  createIndex(column: string, options?: { config: unknown }): Promise<void>;
  vectorSearch(query: Float32Array): Query;
}
interface Query {
  limit(k: number): Query;
  ef(ef: number): Query;
  refineFactor(factor: number): Query;
  distanceType(type: string): Query;
  select(columns: string[]): Query;
  where(predicate: string): Query;
  toArrow(): Promise<{ getChild(name: string): { toArray(): ArrayLike<number> } | null }>;
}

class LanceDb implements Peer {
  readonly version = version;
  readonly pids = [process.pid];
  readonly #context: PeerContext;
  readonly #lance: Lance;
  #table: Table | undefined;
  /** A table is made of its first rows. */
  #creating: Promise<Table> | undefined;
  #isIndexed = false;

  constructor(context: PeerContext, lance: Lance) {
    this.#context = context;
    this.#lance = lance;
  }

  get #open(): Table {
    if (this.#table === undefined) throw new Error('nothing was inserted');
    return this.#table;
  }

  get #metric(): string {
    return this.#context.set.metric === 'cosine' ? 'cosine' : 'l2';
  }

  create(): Promise<void> {
    return Promise.resolve();
  }

  async insert({ rows, vectors, metadata }: Batch): Promise<void> {
    const { dimension } = this.#context.set;
    const data = this.#lance.makeArrowTable(rows.map((row, i) => ({
      id: row, vector: Array.from(vectors.subarray(i * dimension, (i + 1) * dimension)), ...metadata[i],
    })));
    if (this.#creating === undefined) {
      this.#creating = this.#lance.connect(this.#context.folder).then((connection) => connection.createTable('bench', data));
      this.#table = await this.#creating;
    } else {
      await (await this.#creating).add(data);
    }
  }

  async settle(): Promise<number> {
    if (this.#isIndexed) {
      await this.#open.optimize();
      return 0;
    }
    const options = { distanceType: this.#metric, m: graph.m, efConstruction: graph.efConstruction };
    await this.#open.createIndex('vector', { config: this.#lance.Index.hnswSq(options) });
    for (const field of this.#context.set.filterFields) await this.#open.createIndex(field, { config: this.#lance.Index.btree() });
    this.#isIndexed = true;
    return 0;
  }

  async search({ query, k, effort, filter }: PeerSearch): Promise<number[]> {
    const search = this.#open.vectorSearch(query).distanceType(this.#metric).limit(k).ef(Math.max(k * refine, effort)).refineFactor(refine)
      .select(['id', '_distance']);
    const found = await (filter === null ? search : search.where(`${filter.field} < ${filter.below}`)).toArrow();
    return Array.from(found.getChild('id')?.toArray() ?? [], Number);
  }

  async remove(rows: readonly number[]): Promise<number> {
    const most = 10_000;
    for (let from = 0; from < rows.length; from += most) await this.#open.delete(`id IN (${rows.slice(from, from + most).join(',')})`);
    await this.#open.optimize();
    return 0;
  }

  async restart(): Promise<void> {
    this.#table = await (await this.#lance.connect(this.#context.folder)).openTable('bench');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its files are whole after every call.
  }
}

export const lancedb: PeerKind = {
  name: 'lancedb', sort: 'embedded', isOurs: false, ways: [''], efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 10_000,
  settings: `in process; one graph of M ${graph.m}, efConstruction ${graph.efConstruction}, 8-bit codes, twice k compared exactly; a tree for each field`,
  missing: () => lacking({ npm: 'npm' }),
  software,
  open: async (context) => {
    const folder = await npmSoftware(software, [`@lancedb/lancedb@${version}`, `apache-arrow@${arrowVersion}`]);
    const lance = createRequire(join(folder, 'package.json'))('@lancedb/lancedb') as Lance;
    return new LanceDb(context, lance);
  },
};
