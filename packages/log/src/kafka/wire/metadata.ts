import { protocolError } from './errors.ts';
import { WireReader } from './reader.ts';
import type { WireRequest } from './request.ts';
import { WireWriter } from './writer.ts';

export interface BrokerMetadata {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface PartitionMetadata {
  /** Of the broker; -1: there is none now. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export interface TopicMetadata {
  readonly name: string;
  /** As Kafka's tools print it. */
  readonly topicId: string;
  /** By their numbers. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly BrokerMetadata[];
  /** Of each topic that was asked for: what it is, or the error. UNKNOWN_TOPIC_OR_PARTITION: there is none. */
  readonly topics: ReadonlyMap<string, TopicMetadata | number>;
}

const noTopicId = Buffer.alloc(16);

/** Metadata v12: answers topic ids for names. Never makes a topic. */
export function metadataRequest(topics: readonly string[]): WireRequest<ClusterMetadata> {
  return { name: 'Metadata', key: 3, version: 12, encode: () => encode(topics), decode };
}

function encode(topics: readonly string[]): Buffer {
  const writer = new WireWriter().noTags();
  writer.compactArray(topics, (topic) => writer.raw(noTopicId).compactString(topic).noTags());
  const allowAutoTopicCreation = false;
  const includeAuthorizedOperations = false;
  return writer.boolean(allowAutoTopicCreation).boolean(includeAuthorizedOperations).noTags().bytes;
}

function decode(payload: Buffer): ClusterMetadata {
  const reader = new WireReader(payload);
  reader.tags();
  reader.int32(); // Throttling is done by the broker, which stops reading.
  const brokers = reader.compactArray(() => {
    const broker = { nodeId: reader.int32(), host: reader.compactString(), port: reader.int32() };
    reader.compactNullableString();
    reader.tags();
    return broker;
  });
  const clusterId = reader.compactNullableString() ?? '';
  const controllerId = reader.int32();
  const topics = new Map(reader.compactArray(() => readTopic(reader)));
  return { clusterId, controllerId, brokers, topics };
}

function readTopic(reader: WireReader): [string, TopicMetadata | number] {
  const error = reader.int16();
  const name = reader.compactString();
  const topicId = reader.uuid();
  reader.boolean();
  const partitions: PartitionMetadata[] = [];
  reader.compactArray(() => {
    const partitionError = reader.int16();
    const index = reader.int32();
    const leader = reader.int32();
    const leaderEpoch = reader.int32();
    const replicas = reader.compactArray(() => reader.int32());
    const inSync = reader.compactArray(() => reader.int32());
    reader.compactArray(() => reader.int32());
    reader.tags();
    // An error here says that leader, replicas or listener are missing at the moment; only the first matters.
    partitions[index] = { leader: partitionError === protocolError.LEADER_NOT_AVAILABLE ? -1 : leader, leaderEpoch, replicas, inSync };
  });
  reader.int32();
  reader.tags();
  return [name, error === protocolError.NONE || error === protocolError.LEADER_NOT_AVAILABLE ? { name, topicId, partitions } : error];
}
