import { setTimeout as delay } from 'node:timers/promises';
import type { AppError } from '@proximadb/errors';
import type { BrokerLink } from '../broker/broker-link.ts';
import type { Cluster } from '../broker/cluster.ts';
import { LinkError } from '../broker/link-error.ts';
import { errorName, isLeaderError, isUnknownTopic, protocolError } from '../wire/errors.ts';
import { produceHead, produceRequest, type ProduceAnswer } from '../wire/produce.ts';
import { WireWriter } from '../wire/writer.ts';
import type { OutBatch } from './out-batch.ts';
import type { PartitionQueue, TroubleKind } from './partition-queue.ts';
import type { ProducerId } from './producer-id.ts';

/** One request takes no more batches once it has this much. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
/** Topic name, numbers and lengths around a batch in a request. */
const BATCH_FRAME_BYTES = 300;
/** Before the first topic of a request. */
const HEAD_BYTES = 64;
const LEAST_FRAME_BYTES = 4_096;
/** A lane that rests keeps no more memory than this. */
const SPARE_BYTES_MAX = 64 * 1024;

/** What the lane cannot decide by itself. */
export interface LaneOwner {
  /** The partition could not be appended to; it is suspended until that was looked into. */
  troubled(queue: PartitionQueue, reason: string, kind: TroubleKind): void;
  /** The connection to the broker failed, and with it every partition that it leads. */
  lost(nodeId: number, reason: string): void;
  /** The broker does not take the batch; says why, and never throws. */
  refusalOf(queue: PartitionQueue, answer: ProduceAnswer): Promise<AppError>;
  /** The partition's leader has decided on a batch. */
  recovered(queue: PartitionQueue): void;
  /** The partition can go on: with its leader's lane, which may be another one by now. */
  offer(queue: PartitionQueue): void;
}

interface Flight {
  readonly queue: PartitionQueue;
  readonly batch: OutBatch;
}

/** What waits for the partitions of one leader: one request on its way, what comes meanwhile goes with the next. */
export class Lane {
  readonly #nodeId: number;
  readonly #cluster: Cluster;
  readonly #producer: ProducerId;
  readonly #owner: LaneOwner;
  readonly #ackTimeoutMs: number;
  readonly #ready = new Set<PartitionQueue>();
  readonly #refusing = new Set<Promise<void>>();
  /** Memory of the last request, for the next one: nothing refers to it any more. */
  #spare: Buffer | undefined;
  #running: Promise<void> | undefined;

  /** @param requestTimeoutMs after which a connection is given up; the broker is to answer before. */
  constructor(nodeId: number, cluster: Cluster, producer: ProducerId, owner: LaneOwner, requestTimeoutMs: number) {
    this.#nodeId = nodeId;
    this.#cluster = cluster;
    this.#producer = producer;
    this.#owner = owner;
    this.#ackTimeoutMs = Math.ceil(requestTimeoutMs / 2);
  }

  /** Sends what the partition has, soon: what is appended in the same turn goes together. */
  offer(queue: PartitionQueue): void {
    this.#ready.add(queue);
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Settles when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#running;
    await Promise.all(this.#refusing);
  }

  async #run(): Promise<void> {
    try {
      while (this.#ready.size > 0) await this.#sendNext();
    } finally {
      this.#running = undefined;
      if (this.#spare !== undefined && this.#spare.length > SPARE_BYTES_MAX) this.#spare = undefined;
    }
  }

  async #sendNext(): Promise<void> {
    let link: BrokerLink;
    let producerId: number;
    try {
      link = await this.#cluster.link(this.#nodeId, 'append');
      producerId = await this.#producer.obtain(link);
    } catch (error) {
      this.#failed([], error);
      return;
    }
    const flights = this.#gather(producerId);
    if (flights.length === 0) return;
    const memory = this.#memory(flights);
    const frame = encodeFrame(flights, this.#ackTimeoutMs, memory);
    for (const { batch } of flights) batch.sent();
    try {
      const { partitions, throttleMs } = await link.send(produceRequest(() => frame));
      await this.#take(flights, partitions, link);
      // What was acknowledged is not sent again.
      if (!flights.some(({ queue }) => queue.trouble !== undefined || queue.isInFlight)) this.#spare = memory;
      if (throttleMs > 0) await delay(throttleMs);
    } catch (error) {
      this.#failed(flights, error);
    }
  }

  #memory(flights: readonly Flight[]): Buffer {
    const bytes = flights.reduce((sum, { batch }) => sum + batch.bytesMax + BATCH_FRAME_BYTES, HEAD_BYTES);
    const spare = this.#spare;
    this.#spare = undefined;
    return spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(Math.max(LEAST_FRAME_BYTES, 2 ** Math.ceil(Math.log2(bytes))));
  }

  #gather(producerId: number): Flight[] {
    const flights: Flight[] = [];
    let bytes = 0;
    for (const queue of this.#ready) {
      const isOurs = queue.leader === this.#nodeId && !queue.isSuspended && !queue.isInFlight;
      const batch = isOurs ? queue.nextBatch(producerId) : undefined;
      if (batch !== undefined) {
        if (flights.length > 0 && bytes + batch.bytesMax > REQUEST_BYTES_MAX) break;
        bytes += batch.bytesMax;
        queue.isInFlight = true;
        flights.push({ queue, batch });
      }
      this.#ready.delete(queue);
    }
    return flights;
  }

  async #take(flights: readonly Flight[], answers: readonly ProduceAnswer[], link: BrokerLink): Promise<void> {
    const byPartition = new Map(answers.map((answer) => [`${answer.topic}/${answer.partition}`, answer]));
    const unanswered: Flight[] = [];
    for (const flight of flights) {
      const { queue, batch } = flight;
      const answer = byPartition.get(`${queue.topic}/${queue.partition}`);
      const outcome = answer === undefined ? 'unanswered' : outcomeOf(answer);
      switch (outcome) {
        case 'written':
          queue.written(batch, answer?.baseOffset ?? -1);
          this.#owner.recovered(queue);
          break;
        case 'refused':
          // To find out why takes a question to a broker, for which the others do not wait.
          if (answer !== undefined) this.#spawn(this.#refuse(flight, answer));
          continue;
        case 'forgotten':
          if (answer?.error === protocolError.DUPLICATE_SEQUENCE_NUMBER) batch.unknown();
          else batch.notWritten();
          queue.restart(await this.#producer.obtain(link, queue.producerId));
          this.#owner.troubled(queue, errorName(answer?.error ?? 0), 'moved');
          break;
        case 'not_written': case 'unknown': {
          if (outcome === 'unknown') batch.unknown();
          else batch.notWritten();
          const error = answer?.error ?? 0;
          this.#owner.troubled(queue, errorName(error), kindOf(error));
          break;
        }
        case 'unanswered':
          unanswered.push(flight);
          continue;
      }
      this.#landed(queue);
    }
    if (unanswered.length === 0) return;
    link.destroy(new Error('an answer left out a partition'));
    this.#failed(unanswered, new LinkError(`broker ${this.#nodeId} left a partition out of its answer`, true));
  }

  async #refuse({ queue, batch }: Flight, answer: ProduceAnswer): Promise<void> {
    queue.refused(batch, await this.#owner.refusalOf(queue, answer));
    this.#owner.recovered(queue);
    this.#landed(queue);
  }

  /** What it throws is our bug, and stops the process. */
  #spawn(work: Promise<void>): void {
    this.#refusing.add(work);
    void work.finally(() => this.#refusing.delete(work));
  }

  #landed(queue: PartitionQueue): void {
    queue.landed();
    if (queue.hasWork) this.#owner.offer(queue);
  }

  /** Nothing of what was on its way was acknowledged. */
  #failed(flights: readonly Flight[], error: unknown): void {
    const sent = !(error instanceof LinkError) || error.sent;
    const reason = error instanceof Error ? error.message : String(error);
    for (const { queue, batch } of flights) {
      if (sent) batch.unknown();
      else batch.notWritten();
      this.#owner.troubled(queue, reason, 'other');
      queue.landed();
    }
    this.#owner.lost(this.#nodeId, reason);
    this.#ready.clear();
  }
}

type Outcome = 'written' | 'not_written' | 'unknown' | 'refused' | 'forgotten' | 'unanswered';

const lacksReplicas: ReadonlySet<number> = new Set([protocolError.NOT_ENOUGH_REPLICAS, protocolError.NOT_ENOUGH_REPLICAS_AFTER_APPEND]);
function kindOf(error: number): TroubleKind {
  if (lacksReplicas.has(error)) return 'lacks_replicas';
  return isLeaderError(error) ? 'moved' : 'other';
}

/** Errors that a broker finds before it appends anything. */
const notWritten: ReadonlySet<number> = new Set([
  protocolError.LEADER_NOT_AVAILABLE, protocolError.NOT_ENOUGH_REPLICAS, protocolError.FENCED_LEADER_EPOCH, protocolError.UNKNOWN_LEADER_EPOCH,
  protocolError.THROTTLING_QUOTA_EXCEEDED,
]);
const refused: ReadonlySet<number> = new Set([
  protocolError.CORRUPT_MESSAGE, protocolError.MESSAGE_TOO_LARGE, protocolError.RECORD_LIST_TOO_LARGE, protocolError.INVALID_TOPIC_EXCEPTION,
  protocolError.TOPIC_AUTHORIZATION_FAILED, protocolError.CLUSTER_AUTHORIZATION_FAILED, protocolError.INVALID_TIMESTAMP,
  protocolError.INVALID_RECORD, protocolError.POLICY_VIOLATION, protocolError.INVALID_REQUEST,
]);
const forgotten: ReadonlySet<number> = new Set([
  protocolError.OUT_OF_ORDER_SEQUENCE_NUMBER, protocolError.DUPLICATE_SEQUENCE_NUMBER, protocolError.INVALID_PRODUCER_EPOCH,
  protocolError.UNKNOWN_PRODUCER_ID,
]);

/**
 * What an answer says. A leader that was deposed while it waited for its replicas says NOT_LEADER, too, so that leaves the fate open, as
 * does every error that is not known to come before the append.
 */
function outcomeOf({ error, baseOffset }: ProduceAnswer): Outcome {
  if (error === protocolError.NONE) return baseOffset >= 0 ? 'written' : 'unknown';
  if (notWritten.has(error) || isUnknownTopic(error)) return 'not_written';
  if (refused.has(error)) return 'refused';
  return forgotten.has(error) ? 'forgotten' : 'unknown';
}

/** The body of the request: one copy of each key, value and header, and the only one that is made here. */
function encodeFrame(flights: readonly Flight[], ackTimeoutMs: number, frame: Buffer): Buffer {
  const byTopic = Map.groupBy(flights, ({ queue }) => queue.topic);
  const head = produceHead(ackTimeoutMs, byTopic.size).bytes;
  frame.set(head);
  let at = head.length;
  const nowMs = Date.now();
  for (const [topic, ofTopic] of byTopic) {
    const intro = new WireWriter().string(topic).int32(ofTopic.length).bytes;
    frame.set(intro, at);
    at += intro.length;
    for (const { queue, batch } of ofTopic) {
      const start = at + 8;
      const end = batch.writeTo(frame, start, nowMs);
      frame.writeInt32BE(queue.partition, at);
      frame.writeInt32BE(end - start, at + 4);
      at = end;
    }
  }
  return frame.subarray(0, at);
}
