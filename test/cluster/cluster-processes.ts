/** Our own processes of a cluster: gateways, indexers, query services. */
import { join } from 'node:path';
import process from 'node:process';
import { Child, type Stoppable } from './child.ts';
import { commandEnvironment, commandFlags, commandLine } from './command.ts';
import type { Folder } from './folder.ts';
import type { Kafka } from './kafka.ts';
import type { Minio } from './minio.ts';
import { freePorts, host, portsLike } from './ports.ts';
import type { Redis } from './redis.ts';
import type { Registry } from './registry.ts';

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

export interface ClusterParts {
  readonly kafka: Kafka;
  readonly registry: Registry;
  readonly redis: Redis;
  readonly minio: Minio;
}

/** Environment variables of ours by kind of process: `{ indexer: { PROXIMADB_INDEXER_GROWING_ROWS_MAX: '1000' } }`. */
export type ProcessSettings = Partial<Record<ProcessKind, Readonly<Record<string, string>>>>;

/** gRPC and REST of the first of a kind that clients talk to, as its configuration has them. */
const usualPorts: Partial<Record<ProcessKind, readonly number[]>> = { gateway: [5679, 5678], query: [5689, 5688] };

export class ClusterProcesses implements AsyncDisposable {
  readonly #folder: Folder;
  readonly #parts: ClusterParts;
  readonly #settings: ProcessSettings;
  readonly #usualPorts: boolean;
  readonly #all: IndexerProcess[] = [];
  /** Given out, by kind and group. */
  readonly #numbers = new Map<string, number>();

  constructor(folder: Folder, parts: ClusterParts, { settings, usualPorts: usual }: { readonly settings: ProcessSettings; readonly usualPorts: boolean }) {
    this.#folder = folder;
    this.#parts = parts;
    this.#settings = settings;
    this.#usualPorts = usual;
  }

  of(kind: ProcessKind): IndexerProcess[] {
    return this.#all.filter((one) => one.kind === kind);
  }

  /** Resolves when it is ready. @throws Error with the tail of its log. */
  async add(kind: ProcessKind, group: number): Promise<IndexerProcess> {
    const line = kind === 'indexer' ? `indexer-${group}` : kind;
    const number = this.#numbers.get(line) ?? 0;
    this.#numbers.set(line, number + 1);
    const name = `${line}-${number}`;
    const usual = this.#usualPorts && number === 0 ? usualPorts[kind] : undefined;
    const [grpcPort = 0, restPort = 0] = usual === undefined ? await freePorts(2) : await portsLike(usual);
    const child = await Child.start({
      name, folder: this.#folder, logFile: join(this.#folder.path, `${name}.log`),
      command: process.execPath, args: [...commandFlags, commandLine, kind],
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
    const { kafka, registry, redis, minio } = this.#parts;
    // What a developer has set must not reach the processes under test.
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PROXIMADB_|AWS_|NODE_OPTIONS$)/.test(name)));
    return {
      ...own, ...commandEnvironment, NO_COLOR: '1', PROXIMADB_HOST: host,
      PROXIMADB_KAFKA_BROKERS: (kafka.sasl?.bootstrap ?? kafka.proxied ?? kafka.bootstrap).join(','),
      PROXIMADB_KAFKA_REPLICATION_FACTOR: String(kafka.brokers.length),
      ...(kafka.sasl && {
        PROXIMADB_KAFKA_CA_FILE: kafka.sasl.caFile, PROXIMADB_KAFKA_SASL_MECHANISM: 'scram-sha-512',
        PROXIMADB_KAFKA_USERNAME: kafka.sasl.username, PROXIMADB_KAFKA_PASSWORD: kafka.sasl.password,
      }),
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
