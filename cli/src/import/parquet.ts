/** Parquet files: a column is the id, a list column the vector, the others are metadata. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema, type FileMetaData, type ParquetParsers, type SchemaTree,
} from 'hyparquet';
import { AppError, invalid } from '@proximadb/errors';
import { encodeVectorRecord, isJsonObject, JsonNumber, parseJson, type JsonValue, type MetadataValue } from '@proximadb/record';
import { floatsFrom, longFrom, recordOf } from './foreign.ts';
import { type FieldNames, type Row, type Source } from './source.ts';

/** Unpacked bytes of one step through a row group; as objects they take several times as much. */
const stepBytes = 16 << 20;
const stepRowsMax = 20_000;

type Cells = Readonly<Record<string, unknown>>;

/** @throws AppError INVALID_ARGUMENT if it is no Parquet file, or has no such columns. */
export async function parquetSource(path: string, names: FieldNames): Promise<Source> {
  const file = await asyncBufferFromFile(path);
  const metadata = await understood(path, () => parquetMetadataAsync(file));
  const columns = new Map(parquetSchema(metadata).children.map((child) => [child.element.name, child]));
  for (const [name, option] of [[names.id, '--id-field'], [names.vector, '--vector-field']] as const) {
    if (!columns.has(name)) throw invalid(`${path} has no column ${JSON.stringify(name)} (${option}); there are ${[...columns.keys()].join(', ')}`);
  }
  const rowsTotal = Number(metadata.num_rows);
  return {
    path, format: 'parquet', rowsTotal, bytesTotal: null, dimension: null, metric: null,
    remark: `the id is ${names.id}, the vector ${names.vector}; the other columns are metadata`,
    async* rows(from) {
      for (const { start, end } of stepsOf(metadata, from.rows)) {
        const rows = await understood(path, () => parquetReadObjects({
          file, metadata, rowStart: start, rowEnd: end, utf8: false, parsers, compressors, geoparquet: false,
        }) as Promise<Cells[]>);
        yield* rows.map((cells, at) => rowOf(cells, start + at, columns, names));
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Ranges of rows, none across two row groups. */
function* stepsOf(metadata: FileMetaData, from: number): Generator<{ start: number; end: number }> {
  let groupStart = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const steps = Math.max(Math.ceil(Number(group.total_byte_size) / stepBytes), Math.ceil(rows / stepRowsMax), 1);
    const size = Math.max(Math.ceil(rows / steps), 1);
    for (let at = 0; at < rows; at += size) {
      const start = Math.max(groupStart + at, from);
      const end = Math.min(groupStart + at + size, groupStart + rows);
      if (start < end) yield { start, end };
    }
    groupStart += rows;
  }
}

function rowOf(cells: Cells, row: number, columns: ReadonlyMap<string, SchemaTree>, names: FieldNames): Row {
  return {
    number: row + 1, after: { rows: row + 1, bytes: 0, metadataBytes: 0 },
    encode(schemaId) {
      const vector = floatsFrom(cells[names.vector], names.vector);
      const values = new Map<string, MetadataValue>();
      for (const [name, column] of columns) if (name !== names.vector) values.set(name, valueOf(cells[name], column, name));
      return encodeVectorRecord(schemaId, recordOf(values, vector, names));
    },
  };
}

/** What the column says decides whether a number is whole: 1 and 1.0 look the same here. */
function valueOf(value: unknown, column: SchemaTree | undefined, field: string): MetadataValue {
  if (value === undefined || value === null) return null;
  switch (typeof value) {
    case 'string': case 'boolean': return value;
    case 'bigint': return longFrom(value, field);
    case 'number': return column?.element.type === 'INT32' && column.element.converted_type !== 'DECIMAL' ? BigInt(value) : value;
    case 'object': break;
    default: throw invalid(`holds a ${typeof value}, which no metadata can`, { field });
  }
  if (value instanceof Uint8Array) return value;
  if (value instanceof Map) return value as ReadonlyMap<string, MetadataValue>;
  if (value instanceof Date) return BigInt(value.getTime()) * 1000n;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const items = Array.from(value as ArrayLike<unknown>);
    return items.map((item, at) => valueOf(item, itemOf(column), `${field}[${at}]`));
  }
  const isMap = column?.element.converted_type === 'MAP' || column?.element.logical_type?.type === 'MAP';
  const childOf = (name: string): SchemaTree | undefined =>
    (isMap ? column.children[0]?.children[1] : column?.children.find(({ element }) => element.name === name));
  return new Map(Object.entries(value).map(([name, item]) => [name, valueOf(item, childOf(name), `${field}.${name}`)]));
}

/** Of a list's column the column of its items: two levels below it, or one, or itself. */
function itemOf(column: SchemaTree | undefined): SchemaTree | undefined {
  let inner = column;
  while (inner?.children.length === 1) inner = inner.children[0];
  return inner;
}

const parsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => millis * 1000n,
  timestampFromMicroseconds: (micros) => micros,
  timestampFromNanoseconds: (nanos) => nanos / 1000n,
  dateFromDays: (days) => BigInt(days) * 86_400_000_000n,
  jsonFromBytes: (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : jsonValue(parseJson(bytes))),
};

function jsonValue(json: JsonValue): MetadataValue {
  if (json === null || typeof json === 'boolean' || typeof json === 'string') return json;
  if (json instanceof JsonNumber) return json.toLong() ?? json.toNumber();
  if (!isJsonObject(json)) return json.map(jsonValue);
  return new Map([...json].map(([key, value]) => [key, jsonValue(value)]));
}

const pageBytesMax = 256 << 20;

const compressors = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes, { maxOutputLength: pageBytesMax }),
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes, { maxOutputLength: pageBytesMax }),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes, { maxOutputLength: pageBytesMax }),
};

/** What the library says of a file it cannot read is the file's fault. */
async function understood<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof AppError || (thrown instanceof Error && 'syscall' in thrown)) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AppError('INVALID_ARGUMENT', `${path} cannot be read as Parquet: ${reason}`, { cause: thrown });
  }
}
