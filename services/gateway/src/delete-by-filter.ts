import type { CallContext } from '@proximadb/process';
import { AppError } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import type { Log } from '@proximadb/log';
import type { DeleteResponse, Filter } from '@proximadb/schemas';
import type { AcceptedSchemas } from './accepted-schemas.ts';
import { tokenOf, type Write, type Written } from './append.ts';
import { deletesOf } from './deletes.ts';
import type { Reader, ReaderRow } from './reader.ts';
import type { WriteCondition } from './write-header.ts';

export interface DeleteByFilter {
  readonly collection: Collection;
  readonly filter: Filter;
  readonly cursor: string | null;
  /** Records to log deletes of, at most; null: all that match. */
  readonly limit: number | null;
}

export interface DeleteByFilterDependencies {
  readonly log: Pick<Log, 'extents'>;
  readonly reader: Reader;
  readonly schemas: AcceptedSchemas;
  /** Appends a chunk and waits for what the shards decide. */
  readonly write: (write: Write, context: CallContext) => Promise<Written>;
  readonly randomId: () => string;
  readonly nowMicros: () => number;
  readonly chunkRecords: number;
  readonly reserveMs: number;
}

/**
 * A scroll at the log's end, whose hits are logged as deletes on condition that they are still the version that was read: what changes
 * meanwhile stays. Each chunk has a request id of its own, since a repeated call finds other rows; to repeat it is safe, as what was
 * deleted is not found again.
 * @returns what was done until the end, the limit, or until the time left is short; then with a cursor.
 * @throws AppError as the reader and the log do; its message says how many were deleted before.
 */
export async function deleteByFilter(request: DeleteByFilter, context: CallContext, dependencies: DeleteByFilterDependencies): Promise<DeleteResponse> {
  const { collection, filter, limit } = request;
  const { reader, chunkRecords, reserveMs } = dependencies;
  let seen: readonly number[] = (await dependencies.log.extents(collection.topic)).map(({ end }) => end);
  let cursor = request.cursor;
  let left = limit ?? Infinity;
  const done = { deleted: 0, changed: 0 };
  try {
    do {
      const page = await reader.scroll(collection, {
        filter, cursor, atLeast: seen, limit: Math.min(chunkRecords, left), timeoutMs: context.deadline.remainingMs(),
      });
      seen = maximum(seen, page.offsets);
      if (page.rows.length > 0) seen = maximum(seen, await deleteChunk(collection, page.rows, context, dependencies, done));
      left -= page.rows.length;
      cursor = page.cursor;
    } while (cursor !== null && left > 0 && context.deadline.remainingMs() > reserveMs && !context.signal.aborted);
  } catch (thrown) {
    throw done.deleted === 0 || !(thrown instanceof AppError) ? thrown : afterSome(thrown, done.deleted);
  }
  return {
    token: tokenOf(collection.log, seen), versions: [], refused: [], deleted: BigInt(done.deleted), changed: BigInt(done.changed), cursor,
  };
}

async function deleteChunk(
  collection: Collection, rows: readonly ReaderRow[], context: CallContext, dependencies: DeleteByFilterDependencies,
  done: { deleted: number; changed: number },
): Promise<readonly number[]> {
  const encoder = new TextEncoder();
  const schemaId = await dependencies.schemas.idOf('DeleteRecord');
  const records = deletesOf(rows.map(({ id }) => ({ id, idBytes: encoder.encode(id) })), schemaId, dependencies.nowMicros());
  const conditions = rows.map(({ offset }): WriteCondition => ({ kind: 'if_version', log: collection.log, offset }));
  const written = await dependencies.write({ collection, requestId: dependencies.randomId(), records, conditions, decidedByShards: true }, context);
  done.deleted += rows.length - written.refused.length;
  done.changed += written.refused.length;
  return written.offsets;
}

function afterSome(error: AppError, deleted: number): AppError {
  return new AppError(error.code, `${deleted} records were deleted, then: ${error.message}`, {
    details: error.details, cause: error,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }), ...(error.token === undefined ? {} : { token: error.token }),
  });
}

function maximum(left: readonly number[], right: readonly number[]): number[] {
  return left.map((offset, partition) => Math.max(offset, right[partition] ?? 0));
}
