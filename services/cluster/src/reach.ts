import type { Coordination } from '@proximadb/coordination';
import type { Logger, Metrics } from '@proximadb/process';
import { CoordinationRoutes, remoteMetrics, RemoteShards } from '@proximadb/query/remote';

/** The shards of all indexers that are known to live, into a stack that closes the connections. */
export function reachShards(coordination: Coordination, metrics: Metrics, logger: Logger, opened: AsyncDisposableStack): RemoteShards {
  const routes = opened.use(new CoordinationRoutes(coordination));
  return opened.use(new RemoteShards({ routes, metrics: remoteMetrics(metrics), logger }));
}
