import { invalid } from '@proximadb/errors';
import { settingsFrom, type Catalog, type Collection as CatalogCollection } from '@proximadb/catalog';
import type { Collection, CreateCollectionRequest, UpdateCollectionRequest } from '@proximadb/schemas';
import type { GatewayConfig } from './config.ts';

/**
 * @throws AppError INVALID_ARGUMENT naming the field; ALREADY_EXISTS, unless a request with the same id made it;
 *   RESOURCE_EXHAUSTED where there are too many collections.
 */
export async function createCollection(
  request: CreateCollectionRequest, requestId: string, catalog: Pick<Catalog, 'create'>, config: GatewayConfig, signal: AbortSignal,
): Promise<Collection> {
  const { name, description, tags } = request;
  const settings = settingsFrom(request, { partitions: config.partitionsDefault, recordBytesMax: config.recordBytesMax });
  return describe(await catalog.create({ name, settings, description, tags, requestId }, signal));
}

/** @throws AppError INVALID_ARGUMENT, NOT_FOUND. */
export async function updateCollection(request: UpdateCollectionRequest, catalog: Pick<Catalog, 'update'>, signal: AbortSignal): Promise<Collection> {
  const { collection, description, tags } = request;
  if (description === null && tags === null) throw invalid('is needed, or tags: there is nothing to change', { field: 'description' });
  return describe(await catalog.update(collection, { description, tags: tags === null ? null : tags.entries }, signal));
}

/** A collection as the API shows it. */
export function describe({ name, log, settings, description, tags, createdAtMicros }: CatalogCollection): Collection {
  return {
    name, description, tags,
    dimension: settings.dimension, metric: settings.metric, partitions: settings.partitions, index: settings.index,
    hnsw: { m: settings.m, efConstruction: settings.ef_construction, quantization: settings.quantization },
    storage: settings.storage, recallTarget: settings.recall_target,
    log: BigInt(log), createdAt: BigInt(createdAtMicros),
  };
}
