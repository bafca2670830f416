import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { AppError, toAppError } from '@proximadb/errors';
import type { Batch } from '../../port.ts';
import type { Cluster } from '../broker/cluster.ts';
import { LogClosed } from '../log-closed.ts';
import type { ReaderSettings } from '../options.ts';
import { unknownTopic } from '../unknown-topic.ts';
import { errorName } from '../wire/errors.ts';
import type { TopicMetadata } from '../wire/metadata.ts';
import { BrokerFetcher, type Buffered, type FetcherOwner, type FetchSettings } from './broker-fetcher.ts';
import { Feed } from './feed.ts';

const BACKOFF_MS = { least: 10, most: 250 } as const;
/** A topic that was there is gone once brokers have said so for this long: one may be behind the others. */
const GONE_AFTER_MS = 500;

export type TailsSettings = FetchSettings & Pick<ReaderSettings, 'leaderTimeoutMs' | 'logger'>;

/** A tail whose partition's leader is looked for. */
interface Displaced {
  readonly reason: string;
  missingSinceMs: number | undefined;
}

/** The tails of a reader, each at the fetcher of its partition's leader. */
export class Tails implements FetcherOwner {
  readonly #cluster: Cluster;
  readonly #settings: TailsSettings;
  readonly #buffered: Buffered = { bytes: 0 };
  readonly #fetchers = new Map<number, BrokerFetcher>();
  readonly #homes = new Map<Feed, BrokerFetcher | undefined>();
  readonly #displaced = new Map<Feed, Displaced>();
  #looking = false;
  #closed = false;

  constructor(cluster: Cluster, settings: TailsSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  async *tail(topic: TopicMetadata, partition: number, from: number, signal: AbortSignal): AsyncGenerator<Batch, void, undefined> {
    const place = { topic: topic.name, topicId: topic.topicId, partition };
    const feed = new Feed(place, from, this.#settings.tailBytesMax, (taken, bytes) => { this.#taken(taken, bytes); });
    if (this.#closed) throw new LogClosed();
    this.#homes.set(feed, undefined);
    this.#place(feed, topic);
    try {
      for (;;) {
        const batch = await feed.next(signal);
        if (batch === undefined) return;
        yield batch;
        // Replaying a long log must leave the event loop to others between two batches.
        if (!feed.isEmpty) await nextTurn();
      }
    } finally {
      this.#homes.get(feed)?.remove(feed);
      this.#homes.delete(feed);
      this.#displaced.delete(feed);
      feed.close();
    }
  }

  /** Ends every tail. */
  close(): void {
    this.#closed = true;
    for (const fetcher of [...this.#fetchers.values()]) fetcher.fail(new LogClosed());
    for (const feed of this.#homes.keys()) feed.fail(new LogClosed());
    this.#displaced.clear();
  }

  displaced(feed: Feed, error: number): void {
    this.#displace(feed, errorName(error));
  }

  ended(fetcher: BrokerFetcher): void {
    if (this.#fetchers.get(fetcher.nodeId) === fetcher) this.#fetchers.delete(fetcher.nodeId);
  }

  leaderEpoch({ place }: Feed): number {
    const topic = this.#cluster.known(place.topic);
    return topic?.topicId === place.topicId ? topic.partitions[place.partition]?.leaderEpoch ?? -1 : -1;
  }

  #taken(feed: Feed, bytes: number): void {
    this.#buffered.bytes -= bytes;
    if (feed.hasRoom) this.#homes.get(feed)?.wake();
  }

  #place(feed: Feed, topic: TopicMetadata): void {
    const leader = topic.partitions[feed.place.partition]?.leader ?? -1;
    if (leader < 0 || !this.#cluster.brokerIds.includes(leader)) return this.#displace(feed, 'it has no leader');
    let fetcher = this.#fetchers.get(leader);
    if (fetcher === undefined) {
      fetcher = new BrokerFetcher(leader, this.#cluster, this.#settings, this.#buffered, this);
      this.#fetchers.set(leader, fetcher);
    }
    this.#homes.set(feed, fetcher);
    fetcher.add(feed);
  }

  #displace(feed: Feed, reason: string): void {
    if (!this.#homes.has(feed)) return;
    this.#homes.set(feed, undefined);
    feed.displacedSinceMs ??= performance.now();
    this.#displaced.set(feed, { reason, missingSinceMs: this.#displaced.get(feed)?.missingSinceMs });
    if (!this.#looking) void this.#look();
  }

  /** Finds the leaders of displaced tails. Who is displaced again and again waits longer each time. */
  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#displaced.size > 0) {
      const youngestMs = Math.min(...[...this.#displaced.keys()].map(({ displacedSinceMs }) => performance.now() - (displacedSinceMs ?? 0)));
      await delay(Math.min(BACKOFF_MS.most, Math.max(BACKOFF_MS.least, youngestMs / 4)));
      const byTopic = Map.groupBy(this.#displaced.keys(), ({ place }) => place.topic);
      await Promise.all([...byTopic].map(async ([name, feeds]) => {
        const found = await this.#cluster.topic(name).catch(toAppError);
        for (const feed of feeds) this.#settle(feed, found);
      }));
    }
    this.#looking = false;
  }

  #settle(feed: Feed, found: TopicMetadata | AppError | undefined): void {
    const displaced = this.#displaced.get(feed);
    if (displaced === undefined) return;
    if (found instanceof AppError) {
      if (found.code !== 'UNAVAILABLE') this.#end(feed, found);
      else this.#endIfLate(feed, found.message);
    } else if (found === undefined) {
      displaced.missingSinceMs ??= performance.now();
      if (performance.now() - displaced.missingSinceMs >= GONE_AFTER_MS) this.#end(feed, unknownTopic(feed.place.topic));
    } else if (found.topicId !== feed.place.topicId) {
      this.#end(feed, new AppError('NOT_FOUND', `the topic ${feed.place.topic} that was read is gone; one of its name has another id`));
    } else {
      displaced.missingSinceMs = undefined;
      if (this.#endIfLate(feed, displaced.reason)) return;
      const leader = found.partitions[feed.place.partition]?.leader ?? -1;
      if (leader < 0) return;
      this.#displaced.delete(feed);
      this.#place(feed, found);
    }
  }

  #endIfLate(feed: Feed, reason: string): boolean {
    const { partition, topic } = feed.place;
    if (performance.now() - (feed.displacedSinceMs ?? 0) < this.#settings.leaderTimeoutMs) return false;
    this.#end(feed, new AppError('UNAVAILABLE', `partition ${partition} of topic ${topic} cannot be read: ${reason}`));
    return true;
  }

  #end(feed: Feed, error: AppError): void {
    this.#displaced.delete(feed);
    feed.fail(error);
  }
}
