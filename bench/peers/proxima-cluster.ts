/** Ours as a cluster, all of it on this machine: Kafka, the registry, Redis and MinIO, and one each of gateway, indexer and query service. */
import { missingForCluster, startCluster, type Cluster, type ClusterProcess } from '@proximadb/test-cluster';
import type { PeerContext, PeerKind } from './peer.ts';
import { ways, type ProximaAddresses } from './proxima-calls.ts';
import { ProximaPeer, proximaWriter } from './proxima-peer.ts';

class ProximaCluster extends ProximaPeer {
  readonly #cluster: Cluster;

  constructor(context: PeerContext, cluster: Cluster) {
    super(context, 'hnsw', 0, addressesOf(cluster));
    this.#cluster = cluster;
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

  async restart(): Promise<void> {
    this.calls.close();
    await Promise.all(this.#ours.map((one) => one.kill()));
    await Promise.all(this.#ours.map((one) => one.start()));
    this.connect(addressesOf(this.#cluster));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calls.close();
    await this.#cluster[Symbol.asyncDispose]();
  }
}

function addressesOf({ gateways, queries }: Cluster): ProximaAddresses {
  const joined = (processes: readonly ClusterProcess[]): string => processes.map(({ address }) => address).join(',');
  return { writes: joined(gateways), reads: joined(queries), restPort: queries[0]?.restPort ?? 0 };
}

export const proximaCluster: PeerKind = {
  name: 'proximadb cluster', sort: 'server', isOurs: true, ways: [ways.call, ways.stream],
  efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 500,
  settings: 'hnsw, as it comes: a gateway, an indexer and a query service, with Kafka, the registry, Redis and MinIO, whose memory, disk and CPU count',
  missing: missingForCluster,
  open: async (context) => {
    const cluster = await startCluster({ directory: context.folder, gateways: 1, groups: 1, indexersPerGroup: 1, queries: 1 });
    return new ProximaCluster(context, cluster);
  },
  writer: proximaWriter,
};
