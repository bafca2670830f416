import { describeReindex, type Catalog } from '@proximadb/catalog';
import type { Reindex, ReindexCollectionRequest } from '@proximadb/schemas';

/**
 * Begins a new generation of a collection; who follows it asks the query service.
 * @throws AppError INVALID_ARGUMENT naming the field; NOT_FOUND; FAILED_PRECONDITION if one is under way that another request began.
 */
export async function reindexCollection(
  request: ReindexCollectionRequest, requestId: string, catalog: Pick<Catalog, 'reindexing'>, signal: AbortSignal,
): Promise<Reindex> {
  const { collection, partitions, metric, index, hnsw, storage, recallTarget } = request;
  const change = { partitions, metric, index, hnsw, storage, recallTarget };
  return describeReindex(await catalog.reindexing.start(collection, change, requestId, signal), 0, 0);
}
