/** The processes of a cluster. */
export {
  gatewayProcessConfig, indexerProcessConfig, queryProcessConfig, type GatewayProcessConfig, type IndexerProcessConfig, type QueryProcessConfig,
} from './config.ts';
export { createGatewayProcess } from './gateway.ts';
export { createIndexerProcess } from './indexer.ts';
export { createQueryProcess } from './query.ts';
export type { ClusterProcess } from './lifecycle.ts';
