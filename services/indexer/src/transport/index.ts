/** The transport of an indexer's shards. */
export {
  shardServerDefaults, shardServerLimits, startShardServer, type ShardServer, type ShardServerConfig, type ShardServerOptions,
} from './server.ts';
