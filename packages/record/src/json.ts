/** Records as JSON, exactly: what the edge reads and writes. */
export { isJsonObject, JsonNumber, longOf, parseJson, type JsonObject, type JsonValue } from './parse-json.ts';
export { patchFromJson, recordFromJson, type RecordPlace } from './from-json.ts';
export { metadataToJson, recordToJson, valueToJson, vectorToJson, type RecordJsonOptions } from './to-json.ts';
