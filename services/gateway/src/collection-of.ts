import { AppError } from '@proximadb/errors';
import type { Catalog, Collection } from '@proximadb/catalog';

/**
 * The collection of a name, to be written to.
 * @throws AppError NOT_FOUND; UNAVAILABLE, with a time to come back, while its topic is still being made.
 */
export function readyCollection(catalog: Pick<Catalog, 'get'>, name: string, retryAfterMs: number): Collection {
  const collection = catalog.get(name);
  switch (collection.state) {
    case 'ready': return collection;
    case 'creating': throw new AppError('UNAVAILABLE', `collection ${JSON.stringify(name)} is still being made`, { retryAfterMs });
    case 'deleted': throw new AppError('NOT_FOUND', `there is no collection ${JSON.stringify(name)}`, { details: [{ field: 'collection', reason: 'was deleted' }] });
  }
}
