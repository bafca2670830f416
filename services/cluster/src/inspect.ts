/** What a gateway and a query service can say about the whole cluster. */
import type { Coordination } from '@proximadb/coordination';
import type { Logger } from '@proximadb/process';
import { createInspection, type Inspection, type QueryConfig } from '@proximadb/query';
import type { CoordinationRoutes, RemoteShards } from '@proximadb/query/remote';
import { Faults, type Probe } from './faults.ts';
import type { Foundations } from './foundations.ts';

export interface Inspected extends Foundations {
  readonly coordination: Coordination;
  readonly shards: RemoteShards;
  readonly routes: CoordinationRoutes;
  readonly logger: Logger;
}

/** What every process of a cluster can be without. */
export function commonProbes(catalog: Foundations['catalog'], coordination: Coordination): Readonly<Record<'redis' | 'registry' | 'schemas', Probe>> {
  return {
    redis: () => (coordination.connected ? null : 'does not answer'),
    registry: () => {
      const state = catalog.schemas.registryState;
      return state.kind === 'agrees' ? null : state.error.message;
    },
    schemas: () => {
      const { unreadable } = catalog.schemas;
      return unreadable.length === 0 ? null : `ids ${unreadable.join(', ')} are in use, and this release cannot read their records`;
    },
  };
}

export interface Inspector {
  readonly faults: Faults;
  readonly inspection: Inspection;
}

/** @param opened ends the looking. */
export function inspect(config: Partial<QueryConfig>, parts: Inspected, opened: AsyncDisposableStack): Inspector {
  const { log, catalog, coordination, shards, routes, logger } = parts;
  const faults = opened.use(new Faults(commonProbes(catalog, coordination), logger));
  const inspection = createInspection(config, {
    log, catalog, replicas: shards,
    members: () => coordination.members.map(({ id, kind, group, address }) => ({ id, kind, group, address })),
    faults: () => faults.list(), fewerSince: (number, partition) => routes.fewerSince(number, partition),
  });
  return { faults, inspection };
}
