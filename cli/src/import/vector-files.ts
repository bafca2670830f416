/** Files of bare vectors, all of one length: .npy and .fvecs. Their metadata come line by line from a second file, in the same order. */
import { AppError, invalid } from '@proximadb/errors';
import { decodeVectorRecord, encodeVectorRecord, recordFromJson, type Metadata } from '@proximadb/record';
import { ByteReader } from '../container/byte-reader.ts';
import { parseLine, reshaped } from './json-rows.ts';
import { fileChunks, linesOf, type Line } from './lines.ts';
import { readNpyHeader } from './npy.ts';
import { type FieldNames, type Position, type Row, type Source } from './source.ts';
import { floatsOf, type VectorLayout } from './vector-layout.ts';

export interface VectorSourceOptions {
  readonly path: string;
  /** One line a row: an object with its id and metadata. null: a row's id is its number, from 0 on, and it has no metadata. */
  readonly metadataPath: string | null;
  readonly names: FieldNames;
}

export async function npySource(options: VectorSourceOptions): Promise<Source> {
  return vectorSource('npy', await readNpyHeader(options.path), options);
}

/** @throws AppError INVALID_ARGUMENT if it is empty or not of whole rows. */
export async function fvecsSource(options: VectorSourceOptions): Promise<Source> {
  const { path } = options;
  await using reader = await ByteReader.open(path);
  const dimension = await reader.fill(4) ? reader.take(4).readInt32LE() : 0;
  const rowBytes = 4 + dimension * 4;
  if (dimension < 1 || dimension > 1 << 20 || reader.size % rowBytes !== 0) {
    throw invalid(`${path} is no .fvecs file: its ${reader.size} bytes are not rows of a length in 4 bytes and as many 32-bit floats`);
  }
  return vectorSource('fvecs', {
    rows: reader.size / rowBytes, dimension, start: 0, rowBytes,
    decode(bytes) {
      const found = bytes.readInt32LE();
      if (found !== dimension) throw invalid(`the row says that it has ${found} numbers; all have to have ${dimension}`, { field: 'vector' });
      return floatsOf(bytes.subarray(4));
    },
  }, options);
}

function vectorSource(format: 'npy' | 'fvecs', layout: VectorLayout, { path, metadataPath, names }: VectorSourceOptions): Source {
  const { rows: rowsTotal, dimension, start, rowBytes, decode } = layout;
  return {
    path, format, rowsTotal, bytesTotal: null, dimension, metric: null,
    remark: metadataPath === null ? 'ids are the numbers of the rows, from 0 on; there are no metadata (--metadata FILE)' : null,
    async* rows(from) {
      await using reader = await ByteReader.open(path, start + from.rows * rowBytes);
      const lines = metadataPath === null ? undefined : linesOf(fileChunks(metadataPath, from.metadataBytes), from.metadataBytes);
      try {
        for (let row = from.rows; row < rowsTotal; row += 1) {
          if (!await reader.fill(rowBytes)) throw new AppError('DATA_LOSS', `${path} ends before its row ${row + 1}`);
          const bytes = reader.take(rowBytes);
          const line = await lines?.next();
          if (line?.done === true) throw invalid(`${String(metadataPath)} ends before its line ${row + 1}; there have to be ${rowsTotal}`);
          yield rowOf(row, () => decode(bytes), line?.value, names, { rows: row + 1, bytes: 0, metadataBytes: line?.value.after ?? 0 });
        }
      } finally {
        await lines?.return(undefined);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

function rowOf(row: number, vectorOf: () => Float32Array, line: Line | undefined, names: FieldNames, after: Position): Row {
  return {
    number: row + 1, after,
    encode(schemaId) {
      const vector = vectorOf();
      if (line === undefined) return encodeVectorRecord(schemaId, { id: String(row), vector });
      return encodeVectorRecord(schemaId, { ...described(line, names, String(row)), vector });
    },
  };
}

interface Described {
  readonly id: string;
  readonly metadata: Metadata;
  readonly timestamp: bigint;
  readonly expiresAt: bigint | null;
}

/** What a line says of a vector: read as a record without one. A line without an id takes the row's number. */
function described(line: Line, names: FieldNames, fallbackId: string): Described {
  const json = parseLine(line);
  if (!(json instanceof Map)) throw invalid('a line of metadata is an object');
  const whole = new Map(json).set(names.vector, []);
  if (!whole.has(names.id)) whole.set(names.id, fallbackId);
  if (json.has(names.vector)) throw invalid('is in the metadata, but vectors come from the other file', { field: names.vector });
  return decodeVectorRecord(recordFromJson(reshaped(whole, names), 0));
}
