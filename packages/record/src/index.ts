/** Records of the log, where they lie: validated, read, spliced and written, without decoding what nobody asks for. */
export { idBytesMax, keyBytesMax, nestingMax } from './types.ts';
export type { Metadata, MetadataValue, Metric, RecordKind, RecordLimits, RecordView, Walker } from './types.ts';
export { compileWalker } from './walker.ts';
export { wireHeaderBytes, wireSchemaId, withWire } from './wire.ts';
export { formatVersion, parseVersion, type RecordVersion } from './version.ts';
