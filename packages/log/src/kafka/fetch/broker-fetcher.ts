import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '@proximadb/errors';
import type { BrokerLink } from '../broker/broker-link.ts';
import type { Cluster } from '../broker/cluster.ts';
import type { ReaderSettings } from '../options.ts';
import { isLeaderError, isUnknownTopic, protocolError, refusal } from '../wire/errors.ts';
import { fetchRequest, type FetchAnswer } from '../wire/fetch.ts';
import type { Feed } from './feed.ts';

/** How long a broker holds back an answer to those that cannot wait for the long poll, if it has nothing for them. */
const CATCH_UP_WAIT_MS = 10;
/** For a tail that has nothing left, when the others have filled what may be read ahead. */
const LEAST_BYTES = 64 * 1024;

export type FetchSettings = Pick<ReaderSettings, 'fetchWaitMs' | 'tailBytesMax' | 'fetchBytesMax' | 'bufferBytesMax'>;

/** What is read ahead for all tails of a reader. */
export interface Buffered {
  bytes: number;
}

export interface FetcherOwner {
  /** The broker does not lead the partition (any more), or does not know it. */
  displaced(feed: Feed, error: number): void;
  /** Nothing more comes from this fetcher. */
  ended(fetcher: BrokerFetcher): void;
  leaderEpoch(feed: Feed): number;
}

type Poll = 'follow' | 'catch-up';

/**
 * Fetches from one broker for all tails of its partitions, on two connections. The long poll holds everybody who has room when it
 * begins, and the broker answers it when one of them gets something, or after `fetchWaitMs`. Who comes while it is on its way (has just
 * begun, or has made room again) is served by the second connection until the long poll begins anew. So nobody waits for others, and a
 * reader at the end of all its partitions hardly ever asks.
 */
export class BrokerFetcher {
  readonly nodeId: number;
  readonly #cluster: Cluster;
  readonly #settings: FetchSettings;
  readonly #owner: FetcherOwner;
  readonly #buffered: Buffered;
  readonly #feeds = new Set<Feed>();
  readonly #asked: Record<Poll, ReadonlySet<Feed>> = { 'follow': new Set(), 'catch-up': new Set() };
  readonly #running = new Set<Poll>();
  #isStarting = false;
  #ended = false;

  constructor(nodeId: number, cluster: Cluster, settings: FetchSettings, buffered: Buffered, owner: FetcherOwner) {
    this.nodeId = nodeId;
    this.#cluster = cluster;
    this.#settings = settings;
    this.#buffered = buffered;
    this.#owner = owner;
  }

  add(feed: Feed): void {
    this.#feeds.add(feed);
    this.wake();
  }

  remove(feed: Feed): void {
    this.#feeds.delete(feed);
  }

  /** Somebody has room. Those of one turn go together. */
  wake(): void {
    if (this.#isStarting || this.#ended || (this.#running.size === 2)) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      if (!this.#running.has('follow')) void this.#run('follow');
      else if (!this.#running.has('catch-up')) void this.#run('catch-up');
    });
  }

  /** Ends every tail here. */
  fail(error: AppError): void {
    this.#ended = true;
    for (const feed of this.#feeds) feed.fail(error);
    this.#feeds.clear();
    this.#owner.ended(this);
  }

  async #run(poll: Poll): Promise<void> {
    this.#running.add(poll);
    try {
      for (;;) {
        const feeds = this.#choose(poll);
        if (feeds.length === 0 || this.#ended) break;
        await this.#fetch(poll, feeds);
      }
    } catch (error) {
      const reason = toAppError(error);
      this.fail(new AppError('UNAVAILABLE', `the connection to broker ${this.nodeId} was lost: ${reason.message}`, { cause: error }));
    } finally {
      this.#running.delete(poll);
    }
  }

  /**
   * Who has room and is not asked for by the other poll. The long one takes over whom the short one asks for and has nothing for: the
   * second of two answers is passed over. Of several tails of one partition only those that are equally far.
   */
  #choose(poll: Poll): Feed[] {
    const isFull = this.#buffered.bytes >= this.#settings.bufferBytesMax;
    const other = this.#asked[poll === 'follow' ? 'catch-up' : 'follow'];
    const positions = new Map<string, number>();
    return [...this.#feeds].filter((feed) => {
      if (!feed.hasRoom || (isFull && !feed.isEmpty)) return false;
      if (other.has(feed) && (poll === 'catch-up' || feed.isBehind)) return false;
      const position = positions.get(feed.key);
      if (position === undefined) positions.set(feed.key, feed.position);
      return position === undefined || position === feed.position;
    });
  }

  async #fetch(poll: Poll, feeds: readonly Feed[]): Promise<void> {
    this.#asked[poll] = new Set(feeds);
    try {
      const link = await this.#cluster.link(this.nodeId, poll);
      const throttleMs = await this.#ask(link, poll, feeds);
      if (throttleMs > 0) await delay(throttleMs);
    } finally {
      this.#asked[poll] = new Set();
    }
  }

  async #ask(link: BrokerLink, poll: Poll, feeds: readonly Feed[]): Promise<number> {
    const { bufferBytesMax, tailBytesMax, fetchBytesMax, fetchWaitMs } = this.#settings;
    const waitMs = poll === 'follow' ? fetchWaitMs : CATCH_UP_WAIT_MS;
    const bytesMax = this.#buffered.bytes >= bufferBytesMax ? LEAST_BYTES : tailBytesMax;
    const byKey = Map.groupBy(feeds, (feed) => feed.key);
    const asked = [...byKey.values()].flatMap(([feed]) => (feed === undefined ? [] : [{
      topicId: feed.place.topicId, partition: feed.place.partition, leaderEpoch: this.#owner.leaderEpoch(feed),
      offset: feed.position, lastEpoch: feed.leaderEpoch, bytesMax,
    }]));
    const positions = new Map(feeds.map((feed) => [feed, feed.position]));
    const { error, partitions, throttleMs } = await link.send(fetchRequest(asked, { waitMs, bytesMax: fetchBytesMax }), waitMs);
    if (error !== protocolError.NONE) throw refusal(error, 'a fetch');
    for (const answer of partitions) {
      for (const feed of byKey.get(`${answer.topicId}/${answer.partition}`) ?? []) {
        if (this.#feeds.has(feed) && positions.get(feed) === feed.position) this.#take(feed, answer);
      }
    }
    return throttleMs;
  }

  #take(feed: Feed, answer: FetchAnswer): void {
    const failure = failureOf(feed, answer);
    if (failure !== undefined) return this.#end(feed, failure);
    if (answer.error !== protocolError.NONE) {
      this.#feeds.delete(feed);
      this.#owner.displaced(feed, answer.error);
      return;
    }
    try {
      const bytes = feed.take(answer, answer.records.length * 2 < answer.records.buffer.byteLength);
      if (bytes === 0) return;
      this.#buffered.bytes += bytes;
      // A broker fills an answer in the order of the request: who got something is behind the others the next time.
      this.#feeds.delete(feed);
      this.#feeds.add(feed);
    } catch (error) {
      this.#end(feed, toAppError(error));
    }
  }

  #end(feed: Feed, error: AppError): void {
    this.#feeds.delete(feed);
    feed.fail(error);
  }
}

/** Why the tail ends; undefined: it does not. */
export function failureOf({ place, position }: Pick<Feed, 'place' | 'position'>, answer: FetchAnswer): AppError | undefined {
  const { error, divergesAt, logStart, highWatermark } = answer;
  const where = `partition ${place.partition} of topic ${place.topic}`;
  if (error === protocolError.OFFSET_OUT_OF_RANGE) {
    const range = logStart < 0 ? '' : `; it has those from ${logStart} to before ${highWatermark}`;
    return new AppError('OUT_OF_RANGE', `${where} has no offset ${position}${range}`);
  }
  if (error === protocolError.NONE && divergesAt !== undefined) {
    const parted = `its leader knows another history from ${divergesAt} on, before ${position}`;
    return new AppError('DATA_LOSS', `${where} has lost records that were read: ${parted}`);
  }
  const isOurs = error === protocolError.NONE || isLeaderError(error) || isUnknownTopic(error) || error === protocolError.UNKNOWN_SERVER_ERROR;
  return isOurs ? undefined : refusal(error, `to read ${where} at ${position}`);
}
