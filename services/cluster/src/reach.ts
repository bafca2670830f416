import type { Coordination } from '@proximadb/coordination';
import type { Metrics } from '@proximadb/process';
import { RemoteShards } from '@proximadb/query/remote';

/** The shards of all indexers that are known to live. Disposing closes the connections. */
export function reachShards(coordination: Coordination, metrics: Metrics): RemoteShards {
  void metrics;
  return new RemoteShards({ routes: coordination } as never);
}
