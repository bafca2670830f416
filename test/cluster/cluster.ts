/** A whole cluster on one machine: the real parts, and gateways, indexers and query services as processes of their own. */
import { join } from 'node:path';
import { ClusterProcesses, type ClusterParts, type ClusterProcess, type IndexerProcess, type ProcessSettings } from './cluster-processes.ts';
import { openFolder, type Folder } from './folder.ts';
import { startKafka, type KafkaOptions } from './kafka.ts';
import { startMinio } from './minio.ts';
import { missing } from './missing.ts';
import { portsLike } from './ports.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import { startTogether } from './together.ts';

export interface ClusterOptions {
  /** @default 1; with 3 every record is kept three times. */
  readonly brokers?: 1 | 3;
  /** `proxied: true`: our processes reach the brokers through proxies that swallow, delay and cut. `sasl: true`: by SASL over TLS. */
  readonly kafka?: Pick<KafkaOptions, 'proxied' | 'sasl' | 'settings'>;
  /** @default 1 */
  readonly gateways?: number;
  /** Replica groups. @default 2 */
  readonly groups?: number;
  /** @default 2 */
  readonly indexersPerGroup?: number;
  /** @default 2 */
  readonly queries?: number;
  /** Kept, and found again by the next one that is started on it. @default a temporary folder */
  readonly directory?: string;
  readonly settings?: ProcessSettings;
  /** Whether the registry, the first gateway and the first query service listen where configurations look for them, if nobody else does. @default false */
  readonly usualPorts?: boolean;
  /** Told what is being started. */
  readonly onProgress?: (text: string) => void;
}

export interface Cluster extends ClusterParts, AsyncDisposable {
  readonly directory: string;
  readonly gateways: readonly ClusterProcess[];
  readonly indexers: readonly IndexerProcess[];
  readonly queries: readonly ClusterProcess[];
  addGateway(): Promise<ClusterProcess>;
  /** @param group an old one, or a new one. */
  addIndexer(group: number): Promise<IndexerProcess>;
  /** A replica group more. @param indexers @default as many as the others have */
  addGroup(indexers?: number): Promise<IndexerProcess[]>;
  addQuery(): Promise<ClusterProcess>;
}

/** Why a cluster cannot be started here, naming what to install; false: it can. */
export function missingForCluster(): string | false {
  return missing('kafka', 'registry', 'redis', 'minio');
}

/** Resolves when every process is ready. @throws Error with the tail of the log of what does not come up; the rest is ended. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { gateways = 1, groups = 2, indexersPerGroup = 2, queries = 2, onProgress = () => undefined } = options;
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(openFolder('cluster', options.directory));
  onProgress('Kafka, the schema registry, Redis and MinIO');
  const parts = opened.use(await startParts(folder, options));
  const processes = opened.use(new ClusterProcesses(folder, parts, { settings: options.settings ?? {}, usualPorts: options.usualPorts ?? false }));
  onProgress(`${gateways} gateway${gateways === 1 ? '' : 's'}, ${groups * indexersPerGroup} indexers in ${groups} replica groups, ${queries} query services`);
  const addGroup = (group: number, indexers: number) => Array.from({ length: indexers }, () => () => processes.add('indexer', group));
  // What is started here, `processes` ends.
  await using starting = new AsyncDisposableStack();
  // The first gateway makes the catalog; the others find it.
  if (gateways > 0) await startTogether(starting, [() => processes.add('gateway', 0)]);
  await startTogether(starting, [
    ...Array.from({ length: Math.max(0, gateways - 1) }, () => () => processes.add('gateway', 0)),
    ...Array.from({ length: groups }, (_, group) => addGroup(group, indexersPerGroup)).flat(),
    ...Array.from({ length: queries }, () => () => processes.add('query', 0)),
  ]);
  starting.move();
  const everything = opened.move();
  return {
    ...parts, directory: folder.path,
    get gateways() { return processes.of('gateway'); },
    get indexers() { return processes.of('indexer'); },
    get queries() { return processes.of('query'); },
    addGateway: () => processes.add('gateway', 0),
    addIndexer: (group) => processes.add('indexer', group),
    addGroup: (indexers = indexersPerGroup) => {
      const group = 1 + Math.max(-1, ...processes.of('indexer').map((one) => one.group));
      return Promise.all(addGroup(group, indexers).map((start) => start()));
    },
    addQuery: () => processes.add('query', 0),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

/** All of them keep their data in the cluster's folder, the registry, too: what a restart of it forgets, a test asks for by `startRegistry`. */
async function startParts(folder: Folder, { brokers = 1, kafka: kafkaOptions, usualPorts = false }: ClusterOptions): Promise<ClusterParts & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const part = (name: string): { readonly directory: string } => ({ directory: join(folder.path, name) });
  const registryPort = usualPorts ? (await portsLike([8081]))[0] : undefined;
  const started: { -readonly [Part in keyof ClusterParts]?: ClusterParts[Part] } = {};
  await startTogether<AsyncDisposable>(stack, [
    async () => (started.kafka = await startKafka({ ...kafkaOptions, brokers, ...part('kafka') })),
    async () => (started.registry = await startRegistry({ ...part('registry'), durable: true, ...(registryPort !== undefined && { port: registryPort }) })),
    async () => (started.redis = await startRedis(part('redis'))),
    async () => (started.minio = await startMinio(part('minio'))),
  ]);
  const { kafka, registry, redis, minio } = started;
  if (kafka === undefined || registry === undefined || redis === undefined || minio === undefined) throw new Error('a part was not started');
  const owned = stack.move();
  return {
    kafka, registry, redis, minio,
    async [Symbol.asyncDispose]() {
      // Nobody needs what a temporary folder holds: no part has to close it properly.
      if (folder.temporary) await Promise.all([...kafka.brokers, registry, redis, minio].map((one) => one.kill()));
      await owned.disposeAsync();
    },
  };
}
