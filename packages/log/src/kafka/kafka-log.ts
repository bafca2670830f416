import type { AppendEntry, Appended, Batch, Extent, Log, Offset, Partition, SettingAmiss, TopicIdentity } from '../port.ts';
import { Appender } from './append/appender.ts';
import { Cluster } from './broker/cluster.ts';
import { KafkaReader } from './kafka-reader.ts';
import { LogClosed } from './log-closed.ts';
import { logSettings, type KafkaLogOptions } from './options.ts';
import { Topics } from './topics.ts';

/** The log in a Kafka cluster. DESIGN.md of this package says how it keeps its promises. */
export class KafkaLog implements Log {
  readonly clusterId: string;
  readonly #reader: KafkaReader;
  readonly #appender: Appender;
  readonly #topics: Topics;
  #closed: Promise<void> | undefined;

  private constructor(reader: KafkaReader, appender: Appender, topics: Topics) {
    this.clusterId = reader.clusterId;
    this.#reader = reader;
    this.#appender = appender;
    this.#topics = topics;
  }

  /**
   * Connects to a cluster.
   * @throws AppError UNAVAILABLE if no broker answers; UNAUTHENTICATED; FAILED_PRECONDITION for options that cannot be used, or Kafka before 3.1.
   */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    const settings = logSettings(options);
    const cluster = await Cluster.open(settings);
    const topics = new Topics(cluster, settings);
    const appender = new Appender(cluster, settings, (topic, answer) => topics.explainRefusal(topic, answer));
    return new KafkaLog(new KafkaReader(cluster, settings), appender, topics);
  }

  async createTopic(topic: string, partitions: number): Promise<TopicIdentity> {
    this.#assertOpen();
    const made = await this.#topics.create(topic, partitions);
    // Known everywhere does not mean ready everywhere: the leaders answer for it from here on.
    await this.#reader.extents(topic);
    return made;
  }

  describeTopic(topic: string): Promise<TopicIdentity | undefined> {
    return this.#reader.describeTopic(topic);
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#assertOpen();
    await this.#topics.delete(topic);
    this.#appender.forget(topic);
  }

  append(topic: string, entries: readonly AppendEntry[], signal?: AbortSignal): Promise<Appended> {
    return this.#appender.append(topic, entries, signal);
  }

  extents(topic: string): Promise<Extent[]> {
    return this.#reader.extents(topic);
  }

  read(topic: string, partition: Partition, from: Offset, maxBytes: number): Promise<Batch> {
    return this.#reader.read(topic, partition, from, maxBytes);
  }

  tail(topic: string, partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<Batch> {
    return this.#reader.tail(topic, partition, from, signal);
  }

  async trim(topic: string, partition: Partition, before: Offset): Promise<void> {
    this.#assertOpen();
    await this.#topics.trim(topic, partition, before, async () => (await this.#reader.extents(topic))[partition]?.end ?? 0);
  }

  async closeTopic(topic: string): Promise<void> {
    this.#assertOpen();
    await this.#topics.close(topic);
  }

  async reopenTopic(topic: string): Promise<void> {
    this.#assertOpen();
    await this.#topics.reopen(topic);
  }

  settingsAmiss(topic: string): Promise<readonly SettingAmiss[]> {
    return this.#topics.amiss(topic);
  }

  isClosed(topic: string): Promise<boolean> {
    return this.#topics.isClosed(topic);
  }

  /** Takes no more appends, waits until the callers of those that it took were told, and ends the tails and every connection. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#appender.close();
    await this.#reader[Symbol.asyncDispose]();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new LogClosed();
  }
}
