/** What can be set for the processes of a cluster. */
import { gatewayLimits } from '@proximadb/gateway';
import { indexerConfig } from '@proximadb/indexer';
import { limitsConfig, logLevels, restConfig } from '@proximadb/process';
import { queryLimits } from '@proximadb/query';
import { z } from 'zod';

const port = (fallback: number): z.ZodDefault<z.ZodNumber> => z.number().int().min(0).max(65_535).default(fallback);
const whole = (minimum: number, fallback: number, text: string): z.ZodDefault<z.ZodNumber> => z.number().int().min(minimum).default(fallback).describe(text);
const text = (description: string): z.ZodString => z.string().min(1).describe(description);

const kafka = z.strictObject({
  brokers: z.array(z.string()).min(1).default(['127.0.0.1:9092']).describe('host:port of some brokers.'),
  replicationFactor: whole(1, 3, 'Copies of each record of a topic that is made.'),
  minInsyncReplicas: z.number().int().min(1).optional()
    .describe('Copies that must be there for an acknowledgement. Left out: one less than all, but at least 1.'),
  tls: z.boolean().default(false).describe('Whether connections are encrypted.'),
  caFile: text('Certificates (PEM) that brokers are known by. Left out: the system\'s.').optional(),
  certFile: text('Certificate (PEM) of this client, for mutual TLS.').optional(),
  keyFile: text('Its key (PEM).').optional(),
  saslMechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional().describe('How this client says who it is.'),
  username: text('For SASL.').optional(),
  password: text('For SASL.').optional(),
  appendTimeoutMs: whole(100, 10_000, 'How long an append is tried before it ends with what is known of its records.'),
  queueBytesMax: whole(1 << 20, 64 << 20, 'Bytes of records that may wait to be written.'),
  queueEntriesMax: whole(1, 100_000, 'Records that may wait to be written.'),
}).prefault({});

/** What every process of a cluster has. */
const common = {
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all.'),
  advertise: text('host:port at which others reach the gRPC of this process. Left out: what it listens on.').optional(),
  id: text('Name of this process in the cluster, unique among the living. Left out: a random one; an indexer keeps it in its data folder.').max(128).optional(),
  installation: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,126}$/).default('default')
    .describe('Processes with the same name know each other, where one Redis has several.'),
  logLevel: z.enum(logLevels).default('info').describe('What is logged, to standard error.'),
  graceMs: whole(0, 20_000, 'Time that calls under way have to end when the process stops.'),
  kafka,
  registry: z.strictObject({
    url: z.string().min(1).default('http://127.0.0.1:8081').describe('Schema registry with the Confluent API; several URLs with commas.'),
    username: text('For URLs that name nobody.').optional(),
    password: text('For URLs that name nobody.').optional(),
    caFile: text('Certificates (PEM) that the registry is known by. Left out: the system\'s.').optional(),
    certFile: text('Certificate (PEM) of this client, for mutual TLS.').optional(),
    keyFile: text('Its key (PEM).').optional(),
  }).prefault({}),
  redis: z.strictObject({
    url: z.string().min(1).default('redis://127.0.0.1:6379').describe('redis://, rediss://, redis+sentinel://host,host/master or redis+cluster://host,host.'),
    ttlMs: whole(500, 3_000, 'Silence after which a process counts as dead.'),
  }).prefault({}),
  collectionsMax: whole(1, 1_000, 'Collections, with those that wait to be erased.'),
};

const transport = {
  rest: restConfig,
  timeoutMs: whole(1, 30_000, 'Time that a call has if its caller gives none.'),
  messageBytesMax: whole(1 << 16, 64 << 20, 'Bytes of one request.'),
  callsMax: whole(1, 1_024, 'Calls under way, for each transport. More: RESOURCE_EXHAUSTED, with a time to come back.'),
  callBytesMax: whole(1 << 20, 512 << 20, 'Bytes of requests under way, for each transport.'),
};

export const gatewayProcessConfig = z.strictObject({
  ...common,
  restPort: port(5678).describe('REST, health and metrics; 0: any free port.'),
  grpcPort: port(5679).describe('gRPC; 0: any free port.'),
  ...transport,
  gateway: limitsConfig(gatewayLimits),
  query: limitsConfig(queryLimits),
});

export const queryProcessConfig = z.strictObject({
  ...common,
  restPort: port(5688).describe('REST, health and metrics; 0: any free port.'),
  grpcPort: port(5689).describe('gRPC; 0: any free port.'),
  ...transport,
  query: limitsConfig(queryLimits),
});

export const indexerProcessConfig = z.strictObject({
  ...common,
  restPort: port(5698).describe('Health and metrics; 0: any free port.'),
  grpcPort: port(5699).describe('Its shards, for gateways and query services; 0: any free port.'),
  data: z.string().min(1).default('./data').describe('Folder of its shards. What is lost in it is rebuilt from snapshots and the log.'),
  group: whole(0, 0, 'Replica group. Each group holds every partition once.'),
  noticeMs: whole(0, 2_000, 'How long a partition is answered for after the others were told that it is being left.'),
  leaveMs: z.number().int().min(0).max(3_600_000).default(0)
    .describe('How long, when told to stop, it goes on answering at most until other replicas are ready that answer in its place.'),
  restoresMax: whole(1, 2, 'Partitions that are restored at once.'),
  settleMs: whole(0, 1_000, 'Time after the start in which only what lies on this disk is taken: others may be starting, too.'),
  blobs: z.strictObject({
    url: z.string().min(1).default('s3://proximadb').describe('Where snapshots are kept: s3://bucket/prefix, or file:///directory that all indexers share.'),
    endpoint: text('Of an S3 that is not Amazon\'s.').optional(),
    region: text('Left out: as the environment or the profile says.').optional(),
  }).prefault({}),
  snapshots: z.strictObject({
    everyMs: whole(100, 60_000, 'A shard that took records is written at the latest after this time; one that only merged or indexed them, once at rest.'),
    everyRecords: whole(1, 250_000, 'And at once when so many records came.'),
    kept: whole(1, 2, 'Snapshots of a partition that are kept.'),
    collectEveryMs: whole(1_000, 3_600_000, 'Between two looks for what no snapshot names any more.'),
    garbageAgeMs: whole(0, 86_400_000, 'Age from which what no snapshot names is deleted.'),
  }).prefault({}),
  indexer: indexerConfig.extend({
    historyMs: whole(0, 604_800_000, 'milliseconds of log kept behind the oldest snapshot'),
    historyBytesMax: whole(0, 2 ** 40, 'bytes of log kept behind the snapshots of a thread'),
    historyLiveFactor: z.number().min(0).default(2).describe('the same, as a multiple of the live bytes of a shard, if that is less; 0: no such limit'),
  }).prefault({}),
});

export type CommonConfig = Pick<z.output<typeof gatewayProcessConfig>, keyof typeof common> & { readonly grpcPort: number; readonly restPort: number };
export type TransportConfig = Pick<z.output<typeof gatewayProcessConfig>, keyof typeof transport>;
export type GatewayProcessConfig = z.output<typeof gatewayProcessConfig>;
export type QueryProcessConfig = z.output<typeof queryProcessConfig>;
export type IndexerProcessConfig = z.output<typeof indexerProcessConfig>;
