/** Rows in JSON: records as REST has them, or any objects of which one field is the id and one the vector. */
import { invalid } from '@proximadb/errors';
import { isJsonObject, JsonNumber, parseJson, recordFromJson, type JsonObject, type JsonValue } from '@proximadb/record';
import { isBlank, lineBytesMax, linesOf, type Line } from './lines.ts';
import { type FieldNames, type Position, type Row, type Source } from './source.ts';

export interface JsonSourceOptions {
  readonly path: string;
  /** Bytes from a position on. */
  readonly open: (start: number) => AsyncIterable<Buffer | string>;
  readonly bytesTotal: number | null;
  /** null: rows are records as REST has them, and nothing else. */
  readonly names: FieldNames | null;
}

export function jsonSource({ path, open, bytesTotal, names }: JsonSourceOptions): Source {
  return {
    path, format: 'jsonl', rowsTotal: null, bytesTotal, dimension: null, metric: null,
    remark: names === null ? null : `the id is ${names.id}, the vector ${names.vector}; what else a row has is its metadata`,
    async* rows(from) {
      let number = from.rows;
      for await (const line of linesOf(open(from.bytes), from.bytes)) {
        number += 1;
        if (line.bytes !== null && isBlank(line.bytes)) continue;
        yield rowOf(line, number, names);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

function rowOf(line: Line, number: number, names: FieldNames | null): Row {
  const after: Position = { rows: number, bytes: line.after, metadataBytes: 0 };
  return {
    number, after,
    encode(schemaId) {
      const json = parseLine(line);
      return recordFromJson(names === null ? json : reshaped(json, names), schemaId);
    },
  };
}

/** @throws AppError INVALID_ARGUMENT for a line that is too long or no JSON. */
export function parseLine({ bytes }: Line): JsonValue {
  if (bytes === null) throw invalid(`the line has more than ${lineBytesMax >> 20} MiB`);
  // Windows programs begin a file with a byte order mark.
  return parseJson(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes);
}

/** An object with names of its own in the shape of a record: what has no meaning of its own is metadata. */
export function reshaped(json: JsonValue, names: FieldNames): JsonValue {
  if (!isJsonObject(json)) return json;
  const record = new Map<string, JsonValue>();
  const metadata = new Map<string, JsonValue>();
  for (const [key, value] of json) {
    if (key === names.id) record.set('id', idOf(value));
    else if (key === names.vector) record.set('vector', value);
    else if (key === 'timestamp' || key === 'expiresAt') record.set(key, value);
    else if (key === 'metadata' && isJsonObject(value)) addAll(metadata, value);
    else addAll(metadata, new Map([[key, value]]));
  }
  if (!record.has('id')) throw invalid('is missing', { field: names.id });
  if (!record.has('vector')) throw invalid('is missing', { field: names.vector });
  record.set('metadata', metadata);
  return record;
}

function addAll(metadata: Map<string, JsonValue>, more: JsonObject): void {
  for (const [key, value] of more) {
    if (metadata.has(key)) throw invalid('is there twice, in metadata and beside it', { field: key });
    metadata.set(key, value);
  }
}

/** Ids that are whole numbers are written as text. */
function idOf(value: JsonValue): JsonValue {
  return value instanceof JsonNumber && value.isInteger ? value.text : value;
}
