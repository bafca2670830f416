import { AppError, invalid } from '@proximadb/errors';
import type { Catalog, Collection as CatalogCollection } from '@proximadb/catalog';
import { type Collection, type CollectionSettings, type CreateCollectionRequest, type Metric, type Quantization, type UpdateCollectionRequest } from '@proximadb/schemas';
import type { GatewayConfig } from './config.ts';

/** What measures best for each metric: scaled bytes keep a vector's direction, not its length. */
const quantizations: Readonly<Record<Metric, Quantization>> = { cosine: 'i8', dot: 'f32', euclidean: 'bf16', manhattan: 'bf16' };

const dimensionMax = 4096;
const partitionsMax = 256;
const linksDefault = 16;
const linksMax = 128;
const efConstructionDefault = 128;
const efConstructionMax = 4096;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/**
 * @throws AppError INVALID_ARGUMENT naming the field; ALREADY_EXISTS, unless a request with the same id made it;
 *   RESOURCE_EXHAUSTED where there are too many collections.
 */
export async function createCollection(
  request: CreateCollectionRequest, requestId: string, catalog: Pick<Catalog, 'create' | 'list'>, config: GatewayConfig,
): Promise<Collection> {
  checkName(request.name);
  const settings = settingsOf(request, config);
  checkDescription(request.description, config);
  checkTags(request.tags, config);
  const existing = catalog.list();
  if (existing.length >= config.collectionsMax && !existing.some(({ name }) => name === request.name)) {
    throw new AppError('RESOURCE_EXHAUSTED', `there are ${existing.length} collections; at most ${config.collectionsMax} are allowed`);
  }
  return describe(await catalog.create({ name: request.name, settings, description: request.description, tags: request.tags, requestId }));
}

/** @throws AppError INVALID_ARGUMENT, NOT_FOUND. */
export async function updateCollection(request: UpdateCollectionRequest, catalog: Pick<Catalog, 'update'>, config: GatewayConfig): Promise<Collection> {
  const { collection, description, tags } = request;
  if (description === null && tags === null) throw invalid('nothing to change: description or tags are needed', { field: 'description' });
  if (description !== null) checkDescription(description, config);
  if (tags !== null) checkTags(tags.entries, config);
  return describe(await catalog.update(collection, { ...(description === null ? {} : { description }), ...(tags === null ? {} : { tags: tags.entries }) }));
}

/** A collection as the API shows it. */
export function describe({ name, log, settings, description, tags, createdAtMicros }: CatalogCollection): Collection {
  return {
    name, description, tags,
    dimension: settings.dimension, metric: settings.metric, partitions: settings.partitions, index: settings.index,
    hnsw: { m: settings.m, efConstruction: settings.ef_construction, quantization: settings.quantization },
    log: BigInt(log), createdAt: BigInt(createdAtMicros),
  };
}

function settingsOf(request: CreateCollectionRequest, config: GatewayConfig): CollectionSettings {
  const metric = request.metric ?? 'cosine';
  return {
    dimension: whole('dimension', request.dimension, 1, dimensionMax),
    metric,
    partitions: whole('partitions', request.partitions || config.partitionsDefault, 1, partitionsMax),
    index: request.index ?? 'hnsw',
    m: whole('hnsw.m', request.hnsw?.m || linksDefault, 2, linksMax),
    ef_construction: whole('hnsw.efConstruction', request.hnsw?.efConstruction || efConstructionDefault, 1, efConstructionMax),
    quantization: request.hnsw?.quantization ?? quantizations[metric],
    record_bytes_max: config.recordBytesMax,
  };
}

function whole(field: string, value: number, minimum: number, maximum: number): number {
  if (!Number.isInteger(value) || value < minimum || value > maximum) throw invalid(`is ${value}; ${minimum} to ${maximum} are allowed`, { field });
  return value;
}

function checkName(name: string): void {
  if (!namePattern.test(name)) {
    throw invalid(`${JSON.stringify(name.slice(0, 80))} is no name: 1 to 63 of A-Z a-z 0-9 _ - are allowed, and the first is a letter or a digit`, { field: 'name' });
  }
}

function checkDescription(description: string, config: GatewayConfig): void {
  if (description.length > config.descriptionCharactersMax) {
    throw invalid(`has ${description.length} characters; at most ${config.descriptionCharactersMax} are allowed`, { field: 'description' });
  }
}

function checkTags(tags: Readonly<Record<string, string>>, config: GatewayConfig): void {
  const entries = Object.entries(tags);
  if (entries.length > config.tagsMax) throw invalid(`has ${entries.length} entries; at most ${config.tagsMax} are allowed`, { field: 'tags' });
  for (const [key, value] of entries) {
    const place = { field: `tags.${key.slice(0, 80)}` };
    if (key.length === 0) throw invalid('has an empty key', { field: 'tags' });
    if (key.length > config.tagCharactersMax) throw invalid(`its key has ${key.length} characters; at most ${config.tagCharactersMax} are allowed`, place);
    if (value.length > config.tagCharactersMax) throw invalid(`has ${value.length} characters; at most ${config.tagCharactersMax} are allowed`, place);
  }
}
