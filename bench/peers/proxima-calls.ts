/** What is asked of ProximaDB, standalone or a cluster, through its public API. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import { SearchRequest, type IndexKind, type SearchResponse, type StorageKind } from '@proximadb/schemas';
import { createClient, type Client, type Exchange } from '@proximadb/transport/client';
import type { DataSet, Fields, SetMetric } from '../data/data-set.ts';
import type { Batch } from '../data/stored.ts';
import { quietMs, restMs, untilCaughtUp } from '../watch.ts';
import { JsonCalls } from './json-calls.ts';
import { byDefault, type PeerSearch } from './peer.ts';

const clientsMax = 16;
/** Ids of one delete request. */
const deletesMax = 1_000;
const batchRows = 500;
const writesUnderWay = 4;

export interface ProximaAddresses {
  /** gRPC, `host:port`, or several with commas. */
  readonly writes: string;
  readonly reads: string;
  readonly restPort: number;
}

/** What it is asked through: a gRPC call each, one for several, a gRPC stream that stays open, JSON over HTTP. */
export const ways = { call: 'gRPC', ten: 'gRPC, ten in a call', stream: 'gRPC stream', rest: 'REST' } as const;

export function searchesInACall(way: string): number {
  return way === ways.ten ? 10 : 1;
}

interface SearchStream {
  readonly exchange: Exchange<Partial<SearchRequest>, SearchResponse>;
  readonly answers: AsyncIterator<SearchResponse>;
}

export class ProximaCalls {
  readonly #writes: Client;
  /** One a client: each has a connection of its own. */
  readonly #reads: readonly Client[];
  /** By the client's number: one search under way at a time. */
  readonly #streams = new Map<number, SearchStream>();
  readonly #rest: JsonCalls;
  readonly #dimension: number;
  readonly #collection: string;
  #schemaId: number | undefined;

  constructor({ writes, reads, restPort }: ProximaAddresses, dimension: number, collection = 'bench') {
    this.#writes = createClient(writes);
    this.#reads = Array.from({ length: clientsMax }, () => createClient(reads));
    this.#rest = new JsonCalls(restPort);
    this.#dimension = dimension;
    this.#collection = collection;
  }

  #read(number: number): Client {
    const client = this.#reads[number % clientsMax];
    if (client === undefined) throw new Error('no client');
    return client;
  }

  async create(
    metric: SetMetric, index: IndexKind, partitions: number, more: { readonly storage?: StorageKind; readonly recallTarget?: number } = {},
  ): Promise<void> {
    await this.#writes.createCollection({ name: this.#collection, dimension: this.#dimension, metric, index, partitions, ...more });
  }

  async insert({ rows, vectors, metadata }: Batch): Promise<void> {
    const schemaId = this.#schemaId ??= (await this.#writes.getSchema({ name: 'VectorRecord' })).id;
    const records = rows.map((row, i) => encodeVectorRecord(schemaId, {
      id: String(row), vector: vectors.subarray(i * this.#dimension, (i + 1) * this.#dimension), metadata: metadataOf(metadata[i] ?? {}),
    }));
    await this.#writes.upsert({ collection: this.#collection, records });
  }

  /** All rows of a set. */
  async insertAll(set: DataSet): Promise<void> {
    let next = 0;
    await Promise.all(Array.from({ length: writesUnderWay }, async () => {
      while (next < set.rows) {
        const from = next;
        next = Math.min(set.rows, from + batchRows);
        const rows = Array.from({ length: next - from }, (_, i) => from + i);
        const vectors = set.vectors.subarray(from * set.dimension, next * set.dimension);
        await this.insert({ rows, vectors, metadata: rows.map((row) => set.metadata(row)) });
      }
    }));
  }

  async settle(): Promise<number> {
    await untilCaughtUp(this.#read(0), this.#collection);
    await untilStill(this.#read(0), this.#collection, quietMs);
    return quietMs;
  }

  rest(): Promise<void> {
    return untilStill(this.#read(0), this.#collection, restMs);
  }

  search(request: PeerSearch): Promise<number[]> {
    switch (request.way) {
      case ways.rest: return this.#searchRest(request);
      case ways.stream: return this.#searchStream(request);
      default: return this.#searchGrpc(request);
    }
  }

  /** All by one client, in one call. */
  async searchTogether(requests: readonly PeerSearch[]): Promise<number[][]> {
    const { results } = await this.#read(requests[0]?.client ?? 0).searchBatch({
      collection: this.#collection, searches: requests.map((one) => SearchRequest.create(searchOf(one))),
    });
    return results.map(rowsOf);
  }

  async #searchGrpc(request: PeerSearch): Promise<number[]> {
    return rowsOf(await this.#read(request.client).search({ collection: this.#collection, ...searchOf(request) }));
  }

  async #searchStream(request: PeerSearch): Promise<number[]> {
    const { exchange, answers } = this.#stream(request.client);
    await exchange.send({ collection: this.#collection, ...searchOf(request) });
    const { value } = await answers.next() as IteratorYieldResult<SearchResponse>;
    return rowsOf(value);
  }

  #stream(client: number): SearchStream {
    const known = this.#streams.get(client);
    if (known !== undefined) return known;
    const exchange = this.#read(client).searchStream();
    const opened = { exchange, answers: exchange[Symbol.asyncIterator]() };
    this.#streams.set(client, opened);
    return opened;
  }

  async #searchRest({ query, k, effort, filter }: PeerSearch): Promise<number[]> {
    const asked = { ...(effort === byDefault ? {} : { ef: effort }), ...(filter === null ? {} : { filter: { [filter.field]: { $lt: filter.below } } }) };
    const body = { vector: Array.from(query), k, ...asked };
    const { hits } = await this.#rest.call('POST', `/v1/collections/${this.#collection}/search`, body) as { hits: readonly { readonly id: string }[] };
    return hits.map(({ id }) => Number(id));
  }

  async remove(rows: readonly number[]): Promise<number> {
    await this.delete(rows);
    return this.settle();
  }

  /** Resolves when they are not found any more; what follows of it may go on. */
  async delete(rows: readonly number[]): Promise<void> {
    for (let from = 0; from < rows.length; from += deletesMax) {
      await this.#writes.delete({ collection: this.#collection, ids: rows.slice(from, from + deletesMax).map(String) });
    }
    await untilCaughtUp(this.#read(0), this.#collection);
  }

  close(): void {
    for (const { exchange } of this.#streams.values()) exchange.cancel();
    this.#writes.close();
    for (const client of this.#reads) client.close();
    this.#rest.close();
  }
}

function searchOf({ query, k, effort, filter }: PeerSearch): Partial<SearchRequest> {
  return {
    vector: query, k, ef: effort === byDefault ? null : effort, filter: filter === null ? null
      : { node: { kind: 'comparison', value: { path: [filter.field], operator: 'lt', values: [valueOf(filter.below)] } } },
  };
}

function rowsOf({ hits }: SearchResponse): number[] {
  return hits.map(({ id }) => Number(id));
}

/** Segments that are too small for a graph never get one: so what counts is that nothing is built, and that nothing has changed for a while. */
async function untilStill(client: Client, collection: string, forMs: number): Promise<void> {
  let seen = '';
  let sinceMs = performance.now();
  for (;;) {
    const { building, growing, sealed, indexed } = await client.stats({ collection });
    const now = [building, growing, sealed, indexed].join();
    if (now !== seen || building > 0n) sinceMs = performance.now();
    seen = now;
    if (performance.now() - sinceMs > forMs) return;
    await sleep(50);
  }
}

function metadataOf(fields: Fields): Map<string, MetadataValue> {
  return new Map(Object.entries(fields).map(([name, value]) =>
    [name, typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value]));
}

function valueOf(number: number): { readonly value: { readonly kind: 'long'; readonly value: bigint } | { readonly kind: 'double'; readonly value: number } } {
  return { value: Number.isInteger(number) ? { kind: 'long', value: BigInt(number) } : { kind: 'double', value: number } };
}
