/** Values whose bytes are kept with each release. They reach every field, every branch of every union, and the ends of the number ranges. */
import type { SchemaName } from '../texts.ts';
import type { CollectionSettings } from '../../gen/ts/storage.ts';
import type { SchemaTypes } from '../../gen/ts/schemas.ts';

export type Samples = { readonly [Name in SchemaName]: Readonly<Record<string, SchemaTypes[Name]>> };

const settings: CollectionSettings = {
  dimension: 768, metric: 'manhattan', partitions: 12, index: 'flat', m: 16, ef_construction: 128, quantization: 'i8',
  record_bytes_max: 1_048_576, recall_target: 0.99, storage: 'disk',
};
const highest = 9_223_372_036_854_775_807n;
const log = 7, requestId = '0f8fad5b-d9cb-469f-a165-70867728950e';

export const samples: Samples = {
  Value: {
    'a map of everything': {
      value: {
        map: {
          nothing: { value: null }, yes: { value: { boolean: true } }, lowest: { value: { long: -highest - 1n } }, half: { value: { double: 0.5 } },
          text: { value: { string: 'Zürich 東京 🚀' } }, raw: { value: { bytes: Buffer.from([0, 127, 255]) } },
          list: { value: { array: [{ value: { array: [] } }, { value: { map: {} } }] } },
        },
      },
    },
  },
  VectorRecord: {
    'the least': { id: 'a', vector: [], metadata: {}, timestamp: 0n, expires_at: null },
    'everything': {
      id: 'wort-42/ü', vector: [0, -0, 1.5, -3.25e-7, 3.4028234663852886e38],
      metadata: {
        year: { value: { long: 2024n } }, big: { value: { long: highest } }, score: { value: { double: -1e-300 } }, none: { value: null },
        tags: { value: { array: [{ value: { string: 'a' } }, { value: { boolean: false } }] } },
        nested: { value: { map: { deeper: { value: { map: { raw: { value: { bytes: Buffer.from('00ff', 'hex') } } } } } } } },
      },
      timestamp: 1_735_689_600_000_000n, expires_at: { long: highest },
    },
  },
  PatchRecord: {
    'the least': { id: 'a', vector: null, set: {}, unset: [], timestamp: null, expires_at: null },
    'everything': {
      id: 'wort-42/ü', vector: { array: [1, 2] }, set: { year: { value: { long: 2025n } } }, unset: ['tags', 'none'],
      timestamp: { long: 1n }, expires_at: { 'proximadb.v1.Expiry': { at: { long: 2n } } },
    },
    'never expires': { id: 'a', vector: null, set: {}, unset: [], timestamp: null, expires_at: { 'proximadb.v1.Expiry': { at: null } } },
  },
  DeleteRecord: { 'a delete': { id: 'a', timestamp: 5n }, 'a tick': { id: '', timestamp: 0n } },
  WriteHeader: {
    'unconditional': { request_id: requestId, sequence: 0, condition: null },
    'if absent': { request_id: requestId, sequence: 1, condition: { 'proximadb.v1.IfAbsent': {} } },
    'if present': { request_id: requestId, sequence: 2, condition: { 'proximadb.v1.IfPresent': {} } },
    'if version': { request_id: requestId, sequence: 3, condition: { 'proximadb.v1.IfVersion': { log, offset: 9_007_199_254_740_990 } } },
    'if filter': { request_id: requestId, sequence: 999, condition: { 'proximadb.v1.IfFilter': { filter: '{"year":{"$gte":2020}}' } } },
  },
  Origin: { 'a copied record': { partition: 3, epoch: 41, sequence: 1_000_000, offset: 9_007_199_254_740_990 } },
  CollectionSettings: { 'settings': settings },
  CatalogEvent: {
    'created': {
      request_id: requestId, at: 1, event: { 'proximadb.v1.storage.CollectionCreated': { name: 'words', settings, description: 'GloVe', tags: { team: 'x' } } },
    },
    'ready': { request_id: requestId, at: 2, event: { 'proximadb.v1.storage.CollectionReady': { log, topic_id: 'dG9waWMgaWQ' } } },
    'updated': { request_id: requestId, at: 3, event: { 'proximadb.v1.storage.CollectionUpdated': { log, description: 'd', tags: { team: 'y' } } } },
    'not updated': { request_id: requestId, at: 3, event: { 'proximadb.v1.storage.CollectionUpdated': { log, description: null, tags: null } } },
    'deleted': { request_id: requestId, at: 4, event: { 'proximadb.v1.storage.CollectionDeleted': { log } } },
    'erased': { request_id: requestId, at: 5, event: { 'proximadb.v1.storage.CollectionErased': { log } } },
    'schema used': {
      request_id: requestId, at: 6, event: { 'proximadb.v1.storage.SchemaUsed': { id: 3, fingerprint: '00'.repeat(32), schema: '{"type":"string"}' } },
    },
    'reindex started': { request_id: requestId, at: 7, event: { 'proximadb.v1.storage.ReindexStarted': { log, settings } } },
    'copier started': { request_id: requestId, at: 8, event: { 'proximadb.v1.storage.CopierStarted': { log, partition: 11 } } },
    'copier caught up': { request_id: requestId, at: 9, event: { 'proximadb.v1.storage.CopierCaughtUp': { log, partition: 11, epoch: 40 } } },
    'partition drained': {
      request_id: requestId, at: 10, event: { 'proximadb.v1.storage.PartitionDrained': { log, partition: 11, epoch: 40, offsets: [0, 4_294_967_296] } },
    },
    'reindex aborted': { request_id: requestId, at: 11, event: { 'proximadb.v1.storage.ReindexAborted': { log } } },
    'generation discarded': { request_id: requestId, at: 12, event: { 'proximadb.v1.storage.GenerationDiscarded': { log } } },
  },
  Manifest: {
    'of an empty shard': {
      generation: 0, cluster_id: 'c', topic: 'proximadb-words-7', topic_id: 't', log, partition: 0, settings, watermark: 0, log_time: 0, last: null,
      segments: [], requests: [], malformed: 0, ledger: [], marks: [], streams: [],
    },
    'everything': {
      generation: 3, cluster_id: 'c', topic: 'proximadb-words-7', topic_id: 't', log, partition: 11, settings,
      watermark: 4_294_967_296, log_time: 1_735_689_600_000_000,
      last: { offset: 4_294_967_295, append_time: 1_735_689_600_000_000, crc32c: 4_294_967_295 },
      segments: [
        {
          id: 's1', rows: 2, files: [{ name: 'records.avro', bytes: 1000, crc32c: 1 }], schema_ids: [1, 4],
          graph: { name: 'graph', bytes: 5_000_000_000, crc32c: 2 },
          ladder: [{ candidates: 32, recall: 0.925 }, { candidates: 48, recall: 1 }], reach: -0.75, ended: Buffer.from('3a30000000000000', 'hex'),
        },
        { id: 's2', rows: 0, files: [], schema_ids: [], graph: null, ladder: [], reach: null, ended: Buffer.alloc(0) },
      ],
      requests: [{ request_id: requestId, log_time: 9, runs: [
        { sequence: 0, offset: 5, count: 2, refusal: null }, { sequence: 2, offset: 9, count: 1, refusal: 'exists' },
      ] }],
      malformed: 1, ledger: [{ offset: 8, reason: 'unknown schema id' }], marks: [{ offset: 65_536, sum: '00ff00ff00ff00ff' }],
      streams: [{ partition: 3, epoch: 40, sequence: 1_000_000 }],
    },
  },
};
