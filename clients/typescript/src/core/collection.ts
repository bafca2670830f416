/** One collection: its records, searches, and what is known of it. */
import { AppError } from '@proximadb/errors';
import type { Collection as Description, Consistency, Coverage, Explain, Include, ReadOptions, RefusedRecord, Reindex, SearchRequest, StatsResponse,
  VerifyResponse } from '@proximadb/schemas';
import type { OneCall } from '@proximadb/transport/retries';
import { conditionOf, conditionsOf } from './conditions.ts';
import type { AnyFilter, Filter } from './filter.ts';
import type { Metadata } from './metadata.ts';
import { floatsOf, type Condition, type Hit, type PatchInput, type RecordInput, type StoredRecord, type Vector } from './records.ts';
import type { Session } from './session.ts';
import { given, hnswOf, type IndexSettings } from './settings.ts';
import type { AnswerOf, Asked, AskedOf, Wire } from './wire.ts';
import { Writer, type WriterOptions, type WriteReport } from './writer.ts';

export interface WriteOptions extends OneCall {
  /** Of a write that is repeated by its caller: it is applied once. 1 to 64 characters. By default each call has one of its own. */
  readonly requestId?: string;
}

export interface WriteResult {
  /** Reads at this token see the write. The session of the collection does so by itself. */
  readonly token: string;
  /** One a record, in order; empty where it was refused. */
  readonly versions: readonly string[];
  readonly refused: readonly RefusedRecord[];
}

export interface ReadCall extends OneCall {
  /**
   * `session`: at least what this session wrote and read. `eventual`: what the shards have applied. `strong`: all that was acknowledged when the
   * read arrived. `{ maxStalenessMs }`: at least what the log held so long ago. Default: session.
   */
  readonly consistency?: 'session' | 'eventual' | 'strong' | { readonly maxStalenessMs: number };
  /** In place of the session's. */
  readonly token?: string;
}

interface Including<I extends Include> {
  readonly include?: readonly I[];
}

export interface SearchOptions<M = Metadata, I extends Include = never> extends ReadCall, Including<I> {
  /** Hits, 1 to 10,000. Default 10. */
  readonly k?: number;
  readonly filter?: Filter<M>;
  /** Leave out so many of the best. */
  readonly offset?: number;
  /** Leave out what scores lower. */
  readonly scoreThreshold?: number;
  /** Compare with every record. */
  readonly exact?: boolean;
  /** Candidates a graph is asked for. Default: as many as the collection's recall target takes. */
  readonly ef?: number;
  /** Say what was searched, and what it took. */
  readonly explain?: boolean;
  /** Go without partitions that nobody can answer for; `coverage` says which. */
  readonly allowPartial?: boolean;
}

export interface SearchResult<M = Metadata, I extends Include = never> {
  /** Best first. */
  readonly hits: readonly Hit<M, I>[];
  readonly token: string;
  readonly explain: Explain | null;
  /** Where `allowPartial` was asked for. */
  readonly coverage: Coverage | null;
  /** Why the log is not followed at the moment, if so: what was written since may be missing. */
  readonly logAway: string | null;
}

export interface ScrollOptions<M = Metadata, I extends Include = Include> extends ReadCall, Including<I> {
  readonly filter?: Filter<M>;
  /** Records of a request. Default 500. */
  readonly pageRecords?: number;
}

export interface CountOptions<M = Metadata> extends ReadCall {
  readonly filter?: Filter<M>;
}

export interface DeletedByFilter {
  readonly deleted: number;
  /** Records that were written meanwhile, and stayed. */
  readonly changed: number;
}

export interface CollectionChange {
  readonly description?: string | undefined;
  /** All tags, in place of the old ones. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** What is not named stays as it is. */
export type ReindexSettings = IndexSettings;

export type Query = Vector | { readonly id: string };

/** @typeParam M type of the metadata. It is not checked against what is there. */
export class Collection<M = Metadata> {
  readonly name: string;
  readonly #wire: Wire;
  readonly #session: Session;

  constructor(name: string, wire: Wire, session: Session) {
    this.name = name;
    this.#wire = wire;
    this.#session = session;
  }

  /** What this session has seen of the collection: for another process that is to see it, too. */
  get token(): string | undefined {
    return this.#session.token(this.name);
  }

  /** From now on this session sees what the token's has seen. */
  seen(token: string): void {
    this.#session.note(this.name, token);
  }

  /**
   * Writes records, in place of those with the same ids, in one request: all of them are checked first, and nothing is written if one is bad.
   * For many records: {@link write}.
   * @throws ProximaError INVALID_ARGUMENT naming record and field; ABORTED if the conditions of all of them failed.
   */
  async upsert(records: readonly RecordInput<M>[], options: WriteOptions = {}): Promise<WriteResult> {
    const left = timeLeft(options);
    const encoder = await this.#wire.encoder(left());
    const request = { records: records.map((record) => encoder.record(record)), conditions: conditionsOf(records) };
    return this.#noted(await this.#wire.call('upsert', { collection: this.name, requestId: options.requestId ?? null, ...request }, left()));
  }

  /** Changes parts of records; those that are not there are refused as `missing`. @throws ProximaError as {@link upsert}. */
  async patch(patches: readonly PatchInput<M>[], options: WriteOptions = {}): Promise<WriteResult> {
    const left = timeLeft(options);
    const encoder = await this.#wire.encoder(left());
    const request = { patches: patches.map((patch) => encoder.patch(patch)), conditions: conditionsOf(patches) };
    return this.#noted(await this.#wire.call('patch', { collection: this.name, requestId: options.requestId ?? null, ...request }, left()));
  }

  /** @param options its conditions: one for all ids, or one an id. */
  async delete(ids: readonly string[], options: WriteOptions & { readonly conditions?: readonly Condition[] } = {}): Promise<WriteResult> {
    const conditions = (options.conditions ?? []).map(conditionOf);
    return this.#noted(await this.#wire.call('delete', { collection: this.name, ids, conditions, requestId: options.requestId ?? null }, options));
  }

  /** Deletes all that match, request by request, each of which has the time of a call. */
  async deleteWhere(filter: Filter<M>, options: OneCall = {}): Promise<DeletedByFilter> {
    let [deleted, changed, cursor]: [number, number, string | null] = [0, 0, null];
    do {
      const answer: AnswerOf<'delete'> = await this.#wire.call('delete', { collection: this.name, filter: filter, cursor }, options);
      this.#session.note(this.name, answer.token);
      deleted += Number(answer.deleted);
      changed += Number(answer.changed);
      ({ cursor } = answer);
    } while (cursor !== null);
    return { deleted, changed };
  }

  /** @returns those that are there, in the order of the ids; of one id the record, or undefined. */
  get<I extends Include = Include>(id: string, options?: ReadCall & Including<I>): Promise<StoredRecord<M, I> | undefined>;
  get<I extends Include = Include>(ids: readonly string[], options?: ReadCall & Including<I>): Promise<StoredRecord<M, I>[]>;
  async get(ids: string | readonly string[], options: ReadCall & Including<Include> = {}): Promise<unknown> {
    const { records } = await this.#read('get', { ids: [ids].flat(), include: options.include ?? [] }, options);
    return typeof ids === 'string' ? records[0] : records;
  }

  /** @param query a vector, or the id of a stored record whose neighbours are wanted. */
  async search<I extends Include = never>(query: Query, options: SearchOptions<M, I> = {}): Promise<SearchResult<M, I>> {
    return await this.#read('search', searchOf(query, options), options) as SearchResult<M, I>;
  }

  /** Several searches at one state of the collection. */
  async searchMany<I extends Include = never>(queries: readonly Query[], options: SearchOptions<M, I> = {}): Promise<SearchResult<M, I>[]> {
    const searches = queries.map((query) => searchOf(query, options));
    const { results } = await this.#read('searchBatch', { searches }, options);
    for (const { token } of results) this.#session.note(this.name, token);
    return results as unknown as SearchResult<M, I>[];
  }

  /** Exact. */
  async count(options: CountOptions<M> = {}): Promise<number> {
    const { count } = await this.#read('count', { filter: options.filter as AnyFilter ?? null }, options);
    return Number(count);
  }

  /**
   * All that match, in the order of the ids' bytes. One that is there and matches throughout comes exactly once. The next page is read ahead;
   * each has the time of a call.
   */
  async* scroll<I extends Include = Include>(options: ScrollOptions<M, I> = {}): AsyncGenerator<StoredRecord<M, I>, void, undefined> {
    const page = (cursor: string | null): Promise<AnswerOf<'scroll'>> => this.#read('scroll', {
      filter: options.filter as AnyFilter ?? null, include: options.include ?? [], limit: options.pageRecords ?? 500, cursor,
    }, options);
    for (let next: Promise<AnswerOf<'scroll'>> | undefined = page(null); next !== undefined;) {
      const { records, cursor }: AnswerOf<'scroll'> = await next;
      next = cursor === null ? undefined : page(cursor);
      // Told when it is awaited; who leaves the loop does not want to know.
      next?.catch(() => undefined);
      yield* records as unknown as StoredRecord<M, I>[];
    }
  }

  /** For records that come one by one. */
  writer(options: WriterOptions = {}): Writer<M> {
    return new Writer<M>({ wire: this.#wire, collection: this.name, onToken: (token) => { this.#session.note(this.name, token); } }, options);
  }

  /**
   * Writes all records, in batches. Records are taken from the source as fast as the server takes them.
   * @throws ProximaError of a request that failed for good.
   */
  async write(records: AsyncIterable<RecordInput<M>> | Iterable<RecordInput<M>>, options: WriterOptions = {}): Promise<WriteReport> {
    const writer = this.writer(options);
    for await (const record of records) await writer.add(record);
    return writer.end();
  }

  describe(call: OneCall = {}): Promise<Description> {
    return this.#wire.call('getCollection', { collection: this.name }, call);
  }

  update({ description, tags }: CollectionChange, call: OneCall = {}): Promise<Description> {
    const change = { description: description ?? null, tags: tags === undefined ? null : { entries: tags } };
    return this.#wire.call('updateCollection', { collection: this.name, ...change }, call);
  }

  stats(call: OneCall = {}): Promise<StatsResponse> {
    return this.#wire.call('stats', { collection: this.name }, call);
  }

  /** Compares the replicas of each partition. */
  verify(call: OneCall = {}): Promise<VerifyResponse> {
    return this.#wire.call('verify', { collection: this.name }, call);
  }

  /** Starts to fill a new generation with other settings, beside the one that is there. */
  reindex(settings: ReindexSettings, call: OneCall = {}): Promise<Reindex> {
    return this.#wire.call('reindexCollection', { ...given(settings), collection: this.name, hnsw: hnswOf(settings.hnsw) }, call);
  }

  /** How far the last reindex is. @throws ProximaError NOT_FOUND if there was none. */
  reindexing(call: OneCall = {}): Promise<Reindex> {
    return this.#wire.call('getReindex', { collection: this.name }, call);
  }

  /** Gives up a reindex that still copies. */
  async abortReindex(call: OneCall = {}): Promise<void> {
    await this.#wire.call('abortReindex', { collection: this.name }, call);
  }

  #noted(answer: WriteResult): WriteResult {
    this.#session.note(this.name, answer.token);
    const { token, versions, refused } = answer;
    return { token, versions, refused };
  }

  async #read<O extends 'get' | 'scroll' | 'count' | 'search' | 'searchBatch'>(operation: O, request: AskedOf<O>, options: ReadCall): Promise<AnswerOf<O>> {
    const ofSession = options.token === undefined && (options.consistency ?? 'session') === 'session' ? this.token : undefined;
    const left = timeLeft(options);
    const ask = (token: string | undefined): Promise<AnswerOf<O>> =>
      this.#wire.call(operation, { ...request, collection: this.name, read: readOf(options, token) }, left());
    const answer = await ask(options.token ?? ofSession).catch((thrown: unknown) => {
      // The collection was deleted and made again: what this session saw of the old one is gone.
      if (ofSession === undefined || !isOfAnotherLog(thrown)) throw thrown;
      this.#session.forget(this.name);
      return ask(undefined);
    });
    if ('token' in answer) this.#session.note(this.name, answer.token);
    return answer;
  }
}

/** What a call's limits are now, of a method that makes several. */
function timeLeft({ signal, timeoutMs }: OneCall): () => OneCall {
  const endMs = performance.now() + (timeoutMs ?? 0);
  const common = signal === undefined ? {} : { signal };
  return timeoutMs === undefined ? () => common : () => ({ ...common, timeoutMs: Math.max(0, endMs - performance.now()) });
}

function isOfAnotherLog(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'FAILED_PRECONDITION' && thrown.details.some(({ field }) => field === 'token');
}

/** null where all is as the server does it by itself. */
function readOf({ consistency = 'session', allowPartial = false }: ReadCall & Partial<Pick<SearchOptions, 'allowPartial'>>, token: string | undefined):
ReadOptions | null {
  const level: Consistency | null = typeof consistency === 'object' ? 'bounded' : consistency === 'session' ? null : consistency;
  if (level === null && token === undefined && !allowPartial) return null;
  const maxStalenessMs = typeof consistency === 'object' ? consistency.maxStalenessMs : null;
  return { consistency: level, token: token ?? null, maxStalenessMs, timeoutMs: null, allowPartial };
}

const noVector = new Float32Array(0);

function searchOf<M, I extends Include>(query: Query, options: SearchOptions<M, I>): Asked<SearchRequest> {
  const { k = 10, offset = 0, scoreThreshold = null, exact = false, ef = null, explain = false, include = [] } = options;
  const near = 'id' in query ? { vector: noVector, id: query.id } : { vector: floatsOf(query), id: null };
  return { collection: '', read: null, ...near, k, offset, scoreThreshold, exact, ef, explain, include, filter: options.filter as AnyFilter ?? null };
}
