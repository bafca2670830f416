import { AppError, type Code } from '@proximadb/errors';

/** Error codes of the protocol, as far as something depends on them. */
export const protocolError = {
  UNKNOWN_SERVER_ERROR: -1, NONE: 0, OFFSET_OUT_OF_RANGE: 1, CORRUPT_MESSAGE: 2, UNKNOWN_TOPIC_OR_PARTITION: 3, LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6, REQUEST_TIMED_OUT: 7, REPLICA_NOT_AVAILABLE: 9, MESSAGE_TOO_LARGE: 10, COORDINATOR_LOAD_IN_PROGRESS: 14,
  INVALID_TOPIC_EXCEPTION: 17, RECORD_LIST_TOO_LARGE: 18, NOT_ENOUGH_REPLICAS: 19, NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  TOPIC_AUTHORIZATION_FAILED: 29, CLUSTER_AUTHORIZATION_FAILED: 31, INVALID_TIMESTAMP: 32, TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37, INVALID_REPLICATION_FACTOR: 38, INVALID_CONFIG: 40, NOT_CONTROLLER: 41, INVALID_REQUEST: 42,
  POLICY_VIOLATION: 44, OUT_OF_ORDER_SEQUENCE_NUMBER: 45, DUPLICATE_SEQUENCE_NUMBER: 46, INVALID_PRODUCER_EPOCH: 47,
  KAFKA_STORAGE_ERROR: 56, UNKNOWN_PRODUCER_ID: 59, TOPIC_DELETION_DISABLED: 73, FENCED_LEADER_EPOCH: 74, UNKNOWN_LEADER_EPOCH: 75,
  OFFSET_NOT_AVAILABLE: 78, INVALID_RECORD: 87, THROTTLING_QUOTA_EXCEEDED: 89, UNKNOWN_TOPIC_ID: 100, INCONSISTENT_TOPIC_ID: 103,
} as const;

const names: ReadonlyMap<number, string> = new Map(Object.entries(protocolError).map(([name, code]) => [code, name]));

export function errorName(code: number): string {
  return names.get(code) ?? `error ${code}`;
}

/** The partition's leader is another broker, or becomes one: ask for the metadata and try again. */
const leaderErrors: ReadonlySet<number> = new Set([
  protocolError.LEADER_NOT_AVAILABLE, protocolError.NOT_LEADER_OR_FOLLOWER, protocolError.REPLICA_NOT_AVAILABLE, protocolError.KAFKA_STORAGE_ERROR,
  protocolError.FENCED_LEADER_EPOCH, protocolError.UNKNOWN_LEADER_EPOCH, protocolError.OFFSET_NOT_AVAILABLE,
]);
export const isLeaderError = (code: number): boolean => leaderErrors.has(code);

/** The broker does not know the topic: it is gone, or so new that this broker has not heard of it. */
const unknownTopicErrors: ReadonlySet<number> = new Set([
  protocolError.UNKNOWN_TOPIC_OR_PARTITION, protocolError.UNKNOWN_TOPIC_ID, protocolError.INCONSISTENT_TOPIC_ID,
]);
export const isUnknownTopic = (code: number): boolean => unknownTopicErrors.has(code);

/** Worth another try with nothing changed. */
const passingErrors: ReadonlySet<number> = new Set([
  protocolError.UNKNOWN_SERVER_ERROR, protocolError.REQUEST_TIMED_OUT, protocolError.COORDINATOR_LOAD_IN_PROGRESS, protocolError.NOT_CONTROLLER,
  protocolError.NOT_ENOUGH_REPLICAS, protocolError.NOT_ENOUGH_REPLICAS_AFTER_APPEND, protocolError.THROTTLING_QUOTA_EXCEEDED,
]);
export const isPassing = (code: number): boolean => passingErrors.has(code) || leaderErrors.has(code);

/** What a broker refused, for whoever asked: `what` was asked, in words. */
export function refusal(code: number, what: string, brokersMessage?: string | null): AppError {
  const message = `the broker refused ${what}: ${errorName(code)}${brokersMessage ? ` (${brokersMessage})` : ''}`;
  return new AppError(appCode(code), message);
}

function appCode(code: number): Code {
  if (isUnknownTopic(code)) return 'NOT_FOUND';
  if (isPassing(code)) return 'UNAVAILABLE';
  switch (code) {
    case protocolError.TOPIC_AUTHORIZATION_FAILED: case protocolError.CLUSTER_AUTHORIZATION_FAILED: return 'PERMISSION_DENIED';
    case protocolError.OFFSET_OUT_OF_RANGE: return 'OUT_OF_RANGE';
    case protocolError.CORRUPT_MESSAGE: return 'DATA_LOSS';
    case protocolError.INVALID_TOPIC_EXCEPTION: case protocolError.INVALID_RECORD: case protocolError.INVALID_TIMESTAMP: return 'INVALID_ARGUMENT';
    default: return 'FAILED_PRECONDITION';
  }
}
