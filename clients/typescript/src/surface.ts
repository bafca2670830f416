/** What both entries have. */
export { AppError as ProximaError, whoMustAct, type Code as ErrorCode, type ErrorDetail } from '@proximadb/errors';
export type { Collection as CollectionDescription, Consistency, Coverage, DiagnoseResponse as Diagnosis, Explain, Finding, Hnsw, Include, IndexKind, Metric,
  Quantization, RefusedRecord, Reindex as ReindexProgress, StatsResponse as Stats, StorageKind, VerifyResponse as Verification } from '@proximadb/schemas';
export type { OneCall as CallOptions, RetryOptions } from '@proximadb/transport/retries';
export { Collection } from './core/collection.ts';
export type { CollectionChange, CountOptions, DeletedByFilter, Query, ReadCall, ReindexSettings, ScrollOptions, SearchOptions, SearchResult, WriteOptions,
  WriteResult } from './core/collection.ts';
export { Database, type CollectionSettings } from './core/database.ts';
export type { AnyFilter, Filter, Operators } from './core/filter.ts';
export type { Given, Metadata, MetadataValue, Stored } from './core/metadata.ts';
export type { Condition, Hit, Included, Instant, PatchInput, RecordInput, StoredRecord, Vector } from './core/records.ts';
export type { HnswSettings } from './core/settings.ts';
export { Writer, type RefusedInput, type WriteReport, type WriterOptions } from './core/writer.ts';
