import type { CallContext } from '@proximadb/process';
import type { Catalog } from '@proximadb/catalog';
import type { Operations } from '@proximadb/schemas';
import { catalogReads } from './catalog-reads.ts';
import { createCollection, updateCollection } from './collections.ts';
import type { GatewayConfig } from './config.ts';
import { reindexCollection } from './reindex.ts';
import { requestIdOf } from './validate.ts';
import { Writes, type WritesDependencies } from './writes.ts';

type Operation<Name extends keyof Operations> = (request: Operations[Name]['request'], context: CallContext) => Promise<Operations[Name]['response']>;

/** The operations that change something, or describe what can be written. No transport. */
export type Gateway = {
  readonly [Name in 'createCollection' | 'getCollection' | 'listCollections' | 'updateCollection' | 'deleteCollection'
    | 'reindexCollection' | 'abortReindex' | 'upsert' | 'patch' | 'delete' | 'getSchema']: Operation<Name>;
} & {
  /** Bytes of records whose write is not answered yet. */
  readonly inFlightBytes: number;
};

export interface GatewayCoreDependencies extends WritesDependencies {
  readonly catalog: Catalog;
}

export function gatewayOver(config: GatewayConfig, dependencies: GatewayCoreDependencies): Gateway {
  const { catalog, randomId } = dependencies;
  const writes = new Writes(config, dependencies);
  return {
    createCollection: async (request, { signal }) => createCollection(request, requestIdOf(request.requestId, randomId), catalog, config, signal),
    ...catalogReads(catalog),
    updateCollection: async (request, { signal }) => updateCollection(request, catalog, signal),
    deleteCollection: async ({ collection }, { signal }) => {
      await catalog.delete(collection, signal);
      return {};
    },
    reindexCollection: async (request, { signal }) => reindexCollection(request, requestIdOf(request.requestId, randomId), catalog, signal),
    abortReindex: async ({ collection }, { signal }) => {
      await catalog.reindexing.abort(collection, signal);
      return {};
    },
    upsert: (request, context) => writes.upsert(request, context),
    patch: (request, context) => writes.patch(request, context),
    delete: (request, context) => writes.delete(request, context),
    get inFlightBytes() {
      return writes.inFlightBytes;
    },
  };
}
