/**
 * The coordination port: who lives, who serves which partition, and rates that several processes share. Nothing in it is a source of
 * truth: if all of it is lost, everybody announces itself again, and until then everybody goes on with what was last known.
 */

export type MemberKind = 'gateway' | 'indexer' | 'query';

/**
 * - `building`: opens, restores or replays; answers nobody yet.
 * - `ready`: caught up once; answers.
 * - `leaving`: answers, and lets go once others answer: another member of its group, where it is placed elsewhere; anybody, where its member stops.
 */
export type HoldingState = 'building' | 'ready' | 'leaving';

/** A partition that an indexer holds. */
export interface Holding {
  /** Log number of the collection's generation. */
  readonly log: number;
  readonly partition: number;
  readonly state: HoldingState;
  /** The next offset it applies, as of the last beat. */
  readonly watermark: number;
}

export interface Member {
  /** Unique among the living; an indexer keeps it over a restart. */
  readonly id: string;
  readonly kind: MemberKind;
  /** Replica group of an indexer; 0 for the others. */
  readonly group: number;
  /** host:port of what it serves: an indexer's shards, a gateway's or query service's public gRPC. */
  readonly address: string;
  /** New at each start of the process. */
  readonly incarnation: string;
  /** Of an indexer. */
  readonly holdings: readonly Holding[];
  /** Of an indexer: ids of schemas in use whose records it reads; none: it did not say yet. */
  readonly schemas: readonly number[];
}

/** Who a member is, whatever it announces. */
export type MemberIdentity = Omit<Member, 'holdings' | 'schemas'>;

export interface RateLimit {
  /** Tokens that come back a second, > 0. */
  readonly perSecond: number;
  /** Tokens that can be saved up, ≥ 1. */
  readonly burst: number;
}

export interface Coordination extends AsyncDisposable {
  /**
   * All members that live, as last known, this one included; sorted by id. A member is dropped once it was not heard of for the time to
   * live while the store answered all along: a store that is away, or was emptied, makes nobody die.
   */
  readonly members: readonly Member[];
  /** Whether the store answered of late. */
  readonly connected: boolean;
  /** Replaces what this member is known to hold; told to the others at once. An empty list at the start. */
  announce(holdings: readonly Holding[]): void;
  /** Replaces the schemas that this member is known to read; told to the others at once. An empty list at the start. */
  announceSchemas(ids: readonly number[]): void;
  /** Called after `members` changed in any way, watermarks included; must not throw. @returns ends it */
  onChange(listener: () => void): () => void;
  /**
   * Takes tokens from a bucket that all processes share; at most `burst` at a time. If the store is away it is taken from a bucket of this
   * process. Never rejects, and answers within about 100 ms.
   * @returns 0 if they were taken; else ms after which to come back.
   */
  take(bucket: string, tokens: number, limit: RateLimit): Promise<number>;
  /** Says goodbye: the others need not wait until the time to live is over. */
  [Symbol.asyncDispose](): Promise<void>;
}
