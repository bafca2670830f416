/** The shards of a cluster, as a query service or a gateway reaches them. */
export { remoteDefaults, remoteLimits, type RemoteConfig } from './config.ts';
export { remoteMetrics, type RemoteMetrics } from './metrics.ts';
export { RemoteShards, type RemoteShardsOptions } from './remote-shards.ts';
export { CoordinationRoutes, type Replica, type Routes } from './routes.ts';
