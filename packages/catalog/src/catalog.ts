import { AppError, invalid } from '@proximadb/errors';
import type { Log } from '@proximadb/log';
import type { CollectionSettings } from '@proximadb/schemas';
import { randomUUID } from 'node:crypto';
import type { Change, Collection } from './collection.ts';
import { Journal } from './journal.ts';
import { RecordSchemas } from './record-schemas.ts';
import { RecordTopics } from './record-topics.ts';
import { Reindexing } from './reindexing.ts';
import type { RegistryState } from './registry-watch.ts';
import type { SchemaRegistry } from './registry.ts';
import { checkDescription, checkName, checkRequestId, checkSettings, checkTags } from './settings.ts';
import type { Outcome } from './state.ts';

export interface CatalogOptions {
  readonly log: Log;
  readonly registry: SchemaRegistry;
  /** Wall clock, µs since 1970-01-01 UTC. Default: the system's. */
  readonly clock?: () => number;
  /** Monotonic clock, ms. Default: the system's. */
  readonly monotonicClock?: () => number;
  /** Collections that may exist, deleted ones included until they are erased. Default 1,000. Creates that race may exceed it by their number. */
  readonly collectionsMax?: number;
  /** Schema ids that records may use in all. Default 1,000. */
  readonly schemasMax?: number;
  /** How long an unknown schema id is refused without asking the registry again. Default 5,000. */
  readonly schemaRefusedForMs?: number;
  /** Pause between two comparisons of registry and catalog. Default 60,000. */
  readonly registryCheckMs?: number;
  /**
   * Hears whether the registry agrees with the catalog: at open, and when it changes; for logs and health. What is in use goes on in any
   * state, new schema ids only while it agrees. Must not throw.
   */
  readonly onRegistry?: (state: RegistryState) => void;
  /** Calls that may wait for the log at once. Default 1,000. */
  readonly waitersMax?: number;
  /**
   * Called once if the catalog's log can be followed no more: it was cut, deleted, damaged or written by a newer release (an
   * AppError), or a listener threw (our bug). Reads go on answering as of then, changes fail. Best answered by stopping the process.
   */
  readonly onStopped?: (error: Error) => void;
}

export interface CreateCollection {
  readonly name: string;
  readonly settings: CollectionSettings;
  /** At most 4 KiB. */
  readonly description?: string;
  /** At most 64, names and values of at most 256 bytes each. */
  readonly tags?: Readonly<Record<string, string>>;
  /** 1 to 256 bytes; the same in a retry, which then finds its own collection instead of a name taken. */
  readonly requestId?: string;
}

export interface UpdateCollection {
  /** Absent or null: as it was. */
  readonly description?: string | null;
  /** All tags, in place of the old ones. Absent or null: as they were. */
  readonly tags?: Readonly<Record<string, string>> | null;
}

/**
 * What collections there are, decided by the order of the catalog's log; any number of processes hold one each. What this process
 * changes it sees at once, what others change a moment later.
 */
export class Catalog implements AsyncDisposable {
  readonly schemas: RecordSchemas;
  readonly reindexing: Reindexing;
  readonly #journal: Journal;
  readonly #topics: RecordTopics;
  readonly #collectionsMax: number;
  readonly #onStopped: (error: Error) => void;
  /** Why a collection is refused although it exists: an operator's error, by its log. */
  readonly #refused = new Map<number, AppError>();

  /**
   * Reads the catalog's log to its end, gives collections that a crash left without a topic theirs, checks all topics, registers
   * the schemas of records, and from then on follows the log in the background.
   * @throws AppError DATA_LOSS or FAILED_PRECONDITION, for an operator; UNAVAILABLE if log or registry do not answer.
   */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const { onStopped = () => undefined } = options;
    const journal = await Journal.open({
      log: options.log, clock: options.clock ?? (() => Date.now() * 1000), waitersMax: options.waitersMax ?? 1_000, retryMs: 500, onStopped,
    });
    const opened = new AsyncDisposableStack();
    opened.use(journal);
    try {
      const schemas = opened.use(await RecordSchemas.open(journal, options.registry, {
        acceptedMax: options.schemasMax ?? 1_000, refusedForMs: options.schemaRefusedForMs ?? 5_000, refusedMax: 1_000, lookupsMax: 64,
        monotonicClock: options.monotonicClock ?? (() => performance.now()), compareEveryMs: options.registryCheckMs ?? 60_000,
        onRegistry: options.onRegistry ?? (() => undefined), onBug: onStopped,
      }));
      const catalog = new Catalog(journal, new RecordTopics(options.log, journal), schemas, options.collectionsMax ?? 1_000, onStopped);
      for (const collection of [...journal.state.collections()]) await catalog.#check(collection);
      return catalog;
    } catch (error) {
      await opened.disposeAsync();
      throw error;
    }
  }

  private constructor(journal: Journal, topics: RecordTopics, schemas: RecordSchemas, collectionsMax: number, onStopped: (error: Error) => void) {
    this.#journal = journal;
    this.#topics = topics;
    this.schemas = schemas;
    this.reindexing = new Reindexing(journal, topics);
    this.#collectionsMax = collectionsMax;
    this.#onStopped = onStopped;
    journal.onChange(({ kind, collection }) => { if (kind === 'erased') this.#refused.delete(collection.log); });
  }

  /**
   * A collection that can be read and written.
   * @throws AppError NOT_FOUND; UNAVAILABLE while it is being created; DATA_LOSS if its topic is not the one it was made with.
   */
  get(name: string): Collection {
    const collection = this.#existing(name);
    const refused = this.#refused.get(collection.log);
    if (refused !== undefined) throw refused;
    if (collection.state !== 'creating') return collection;
    this.#lendAHand(collection);
    throw new AppError('UNAVAILABLE', `collection ${name} is being created`, { retryAfterMs: 100 });
  }

  /**
   * As {@link get}, for callers who may have heard of a collection before this process did: a name that is unknown here is looked for in
   * all that the catalog's log has.
   * @throws AppError as {@link get}; UNAVAILABLE if the log does not answer about an unknown name.
   */
  async lookUp(name: string, signal?: AbortSignal): Promise<Collection> {
    if (this.#journal.state.byName(name) === undefined) await this.#journal.catchUp(signal);
    return this.get(name);
  }

  /** The ready ones, by name. */
  list(): readonly Collection[] {
    const ready = [...this.#journal.state.collections()].filter(({ state }) => state === 'ready');
    return ready.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** In whatever state; undefined once it is erased. */
  byLog(log: number): Collection | undefined {
    return this.#journal.state.byLog(log);
  }

  /**
   * Settles when the collection is ready and its topic is there.
   * @throws AppError INVALID_ARGUMENT naming the field; ALREADY_EXISTS; ABORTED if it was deleted meanwhile, or since the request was
   *   made first; RESOURCE_EXHAUSTED past the limit; UNAVAILABLE if the log does not answer (repeat it with the same request id).
   */
  async create(request: CreateCollection, signal?: AbortSignal): Promise<Collection> {
    const { name, settings, description = '', tags = {}, requestId = randomUUID() } = request;
    checkName(name);
    checkSettings(settings);
    checkDescription(description);
    checkTags(tags);
    checkRequestId(requestId);
    // Asked before it is written, so that refused requests do not fill the log; the log still decides.
    await this.#journal.catchUp(signal);
    const earlier = this.#journal.state.outcomeOf(requestId);
    if (earlier === undefined) this.#refuseBeforehand(name);
    const outcome = earlier ?? await this.#journal.append({ kind: 'created', name, settings, description, tags }, requestId, signal);
    return this.#created(request, outcome);
  }

  /** @throws AppError INVALID_ARGUMENT naming the field; NOT_FOUND, also if it is deleted meanwhile. */
  async update(name: string, change: UpdateCollection, signal?: AbortSignal): Promise<Collection> {
    const { description = null, tags = null } = change;
    if (description !== null) checkDescription(description);
    if (tags !== null) checkTags(tags);
    const { log } = await this.#find(name, signal);
    if (description !== null || tags !== null) {
      const outcome = await this.#journal.append({ kind: 'updated', log, description, tags }, undefined, signal);
      if (outcome.kind === 'refused') throw notFound(name);
    }
    const updated = this.#journal.state.byLog(log);
    if (updated === undefined) throw notFound(name);
    return updated;
  }

  /** Its name is free when this settles; what it holds goes when `erased` is called. @throws AppError NOT_FOUND, also for the slower of two. */
  async delete(name: string, signal?: AbortSignal): Promise<void> {
    const { log } = await this.#find(name, signal);
    const outcome = await this.#journal.append({ kind: 'deleted', log }, undefined, signal);
    if (outcome.kind === 'refused') throw notFound(name);
  }

  /**
   * To be called when all files of a deleted collection are gone: deletes its topic, and has the catalog forget it. Calling it again is no error.
   * @throws AppError FAILED_PRECONDITION if it is not deleted.
   */
  async erased(log: number, signal?: AbortSignal): Promise<void> {
    await this.#journal.catchUp(signal);
    const collection = this.#journal.state.byLog(log);
    if (collection === undefined) return;
    if (collection.state !== 'deleted') throw new AppError('FAILED_PRECONDITION', `collection ${collection.name} (log ${log}) is not deleted`);
    await this.#topics.remove(collection);
    await this.#journal.append({ kind: 'erased', log }, undefined, signal);
  }

  /**
   * Tells the listener of every collection there is, in whatever state (`kind` is its state), and then of every change, each once
   * and in the log's order. It is called synchronously and must not throw.
   * @returns ends it
   */
  onChange(listener: (change: Change) => void): () => void {
    for (const collection of [...this.#journal.state.collections()]) listener({ kind: collection.state, collection });
    return this.#journal.onChange(listener);
  }

  /**
   * That the topic of a ready collection is the one it was made with; for whoever is about to build on it.
   * @throws AppError DATA_LOSS, for an operator, if not.
   */
  async verifyTopic(collection: Collection): Promise<void> {
    await this.#topics.verify(collection);
  }

  /** Settles when what lies below this offset of the catalog's log is known here. */
  async passed(offset: number, signal?: AbortSignal): Promise<void> {
    await this.#journal.passed(offset, signal);
  }

  /** Settles when all that was in the catalog's log at the call is known here. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    await this.#journal.catchUp(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.schemas[Symbol.asyncDispose]();
    await this.#journal[Symbol.asyncDispose]();
    await this.#topics[Symbol.asyncDispose]();
  }

  #existing(name: string): Collection {
    const collection = this.#journal.state.byName(name);
    if (collection === undefined) throw notFound(name);
    return collection;
  }

  async #find(name: string, signal: AbortSignal | undefined): Promise<Collection> {
    await this.#journal.catchUp(signal);
    return this.#existing(name);
  }

  #refuseBeforehand(name: string): void {
    const { state } = this.#journal;
    const holder = state.byName(name);
    if (holder?.state === 'creating') this.#lendAHand(holder);
    if (holder !== undefined) throw taken(name);
    if (state.size >= this.#collectionsMax) {
      const reason = `there are ${state.size} collections, at most ${this.#collectionsMax} are allowed; a deleted one counts until it is erased`;
      throw new AppError('RESOURCE_EXHAUSTED', reason, { retryAfterMs: 60_000 });
    }
  }

  /** What the one who asked for a collection is told. */
  async #created(request: CreateCollection, outcome: Outcome): Promise<Collection> {
    if (outcome.event !== 'created') throw invalid('was used for another request before', { field: 'requestId' });
    if (outcome.kind === 'refused') throw taken(request.name);
    const collection = outcome.log === null ? undefined : this.#journal.state.byLog(outcome.log);
    if (collection === undefined) throw deletedSince(request.name);
    if (collection.name !== request.name) throw invalid(`was used to create collection ${collection.name} before`, { field: 'requestId' });
    if (collection.state === 'deleted') throw deletedSince(request.name);
    return collection.state === 'ready' ? collection : this.#topics.complete(collection.log);
  }

  /** Whoever creates the collection may have died. What the world does to this attempt, the next one may not meet. */
  #lendAHand(collection: Collection): void {
    this.#check(collection).catch((error: unknown) => {
      if (!(error instanceof AppError)) this.#onStopped(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Completes it, or checks its topic; what only an operator can mend is remembered, so that the other collections are served. */
  async #check(collection: Collection): Promise<void> {
    try {
      if (collection.state === 'creating') await this.#topics.complete(collection.log);
      else if (collection.state !== 'deleted') await this.#topics.verify(collection);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'DATA_LOSS') this.#refused.set(collection.log, error);
      else if (error.code !== 'ABORTED') throw error;
    }
  }
}

function notFound(name: string): AppError {
  return new AppError('NOT_FOUND', `there is no collection ${JSON.stringify(name)}`, { details: [{ field: 'collection', reason: 'not found' }] });
}

function taken(name: string): AppError {
  return new AppError('ALREADY_EXISTS', `there is a collection ${name} already`, { details: [{ field: 'name', reason: 'is taken' }] });
}

function deletedSince(name: string): AppError {
  return new AppError('ABORTED', `collection ${name} was created by this request, and has been deleted since`);
}
