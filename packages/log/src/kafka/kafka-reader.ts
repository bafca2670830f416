import { AppError, invalid } from '@proximadb/errors';
import { offset, type Batch, type Extent, type Offset, type Partition, type TopicIdentity } from '../port.ts';
import type { LogReader } from '../reader.ts';
import { Cluster } from './broker/cluster.ts';
import { Feed } from './fetch/feed.ts';
import { Tails } from './fetch/tails.ts';
import { readerSettings, type KafkaReaderOptions, type ReaderSettings } from './options.ts';
import { TryAgain, withRetries } from './retry.ts';
import { unknownTopic } from './unknown-topic.ts';
import { errorName, isPassing, isUnknownTopic, protocolError, refusal } from './wire/errors.ts';
import { fetchRequest } from './wire/fetch.ts';
import { listOffsetsRequest, which } from './wire/list-offsets.ts';
import type { TopicMetadata } from './wire/metadata.ts';

/** The most that one `read` takes out. */
const READ_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Reads the log. Keys, values and headers of a record are views on the memory of the answer it came in, at most about
 * `tailBytesMax` of its own partition: who keeps a record for long copies what he keeps.
 */
export class KafkaReader implements LogReader {
  readonly clusterId: string;
  readonly #cluster: Cluster;
  readonly #settings: ReaderSettings;
  readonly #tails: Tails;

  /** @param cluster is the reader's from now on. */
  constructor(cluster: Cluster, settings: ReaderSettings) {
    this.clusterId = cluster.clusterId;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#tails = new Tails(cluster, settings);
  }

  async describeTopic(topic: string): Promise<TopicIdentity | undefined> {
    const found = await this.#cluster.topic(topic);
    return found === undefined ? undefined : { clusterId: this.clusterId, topic, topicId: found.topicId, partitions: found.partitions.length };
  }

  async extents(topic: string): Promise<Extent[]> {
    return this.#retry(`the extents of topic ${topic} cannot be read`, topic, async (found) => {
      const byLeader = Map.groupBy(found.partitions.keys(), (partition) => found.partitions[partition]?.leader ?? -1);
      const extents: Extent[] = [];
      await Promise.all([...byLeader].map(async ([leader, partitions]) => {
        if (leader < 0) throw new TryAgain(`partition ${partitions[0]} has no leader`);
        const link = await this.#cluster.link(leader, 'offsets');
        const asked = partitions.map((partition) => ({ partition, leaderEpoch: found.partitions[partition]?.leaderEpoch ?? -1 }));
        const [starts, ends] = await Promise.all([which.start, which.end].map((kind) => link.send(listOffsetsRequest(topic, asked, kind))));
        for (const partition of partitions) {
          extents[partition] = { start: offset(offsetIn(starts, partition, topic)), end: offset(offsetIn(ends, partition, topic)) };
        }
      }));
      return extents;
    });
  }

  async read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Batch> {
    const bytesMax = Math.max(1, Math.min(maxBytes, READ_BYTES_MAX));
    return this.#retry(`partition ${partition} of topic ${topic} cannot be read`, topic, async (found) => {
      const { leader, leaderEpoch } = checkPartition(found, partition);
      if (!(from >= 0)) throw new AppError('OUT_OF_RANGE', `partition ${partition} of topic ${topic} has no offset ${from}`);
      if (leader < 0) throw new TryAgain('it has no leader');
      const link = await this.#cluster.link(leader, 'read');
      const asked = { topicId: found.topicId, partition, leaderEpoch, offset: from, lastEpoch: -1, bytesMax };
      const { partitions: [answer], error } = await link.send(fetchRequest([asked], { waitMs: 0, bytesMax: READ_BYTES_MAX }));
      if (answer === undefined) throw new TryAgain(`the broker answered nothing: ${errorName(error)}`);
      accept(answer.error, `to read partition ${partition} of topic ${topic} at ${from}`);
      const feed = new Feed({ topic, topicId: found.topicId, partition }, from, bytesMax, () => undefined);
      feed.take(answer, false);
      return feed.takeBatch();
    });
  }

  async *tail(topic: string, partition: Partition, from: Offset, signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    if (signal.aborted) return;
    const found = await this.#cluster.topic(topic);
    if (found === undefined) throw unknownTopic(topic);
    checkPartition(found, partition);
    if (!(from >= 0)) throw new AppError('OUT_OF_RANGE', `partition ${partition} of topic ${topic} has no offset ${from}`);
    yield* this.#tails.tail(found, partition, from, signal);
  }

  /** Ends the tails and every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#tails.close();
    await this.#cluster[Symbol.asyncDispose]();
  }

  /** First with what is known of the topic, then with what a broker says of it. */
  #retry<T>(what: string, topic: string, attempt: (found: TopicMetadata) => Promise<T>): Promise<T> {
    return withRetries(what, this.#settings.operationTimeoutMs, async (tries) => {
      const found = (tries === 0 ? this.#cluster.known(topic) : undefined) ?? await this.#cluster.topic(topic);
      if (found === undefined) throw unknownTopic(topic);
      return attempt(found);
    });
  }
}

/**
 * A reader with connections of its own, for any thread.
 * @throws AppError UNAVAILABLE if no broker answers; UNAUTHENTICATED; FAILED_PRECONDITION for options that cannot be used, or Kafka before 3.1.
 */
export async function openKafkaReader(options: KafkaReaderOptions): Promise<LogReader> {
  const settings = readerSettings(options);
  return new KafkaReader(await Cluster.open(settings), settings);
}

/** @throws AppError INVALID_ARGUMENT if the topic has no such partition. */
export function checkPartition(topic: TopicMetadata, partition: number): TopicMetadata['partitions'][number] {
  const found = topic.partitions[partition];
  if (found === undefined) throw invalid(`topic ${topic.name} has no partition ${partition}, it has ${topic.partitions.length}`);
  return found;
}

function offsetIn(answers: Awaited<ReturnType<ReturnType<typeof listOffsetsRequest>['decode']>> | undefined, partition: number, topic: string): number {
  const answer = answers?.find((one) => one.partition === partition);
  if (answer === undefined) throw new TryAgain(`the broker said nothing of partition ${partition}`);
  accept(answer.error, `the offsets of partition ${partition} of topic ${topic}`);
  return answer.offset;
}

/** @throws TryAgain for what may pass: the topic is looked up again, and found to be gone if it is. */
function accept(error: number, what: string): void {
  if (error === protocolError.NONE) return;
  if (isPassing(error) || isUnknownTopic(error)) throw new TryAgain(refusal(error, what).message);
  throw refusal(error, what);
}
