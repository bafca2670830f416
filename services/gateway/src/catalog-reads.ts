/** What the catalog says about collections and schemas; every process that has a catalog can answer it. */
import { AppError } from '@proximadb/errors';
import type { Catalog } from '@proximadb/catalog';
import type { CallContext } from '@proximadb/process';
import { schemaFingerprint, type GetSchemaResponse, type Operations } from '@proximadb/schemas';
import { describe } from './collections.ts';

export type CatalogReads = {
  readonly [Name in 'getCollection' | 'listCollections' | 'getSchema']:
  (request: Operations[Name]['request'], context: CallContext) => Promise<Operations[Name]['response']>;
};

const writable = ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const;

export function catalogReads(catalog: Pick<Catalog, 'lookUp' | 'list' | 'schemas'>): CatalogReads {
  return {
    getCollection: async ({ collection }, { signal }) => describe(await catalog.lookUp(collection, signal)),
    listCollections: async () => ({ collections: catalog.list().map(describe) }),
    getSchema: async ({ name }) => schemaOf(name, catalog),
  };
}

/** The schema that a client puts into the 5 bytes before each record. */
function schemaOf(name: string, catalog: Pick<Catalog, 'schemas'>): GetSchemaResponse {
  const known = writable.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new AppError('NOT_FOUND', `there is no schema ${JSON.stringify(name.slice(0, 80))}; there are ${writable.join(', ')}`,
      { details: [{ field: 'name', reason: 'is unknown' }] });
  }
  const id = catalog.schemas.idOf(known);
  return { name: known, id, schema: catalog.schemas.text(id), fingerprint: schemaFingerprint(known) };
}
