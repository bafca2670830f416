import { AppError, invalid } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { type CallContext, type Logger, within } from '@proximadb/process';
import type { Consistency, ReadOptions } from '@proximadb/schemas';
import type { Probes } from './probes.ts';
import { checkAgainstEnds, decodeToken, maximum } from './tokens.ts';

/** What a read asks for, checked as far as it can be without the log. */
export type Level =
  /** At least the token: nothing, where there is none. */
  | { readonly kind: 'eventual' | 'session' }
  /** All that was acknowledged before the read arrived. */
  | { readonly kind: 'strong' }
  /** All that was acknowledged so many ms before the read arrived. */
  | { readonly kind: 'bounded'; readonly maxStalenessMs: number };

/** @throws AppError INVALID_ARGUMENT for options that do not go together. */
export function levelOf(read: ReadOptions | null): Level {
  const token = read?.token ?? null;
  const maxStalenessMs = read?.maxStalenessMs ?? null;
  const consistency: Consistency = read?.consistency ?? (token === null ? 'eventual' : 'session');
  if (consistency !== 'bounded' && maxStalenessMs !== null) throw invalid('goes with consistency bounded only', { field: 'maxStalenessMs' });
  switch (consistency) {
    case 'eventual': case 'strong': return { kind: consistency };
    case 'session':
      if (token === null) throw invalid('is needed for consistency session', { field: 'token' });
      return { kind: consistency };
    case 'bounded':
      if (maxStalenessMs === null || maxStalenessMs < 0) throw invalid('is needed for consistency bounded, and is at least 0', { field: 'maxStalenessMs' });
      return { kind: consistency, maxStalenessMs };
  }
}

/** What has to be seen, whatever the level: one offset a partition. */
export interface Floor {
  readonly offsets: readonly number[];
  /** Of the request, for errors. */
  readonly field: string;
}

/** Where the shards must be. */
export interface Resolved {
  /** One offset a partition: everything below it has to be seen. */
  readonly at: readonly number[];
  /** What of it a caller claims: a shard that gets there proves it, and where none does it has to be checked. */
  readonly claims: readonly Floor[];
}

/** Finds where the shards must be before they answer. A token is a floor at every level. */
export class ConsistencyResolver {
  readonly #probes: Probes;
  readonly #logger: Logger;
  readonly #replaced: (collection: Collection, log: number) => boolean;

  /** @param replaced whether a log is that of an earlier generation of a collection. */
  constructor(probes: Probes, logger: Logger, replaced: (collection: Collection, log: number) => boolean = () => false) {
    this.#probes = probes;
    this.#logger = logger;
    this.#replaced = replaced;
  }

  /**
   * @param floor what has to be seen beside the options' token, e.g. a cursor's; one offset a partition, or none.
   * @throws AppError for a token that is none, or of another log; DEADLINE_EXCEEDED or UNAVAILABLE if the log does not say where it ends
   *   and has to.
   */
  async resolve(collection: Collection, read: ReadOptions | null, context: CallContext, floor: Floor | null = null): Promise<Resolved> {
    const level = levelOf(read);
    const claims = floor === null ? [] : [floor];
    if (read?.token != null) {
      const { offsets } = decodeToken(read.token, collection, 'token', (log) => this.#replaced(collection, log));
      claims.push({ offsets, field: 'token' });
    }
    const ends = await this.#endsFor(level, collection, context);
    const zero = new Array<number>(collection.settings.partitions).fill(0);
    return { claims, at: [ends, ...claims.map(({ offsets }) => offsets)].reduce<number[]>((at, offsets) => maximum(at, offsets), zero) };
  }

  /** The partitions of which more is claimed than is known of the log. */
  doubtful({ topic }: Collection, claims: readonly Floor[]): ReadonlySet<number> {
    const known = this.#probes.known(topic);
    return new Set(claims.flatMap(({ offsets }) => offsets.flatMap((offset, partition) => (offset > (known[partition] ?? 0) ? [partition] : []))));
  }

  /**
   * Asks the log, unless it was asked since the claims were made.
   * @param claimedMs how long ago that was, at least.
   * @throws AppError OUT_OF_RANGE for a claim beyond the log's end.
   */
  async check({ topic }: Collection, claims: readonly Floor[], claimedMs: number, context: CallContext): Promise<void> {
    try {
      const { ends } = await within(this.#probes.recent(topic, claimedMs), context.signal);
      for (const { offsets, field } of claims) checkAgainstEnds(offsets, ends, field);
    } catch (thrown) {
      // A log that is away keeps no shard from answering: one that is there already proves the token.
      if (!(thrown instanceof AppError) || thrown.code !== 'UNAVAILABLE') throw thrown;
      this.#logger.warn('token-not-checked', { topic, error: thrown });
    }
  }

  async #endsFor(level: Level, { topic }: Collection, context: CallContext): Promise<readonly number[]> {
    switch (level.kind) {
      case 'eventual': case 'session': return [];
      case 'strong': return (await within(this.#probes.fresh(topic), context.signal)).ends;
      // Its ends are no higher than those of a newer probe: a shard is there the sooner, and the answer old enough at most.
      case 'bounded': return (await within(this.#probes.recent(topic, level.maxStalenessMs), context.signal)).ends;
    }
  }
}
