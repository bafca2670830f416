/** What collections there are, and which schemas records may have: decided by the order of one log. */
export { Catalog, type CatalogOptions, type CreateCollection, type UpdateCollection } from './catalog.ts';
export { recordTopic, type Change, type Collection } from './collection.ts';
export { CatalogCodec } from './events.ts';
export { catalogTopic } from './journal.ts';
export { RecordSchemas, type RecordName } from './record-schemas.ts';
export type { RegistryState } from './registry-watch.ts';
export { EmbeddedRegistry, registryTopic, schemaBytesMax, schemaSubject, type SchemaRegistry } from './registry.ts';
export { describeReindex } from './reindex-progress.ts';
export type { Copier, Reindex } from './reindex.ts';
export type { ReindexChange } from './reindex-settings.ts';
export type { Reindexing, StartedCopier } from './reindexing.ts';
export { CatalogState } from './state.ts';
export { settingsFrom, type SettingsDefaults, type SettingsRequest } from './settings.ts';
