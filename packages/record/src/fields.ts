/** What filters are asked of. */
import type { Metadata, MetadataValue, RecordView } from './types.ts';

/** The record's own timestamp, µs since 1970, among the keys that a filter's path may begin with. A key of the metadata of this name is hidden by it. */
export const timestampField = '$timestamp';

/** Whether a filter's path names the record's own timestamp. */
export function isTimestamp(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === timestampField;
}

/** A record's metadata and its own timestamp, as a filter sees them. */
export function fieldsOf(view: RecordView): Metadata {
  const fields = new Map<string, MetadataValue>([[timestampField, view.timestamp]]);
  for (const [key, value] of view.readMetadata()) if (key !== timestampField) fields.set(key, value);
  return fields;
}
