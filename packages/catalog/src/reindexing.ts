/** Reindexes, as those ask for them who start, run and follow them. What becomes of each request the catalog's log decides. */
import { AppError, assert } from '@proximadb/errors';
import { randomUUID } from 'node:crypto';
import type { Collection } from './collection.ts';
import type { Journal } from './journal.ts';
import type { RecordTopics } from './record-topics.ts';
import { reindexSettings, type ReindexChange } from './reindex-settings.ts';
import type { CopierCaughtUp, PartitionDrained } from './reindex.ts';
import { checkRequestId } from './settings.ts';
import type { Outcome } from './state.ts';

export interface StartedCopier {
  readonly epoch: number;
  /** Whether no copier of the partition was there before: then the new generation holds nothing of it. */
  readonly first: boolean;
}

export class Reindexing {
  readonly #journal: Journal;
  readonly #topics: RecordTopics;

  constructor(journal: Journal, topics: RecordTopics) {
    this.#journal = journal;
    this.#topics = topics;
  }

  /**
   * Begins to fill a new generation; settles when it has its topic.
   * @returns the new generation.
   * @throws AppError INVALID_ARGUMENT naming the field; NOT_FOUND; FAILED_PRECONDITION if one is filled already, unless by this request;
   *   ABORTED if it was aborted since.
   */
  async start(name: string, change: ReindexChange, requestId: string = randomUUID(), signal?: AbortSignal): Promise<Collection> {
    checkRequestId(requestId);
    await this.#journal.catchUp(signal);
    const earlier = this.#journal.state.outcomeOf(requestId);
    const outcome = earlier ?? await this.#begin(name, change, requestId, signal);
    if (outcome.event !== 'reindex_started') throw new AppError('INVALID_ARGUMENT', 'requestId was used for another request before');
    const started = outcome.log === null ? undefined : this.#journal.state.byLog(outcome.log);
    if (outcome.kind === 'refused') throw outcome.reason === 'reindexing' ? already(name) : notFound(name);
    if (started === undefined || started.state === 'deleted') throw new AppError('ABORTED', `the reindex of ${name} was aborted since`);
    return started.state === 'creating' ? this.#topics.complete(started.log) : started;
  }

  async #begin(name: string, change: ReindexChange, requestId: string, signal: AbortSignal | undefined): Promise<Outcome> {
    const old = this.#journal.state.byName(name);
    if (old === undefined) throw notFound(name);
    if (old.state === 'creating') throw new AppError('UNAVAILABLE', `collection ${name} is being created`, { retryAfterMs: 100 });
    if (old.replacedBy !== undefined) throw already(name);
    return this.#journal.append({ kind: 'reindex_started', log: old.log, settings: reindexSettings(old.settings, change) }, requestId, signal);
  }

  /**
   * The collection stays as it is; what was copied is erased.
   * @throws AppError NOT_FOUND if nothing is filled; FAILED_PRECONDITION once the old topic is being closed: then the flip is moments away.
   */
  async abort(name: string, signal?: AbortSignal): Promise<void> {
    await this.#journal.catchUp(signal);
    const log = this.#journal.state.byName(name)?.replacedBy;
    if (log === undefined) throw new AppError('NOT_FOUND', `collection ${JSON.stringify(name)} is not being reindexed`);
    const outcome = await this.#journal.append({ kind: 'reindex_aborted', log }, undefined, signal);
    if (outcome.kind === 'applied') return;
    const reason = outcome.reason === 'closing' || outcome.reason === 'not_filling'
      ? `the reindex of ${name} cannot be aborted any more: its writes go to the new generation` : `the reindex of ${name} is over`;
    throw new AppError('FAILED_PRECONDITION', reason);
  }

  /** The generation that is filled, or the last that was; undefined if the collection never was reindexed. @throws AppError NOT_FOUND. */
  async of(name: string, signal?: AbortSignal): Promise<Collection | undefined> {
    await this.#journal.catchUp(signal);
    const current = this.#journal.state.byName(name);
    if (current === undefined) throw notFound(name);
    const filling = current.replacedBy === undefined ? undefined : this.#journal.state.byLog(current.replacedBy);
    return filling ?? (current.reindex === undefined ? undefined : current);
  }

  /** @throws AppError ABORTED if the generation is not filled any more; as `Log.append`. */
  async startCopier(log: number, partition: number, signal?: AbortSignal): Promise<StartedCopier> {
    const outcome = await this.#journal.append({ kind: 'copier_started', log, partition }, undefined, signal);
    if (outcome.kind === 'refused') throw over(log, outcome.reason);
    const copier = this.#journal.state.byLog(log)?.reindex?.copiers[partition];
    if (copier?.epoch !== outcome.offset) throw over(log, 'not_newest');
    return { epoch: outcome.offset, first: copier.starts === 1 };
  }

  /** @throws AppError ABORTED if there is a newer copier, or the generation is not filled any more. */
  async note(event: CopierCaughtUp | PartitionDrained, signal?: AbortSignal): Promise<void> {
    const outcome = await this.#journal.append(event, undefined, signal);
    if (outcome.kind === 'refused') throw over(event.log, outcome.reason);
  }

  /** Has a replaced generation erased; one that is gone is no error. */
  async discard(log: number, signal?: AbortSignal): Promise<void> {
    const outcome = await this.#journal.append({ kind: 'generation_discarded', log }, undefined, signal);
    assert(outcome.event === 'generation_discarded', 'a request of its own has its own outcome');
  }

  /** The generation that has the name in the place of this one, if that is known. */
  successorOf(log: number): Collection | undefined {
    const collection = this.#journal.state.byLog(log);
    const next = collection?.state === 'retired' && collection.replacedBy !== undefined ? collection.replacedBy : undefined;
    return next === undefined ? undefined : this.successorOf(next) ?? this.#journal.state.byLog(next);
  }

  /** Replaced generations of a collection that are still served, the oldest first. */
  predecessorsOf({ log }: Collection): readonly Collection[] {
    const { state } = this.#journal;
    const before: Collection[] = [];
    for (let at = state.byLog(log); at?.reindex !== undefined;) {
      const { replaces } = at.reindex;
      at = state.byLog(replaces);
      if (at?.state === 'retired') before.unshift(at);
    }
    return before;
  }
}

function over(log: number, reason: string): AppError {
  return new AppError('ABORTED', `generation ${log} is not filled by this copier any more: ${reason}`);
}

function already(name: string): AppError {
  return new AppError('FAILED_PRECONDITION', `collection ${name} is being reindexed already: wait for it, or abort it`);
}

function notFound(name: string): AppError {
  return new AppError('NOT_FOUND', `there is no collection ${JSON.stringify(name)}`, { details: [{ field: 'collection', reason: 'not found' }] });
}
