/** Avro object container files: our own (exports, and the files of segments) and those of other programs. */
import avsc from 'avsc';
import { AppError, invalid } from '@proximadb/errors';
import { compileWalker, decodeVectorRecord, encodeVectorRecord, wireHeaderBytes, withWire } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { ContainerReader, datumsOf } from '../container/container-reader.ts';
import { foreignRecords } from './foreign-avro.ts';
import { floatsFrom, recordOf } from './foreign.ts';
import { type FieldNames, type Position, type Source } from './source.ts';

export const exportKeys = { dimension: 'proximadb.dimension', metric: 'proximadb.metric', collection: 'proximadb.collection' } as const;

type Encode = (datum: Buffer, schemaId: number) => Uint8Array;

/** @throws AppError if the file is damaged, or its schema has neither our name nor the two fields. */
export async function avroSource(path: string, names: FieldNames): Promise<Source> {
  let reader = await ContainerReader.open(path);
  const { schema, metadata, size } = reader;
  await reader[Symbol.asyncDispose]();
  const datums = datumsOf(schema);
  const { encode, remark } = encoding(schema, names, path);
  const dimension = Number(metadata.get(exportKeys.dimension)?.toString());
  return {
    path, format: 'avro', rowsTotal: null, bytesTotal: size, remark,
    dimension: Number.isInteger(dimension) && dimension > 0 ? dimension : null,
    metric: metadata.get(exportKeys.metric)?.toString() ?? null,
    async* rows(from) {
      reader = await ContainerReader.open(path);
      let row = from.rows;
      try {
        for await (const block of reader.blocks(from.rows)) {
          let skip = block.skip;
          let bytes = block.end - block.data.length;
          for (const datum of datums(block, path)) {
            bytes += datum.length;
            if (skip-- > 0) continue;
            row += 1;
            const after: Position = { rows: row, bytes: Math.min(bytes, block.end), metadataBytes: 0 };
            yield { number: row, after, encode: (schemaId) => encode(datum, schemaId) };
          }
        }
      } finally {
        await reader[Symbol.asyncDispose]();
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

function encoding(text: string, names: FieldNames, path: string): { encode: Encode; remark: string } {
  const wrapped = recordInContainer(text);
  const writerText = wrapped ?? text;
  const bodyOf = (datum: Buffer): Buffer => (wrapped === null ? datum : datum.subarray(wireHeaderBytes));
  if (sameLayout(writerText, schemaText('VectorRecord'))) {
    return { encode: (datum, schemaId) => withWire(schemaId, bodyOf(datum)), remark: 'records of ours in this schema: copied byte for byte' };
  }
  const walker = walkerOf(writerText);
  if (walker !== undefined) {
    return {
      encode: (datum, schemaId) => encodeVectorRecord(schemaId, decodeVectorRecord(withWire(0, bodyOf(datum)), walker)),
      remark: 'records of ours in the schema of another release: written anew in this one',
    };
  }
  const read = foreignRecords(text);
  for (const [name, option] of [[names.id, '--id-field'], [names.vector, '--vector-field']] as const) {
    if (!read.fields.includes(name)) throw invalid(`${path} has no field ${JSON.stringify(name)} (${option}); there are ${read.fields.join(', ')}`);
  }
  return {
    encode: (datum, schemaId) => {
      const values = read.decode(datum);
      return encodeVectorRecord(schemaId, recordOf(values, floatsFrom(values.get(names.vector), names.vector), names));
    },
    remark: `records of another program: the id is ${names.id}, the vector ${names.vector}, the other fields are metadata`,
  };
}

/** The record's schema in the containers of segments, whose datums are `{wire: fixed(5), record}`; null for any other schema. */
function recordInContainer(text: string): string | null {
  const schema = JSON.parse(text) as { readonly name?: string; readonly namespace?: string; readonly fields?: readonly { readonly type: unknown }[] };
  if (schema.name !== 'LogValue' || schema.namespace !== 'proximadb.v1.storage') return null;
  return JSON.stringify(schema.fields?.[1]?.type ?? null);
}

/** Whether the bytes of one are the bytes of the other: documentation, defaults and white space do not count. */
function sameLayout(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => avsc.Type.forSchema(JSON.parse(text) as avsc.Schema).fingerprint('sha256'));
  return a !== undefined && b !== undefined && a.equals(b);
}

function walkerOf(text: string): ReturnType<typeof compileWalker> | undefined {
  try {
    const walker = compileWalker(text);
    return walker.kind === 'upsert' ? walker : undefined;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'INVALID_ARGUMENT') return undefined;
    throw thrown;
  }
}
