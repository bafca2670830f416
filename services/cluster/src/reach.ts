import type { Coordination } from '@proximadb/coordination';
import type { Logger, Metrics } from '@proximadb/process';
import { CoordinationRoutes, remoteMetrics, RemoteShards } from '@proximadb/query/remote';

export interface Reached {
  readonly shards: RemoteShards;
  readonly routes: CoordinationRoutes;
}

/** The shards of all indexers that are known to live, into a stack that closes the connections. */
export function reachShards(coordination: Coordination, metrics: Metrics, logger: Logger, opened: AsyncDisposableStack): Reached {
  const routes = opened.use(new CoordinationRoutes(coordination));
  return { routes, shards: opened.use(new RemoteShards({ routes, metrics: remoteMetrics(metrics), logger })) };
}
