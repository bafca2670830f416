import { AppError } from '@proximadb/errors';

/** What is worth a line in a log. Fits the logger of the processes; without one nothing is logged. */
export interface KafkaLogger {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** Certificates as PEM text, or as files, which are read again for each connection, so that renewed ones are taken up. */
export interface KafkaTls {
  readonly ca?: string;
  readonly caFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly passphrase?: string;
  /** The name that the brokers' certificates must have. Default: the host that is connected to. */
  readonly serverName?: string;
}

/** Without `logger` this can be handed to another thread as it is. */
export interface KafkaReaderOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** As the brokers' logs and quotas name this client. Default `proximadb`. */
  readonly clientId?: string;
  readonly sasl?: KafkaSasl;
  /** true: TLS with the system's certificates. Default: none. */
  readonly ssl?: boolean | KafkaTls;
  readonly logger?: KafkaLogger;
  /** For a connection to be there, with TLS and SASL. Default 3,000 ms. */
  readonly connectTimeoutMs?: number;
  /** For an answer, beyond what a request waits by intention; then the connection is given up. Default 5,000 ms. */
  readonly requestTimeoutMs?: number;
  /** How long opening tries to reach a broker: processes that start together on a busy machine are slow to. Default 30,000 ms. */
  readonly openTimeoutMs?: number;
  /** How long `extents`, `read`, `trim` and the work on topics go on over failures before they are UNAVAILABLE. Default 10,000 ms. */
  readonly operationTimeoutMs?: number;
  /** How long a tail waits for its partition to have a leader again before it is UNAVAILABLE. Default 10,000 ms. */
  readonly leaderTimeoutMs?: number;
  /** How long a broker holds back the answer to a fetch while there is nothing new. Default 2,000 ms. */
  readonly fetchWaitMs?: number;
  /** What is read ahead for one tail, and the most of one of its batches; a record batch that is larger comes whole. Default 1 MiB. */
  readonly tailBytesMax?: number;
  /** One answer of a broker. Default 8 MiB. */
  readonly fetchBytesMax?: number;
  /** What is read ahead for all tails of this reader. Past it only tails that have nothing left are read for. Default 64 MiB. */
  readonly bufferBytesMax?: number;
}

export interface KafkaLogOptions extends KafkaReaderOptions {
  /** Copies of each record of a topic that is made. Default 3. */
  readonly replicationFactor?: number;
  /** Copies that must be there for an append to be acknowledged. Default: one less than all, but at least 1. */
  readonly minInsyncReplicas?: number;
  /** Bytes that may wait to be appended or be on their way; also the most of one request. Default 64 MiB. */
  readonly queueBytesMax?: number;
  /** Records that may wait to be appended or be on their way; also the most of one request. Default 100,000. */
  readonly queueEntriesMax?: number;
  /** Bytes of one record with key, headers and framing. Default and most: 8 MiB less 128. */
  readonly recordBytesMax?: number;
  /** How long an append is tried before it ends with what is known of its records. Default 10,000 ms. */
  readonly appendTimeoutMs?: number;
}

/** With every default filled in. */
export interface ReaderSettings {
  readonly brokers: readonly BrokerAddress[];
  readonly clientId: string;
  readonly sasl: KafkaSasl | undefined;
  readonly ssl: boolean | KafkaTls;
  readonly logger: KafkaLogger;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly openTimeoutMs: number;
  readonly operationTimeoutMs: number;
  readonly leaderTimeoutMs: number;
  readonly fetchWaitMs: number;
  readonly tailBytesMax: number;
  readonly fetchBytesMax: number;
  readonly bufferBytesMax: number;
}

export interface LogSettings extends ReaderSettings {
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly queueBytesMax: number;
  readonly queueEntriesMax: number;
  readonly recordBytesMax: number;
  readonly appendTimeoutMs: number;
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Of our topics: what one record batch may have at the broker. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;
/** A batch of one record has 61 bytes around it. */
const RECORD_BYTES_MAX = MESSAGE_BYTES_MAX - 128;
const MIB = 1024 * 1024;

/** @throws AppError FAILED_PRECONDITION, naming the option, for what cannot be used. */
export function readerSettings(options: KafkaReaderOptions): ReaderSettings {
  if (options.brokers.length === 0) throw unusable('brokers', 'names no broker');
  return {
    brokers: options.brokers.map(parseAddress),
    clientId: options.clientId ?? 'proximadb',
    sasl: options.sasl,
    ssl: options.ssl ?? false,
    logger: options.logger ?? silent,
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 3_000),
    requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs ?? 5_000),
    openTimeoutMs: positive('openTimeoutMs', options.openTimeoutMs ?? 30_000),
    operationTimeoutMs: positive('operationTimeoutMs', options.operationTimeoutMs ?? 10_000),
    leaderTimeoutMs: positive('leaderTimeoutMs', options.leaderTimeoutMs ?? 10_000),
    fetchWaitMs: positive('fetchWaitMs', options.fetchWaitMs ?? 2_000),
    tailBytesMax: positive('tailBytesMax', options.tailBytesMax ?? MIB),
    fetchBytesMax: positive('fetchBytesMax', options.fetchBytesMax ?? 8 * MIB),
    bufferBytesMax: positive('bufferBytesMax', options.bufferBytesMax ?? 64 * MIB),
  };
}

/** @throws AppError FAILED_PRECONDITION, naming the option, for what cannot be used. */
export function logSettings(options: KafkaLogOptions): LogSettings {
  const replicationFactor = positive('replicationFactor', options.replicationFactor ?? 3);
  const minInsyncReplicas = positive('minInsyncReplicas', options.minInsyncReplicas ?? Math.max(1, replicationFactor - 1));
  if (minInsyncReplicas > replicationFactor) throw unusable('minInsyncReplicas', `is ${minInsyncReplicas}, of ${replicationFactor} replicas`);
  return {
    ...readerSettings(options),
    replicationFactor, minInsyncReplicas,
    queueBytesMax: positive('queueBytesMax', options.queueBytesMax ?? 64 * MIB),
    queueEntriesMax: positive('queueEntriesMax', options.queueEntriesMax ?? 100_000),
    recordBytesMax: Math.min(RECORD_BYTES_MAX, positive('recordBytesMax', options.recordBytesMax ?? RECORD_BYTES_MAX)),
    appendTimeoutMs: positive('appendTimeoutMs', options.appendTimeoutMs ?? 10_000),
  };
}

const silent: KafkaLogger = { info: () => undefined, warn: () => undefined };

function positive(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw unusable(option, `is ${value}, not a positive integer`);
  return value;
}

/** `host:port`, `[address]:port`. */
function parseAddress(text: string): BrokerAddress {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535 || Number(port) < 1) throw unusable('brokers', `has ${JSON.stringify(text)}, which is not host:port`);
  return { host, port: Number(port) };
}

function unusable(option: string, reason: string): AppError {
  return new AppError('FAILED_PRECONDITION', `the Kafka option ${option} ${reason}`, { details: [{ field: option, reason }] });
}
