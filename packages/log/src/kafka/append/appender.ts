import { setTimeout as delay } from 'node:timers/promises';
import { AppError, invalid, toAppError } from '@proximadb/errors';
import type { AppendEntry, Appended } from '../../port.ts';
import type { Cluster } from '../broker/cluster.ts';
import { LogClosed } from '../log-closed.ts';
import type { LogSettings } from '../options.ts';
import { unknownTopic } from '../unknown-topic.ts';
import { recordBytes } from '../wire/batch-writer.ts';
import type { TopicMetadata } from '../wire/metadata.ts';
import type { ProduceAnswer } from '../wire/produce.ts';
import { Admission } from './admission.ts';
import { AppendCall } from './append-call.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { PartitionQueue, type TroubleKind } from './partition-queue.ts';
import { ProducerId } from './producer-id.ts';

/** Failures that are over sooner turn away no caller. A broker that lives and does not lead says that another one soon does. */
const GRACE_MS: Readonly<Record<TroubleKind, number>> = { moved: 2_000, lacks_replicas: 200, other: 200 };
/** When to come back to a partition that cannot be appended to. */
const RETRY_AFTER_MS = 500;
const BACKOFF_MS = { least: 20, most: 500 } as const;
/** A topic that was there is gone once brokers have said so for this long: one may be behind the others. */
const GONE_AFTER_MS = 500;

interface Topic {
  readonly name: string;
  topicId: string | undefined;
  queues: PartitionQueue[];
  /** Calls that came while the topic was looked up, in their order. Undefined: it is not being looked up. */
  waiting: AppendCall[] | undefined;
  missingSinceMs: number | undefined;
}

export type AppenderSettings = Pick<LogSettings,
  'logger' | 'queueBytesMax' | 'queueEntriesMax' | 'recordBytesMax' | 'appendTimeoutMs' | 'requestTimeoutMs' | 'minInsyncReplicas'>;

/** Why a broker does not take a batch. */
export type ExplainRefusal = (topic: string, answer: ProduceAnswer) => Promise<AppError>;

/**
 * Appends: calls become queues a partition and requests a leader. One recovery looks after every partition that a send failed for:
 * it asks who leads it now, sees to it that the leader can be reached, and lets the queue go on.
 */
export class Appender implements LaneOwner {
  readonly #cluster: Cluster;
  readonly #settings: AppenderSettings;
  readonly #explain: ExplainRefusal;
  readonly #admission: Admission;
  readonly #producer = new ProducerId();
  readonly #topics = new Map<string, Topic>();
  readonly #lanes = new Map<number, Lane>();
  readonly #calls = new Set<AppendCall>();
  readonly #troubled = new Set<PartitionQueue>();
  /** By the broker that is being reached: the partitions that go on when it is. */
  readonly #connecting = new Map<number, Set<PartitionQueue>>();
  #recovering = false;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(cluster: Cluster, settings: AppenderSettings, explain: ExplainRefusal) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#explain = explain;
    this.#admission = new Admission(settings);
  }

  async append(name: string, entries: readonly AppendEntry[], signal?: AbortSignal): Promise<Appended> {
    if (this.#closed) throw new LogClosed();
    if (signal?.aborted === true) throw cancelled(signal);
    if (entries.length === 0) return this.#appendNothing(name);
    const call = this.#admit(name, entries, signal);
    const topic = this.#topic(name);
    if (topic.waiting !== undefined) topic.waiting.push(call);
    else this.#enqueue(topic, call, false);
    return call.appended;
  }

  async #appendNothing(name: string): Promise<Appended> {
    if (await this.#cluster.topic(name) === undefined) throw unknownTopic(name);
    return { offsets: [], repeated: false };
  }

  /** The topic was deleted or made by this log: what was known of it is not so any more. */
  forget(name: string): void {
    const topic = this.#topics.get(name);
    if (topic === undefined || topic.waiting !== undefined) return;
    this.#drop(topic);
  }

  /** Takes nothing more; settles when every caller was told. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#calls.size > 0) await new Promise<void>((resolve) => { this.#idle = resolve; });
    this.#troubled.clear();
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
  }

  #admit(name: string, entries: readonly AppendEntry[], signal: AbortSignal | undefined): AppendCall {
    const { recordBytesMax, appendTimeoutMs } = this.#settings;
    const sizes = new Uint32Array(entries.length);
    let bytes = 0;
    entries.forEach((entry, record) => {
      const size = recordBytes(entry, record, recordBytesMax);
      sizes[record] = size;
      bytes += size;
    });
    this.#admission.admit(bytes, entries.length);
    const sinceMs = performance.now();
    const onAbort = (): void => { call.fail(cancelled(signal)); };
    const timer = setTimeout(() => {
      call.expire(`the log did not acknowledge the append within ${appendTimeoutMs} ms${this.#lastReason(call)}`, RETRY_AFTER_MS);
    }, appendTimeoutMs);
    const call = new AppendCall(name, entries, sizes, bytes, () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#admission.release(bytes, entries.length, performance.now() - sinceMs);
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#idle?.();
    });
    signal?.addEventListener('abort', onAbort);
    this.#calls.add(call);
    return call;
  }

  #lastReason(call: AppendCall): string {
    const reason = this.#topics.get(call.topic)?.queues.find((queue) => call.holders.includes(queue) && queue.trouble !== undefined)?.trouble?.reason;
    return reason === undefined ? '' : `: ${reason}`;
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { name, topicId: undefined, queues: [], waiting: undefined, missingSinceMs: undefined };
      this.#topics.set(name, topic);
      this.#lookUp(topic);
    }
    return topic;
  }

  /** Calls that come meanwhile wait, so that they stay in their order. */
  #lookUp(topic: Topic): void {
    const waiting: AppendCall[] = [];
    topic.waiting = waiting;
    void this.#cluster.topic(topic.name).then((found) => found ?? unknownTopic(topic.name), toAppError).then((found) => {
      topic.waiting = undefined;
      if (!(found instanceof AppError)) {
        this.#route(topic, found);
        for (const call of waiting) this.#enqueue(topic, call, true);
        return;
      }
      for (const call of waiting) call.fail(found);
      if (found.code === 'NOT_FOUND' || topic.topicId === undefined) this.#drop(topic, found);
    });
  }

  /** @param isFresh whether the topic was just looked up. */
  #enqueue(topic: Topic, call: AppendCall, isFresh: boolean): void {
    if (call.isSettled) return;
    const { entries } = call;
    const outside = entries.findIndex(({ partition }) => topic.queues[partition] === undefined);
    if (outside >= 0 && !isFresh) {
      // There may be more of them by now.
      this.#lookUp(topic);
      topic.waiting?.push(call);
      return;
    }
    if (outside >= 0) {
      call.fail(invalid(`topic ${topic.name} has no partition ${entries[outside]?.partition}, it has ${topic.queues.length}`, { record: outside }));
      return;
    }
    const byPartition = indexesByPartition(entries);
    for (const partition of byPartition.keys()) {
      const trouble = topic.queues[partition]?.trouble;
      if (trouble === undefined || performance.now() - trouble.sinceMs < GRACE_MS[trouble.kind]) continue;
      call.fail(new AppError('UNAVAILABLE', `partition ${partition} of topic ${topic.name} cannot be appended to at the moment: ${trouble.reason}`, {
        retryAfterMs: RETRY_AFTER_MS,
      }));
      return;
    }
    for (const [partition, indexes] of byPartition) {
      const queue = topic.queues[partition];
      if (queue === undefined) continue;
      queue.add(call, indexes);
      this.offer(queue);
    }
  }

  offer(queue: PartitionQueue): void {
    if (queue.isSuspended || queue.isInFlight) return;
    if (queue.leader < 0) this.troubled(queue, 'the partition has no leader', 'other');
    else this.#lane(queue.leader).offer(queue);
  }

  #lane(nodeId: number): Lane {
    let lane = this.#lanes.get(nodeId);
    if (lane === undefined) {
      lane = new Lane(nodeId, this.#cluster, this.#producer, this, this.#settings.requestTimeoutMs);
      this.#lanes.set(nodeId, lane);
    }
    return lane;
  }

  troubled(queue: PartitionQueue, reason: string, kind: TroubleKind): void {
    queue.isSuspended = true;
    if (queue.trouble === undefined) queue.trouble = { sinceMs: performance.now(), reason, kind };
    else Object.assign(queue.trouble, { reason, kind });
    if (this.#troubled.size === 0) {
      this.#settings.logger.warn('kafka-append-failed', { topic: queue.topic, partition: queue.partition, broker: queue.leader, reason });
    }
    this.#troubled.add(queue);
    if (!this.#recovering) void this.#recover();
  }

  lost(nodeId: number, reason: string): void {
    for (const { queues } of this.#topics.values()) {
      for (const queue of queues) if (queue.leader === nodeId && !queue.isInFlight) this.troubled(queue, reason, 'other');
    }
  }

  recovered(queue: PartitionQueue): void {
    queue.isSuspended = false;
    if (!this.#troubled.delete(queue) || this.#troubled.size > 0) return;
    this.#settings.logger.info('kafka-append-recovered', { topic: queue.topic, partition: queue.partition, broker: queue.leader });
  }

  refusalOf(queue: PartitionQueue, answer: ProduceAnswer): Promise<AppError> {
    return this.#explain(queue.topic, answer);
  }

  async #recover(): Promise<void> {
    this.#recovering = true;
    for (let backoffMs: number = BACKOFF_MS.least; this.#troubled.size > 0; backoffMs = Math.min(BACKOFF_MS.most, backoffMs * 2)) {
      await delay(backoffMs, undefined, { ref: this.#calls.size > 0 });
      const names = new Set([...this.#troubled].filter((queue) => !queue.isInFlight).map(({ topic }) => topic));
      await Promise.all([...names].map(async (name) => {
        const topic = this.#topics.get(name);
        if (topic === undefined) return;
        try {
          this.#found(topic, await this.#cluster.topic(name));
        } catch (error) {
          for (const queue of topic.queues) if (queue.trouble !== undefined) queue.trouble.reason = toAppError(error).message;
        }
      }));
    }
    this.#recovering = false;
  }

  #found(topic: Topic, found: TopicMetadata | undefined): void {
    if (this.#topics.get(topic.name) !== topic) return;
    if (found === undefined) {
      topic.missingSinceMs ??= performance.now();
      if (performance.now() - topic.missingSinceMs >= GONE_AFTER_MS) this.#drop(topic);
      return;
    }
    topic.missingSinceMs = undefined;
    this.#route(topic, found);
    for (const queue of topic.queues) if (this.#troubled.has(queue) && queue.leader >= 0) this.#tryAgain(queue);
  }

  /** Lets the partition go on if its leader can be reached, for which those of other brokers do not wait. */
  #tryAgain(queue: PartitionQueue): void {
    const nodeId = queue.leader;
    const connecting = this.#connecting.get(nodeId);
    if (connecting !== undefined) {
      connecting.add(queue);
      return;
    }
    const queues = new Set([queue]);
    this.#connecting.set(nodeId, queues);
    void this.#cluster.link(nodeId, 'append').then(() => undefined, toAppError).then((failure) => {
      this.#connecting.delete(nodeId);
      for (const one of queues) {
        if (one.trouble === undefined || one.leader !== nodeId || one.isInFlight) continue;
        if (failure !== undefined) one.trouble.reason = failure.message;
        else this.#goOn(one);
      }
    });
  }

  /** Its leader can be reached. */
  #goOn(queue: PartitionQueue): void {
    if (queue.hasWork) {
      queue.isSuspended = false;
      this.offer(queue);
      return;
    }
    const inSync = this.#cluster.known(queue.topic)?.partitions[queue.partition]?.inSync.length ?? 0;
    if (queue.trouble?.kind === 'lacks_replicas' && inSync < this.#settings.minInsyncReplicas) return;
    queue.trouble = undefined;
    this.recovered(queue);
  }

  /** Takes over who leads which partition. A topic that was made again under the name is another one. */
  #route(topic: Topic, found: TopicMetadata): void {
    if (topic.topicId !== undefined && topic.topicId !== found.topicId) {
      this.#fail(topic, unknownTopic(topic.name));
      topic.queues = [];
    }
    topic.topicId = found.topicId;
    found.partitions.forEach(({ leader }, partition) => {
      const queue = topic.queues[partition];
      if (queue === undefined) topic.queues[partition] = new PartitionQueue(topic.name, partition, leader);
      else queue.leader = leader;
    });
  }

  #drop(topic: Topic, reason: AppError = unknownTopic(topic.name)): void {
    if (this.#topics.get(topic.name) === topic) this.#topics.delete(topic.name);
    this.#fail(topic, reason);
  }

  #fail(topic: Topic, reason: AppError): void {
    for (const queue of topic.queues) {
      queue.fail(reason);
      this.#troubled.delete(queue);
    }
  }
}

function indexesByPartition(entries: readonly AppendEntry[]): Map<number, number[]> {
  const byPartition = new Map<number, number[]>();
  entries.forEach(({ partition }, index) => {
    const indexes = byPartition.get(partition);
    if (indexes === undefined) byPartition.set(partition, [index]);
    else indexes.push(index);
  });
  return byPartition;
}

function cancelled(signal: AbortSignal | undefined): AppError {
  return new AppError('CANCELLED', 'the append was cancelled', { cause: signal?.reason });
}
