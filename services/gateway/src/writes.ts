import type { CallContext } from '@proximadb/process';
import { AppError, invalid } from '@proximadb/errors';
import type { Catalog, Collection } from '@proximadb/catalog';
import type { Log } from '@proximadb/log';
import type { Condition, DeleteRequest, DeleteResponse, PatchRequest, UpsertRequest, WriteResponse } from '@proximadb/schemas';
import { AcceptedSchemas } from './accepted-schemas.ts';
import { append, tokenOf, type Write, type Written } from './append.ts';
import type { GatewayConfig } from './config.ts';
import { deleteByFilter } from './delete-by-filter.ts';
import { deletesOf } from './deletes.ts';
import { InFlight } from './in-flight.ts';
import type { Indexers } from './indexers.ts';
import { Lag } from './lag.ts';
import type { Outcomes } from './outcomes.ts';
import type { Progress } from './progress.ts';
import type { Rates } from './rates.ts';
import type { Reader } from './reader.ts';
import { appendRest } from './replaced.ts';
import { checkAttempt, checkConditions, checkIds, checkRecords, checkSize, recordLimits, requestIdOf, type Writable } from './validate.ts';

export interface WritesDependencies {
  readonly log: Pick<Log, 'append' | 'extents'>;
  readonly catalog: Pick<Catalog, 'lookUp' | 'schemas' | 'reindexing'>;
  readonly indexers: Indexers;
  readonly outcomes: Outcomes;
  readonly progress: Progress;
  readonly reader: Reader;
  readonly rates: Rates;
  /** Microseconds since 1970-01-01 UTC. */
  readonly nowMicros: () => number;
  readonly randomId: () => string;
}

/** What the three kinds of writes have in common. */
interface WriteRequest {
  readonly collection: string;
  readonly conditions: readonly Condition[];
  readonly requestId: string | null;
  readonly attempt: number;
  readonly timeoutMs: number | null;
}

/** Upsert, patch and delete. Owns the bounds on the bytes of writes in flight and on what shards have not applied yet. */
export class Writes {
  readonly #config: GatewayConfig;
  readonly #dependencies: WritesDependencies;
  readonly #inFlight: InFlight;
  readonly #lag: Lag;
  readonly #schemas: AcceptedSchemas;

  constructor(config: GatewayConfig, dependencies: WritesDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#inFlight = new InFlight(config.inFlightBytesMax, config.retryAfterMs);
    this.#lag = new Lag(config, dependencies.progress);
    this.#schemas = new AcceptedSchemas(dependencies.catalog.schemas, dependencies.indexers);
  }

  /** Bytes of records whose write is not answered yet. */
  get inFlightBytes(): number {
    return this.#inFlight.bytes;
  }

  async upsert(request: UpsertRequest, context: CallContext): Promise<WriteResponse> {
    return this.#write(request, request.conditions.length > 0, 'records', request.records, (collection) =>
      checkRecords(request.records, 'upsert', this.#schemas, recordLimits(collection)), context);
  }

  async patch(request: PatchRequest, context: CallContext): Promise<WriteResponse> {
    return this.#write(request, true, 'patches', request.patches, (collection) =>
      checkRecords(request.patches, 'patch', this.#schemas, recordLimits(collection)), context);
  }

  async delete(request: DeleteRequest, context: CallContext): Promise<DeleteResponse> {
    if (request.filter !== null) return this.#deleteByFilter(request, context);
    if (request.ids.length === 0) throw idsOrFilter('ids or a filter are needed, and there is neither');
    for (const field of ['cursor', 'limit'] as const) {
      if (request[field] !== null) throw invalid('goes with a filter, not with ids', { field });
    }
    const written = await this.#write(request, request.conditions.length > 0, 'ids', request.ids, async () => {
      const encoded = checkIds(request.ids);
      const ids = encoded.map((idBytes, record) => ({ idBytes, id: request.ids[record] ?? '' }));
      return deletesOf(ids, await this.#schemas.idOf('DeleteRecord'), this.#dependencies.nowMicros());
    }, context);
    return { ...written, deleted: 0n, changed: 0n, cursor: null };
  }

  async #deleteByFilter(request: DeleteRequest, outer: CallContext): Promise<DeleteResponse> {
    const { filter } = request;
    if (filter === null) throw invalid('is needed', { field: 'filter' });
    if (request.ids.length > 0) throw idsOrFilter('ids or a filter are needed, and there are both');
    if (request.conditions.length > 0) throw invalid('go with ids, not with a filter', { field: 'conditions' });
    if (request.limit !== null && request.limit < 1) throw invalid(`is ${request.limit}; at least 1 is needed`, { field: 'limit' });
    checkAttempt(request.attempt);
    requestIdOf(request.requestId, this.#dependencies.randomId);
    const context = this.#contextOf(request, outer);
    const collection = await this.#dependencies.catalog.lookUp(request.collection, context.signal);
    return deleteByFilter({ collection, filter, cursor: request.cursor, limit: request.limit }, context, {
      ...this.#dependencies, schemas: this.#schemas,
      chunkRecords: this.#config.deleteChunkRecords, reserveMs: this.#config.deleteReserveMs,
      write: (write, within) => this.#append(write, within),
    });
  }

  async #write(
    request: WriteRequest, conditional: boolean, field: string, parts: readonly (Uint8Array | string)[],
    check: (collection: Collection) => Promise<Writable[]>, outer: CallContext,
  ): Promise<WriteResponse> {
    checkSize(field, parts.length, parts.reduce((sum, part) => sum + part.length, 0), this.#config);
    checkAttempt(request.attempt);
    const requestId = requestIdOf(request.requestId, this.#dependencies.randomId);
    const conditions = checkConditions(request.conditions, parts.length);
    const context = this.#contextOf(request, outer);
    const collection = await this.#dependencies.catalog.lookUp(request.collection, context.signal);
    const records = await check(collection);
    const decidedByShards = conditional || request.attempt > 0;
    const write = { collection, requestId, records, conditions, decidedByShards };
    const written = await this.#appendOnce(write, request.attempt > 0, context);
    if (written.refused.length === records.length) throw aborted(written);
    return { token: tokenOf(collection.log, written.offsets), versions: written.versions, refused: written.refused };
  }

  /** A repeated request may have been decided by a generation that was replaced since: what that one remembers is the answer. */
  async #appendOnce(write: Write, repeated: boolean, context: CallContext): Promise<Written> {
    const earlier = repeated ? this.#dependencies.catalog.reindexing.predecessorsOf(write.collection) : [];
    if (earlier.length === 0) return this.#append(write, context);
    return appendRest(write, earlier, context, { ...this.#dependencies, append: (rest) => this.#append(rest, context) });
  }

  async #append(write: Write, context: CallContext): Promise<Written> {
    context.signal.throwIfAborted();
    context.deadline.check('the write');
    await this.#lag.check(write.collection, write.records);
    await this.#keepRate(write);
    const release = this.#inFlight.take(write.records.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const appended = (through: readonly number[]): void => { this.#lag.wrote(write.collection, through); };
    return append(write, context, { ...this.#dependencies, appended, release });
  }

  async #keepRate({ collection, records }: Write): Promise<void> {
    const { recordsPerSecondMax: perSecond, recordsMax } = this.#config;
    if (perSecond === 0) return;
    const limit = { perSecond, burst: Math.max(perSecond, recordsMax) };
    const retryAfterMs = await this.#dependencies.rates.take(`records/${collection.log}`, records.length, limit);
    if (retryAfterMs === 0) return;
    const message = `collection ${JSON.stringify(collection.name)} takes ${perSecond} records a second; nothing was written`;
    throw new AppError('RESOURCE_EXHAUSTED', message, { retryAfterMs });
  }

  #contextOf({ timeoutMs }: { readonly timeoutMs: number | null }, { signal, deadline }: CallContext): CallContext {
    if (timeoutMs !== null && timeoutMs < 1) throw invalid(`is ${timeoutMs}; at least 1 is needed`, { field: 'timeoutMs' });
    const shorter = deadline.within(Math.min(timeoutMs ?? Infinity, this.#config.writeTimeoutMsMax));
    // The caller's signal knows of the caller's deadline already.
    return { signal: shorter === deadline ? signal : AbortSignal.any([signal, shorter.signal]), deadline: shorter };
  }
}

function idsOrFilter(reason: string): AppError {
  return new AppError('INVALID_ARGUMENT', reason, { details: [{ field: 'ids', reason }, { field: 'filter', reason }] });
}

/** No record was applied: the call failed. */
function aborted({ refused }: Written): AppError {
  const [first] = refused;
  const others = refused.length > 1 ? `, and ${refused.length - 1} more` : '';
  return new AppError('ABORTED', `no record was written: record ${first?.record ?? 0} (${JSON.stringify(first?.id ?? '')}): ${first?.reason ?? ''}${others}`,
    { details: refused.map(({ record, reason }) => ({ record, reason })) });
}
