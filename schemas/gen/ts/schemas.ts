// Generated from avro/ by src/generator/main.ts: do not edit.
import type { DeleteRecord, Origin, PatchRecord, Value, VectorRecord, WriteHeader } from './log.ts';
import type { CatalogEvent, CollectionSettings, Manifest } from './storage.ts';

/** The type of each schema's values, as avsc decodes them. */
export interface SchemaTypes {
  DeleteRecord: DeleteRecord;
  Origin: Origin;
  PatchRecord: PatchRecord;
  Value: Value;
  VectorRecord: VectorRecord;
  WriteHeader: WriteHeader;
  CatalogEvent: CatalogEvent;
  CollectionSettings: CollectionSettings;
  Manifest: Manifest;
}

export interface SchemaEntry {
  /** 'exact': i64 as bigint, all unions wrapped. 'plain': i64 as a safe integer, unions wrapped where they are ambiguous. */
  readonly style: 'exact' | 'plain';
  /** SHA-256 of the text, in hex. */
  readonly fingerprint: string;
  readonly text: string;
}

export const schemas: { readonly [Name in keyof SchemaTypes]: SchemaEntry } = {
  DeleteRecord: {
    style: 'exact',
    fingerprint: '4ef264506d87106d42973a7211edafc92bc2a70459f634cccdf96a1da38f1fcb',
    text: '{"type":"record","name":"proximadb.v1.DeleteRecord","fields":[{"name":"id","type":"string"},{"name":"timestamp","type":{"type":"long","logicalType":"timestamp-micros"},"default":0}]}',
  },
  Origin: {
    style: 'plain',
    fingerprint: '296f5c40c9864c89d6770c718504ca9db984aa2b09abbea2b03a009e273c1bec',
    text: '{"type":"record","name":"proximadb.v1.Origin","fields":[{"name":"partition","type":"int"},{"name":"epoch","type":"long"},{"name":"sequence","type":"long"},{"name":"offset","type":"long"}]}',
  },
  PatchRecord: {
    style: 'exact',
    fingerprint: 'c371ff256501e78efa0df2bfca1dfd4cf2e94fe1847a4205b9970c6010961ca2',
    text: '{"type":"record","name":"proximadb.v1.PatchRecord","fields":[{"name":"id","type":"string"},{"name":"vector","type":["null",{"type":"array","items":"float"}],"default":null},{"name":"set","type":{"type":"map","values":{"type":"record","name":"proximadb.v1.Value","fields":[{"name":"value","type":["null","boolean","long","double","string","bytes",{"type":"array","items":"proximadb.v1.Value"},{"type":"map","values":"proximadb.v1.Value"}]}]}},"default":{}},{"name":"unset","type":{"type":"array","items":"string"},"default":[]},{"name":"timestamp","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"default":null},{"name":"expires_at","type":["null",{"type":"record","name":"proximadb.v1.Expiry","fields":[{"name":"at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}]}],"default":null}]}',
  },
  Value: {
    style: 'exact',
    fingerprint: '26a2c6176684683b3ed919dd5282fc2e4d6fffeafde167f56b5ffa3048112c74',
    text: '{"type":"record","name":"proximadb.v1.Value","fields":[{"name":"value","type":["null","boolean","long","double","string","bytes",{"type":"array","items":"proximadb.v1.Value"},{"type":"map","values":"proximadb.v1.Value"}]}]}',
  },
  VectorRecord: {
    style: 'exact',
    fingerprint: '29bd91685c181129fa0e86861b3c970f8d18952f0fbdf0670569b2d5577beffc',
    text: '{"type":"record","name":"proximadb.v1.VectorRecord","fields":[{"name":"id","type":"string"},{"name":"vector","type":{"type":"array","items":"float"},"default":[]},{"name":"metadata","type":{"type":"map","values":{"type":"record","name":"proximadb.v1.Value","fields":[{"name":"value","type":["null","boolean","long","double","string","bytes",{"type":"array","items":"proximadb.v1.Value"},{"type":"map","values":"proximadb.v1.Value"}]}]}},"default":{}},{"name":"timestamp","type":{"type":"long","logicalType":"timestamp-micros"},"default":0},{"name":"expires_at","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"default":null}]}',
  },
  WriteHeader: {
    style: 'plain',
    fingerprint: 'e937b9c1a2bae2afb633564d2739e1e5836b7747b439b8e57d2669429f9c6015',
    text: '{"type":"record","name":"proximadb.v1.WriteHeader","fields":[{"name":"request_id","type":"string"},{"name":"sequence","type":"int"},{"name":"condition","type":["null",{"type":"record","name":"proximadb.v1.IfAbsent","fields":[]},{"type":"record","name":"proximadb.v1.IfPresent","fields":[]},{"type":"record","name":"proximadb.v1.IfVersion","fields":[{"name":"log","type":"long"},{"name":"offset","type":"long"}]},{"type":"record","name":"proximadb.v1.IfFilter","fields":[{"name":"filter","type":"string"}]}],"default":null}]}',
  },
  CatalogEvent: {
    style: 'plain',
    fingerprint: '6220578c6074d6026d60b67905b408a49abd676c4862b9d0497828d3ab800075',
    text: '{"type":"record","name":"proximadb.v1.storage.CatalogEvent","fields":[{"name":"request_id","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"event","type":[{"type":"record","name":"proximadb.v1.storage.CollectionCreated","fields":[{"name":"name","type":"string"},{"name":"settings","type":{"type":"record","name":"proximadb.v1.storage.CollectionSettings","fields":[{"name":"dimension","type":"int"},{"name":"metric","type":{"type":"enum","name":"proximadb.v1.api.Metric","symbols":["cosine","dot","euclidean","manhattan"],"default":"cosine"}},{"name":"partitions","type":"int"},{"name":"index","type":{"type":"enum","name":"proximadb.v1.api.IndexKind","symbols":["hnsw","flat","ivf"],"default":"hnsw"}},{"name":"m","type":"int"},{"name":"ef_construction","type":"int"},{"name":"quantization","type":{"type":"enum","name":"proximadb.v1.api.Quantization","symbols":["f32","bf16","i8","b1"],"default":"f32"}},{"name":"record_bytes_max","type":"int"},{"name":"recall_target","type":"double","default":0.95},{"name":"storage","type":{"type":"enum","name":"proximadb.v1.api.StorageKind","symbols":["memory","disk"],"default":"memory"},"default":"memory"}]}},{"name":"description","type":"string","default":""},{"name":"tags","type":{"type":"map","values":"string"},"default":{}}]},{"type":"record","name":"proximadb.v1.storage.CollectionReady","fields":[{"name":"log","type":"long"},{"name":"topic_id","type":"string"}]},{"type":"record","name":"proximadb.v1.storage.CollectionUpdated","fields":[{"name":"log","type":"long"},{"name":"description","type":["null","string"],"default":null},{"name":"tags","type":["null",{"type":"map","values":"string"}],"default":null}]},{"type":"record","name":"proximadb.v1.storage.CollectionDeleted","fields":[{"name":"log","type":"long"}]},{"type":"record","name":"proximadb.v1.storage.CollectionErased","fields":[{"name":"log","type":"long"}]},{"type":"record","name":"proximadb.v1.storage.SchemaUsed","fields":[{"name":"id","type":"int"},{"name":"fingerprint","type":"string"},{"name":"schema","type":"string"}]},{"type":"record","name":"proximadb.v1.storage.ReindexStarted","fields":[{"name":"log","type":"long"},{"name":"settings","type":"proximadb.v1.storage.CollectionSettings"}]},{"type":"record","name":"proximadb.v1.storage.CopierStarted","fields":[{"name":"log","type":"long"},{"name":"partition","type":"int"}]},{"type":"record","name":"proximadb.v1.storage.CopierCaughtUp","fields":[{"name":"log","type":"long"},{"name":"partition","type":"int"},{"name":"epoch","type":"long"}]},{"type":"record","name":"proximadb.v1.storage.PartitionDrained","fields":[{"name":"log","type":"long"},{"name":"partition","type":"int"},{"name":"epoch","type":"long"},{"name":"offsets","type":{"type":"array","items":"long"}}]},{"type":"record","name":"proximadb.v1.storage.ReindexAborted","fields":[{"name":"log","type":"long"}]},{"type":"record","name":"proximadb.v1.storage.GenerationDiscarded","fields":[{"name":"log","type":"long"}]}]}]}',
  },
  CollectionSettings: {
    style: 'plain',
    fingerprint: '182fb93545de40468e8487317c22c12183323770c76a424e3b960b73c64c35f5',
    text: '{"type":"record","name":"proximadb.v1.storage.CollectionSettings","fields":[{"name":"dimension","type":"int"},{"name":"metric","type":{"type":"enum","name":"proximadb.v1.api.Metric","symbols":["cosine","dot","euclidean","manhattan"],"default":"cosine"}},{"name":"partitions","type":"int"},{"name":"index","type":{"type":"enum","name":"proximadb.v1.api.IndexKind","symbols":["hnsw","flat","ivf"],"default":"hnsw"}},{"name":"m","type":"int"},{"name":"ef_construction","type":"int"},{"name":"quantization","type":{"type":"enum","name":"proximadb.v1.api.Quantization","symbols":["f32","bf16","i8","b1"],"default":"f32"}},{"name":"record_bytes_max","type":"int"},{"name":"recall_target","type":"double","default":0.95},{"name":"storage","type":{"type":"enum","name":"proximadb.v1.api.StorageKind","symbols":["memory","disk"],"default":"memory"},"default":"memory"}]}',
  },
  Manifest: {
    style: 'plain',
    fingerprint: 'e9d742337b435c326eba8f77a59735cc86db87c4f5467bf6d6dbc7fa12504739',
    text: '{"type":"record","name":"proximadb.v1.storage.Manifest","fields":[{"name":"generation","type":"long"},{"name":"cluster_id","type":"string"},{"name":"topic","type":"string"},{"name":"topic_id","type":"string"},{"name":"log","type":"long"},{"name":"partition","type":"int"},{"name":"settings","type":{"type":"record","name":"proximadb.v1.storage.CollectionSettings","fields":[{"name":"dimension","type":"int"},{"name":"metric","type":{"type":"enum","name":"proximadb.v1.api.Metric","symbols":["cosine","dot","euclidean","manhattan"],"default":"cosine"}},{"name":"partitions","type":"int"},{"name":"index","type":{"type":"enum","name":"proximadb.v1.api.IndexKind","symbols":["hnsw","flat","ivf"],"default":"hnsw"}},{"name":"m","type":"int"},{"name":"ef_construction","type":"int"},{"name":"quantization","type":{"type":"enum","name":"proximadb.v1.api.Quantization","symbols":["f32","bf16","i8","b1"],"default":"f32"}},{"name":"record_bytes_max","type":"int"},{"name":"recall_target","type":"double","default":0.95},{"name":"storage","type":{"type":"enum","name":"proximadb.v1.api.StorageKind","symbols":["memory","disk"],"default":"memory"},"default":"memory"}]}},{"name":"watermark","type":"long"},{"name":"log_time","type":"long"},{"name":"last","type":["null",{"type":"record","name":"proximadb.v1.storage.LastRecord","fields":[{"name":"offset","type":"long"},{"name":"append_time","type":"long"},{"name":"crc32c","type":"long"}]}],"default":null},{"name":"segments","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.SegmentEntry","fields":[{"name":"id","type":"string"},{"name":"rows","type":"int"},{"name":"files","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.SegmentFile","fields":[{"name":"name","type":"string"},{"name":"bytes","type":"long"},{"name":"crc32c","type":"long"}]}}},{"name":"schema_ids","type":{"type":"array","items":"int"}},{"name":"graph","type":["null","proximadb.v1.storage.SegmentFile"],"default":null},{"name":"ladder","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.RecallStep","fields":[{"name":"candidates","type":"int"},{"name":"recall","type":"double"}]}},"default":[]},{"name":"reach","type":["null","double"],"default":null},{"name":"ended","type":"bytes"}]}}},{"name":"malformed","type":"long","default":0},{"name":"ledger","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.LedgerEntry","fields":[{"name":"offset","type":"long"},{"name":"reason","type":"string"}]}},"default":[]},{"name":"marks","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.SumMark","fields":[{"name":"offset","type":"long"},{"name":"sum","type":"string"}]}},"default":[]},{"name":"streams","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.OriginStream","fields":[{"name":"partition","type":"int"},{"name":"epoch","type":"long"},{"name":"sequence","type":"long"}]}},"default":[]},{"name":"requests","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.RequestEntry","fields":[{"name":"request_id","type":"string"},{"name":"log_time","type":"long"},{"name":"runs","type":{"type":"array","items":{"type":"record","name":"proximadb.v1.storage.OutcomeRun","fields":[{"name":"sequence","type":"int"},{"name":"offset","type":"long"},{"name":"count","type":"int"},{"name":"refusal","type":["null","string"],"default":null}]}}}]}},"default":[]}]}',
  },
};
