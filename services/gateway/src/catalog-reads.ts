/** What the catalog says about collections and schemas; every process that has a catalog can answer it. */
import { createHash } from 'node:crypto';
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
    getSchema: ({ name, id }) => schemaOf(name, id, catalog),
  };
}

/** The schema that a client writes with, or the one whose id a stored record has in its first 5 bytes. */
async function schemaOf(name: string, id: number | null, { schemas }: Pick<Catalog, 'schemas'>): Promise<GetSchemaResponse> {
  const known = writable.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new AppError('NOT_FOUND', `there is no schema ${JSON.stringify(name.slice(0, 80))}; there are ${writable.join(', ')}`,
      { details: [{ field: 'name', reason: 'is unknown' }] });
  }
  if (id === null) {
    const own = schemas.idOf(known);
    return { name: known, id: own, schema: schemas.text(own), fingerprint: schemaFingerprint(known) };
  }
  const schema = await schemas.acceptedText(id);
  if (schema === null || (JSON.parse(schema) as { name: string }).name.split('.').at(-1) !== known) {
    throw new AppError('NOT_FOUND', `id ${id} is of no schema of a ${known}`, { details: [{ field: 'id', reason: 'is unknown' }] });
  }
  return { name: known, id, schema, fingerprint: createHash('sha256').update(schema).digest('hex') };
}
