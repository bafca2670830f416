import type { Catalog, Collection } from '@proximadb/catalog';
import { assert } from '@proximadb/errors';
import type { Reindex, ReindexCollectionRequest } from '@proximadb/schemas';

/**
 * Begins a new generation of a collection; who follows it asks the query service.
 * @throws AppError INVALID_ARGUMENT naming the field; NOT_FOUND; FAILED_PRECONDITION if one is under way that another request began.
 */
export async function reindexCollection(
  request: ReindexCollectionRequest, requestId: string, catalog: Pick<Catalog, 'reindexing'>, signal: AbortSignal,
): Promise<Reindex> {
  const { collection, partitions, metric, index, hnsw } = request;
  return describeReindex(await catalog.reindexing.start(collection, { partitions, metric, index, hnsw }, requestId, signal), 0, 0);
}

/**
 * A reindex as the API shows it.
 * @param copied live records of the new generation. @param live those of the old one.
 */
export function describeReindex({ name, log, state, reindex }: Collection, copied: number, live: number): Reindex {
  assert(reindex !== undefined, `generation ${log} was not filled from another one`);
  const { replaces, copiers, closingAtMicros, flippedAtMicros, startedAtMicros } = reindex;
  const paused = closingAtMicros !== null && flippedAtMicros !== null ? Math.max(0, flippedAtMicros - closingAtMicros) : null;
  return {
    collection: name, state: flippedAtMicros !== null ? 'done' : closingAtMicros !== null ? 'closing' : state === 'deleted' ? 'aborted' : 'copying',
    log: BigInt(log), replaces: BigInt(replaces), partitions: copiers.length,
    caughtUp: copiers.filter(({ caughtUp }) => caughtUp).length, drained: copiers.filter(({ drained }) => drained).length,
    copied: BigInt(copied), live: BigInt(live), startedAt: BigInt(startedAtMicros), pauseMicros: paused === null ? null : BigInt(paused),
  };
}
