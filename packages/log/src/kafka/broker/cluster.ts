import { AppError, toAppError } from '@proximadb/errors';
import { LogClosed } from '../log-closed.ts';
import type { BrokerAddress, ReaderSettings } from '../options.ts';
import { withRetries } from '../retry.ts';
import { isUnknownTopic, refusal } from '../wire/errors.ts';
import { metadataRequest, type BrokerMetadata, type ClusterMetadata, type TopicMetadata } from '../wire/metadata.ts';
import { BrokerLink } from './broker-link.ts';

/** What a connection is for. Each has its own, since a broker answers a connection's requests one after the other. */
export type Purpose = 'metadata' | 'offsets' | 'topics' | 'append' | 'read' | 'follow' | 'catch-up';

/**
 * The brokers of a cluster, the connections to them, and what is known of topics. Who uses a connection that fails tells nobody: a dead
 * one is replaced the next time it is asked for.
 */
export class Cluster implements AsyncDisposable {
  readonly #settings: ReaderSettings;
  readonly #links = new Map<string, Promise<BrokerLink>>();
  #brokers: ReadonlyMap<number, BrokerMetadata> = new Map();
  #clusterId: string | undefined;
  #controllerId = -1;
  readonly #topics = new Map<string, TopicMetadata>();
  /** Questions of the same turn go together, and while one is on its way the others wait for the next. */
  #asked: { readonly topics: Set<string>; readonly answer: Promise<ClusterMetadata> } | undefined;
  #asking: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(settings: ReaderSettings) {
    this.#settings = settings;
  }

  /** @throws AppError UNAVAILABLE if no broker answers within `openTimeoutMs`; UNAUTHENTICATED, FAILED_PRECONDITION as `BrokerLink.open`. */
  static async open(settings: ReaderSettings): Promise<Cluster> {
    const cluster = new Cluster(settings);
    try {
      await withRetries('opening the log', settings.openTimeoutMs, () => cluster.#ask([]));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get clusterId(): string {
    return this.#clusterId ?? '';
  }

  get controllerId(): number {
    return this.#controllerId;
  }

  /** Those that live, as far as is known. */
  get brokerIds(): number[] {
    return [...this.#brokers.keys()];
  }

  /** As it was when last asked. */
  known(topic: string): TopicMetadata | undefined {
    return this.#topics.get(topic);
  }

  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /**
   * A topic as a broker sees it from now on; undefined: there is none.
   * @throws AppError UNAVAILABLE if no broker answers; FAILED_PRECONDITION if another cluster does; PERMISSION_DENIED.
   */
  async topic(name: string): Promise<TopicMetadata | undefined> {
    const { topics } = await this.#ask([name]);
    return topicIn(topics, name);
  }

  /** As `topic`, of one broker that may be behind the others; undefined, too, if that broker cannot be asked. */
  async topicAt(nodeId: number, name: string): Promise<{ readonly topic: TopicMetadata | undefined } | undefined> {
    try {
      const link = await this.link(nodeId, 'metadata');
      const { topics } = await link.send(metadataRequest([name]));
      return { topic: topicIn(topics, name) };
    } catch {
      return undefined;
    }
  }

  /**
   * The connection to a broker for a purpose, made if there is none that lives.
   * @throws LinkError if it cannot be made; AppError UNAVAILABLE for a broker that is not there.
   */
  link(nodeId: number, purpose: Purpose): Promise<BrokerLink> {
    const broker = this.#brokers.get(nodeId);
    if (broker === undefined) return Promise.reject(new AppError('UNAVAILABLE', `there is no broker ${nodeId} in the cluster at the moment`));
    return this.#linkTo(broker, purpose);
  }

  async #linkTo(address: BrokerAddress, purpose: Purpose): Promise<BrokerLink> {
    if (this.#closed) throw new LogClosed();
    const key = `${address.host}:${address.port}/${purpose}`;
    const there = this.#links.get(key);
    if (there !== undefined) {
      const link = await there;
      if (link.isAlive) return link;
      // Of several that find it dead one makes the next.
      if (this.#links.get(key) !== there) return this.#linkTo(address, purpose);
    }
    const opening = BrokerLink.open(address, this.#settings);
    this.#links.set(key, opening);
    try {
      const link = await opening;
      if (this.#closed) link.destroy(new Error('the log was closed'));
      return link;
    } catch (error) {
      if (this.#links.get(key) === opening) this.#links.delete(key);
      throw error;
    }
  }

  #ask(topics: readonly string[]): Promise<ClusterMetadata> {
    if (this.#asked === undefined) {
      const wanted = new Set<string>();
      const answer = this.#asking.then(() => {
        this.#asked = undefined;
        return this.#askSomeBroker([...wanted]);
      });
      this.#asked = { topics: wanted, answer };
      this.#asking = answer.catch(() => undefined);
    }
    for (const topic of topics) this.#asked.topics.add(topic);
    return this.#asked.answer;
  }

  /** Brokers one after the other: first those that are connected, then the others that are known, then those of the options. */
  async #askSomeBroker(topics: readonly string[]): Promise<ClusterMetadata> {
    const failures: AppError[] = [];
    for (const address of await this.#addresses()) {
      try {
        const link = await this.#linkTo(address, 'metadata');
        const metadata = await link.send(metadataRequest(topics));
        this.#take(metadata, topics);
        return metadata;
      } catch (error) {
        const failure = error instanceof AppError ? error : new AppError('UNAVAILABLE', toAppError(error).message, { cause: error });
        if (failure.code !== 'UNAVAILABLE' || failure instanceof LogClosed) throw failure;
        failures.push(failure);
      }
    }
    throw new AppError('UNAVAILABLE', `no Kafka broker answers: ${failures.map(({ message }) => message).join('; ')}`, { cause: failures[0] });
  }

  async #addresses(): Promise<BrokerAddress[]> {
    const known = [...this.#brokers.values(), ...this.#settings.brokers];
    const addresses = [...new Map(known.map(({ host, port }) => [`${host}:${port}`, { host, port }])).values()];
    const connected = await Promise.all(addresses.map(async ({ host, port }) => {
      const opening = this.#links.get(`${host}:${port}/metadata`) ?? notYet;
      // One that is being made does not count.
      const link = await Promise.race([opening, notYet]).catch(() => undefined);
      return link?.isAlive === true;
    }));
    return [...addresses.filter((_, at) => connected[at] === true), ...addresses.filter((_, at) => connected[at] !== true)];
  }

  #take(metadata: ClusterMetadata, asked: readonly string[]): void {
    if (this.#clusterId !== undefined && metadata.clusterId !== this.#clusterId) {
      throw new AppError('FAILED_PRECONDITION', `the brokers are of the cluster ${metadata.clusterId} now, not of ${this.#clusterId}`);
    }
    this.#clusterId = metadata.clusterId;
    this.#controllerId = metadata.controllerId;
    this.#brokers = new Map(metadata.brokers.map((broker) => [broker.nodeId, broker]));
    for (const name of asked) {
      const topic = metadata.topics.get(name);
      if (topic !== undefined && typeof topic !== 'number') this.#topics.set(name, topic);
      else this.#topics.delete(name);
    }
  }

  /** Ends every connection at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const links = await Promise.allSettled(this.#links.values());
    for (const link of links) if (link.status === 'fulfilled') link.value.destroy(new Error('the log was closed'));
    this.#links.clear();
  }
}

const notYet: Promise<undefined> = Promise.resolve(undefined);

function topicIn(topics: ClusterMetadata['topics'], name: string): TopicMetadata | undefined {
  const topic = topics.get(name);
  if (typeof topic !== 'number') return topic;
  if (isUnknownTopic(topic)) return undefined;
  throw refusal(topic, `a description of the topic ${name}`);
}
