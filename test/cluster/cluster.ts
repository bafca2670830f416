/** A whole cluster on one machine: the real parts, and gateways, indexers and query services as processes of their own. */
import { join } from 'node:path';
import process from 'node:process';
import { Child, type Stoppable } from './child.ts';
import { openFolder, type Folder } from './folder.ts';
import { startKafka, type Kafka } from './kafka.ts';
import { startMinio, type Minio } from './minio.ts';
import { missing } from './missing.ts';
import { freePorts, host } from './ports.ts';
import { startRedis, type Redis } from './redis.ts';
import { startRegistry, type Registry } from './registry.ts';

export interface ClusterOptions {
  /** @default 1; with 3 every record is kept three times. */
  readonly brokers?: 1 | 3;
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
  /** Environment variables of ours by kind of process, in addition: `{ indexer: { PROXIMADB_INDEXER_GROWING_ROWS_MAX: '1000' } }`. */
  readonly settings?: Partial<Record<ProcessKind, Readonly<Record<string, string>>>>;
  /** Told what is being started. */
  readonly onProgress?: (text: string) => void;
}

export type ProcessKind = 'gateway' | 'indexer' | 'query';

/** One of our processes. */
export interface ClusterProcess extends Stoppable {
  readonly kind: ProcessKind;
  /** `indexer-1-0`: of replica group 1, its first. */
  readonly name: string;
  readonly grpcPort: number;
  readonly restPort: number;
  /** host:port of its gRPC. */
  readonly address: string;
}

export interface IndexerProcess extends ClusterProcess {
  readonly group: number;
}

export interface Cluster extends AsyncDisposable {
  readonly directory: string;
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly redis: Redis;
  readonly minio: Minio;
  readonly gateways: readonly ClusterProcess[];
  readonly indexers: readonly IndexerProcess[];
  readonly queries: readonly ClusterProcess[];
  addGateway(): Promise<ClusterProcess>;
  /** @param group an old one, or a new one. */
  addIndexer(group: number): Promise<IndexerProcess>;
  addQuery(): Promise<ClusterProcess>;
}

/** Why a cluster cannot be started here, naming what to install; false: it can. */
export function missingForCluster(): string | false {
  return missing('kafka') || missing('registry') || missing('redis') || missing('minio');
}

const commandLine = join(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');

/** Resolves when every process is ready. @throws Error with the tail of the log of what does not come up. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { brokers = 1, gateways = 1, groups = 2, indexersPerGroup = 2, queries = 2, onProgress = () => undefined } = options;
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(openFolder('cluster', options.directory));
  const part = (name: string): { readonly directory: string } => ({ directory: join(folder.path, name) });
  onProgress('Kafka');
  const kafka = opened.use(await startKafka({ brokers, ...part('kafka') }));
  onProgress('schema registry, Redis and MinIO');
  const registry = opened.use(await startRegistry());
  const redis = opened.use(await startRedis(part('redis')));
  const minio = opened.use(await startMinio(part('minio')));
  const processes = new Processes(folder, { kafka, registry, redis, minio, brokers }, options.settings ?? {});
  opened.use(processes);
  onProgress(`${gateways} gateway${gateways === 1 ? '' : 's'}, ${groups * indexersPerGroup} indexers in ${groups} replica groups, ${queries} query services`);
  // The first one makes the catalog; the others find it.
  if (gateways > 0) await processes.add('gateway', 0);
  await Promise.all([
    ...Array.from({ length: Math.max(0, gateways - 1) }, () => processes.add('gateway', 0)),
    ...Array.from({ length: groups * indexersPerGroup }, (_, i) => processes.add('indexer', Math.floor(i / indexersPerGroup))),
    ...Array.from({ length: queries }, () => processes.add('query', 0)),
  ]);
  const everything = opened.move();
  return {
    directory: folder.path, kafka, registry, redis, minio,
    get gateways() { return processes.of('gateway'); },
    get indexers() { return processes.of('indexer'); },
    get queries() { return processes.of('query'); },
    addGateway: () => processes.add('gateway', 0),
    addIndexer: (group) => processes.add('indexer', group),
    addQuery: () => processes.add('query', 0),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

interface Parts {
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly redis: Redis;
  readonly minio: Minio;
  readonly brokers: number;
}

class Processes implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #parts: Parts;
  readonly #settings: NonNullable<ClusterOptions['settings']>;
  readonly #all: IndexerProcess[] = [];
  /** Given out, by kind and group. */
  readonly #numbers = new Map<string, number>();

  constructor(folder: Folder, parts: Parts, settings: NonNullable<ClusterOptions['settings']>) {
    this.#folder = folder;
    this.#parts = parts;
    this.#settings = settings;
  }

  of(kind: ProcessKind): IndexerProcess[] {
    return this.#all.filter((one) => one.kind === kind);
  }

  async add(kind: ProcessKind, group: number): Promise<IndexerProcess> {
    const line = kind === 'indexer' ? `indexer-${group}` : kind;
    const number = this.#numbers.get(line) ?? 0;
    this.#numbers.set(line, number + 1);
    const name = `${line}-${number}`;
    const [grpcPort = 0, restPort = 0] = await freePorts(2);
    const child = await Child.start({
      name, folder: this.#folder, logFile: join(this.#folder.path, `${name}.log`),
      command: process.execPath, args: ['--no-warnings', commandLine, kind],
      environment: {
        ...this.#environment(), ...(kind === 'indexer' ? this.#ofIndexer(name, group) : {}), ...this.#settings[kind],
        PROXIMADB_ID: name, PROXIMADB_GRPC_PORT: String(grpcPort), PROXIMADB_REST_PORT: String(restPort),
      },
      isReady: async (signal) => (await fetch(`http://${host}:${restPort}/health/ready`, { signal })).status === 200,
    });
    const started = Object.assign(child, { kind, name, group, grpcPort, restPort, address: `${host}:${grpcPort}` });
    this.#all.push(started);
    this.#all.sort((a, b) => (a.name < b.name ? -1 : 1));
    return started;
  }

  #environment(): NodeJS.ProcessEnv {
    const { kafka, registry, redis, minio, brokers } = this.#parts;
    // What a developer has set must not reach the processes under test.
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PROXIMADB_|AWS_|NODE_OPTIONS$)/.test(name)));
    return {
      ...own, NO_COLOR: '1',
      PROXIMADB_HOST: host, PROXIMADB_KAFKA_BROKERS: kafka.bootstrap.join(','), PROXIMADB_KAFKA_REPLICATION_FACTOR: String(brokers),
      PROXIMADB_REGISTRY_URL: registry.url, PROXIMADB_REDIS_URL: redis.url,
      AWS_ACCESS_KEY_ID: minio.accessKeyId, AWS_SECRET_ACCESS_KEY: minio.secretAccessKey,
    };
  }

  #ofIndexer(name: string, group: number): NodeJS.ProcessEnv {
    const { minio } = this.#parts;
    return {
      PROXIMADB_GROUP: String(group), PROXIMADB_DATA: join(this.#folder.path, name),
      PROXIMADB_BLOBS_URL: `s3://${minio.bucket}/snapshots`, PROXIMADB_BLOBS_ENDPOINT: minio.endpoint, PROXIMADB_BLOBS_REGION: minio.region,
    };
  }

  /** Those who ask go before those who answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const kind of ['query', 'gateway', 'indexer'] as const) await Promise.all(this.of(kind).map((one) => one[Symbol.asyncDispose]()));
  }
}
