import { setTimeout as delay } from 'node:timers/promises';
import { AppError, invalid } from '@proximadb/errors';
import { closedTopic } from '../closed-topic.ts';
import { partition as partitionOf, type Partition, type SettingAmiss, type TopicIdentity } from '../port.ts';
import type { BrokerLink } from './broker/broker-link.ts';
import type { Cluster } from './broker/cluster.ts';
import { MESSAGE_BYTES_MAX, type LogSettings } from './options.ts';
import { TryAgain, withRetries } from './retry.ts';
import { CLOSED_MESSAGE_BYTES, differences, isClosed, messageBytesSetting, settingsFor } from './topic-settings.ts';
import { unknownTopic } from './unknown-topic.ts';
import { BatchWriter } from './wire/batch-writer.ts';
import { isPassing, isUnknownTopic, protocolError, refusal } from './wire/errors.ts';
import type { TopicMetadata } from './wire/metadata.ts';
import { produceHead, produceRequest, type ProduceAnswer } from './wire/produce.ts';
import {
  alterSettingRequest, createTopicRequest, deleteRecordsRequest, deleteTopicRequest, describeSettingsRequest, type Settings, type Verdict,
} from './wire/topics.ts';

const PARTITIONS_MAX = 4_096;
/** Kafka's own rule. */
const topicName = /^[A-Za-z0-9._-]{1,249}$/;
/** A broker that decided on an append before it heard that the topic is closed has written it after this, or it is not alive. */
const LAST_APPEND_MS = 100;
const PROBE_BYTES = 256;

export type TopicsSettings = Pick<LogSettings, 'logger' | 'operationTimeoutMs' | 'requestTimeoutMs' | 'replicationFactor' | 'minInsyncReplicas'>;

/** Makes, checks, closes, trims and deletes topics. Each call settles when every broker that lives knows of it. */
export class Topics {
  readonly #cluster: Cluster;
  readonly #settings: TopicsSettings;

  constructor(cluster: Cluster, settings: TopicsSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  async create(topic: string, partitions: number): Promise<TopicIdentity> {
    if (!topicName.test(topic) || topic === '.' || topic === '..') {
      throw invalid('a topic is named by 1 to 249 letters, digits, dots, hyphens and underscores', { field: 'topic' });
    }
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > PARTITIONS_MAX) {
      throw invalid(`a topic has 1 to ${PARTITIONS_MAX} partitions, not ${partitions}`, { field: 'partitions' });
    }
    const { replicationFactor, requestTimeoutMs } = this.#settings;
    const wanted = settingsFor(this.#settings);
    const found = await this.#retry(`the topic ${topic} cannot be made`, async () => {
      const there = await this.#cluster.topic(topic);
      if (there !== undefined) return there;
      const verdict = await this.#ask((link) => link.send(createTopicRequest(topic, partitions, replicationFactor, wanted, requestTimeoutMs)));
      if (verdict.error !== protocolError.TOPIC_ALREADY_EXISTS) accept(verdict, `to make the topic ${topic}`);
      if (verdict.error === protocolError.NONE) this.#settings.logger.info('kafka-topic-created', { topic, partitions, replicationFactor });
      const made = await this.#cluster.topic(topic);
      if (made === undefined) throw new TryAgain(`the broker does not show the topic ${topic} yet`);
      return made;
    });
    const list = differences(found, await this.#settingsOf(topic), partitions, wanted, replicationFactor);
    if (list.length > 0) {
      const reasons = list.map(({ field, reason }) => `${field} ${reason}`).join('; ');
      throw new AppError('FAILED_PRECONDITION', `topic ${topic} is there with other settings: ${reasons}`, { details: list });
    }
    await this.#everywhere(topic, `the topic ${topic} is made, but not known everywhere`, (seen) => seen?.topicId === found.topicId
      && seen.partitions.every(({ leader }) => leader >= 0));
    return { clusterId: this.#cluster.clusterId, topic, topicId: found.topicId, partitions };
  }

  /** Deletes the topic that has the name now, never one that is made under it meanwhile. */
  async delete(topic: string): Promise<void> {
    const found = await this.#retry(`the topic ${topic} cannot be deleted`, async () => {
      const there = await this.#cluster.topic(topic);
      if (there === undefined) return undefined;
      const verdict = await this.#ask((link) => link.send(deleteTopicRequest(there.topicId, this.#settings.requestTimeoutMs)));
      if (!isUnknownTopic(verdict.error)) accept(verdict, `to delete the topic ${topic}`);
      return there;
    });
    if (found === undefined) return;
    await this.#everywhere(topic, `the topic ${topic} is deleted, but still known`, (seen) => seen?.topicId !== found.topicId);
    this.#cluster.forget(topic);
  }

  /** What is not as `create` makes it, whatever the number of partitions. @throws AppError NOT_FOUND. */
  async amiss(topic: string): Promise<readonly SettingAmiss[]> {
    const found = await this.#topic(topic);
    return differences(found, await this.#settingsOf(topic), found.partitions.length, settingsFor(this.#settings), this.#settings.replicationFactor);
  }

  /** @throws AppError NOT_FOUND. */
  async isClosed(topic: string): Promise<boolean> {
    return isClosed(await this.#settingsOf(topic));
  }

  /**
   * From now on every append, by whomever, is refused by the brokers. Settles when the leader of each partition has refused one of ours.
   * Until it does, a leader may take that one: a tick, which changes nothing.
   */
  async close(topic: string): Promise<void> {
    await this.#alter(topic, CLOSED_MESSAGE_BYTES, true);
    const found = await this.#topic(topic);
    await Promise.all(found.partitions.map((_, partition) => this.#untilRefused(topic, partitionOf(partition))));
    await delay(LAST_APPEND_MS);
  }

  async reopen(topic: string): Promise<void> {
    await this.#alter(topic, String(MESSAGE_BYTES_MAX), false);
  }

  /** @throws AppError NOT_FOUND; INVALID_ARGUMENT for a partition out of range. */
  async trim(topic: string, partition: Partition, before: number, endOf: () => Promise<number>): Promise<void> {
    const what = `partition ${partition} of topic ${topic} cannot be trimmed`;
    let most = before;
    await this.#retry(what, async () => {
      const verdict = await this.#atLeader(topic, partition, (link) =>
        link.send(deleteRecordsRequest(topic, partition, most, this.#settings.requestTimeoutMs), this.#settings.requestTimeoutMs));
      if (verdict.error === protocolError.OFFSET_OUT_OF_RANGE) {
        most = Math.min(before, await endOf());
        throw new TryAgain('the end of the partition has moved');
      }
      accept(verdict, `to trim partition ${partition} of topic ${topic}`);
    });
  }

  /** Why a leader refused a batch for good. */
  async explainRefusal(topic: string, { error, partition, message }: ProduceAnswer): Promise<AppError> {
    if (error !== protocolError.MESSAGE_TOO_LARGE && error !== protocolError.RECORD_LIST_TOO_LARGE) {
      return refusal(error, `an append to partition ${partition} of topic ${topic}`, message);
    }
    try {
      const settings = await this.#settingsOf(topic);
      if (isClosed(settings)) return closedTopic(topic);
      const most = Number(settings[messageBytesSetting]);
      if (most < MESSAGE_BYTES_MAX) {
        const reason = `takes ${most} bytes at once, its ${messageBytesSetting} has to be ${MESSAGE_BYTES_MAX}`;
        return new AppError('FAILED_PRECONDITION', `topic ${topic} ${reason}`);
      }
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return error;
    }
    // It was closed a moment ago, or nobody can say.
    return closedTopic(topic);
  }

  async #alter(topic: string, messageBytes: string, closed: boolean): Promise<void> {
    const what = `the topic ${topic} cannot be ${closed ? 'closed' : 'opened again'}`;
    await this.#topic(topic);
    await this.#retry(what, async () => {
      const verdict = await this.#ask((link) => link.send(alterSettingRequest(topic, messageBytesSetting, messageBytes)));
      accept(verdict, `to change the topic ${topic}`);
    });
    await this.#retry(what, async () => {
      for (const nodeId of this.#cluster.brokerIds) {
        const settings = await this.#describe(topic, nodeId).catch(() => undefined);
        // Who cannot be asked takes no appends either, and hears of it before it does.
        if (settings !== undefined && isClosed(settings) !== closed) throw new TryAgain(`broker ${nodeId} does not know of it yet`);
      }
    });
  }

  async #untilRefused(topic: string, partition: Partition): Promise<void> {
    await this.#retry(`partition ${partition} of topic ${topic} is not closed yet`, async () => {
      const { partitions: [answer] } = await this.#atLeader(topic, partition, (link) => link.send(produceRequest(() => probe(topic, partition))));
      if (answer?.error === protocolError.MESSAGE_TOO_LARGE) return;
      if (answer !== undefined && answer.error !== protocolError.NONE) accept({ error: answer.error, message: answer.message }, `a probe of topic ${topic}`);
      throw new TryAgain('its leader still takes records');
    });
  }

  /** Asks the leader of a partition; what says that it leads no more is tried again with who leads then. */
  async #atLeader<T>(topic: string, partition: Partition, ask: (link: BrokerLink) => Promise<T>): Promise<T> {
    const found = await this.#topic(topic);
    const leader = found.partitions[partition]?.leader;
    if (leader === undefined) throw invalid(`topic ${topic} has no partition ${partition}, it has ${found.partitions.length}`);
    if (leader < 0) throw new TryAgain(`partition ${partition} of topic ${topic} has no leader`);
    return ask(await this.#cluster.link(leader, 'topics'));
  }

  async #topic(topic: string): Promise<TopicMetadata> {
    const found = await this.#cluster.topic(topic);
    if (found === undefined) throw unknownTopic(topic);
    return found;
  }

  #settingsOf(topic: string): Promise<Settings> {
    return this.#retry(`the settings of topic ${topic} cannot be read`, () => this.#describe(topic));
  }

  /** @param nodeId of the broker to be asked; default: the one that `#ask` asks. */
  async #describe(topic: string, nodeId?: number): Promise<Settings> {
    const answer = await this.#ask((link) => link.send(describeSettingsRequest(topic, Object.keys(settingsFor(this.#settings)))), nodeId);
    if (isUnknownTopic(answer.error) && await this.#cluster.topic(topic) === undefined) throw unknownTopic(topic);
    accept(answer, `to show the settings of topic ${topic}`);
    return answer.settings;
  }

  /** Asks the controller, or with KRaft whichever broker the others name as such, which passes it on. */
  async #ask<T extends Verdict>(ask: (link: BrokerLink) => Promise<T>, nodeId = this.#cluster.controllerId): Promise<T> {
    return ask(await this.#cluster.link(nodeId, 'topics'));
  }

  /** Waits until each broker that answers sees the topic as it has to be. */
  async #everywhere(topic: string, what: string, isSeen: (topic: TopicMetadata | undefined) => boolean): Promise<void> {
    await this.#retry(what, async () => {
      const seen = await Promise.all(this.#cluster.brokerIds.map((nodeId) => this.#cluster.topicAt(nodeId, topic)));
      if (!seen.every((answer) => answer === undefined || isSeen(answer.topic))) throw new TryAgain('a broker has not heard of it yet');
      if (!isSeen(await this.#cluster.topic(topic))) throw new TryAgain('a broker has not heard of it yet');
    });
  }

  #retry<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(what, this.#settings.operationTimeoutMs, attempt);
  }
}

/** @throws TryAgain for what may pass; AppError for what will not. */
function accept({ error, message }: Verdict, what: string): void {
  if (error === protocolError.NONE) return;
  if (isPassing(error) || isUnknownTopic(error)) throw new TryAgain(refusal(error, what, message).message);
  throw refusal(error, what, message);
}

/** The body of a request with one tick. */
function probe(topic: string, partition: Partition): Buffer {
  const head = produceHead(1_000, 1).string(topic).int32(1).int32(partition).bytes;
  const body = Buffer.alloc(head.length + 4 + PROBE_BYTES);
  head.copy(body);
  const writer = new BatchWriter(body, head.length + 4);
  writer.add({ partition, key: new Uint8Array(0), value: null, headers: {} });
  const end = writer.finish({ producerId: -1, epoch: -1, sequence: -1 }, Date.now());
  body.writeInt32BE(end - head.length - 4, head.length);
  return body.subarray(0, end);
}
