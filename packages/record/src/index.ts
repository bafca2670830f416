/** Records of the log, where they lie: validated, read, spliced and written, without decoding what nobody asks for. */
export { idBytesMax, keyBytesMax, nestingMax } from './types.ts';
export type { Metadata, MetadataValue, RecordKind, RecordLimits, RecordView, Walker } from './types.ts';
export { fieldsOf, isTimestamp, timestampField } from './fields.ts';
export { compileWalker } from './walker.ts';
export { wireHeaderBytes, wireSchemaId, withWire } from './wire.ts';
export { formatVersion, parseVersion, type RecordVersion } from './version.ts';
export {
  decodePatchRecord, decodeVectorRecord, type DecodedPatch, type DecodedRecord,
} from './decode.ts';
export { recordCounters } from './counters.ts';
export { encodeDeleteRecord, encodePatchRecord, encodeVectorRecord, type PatchFields, type RecordFields } from './encode.ts';
export { splicePatch } from './splice.ts';
export * from './json.ts';
