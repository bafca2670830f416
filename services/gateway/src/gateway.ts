import type { CallContext } from '@proximadb/process';
import { AppError } from '@proximadb/errors';
import type { Catalog } from '@proximadb/catalog';
import { schemaFingerprint, type GetSchemaResponse, type Operations } from '@proximadb/schemas';
import { createCollection, describe, updateCollection } from './collections.ts';
import type { GatewayConfig } from './config.ts';
import { requestIdOf } from './validate.ts';
import { Writes, type WritesDependencies } from './writes.ts';

type Operation<Name extends keyof Operations> = (request: Operations[Name]['request'], context: CallContext) => Promise<Operations[Name]['response']>;

/** The operations that change something, or describe what can be written. No transport. */
export type Gateway = {
  readonly [Name in 'createCollection' | 'getCollection' | 'listCollections' | 'updateCollection' | 'deleteCollection'
    | 'upsert' | 'patch' | 'delete' | 'getSchema']: Operation<Name>;
} & {
  /** Bytes of records whose write is not answered yet. */
  readonly inFlightBytes: number;
};

export interface GatewayCoreDependencies extends WritesDependencies {
  readonly catalog: Catalog;
}

const writable = ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const;

export function gatewayOver(config: GatewayConfig, dependencies: GatewayCoreDependencies): Gateway {
  const { catalog, randomId } = dependencies;
  const writes = new Writes(config, dependencies);
  return {
    createCollection: async (request, { signal }) => createCollection(request, requestIdOf(request.requestId, randomId), catalog, config, signal),
    getCollection: async ({ collection }) => describe(catalog.get(collection)),
    listCollections: async () => ({ collections: catalog.list().map(describe) }),
    updateCollection: async (request, { signal }) => updateCollection(request, catalog, signal),
    deleteCollection: async ({ collection }, { signal }) => {
      await catalog.delete(collection, signal);
      return {};
    },
    upsert: (request, context) => writes.upsert(request, context),
    patch: (request, context) => writes.patch(request, context),
    delete: (request, context) => writes.delete(request, context),
    getSchema: async ({ name }) => schemaOf(name, catalog),
    get inFlightBytes() {
      return writes.inFlightBytes;
    },
  };
}

/** The schema that a client puts into the 5 bytes before each record. */
function schemaOf(name: string, catalog: Catalog): GetSchemaResponse {
  const known = writable.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new AppError('NOT_FOUND', `there is no schema ${JSON.stringify(name.slice(0, 80))}; there are ${writable.join(', ')}`,
      { details: [{ field: 'name', reason: 'is unknown' }] });
  }
  const id = catalog.schemas.idOf(known);
  return { name: known, id, schema: catalog.schemas.text(id), fingerprint: schemaFingerprint(known) };
}
