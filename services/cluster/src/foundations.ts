/** What every process of a cluster stands on: the log, the schemas, the catalog; and Redis, which says who lives. */
import { randomUUID } from 'node:crypto';
import { Catalog } from '@proximadb/catalog';
import { ConfluentRegistry } from '@proximadb/catalog/confluent';
import type { Coordination, MemberKind } from '@proximadb/coordination';
import { openCoordination } from '@proximadb/coordination/redis';
import { invalid } from '@proximadb/errors';
import { KafkaLog, type KafkaLogOptions } from '@proximadb/log/kafka';
import type { Logger } from '@proximadb/process';
import type { CommonConfig } from './config.ts';
import { registryOptions } from './registry-options.ts';

export interface Foundations {
  readonly log: KafkaLog;
  readonly catalog: Catalog;
}

/**
 * Opens log and catalog into a stack that closes them.
 * @param die called if the catalog's log can be followed no more.
 * @throws AppError UNAVAILABLE if Kafka does not answer; DATA_LOSS or FAILED_PRECONDITION, for an operator.
 */
export async function openFoundations(config: CommonConfig, opened: AsyncDisposableStack, logger: Logger, die: (error: Error) => void): Promise<Foundations> {
  const log = opened.use(await KafkaLog.open({ ...kafkaOptions(config), logger }));
  const registry = new ConfluentRegistry(registryOptions(config.registry));
  const catalog = opened.use(await Catalog.open({ log, registry, collectionsMax: config.collectionsMax, onStopped: die }));
  return { log, catalog };
}

/** Plain data: a thread can be given it. @throws AppError INVALID_ARGUMENT for options that do not go together. */
export function kafkaOptions({ kafka, id }: CommonConfig): Omit<KafkaLogOptions, 'logger'> {
  const { brokers, tls, caFile, certFile, keyFile, saslMechanism, username, password, replicationFactor, minInsyncReplicas } = kafka;
  if (saslMechanism !== undefined && (username === undefined || password === undefined)) {
    throw invalid('needs a username and a password', { field: 'kafka.saslMechanism' });
  }
  const files = { ...(caFile === undefined ? {} : { caFile }), ...(certFile === undefined ? {} : { certFile }), ...(keyFile === undefined ? {} : { keyFile }) };
  return {
    brokers, replicationFactor, clientId: id === undefined ? 'proximadb' : `proximadb-${id}`,
    ...(minInsyncReplicas === undefined ? {} : { minInsyncReplicas }),
    ssl: Object.keys(files).length > 0 ? files : tls,
    ...(saslMechanism === undefined || username === undefined || password === undefined ? {} : { sasl: { mechanism: saslMechanism, username, password } }),
    appendTimeoutMs: kafka.appendTimeoutMs, queueBytesMax: kafka.queueBytesMax, queueEntriesMax: kafka.queueEntriesMax,
  };
}

export interface Self {
  readonly kind: MemberKind;
  readonly id: string;
  readonly group: number;
  /** Of its gRPC, as it is bound. */
  readonly port: number;
}

/** Joins the others. */
export function join(config: CommonConfig, { kind, id, group, port }: Self, logger: Logger, lastKnownFile?: string): Promise<Coordination> {
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
  return openCoordination(config.redis.url, {
    self: { kind, id, group, address: config.advertise ?? `${host}:${port}`, incarnation: randomUUID() },
    installation: config.installation, ttlMs: config.redis.ttlMs, logger, ...(lastKnownFile === undefined ? {} : { lastKnownFile }),
  });
}
