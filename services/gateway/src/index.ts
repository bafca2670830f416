/** The gateway: what a client writes goes, checked and unchanged, into the log. */
export { catalogReads, type CatalogReads } from './catalog-reads.ts';
export { entriesOf } from './append.ts';
export { gatewayDefaults, gatewayLimits, type GatewayConfig } from './config.ts';
export { createGateway, type GatewayDependencies } from './create.ts';
export type { Gateway } from './gateway.ts';
export type { Indexers, SchemaReader } from './indexers.ts';
export type { Outcome, Outcomes, OutcomesWanted, PartitionOutcomes, Refusal } from './outcomes.ts';
export type { Progress } from './progress.ts';
export type { Rates } from './rates.ts';
export { checkRecords } from './validate.ts';
export type { Reader, ReaderAnswer, ReaderPage, ReaderRow } from './reader.ts';
