/** Chroma: its server (the Python package, which carries one in Rust), over the HTTP API that its own clients use. */
import { freePort, startAlone, type Stoppable } from '@proximadb/test-cluster';
import type { Batch } from '../data/stored.ts';
import { JsonCalls } from './json-calls.ts';
import { graph, type Peer, type PeerContext, type PeerKind, type PeerSearch } from './peer.ts';
import { lacking, pipSoftware } from './software.ts';

const version = '1.5.9';
const software = `chroma-${version}-1`;
const base = '/api/v2/tenants/default_tenant/databases/default_database/collections';
/** Ids of one delete request. */
const deletesMax = 5_000;
const program = 'import sys; from chromadb.cli.cli import app; sys.argv[0] = "chroma"; app()';

/** How a client finds its collection. */
interface Place {
  readonly port: number;
  readonly path: string;
}

class Chroma implements Peer {
  readonly version = version;
  readonly #context: PeerContext;
  readonly #server: Stoppable;
  readonly #port: number;
  readonly #calls: JsonCalls;
  #collection = '';
  #effort = 0;

  constructor(context: PeerContext, server: Stoppable, port: number, calls: JsonCalls) {
    this.#context = context;
    this.#server = server;
    this.#port = port;
    this.#calls = calls;
  }

  get server(): string {
    return JSON.stringify({ port: this.#port, path: this.#collection } satisfies Place);
  }

  get pids(): readonly number[] {
    return [this.#server.pid];
  }

  async create(): Promise<void> {
    const space = this.#context.set.metric === 'cosine' ? 'cosine' : 'l2';
    const configuration = { hnsw: { space, max_neighbors: graph.m, ef_construction: graph.efConstruction } };
    const { id } = await this.#calls.call('POST', base, { name: 'bench', configuration }) as { id: string };
    this.#collection = `${base}/${id}`;
  }

  insert(batch: Batch): Promise<void> {
    return add(this.#calls, this.#collection, this.#context.set.dimension, batch);
  }

  /** Its index follows its log at the next question: what is in the log is in the answer. */
  async settle(): Promise<number> {
    const [query = new Float32Array(this.#context.set.dimension)] = this.#context.set.queries;
    await this.search({ query, k: 10, filter: null, effort: this.#effort, way: '', client: 0 });
    return 0;
  }

  async prepare(effort: number): Promise<void> {
    if (effort === this.#effort) return;
    await this.#calls.call('PUT', this.#collection, { new_configuration: { hnsw: { ef_search: effort } } });
    this.#effort = effort;
    // A loaded index keeps what it was loaded with.
    await this.#server.restart('SIGTERM');
    await this.settle();
  }

  async search({ query, k, filter }: PeerSearch): Promise<number[]> {
    const where = filter === null ? {} : { where: { [filter.field]: { $lt: filter.below } } };
    const body = { query_embeddings: [Array.from(query)], n_results: k, include: [], ...where };
    const { ids: [ids = []] } = await this.#calls.call('POST', `${this.#collection}/query`, body) as { ids: readonly string[][] };
    return ids.map(Number);
  }

  async remove(rows: readonly number[]): Promise<number> {
    for (let from = 0; from < rows.length; from += deletesMax) {
      await this.#calls.call('POST', `${this.#collection}/delete`, { ids: rows.slice(from, from + deletesMax).map(String) });
    }
    return this.settle();
  }

  async restart(): Promise<void> {
    await this.#server.restart('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    await this.#server.kill();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function add(calls: JsonCalls, path: string, dimension: number, { rows, vectors, metadata }: Batch): Promise<void> {
  const width = dimension * 4;
  const bytes = Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const embeddings = rows.map((_, i) => bytes.toString('base64', i * width, (i + 1) * width));
  await calls.call('POST', `${path}/add`, { ids: rows.map(String), embeddings, metadatas: metadata });
}

export const chroma: PeerKind = {
  name: 'chroma', sort: 'server', isOurs: false, ways: [''], efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 1_000,
  settings: `server of the Python package, HTTP, vectors written as base64; M ${graph.m}, efConstruction ${graph.efConstruction}, f32`,
  missing: () => lacking({ python3: 'python3', pip3: 'python3-pip' }),
  software,
  open: async (context) => {
    const packages = await pipSoftware(software, [`chromadb==${version}`], true);
    const port = await freePort();
    const calls = new JsonCalls(port);
    const server = await startAlone('chroma', { directory: context.folder }, (folder) => ({
      command: 'python3', args: ['-c', program, 'run', '--path', folder.path, '--host', '127.0.0.1', '--port', String(port)],
      environment: { ...process.env, PYTHONPATH: packages, ANONYMIZED_TELEMETRY: 'False' },
      isReady: async () => await calls.call('GET', '/api/v2/heartbeat') !== undefined,
    }), {});
    return new Chroma(context, server, port, calls);
  },
  writer: async ({ dimension }, server) => {
    const { port, path } = JSON.parse(server) as Place;
    const calls = new JsonCalls(port);
    return { insert: (batch) => add(calls, path, dimension, batch), [Symbol.asyncDispose]: async () => { calls.close(); } };
  },
};
