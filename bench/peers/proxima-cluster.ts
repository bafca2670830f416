/** Ours as a cluster, all of it on this machine: Kafka, the registry, Redis and MinIO, and one each of gateway, indexer and query service. */
import { missingForCluster, startCluster, type Cluster, type ClusterProcess } from '@proximadb/test-cluster';
import type { Batch } from '../data/stored.ts';
import { rootVersion } from '../machine.ts';
import type { Peer, PeerContext, PeerKind, PeerSearch } from './peer.ts';
import { ProximaCalls } from './proxima-calls.ts';

class ProximaCluster implements Peer {
  readonly version = rootVersion();
  readonly #context: PeerContext;
  readonly #cluster: Cluster;
  #calls: ProximaCalls;

  constructor(context: PeerContext, cluster: Cluster) {
    this.#context = context;
    this.#cluster = cluster;
    this.#calls = this.#connect();
  }

  #connect(): ProximaCalls {
    const addresses = (processes: readonly ClusterProcess[]): string => processes.map(({ address }) => address).join(',');
    const { gateways, queries } = this.#cluster;
    return new ProximaCalls({ writes: addresses(gateways), reads: addresses(queries), restPort: queries[0]?.restPort ?? 0 }, this.#context.set.dimension);
  }

  get #ours(): readonly ClusterProcess[] {
    const { gateways, indexers, queries } = this.#cluster;
    return [...gateways, ...indexers, ...queries];
  }

  /** With what it is built on: nobody has a cluster without it. */
  get pids(): readonly number[] {
    const { kafka, registry, redis, minio } = this.#cluster;
    return [...this.#ours, ...kafka.brokers, registry, redis, minio].map(({ pid }) => pid);
  }

  create(): Promise<void> {
    return this.#calls.create(this.#context.set.metric, 'hnsw', 0);
  }

  insert(batch: Batch): Promise<void> {
    return this.#calls.insert(batch);
  }

  settle(): Promise<number> {
    return this.#calls.settle();
  }

  search(request: PeerSearch): Promise<number[]> {
    return this.#calls.search(request);
  }

  remove(rows: readonly number[]): Promise<number> {
    return this.#calls.remove(rows);
  }

  async restart(): Promise<void> {
    this.#calls.close();
    await Promise.all(this.#ours.map((one) => one.kill()));
    await Promise.all(this.#ours.map((one) => one.start()));
    this.#calls = this.#connect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    await this.#cluster[Symbol.asyncDispose]();
  }
}

export const proximaCluster: PeerKind = {
  name: 'proximadb cluster', sort: 'server', isOurs: true, ways: ['gRPC'], efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 500,
  settings: 'hnsw, as it comes: a gateway, an indexer and a query service, with Kafka, the registry, Redis and MinIO, whose memory, disk and CPU count',
  missing: missingForCluster,
  open: async (context) => {
    const cluster = await startCluster({ directory: context.folder, gateways: 1, groups: 1, indexersPerGroup: 1, queries: 1 });
    return new ProximaCluster(context, cluster);
  },
};
