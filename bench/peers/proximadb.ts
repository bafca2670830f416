/** Ours, standalone: a server of its own on a real disk, asked through gRPC and REST. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import type { IndexKind, SearchRequest } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import type { Fields } from '../data/data-set.ts';
import type { Batch } from '../data/stored.ts';
import { startServer, type ServerProcess } from '../processes/server.ts';
import { quietMs, untilCaughtUp, watchBuilding } from '../watch.ts';
import { JsonCalls } from './json-calls.ts';
import type { Peer, PeerContext, PeerKind, PeerSearch } from './peer.ts';

const collection = 'bench';
const clientsMax = 16;
/** Ids of one delete request. */
const deletesMax = 1_000;

class ProximaDb implements Peer {
  readonly version: string;
  readonly #context: PeerContext;
  readonly #index: IndexKind;
  readonly #partitions: number;
  #server: ServerProcess;
  #clients: readonly Client[] = [];
  #rest: JsonCalls;
  #schemaId = 0;

  private constructor(context: PeerContext, index: IndexKind, partitions: number, server: ServerProcess) {
    this.#context = context;
    this.#index = index;
    this.#partitions = partitions;
    this.#server = server;
    this.#rest = new JsonCalls(server.restPort);
    const root = join(import.meta.dirname, '..', '..', 'package.json');
    this.version = (JSON.parse(readFileSync(root, 'utf8')) as { version: string }).version;
  }

  static async open(context: PeerContext, index: IndexKind, partitions: number): Promise<ProximaDb> {
    const peer = new ProximaDb(context, index, partitions, await startServer(context.folder));
    await peer.#connect();
    return peer;
  }

  async #connect(): Promise<void> {
    this.#clients = Array.from({ length: clientsMax }, () => createClient(this.#server.address));
    this.#rest = new JsonCalls(this.#server.restPort);
    this.#schemaId = (await this.#client(0).getSchema({ name: 'VectorRecord' })).id;
  }

  #client(number: number): Client {
    const client = this.#clients[number % clientsMax];
    if (client === undefined) throw new Error('the server has not been started');
    return client;
  }

  get pid(): number {
    return this.#server.pid;
  }

  async create(): Promise<void> {
    const { dimension, metric } = this.#context.set;
    await this.#client(0).createCollection({ name: collection, dimension, metric, index: this.#index, partitions: this.#partitions });
  }

  async insert({ rows, vectors, metadata }: Batch): Promise<void> {
    const { dimension } = this.#context.set;
    const records = rows.map((row, i) => encodeVectorRecord(this.#schemaId, {
      id: String(row), vector: vectors.subarray(i * dimension, (i + 1) * dimension), metadata: metadataOf(metadata[i] ?? {}),
    }));
    await this.#client(rows[0] ?? 0).upsert({ collection, records });
  }

  async settle(): Promise<number> {
    await untilCaughtUp(this.#client(0), collection);
    await watchBuilding(this.#client(0), collection);
    return quietMs;
  }

  search(request: PeerSearch): Promise<number[]> {
    return request.way === 'REST' ? this.#searchRest(request) : this.#searchGrpc(request);
  }

  async #searchGrpc({ query, k, effort, filter, client }: PeerSearch): Promise<number[]> {
    const request: Partial<SearchRequest> = {
      collection, vector: query, k, ef: effort, filter: filter === null ? null
        : { node: { kind: 'comparison', value: { path: [filter.field], operator: 'lt', values: [valueOf(filter.below)] } } },
    };
    const { hits } = await this.#client(client).search(request);
    return hits.map(({ id }) => Number(id));
  }

  async #searchRest({ query, k, effort, filter }: PeerSearch): Promise<number[]> {
    const body = { vector: Array.from(query), k, ef: effort, ...(filter === null ? {} : { filter: { [filter.field]: { $lt: filter.below } } }) };
    const { hits } = await this.#rest.call('POST', `/v1/collections/${collection}/search`, body) as { hits: readonly { readonly id: string }[] };
    return hits.map(({ id }) => Number(id));
  }

  async remove(rows: readonly number[]): Promise<number> {
    for (let from = 0; from < rows.length; from += deletesMax) {
      await this.#client(0).delete({ collection, ids: rows.slice(from, from + deletesMax).map(String) });
    }
    return this.settle();
  }

  async restart(): Promise<void> {
    this.#disconnect();
    await this.#server.signal('SIGKILL');
    this.#server = await startServer(this.#context.folder);
    await this.#connect();
  }

  #disconnect(): void {
    for (const client of this.#clients) client.close();
    this.#rest.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disconnect();
    await this.#server.signal('SIGKILL');
  }
}

function metadataOf(fields: Fields): Map<string, MetadataValue> {
  return new Map(Object.entries(fields).map(([name, value]) =>
    [name, typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value]));
}

function valueOf(number: number): { readonly value: { readonly kind: 'long'; readonly value: bigint } | { readonly kind: 'double'; readonly value: number } } {
  return { value: Number.isInteger(number) ? { kind: 'long', value: BigInt(number) } : { kind: 'double', value: number } };
}

interface Choice {
  readonly index: IndexKind;
  /** 0: as many as it takes by itself. */
  readonly partitions: number;
  readonly ways: readonly string[];
  readonly settings: string;
}

function kind(name: string, { index, partitions, ways, settings }: Choice): PeerKind {
  return {
    name, sort: 'server', isOurs: true, ways, efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 500, settings,
    missing: () => false,
    open: (context) => ProximaDb.open(context, index, partitions),
  };
}

const asItComes = { partitions: 0, ways: ['gRPC', 'REST'] } as const;
/** As many as the machines that we measure on have cores: fewer and larger graphs, each of which is asked by every search. */
const twoPartitions = { partitions: 2, ways: ['gRPC'] } as const;

export const proximaHnsw = kind('proximadb hnsw', {
  ...asItComes, index: 'hnsw', settings: 'standalone, as it comes: 12 partitions, graphs of M 16, efConstruction 128, i8 with exact distances after',
});
export const proximaIvf = kind('proximadb ivf', { ...asItComes, index: 'ivf', settings: 'standalone, inverted lists in place of graphs, else as it comes' });
export const proximaHnswOfTwo = kind('proximadb hnsw of 2', { ...twoPartitions, index: 'hnsw', settings: '2 partitions, else as it comes' });
export const proximaIvfOfTwo = kind('proximadb ivf of 2', { ...twoPartitions, index: 'ivf', settings: 'inverted lists, 2 partitions, else as it comes' });
