/** Mistakes in what is written, in the record itself and in the message around it. */
import { describe } from 'node:test';
import { Client as RawClient, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { AppError, type Code } from '@proximadb/errors';
import { encodeDeleteRecord, encodePatchRecord, encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import {
  batch, check, client, jsonBatch, messageBytesMax, path, record, recordBytesMax, recordsMax, schemaIds, server, useServer, type RestCall,
} from './mistakes.ts';

useServer();

const zigzag = (value: number | bigint): number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};
const text = (value: string): number[] => [...zigzag(Buffer.byteLength(value)), ...Buffer.from(value)];
const floats = (...values: number[]): number[] => [...Buffer.from(Float32Array.from(values).buffer)];
/** A record by hand: what no encoder of ours writes. */
const avro = (...body: readonly (readonly number[])[]): Uint8Array => {
  const wire = Buffer.alloc(5);
  wire.writeUInt32BE(schemaIds.VectorRecord, 1);
  return Buffer.concat([wire, Buffer.from(body.flat())]);
};
const vector = [...zigzag(3), ...floats(1, 2, 3), ...zigzag(0)];
const tail = [...zigzag(0), ...zigzag(0)];
const nested = (levels: number): MetadataValue => (levels === 0 ? 1n : levels % 2 === 0 ? [nested(levels - 1)] : new Map([['k', nested(levels - 1)]]));
const nestedJson = (levels: number): string => (levels === 0 ? '1' : levels % 2 === 0 ? `[${nestedJson(levels - 1)}]` : `{"k": ${nestedJson(levels - 1)}}`);

describe('records', () => {
  check([
    {
      name: 'of another dimension', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /2.*3|3.*2/,
      grpc: batch(() => record('x', [1, 2])), rest: jsonBatch({ id: 'x', vector: [1, 2] }),
    },
    {
      name: 'without a vector', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /0.*3|3.*0/, inRest: { reason: /missing/ },
      grpc: batch(() => record('x', [])), rest: jsonBatch({ id: 'x' }),
    },
    {
      name: 'with NaN', code: 'INVALID_ARGUMENT', record: 1, field: 'vector[1]', reason: /finite/,
      grpc: batch(() => record('x', [1, NaN, 2])),
    },
    {
      name: 'with infinity', code: 'INVALID_ARGUMENT', record: 1, field: 'vector[2]', reason: /finite/, inRest: { reason: /range/ },
      grpc: batch(() => record('x', [1, 2, -Infinity])), rest: jsonBatch('{"id": "x", "vector": [1, 2, -1e39]}'),
    },
    {
      name: 'with a zero vector under cosine', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /zero/,
      grpc: batch(() => record('x', [0, -0, 0])), rest: jsonBatch({ id: 'x', vector: [0, 0, 0] }),
    },
    {
      name: 'with a vector that 32-bit floats make zero', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /zero/,
      grpc: batch(() => record('x', [1e-50, 0, 0])), rest: jsonBatch({ id: 'x', vector: [1e-50, 0, 0] }),
    },
    {
      name: 'with an empty id', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /empty|1 to 512/,
      grpc: batch(() => record('', [1, 2, 3])), rest: jsonBatch({ id: '', vector: [1, 2, 3] }),
    },
    {
      name: 'with an id of 513 bytes', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /51[23]/,
      grpc: batch(() => record(`x${'é'.repeat(256)}`, [1, 2, 3])), rest: jsonBatch({ id: `x${'é'.repeat(256)}`, vector: [1, 2, 3] }),
    },
    {
      name: 'with an id that another of the batch has', code: 'INVALID_ARGUMENT', record: 0, field: 'id', reason: /"fine" is in record 1, too.*/,
      grpc: batch(() => record('fine', [1, 2, 3])), rest: jsonBatch({ id: 'fine', vector: [1, 2, 3] }),
    },
    {
      name: 'for a collection that is not there', code: 'NOT_FOUND', field: 'collection', reason: /"nowhere"/,
      grpc: () => client.upsert({ collection: 'nowhere', records: [record('x', [1, 2, 3])] }),
      rest: () => ['PUT', '/v1/collections/nowhere/records', { records: [{ id: 'x', vector: [1, 2, 3] }] }],
    },
    {
      name: 'of an unknown schema', code: 'INVALID_ARGUMENT', record: 1, reason: /unknown schema id.*4000000000|4000000000/,
      grpc: batch(() => encodeVectorRecord(4_000_000_000, { id: 'x', vector: [1, 2, 3] })),
    },
    {
      name: "of a patch's schema", code: 'INVALID_ARGUMENT', record: 1, reason: /a patch, not of an upsert/,
      grpc: batch(() => encodePatchRecord(schemaIds.PatchRecord, { id: 'x', vector: [1, 2, 3] })),
    },
    {
      name: "of a delete's schema", code: 'INVALID_ARGUMENT', record: 1, reason: /a delete, not of an upsert/,
      grpc: batch(() => encodeDeleteRecord(schemaIds.DeleteRecord, 'x')),
    },
    { name: 'of no bytes', code: 'INVALID_ARGUMENT', record: 1, reason: /5|header/, grpc: batch(() => new Uint8Array()) },
    { name: 'of a wire header alone', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /end/, grpc: batch(() => avro()) },
    {
      name: 'in another wire format', code: 'INVALID_ARGUMENT', record: 1, reason: /starts with the byte 0, not 123/,
      grpc: batch(() => Buffer.from('{"id": "x"}')),
    },
    { name: 'truncated', code: 'INVALID_ARGUMENT', record: 1, reason: /end/, field: 'timestamp', grpc: batch(() => record('x', [1, 2, 3]).slice(0, -2)) },
    {
      name: 'truncated in the vector', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /end/,
      grpc: batch(() => record('x', [1, 2, 3]).slice(0, 12)),
    },
    {
      name: 'with bytes behind the datum', code: 'INVALID_ARGUMENT', record: 1, reason: /1 bytes follow/,
      grpc: batch(() => Buffer.concat([record('x', [1, 2, 3]), Buffer.of(0)])),
    },
    {
      name: 'with a giant count of numbers', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /./,
      grpc: batch(() => avro(text('x'), zigzag(2n ** 40n), vector, tail)),
    },
    {
      name: 'with the least count there is', code: 'INVALID_ARGUMENT', record: 1, field: 'vector', reason: /./,
      grpc: batch(() => avro(text('x'), zigzag(-(2n ** 63n)), zigzag(1), vector, tail)),
    },
    {
      name: 'with a giant count of metadata keys', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata', reason: /./,
      grpc: batch(() => avro(text('x'), vector, zigzag(2n ** 60n), zigzag(0), tail)),
    },
    {
      name: 'with a giant length of a string', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /./,
      grpc: batch(() => avro(zigzag(2n ** 50n), [120])),
    },
    {
      name: 'with a number of too many bytes', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /./,
      grpc: batch(() => avro(Array<number>(12).fill(255))),
    },
    {
      name: 'with an id that is not UTF-8', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /UTF-8/,
      grpc: batch(() => avro(zigzag(2), [0xc3, 0x28], vector, zigzag(0), tail)),
    },
    {
      name: 'with a metadata text that is not UTF-8', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.k', reason: /UTF-8/,
      grpc: batch(() => avro(text('x'), vector, zigzag(1), text('k'), zigzag(4), zigzag(2), [0xff, 0xfe], zigzag(0), tail)),
    },
    {
      name: 'with a metadata key twice', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.k', reason: /twice|duplicate/,
      inRest: { reason: /twice|duplicate/ },
      grpc: batch(() => avro(text('x'), vector, zigzag(2), text('k'), zigzag(0), text('k'), zigzag(0), zigzag(0), tail)),
    },
    {
      name: 'with a kind of value that is none', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.k', reason: /./,
      grpc: batch(() => avro(text('x'), vector, zigzag(1), text('k'), zigzag(8), zigzag(0), tail)),
    },
    {
      name: 'with NaN in the metadata', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.list[1]', reason: /finite/,
      grpc: batch(() => record('x', [1, 2, 3], { list: [1, NaN] })),
    },
    {
      name: 'with metadata nested too deep', code: 'INVALID_ARGUMENT', record: 1, reason: /16/, field: `metadata.a${'.k[0]'.repeat(7)}.k`,
      grpc: batch(() => record('x', [1, 2, 3], { a: nested(17) })), rest: jsonBatch(`{"id": "x", "vector": [1, 2, 3], "metadata": {"a": ${nestedJson(17)}}}`),
    },
    {
      name: 'with a key of 513 bytes', code: 'INVALID_ARGUMENT', record: 1, field: `metadata.${'k'.repeat(64)}…`, reason: /512/,
      grpc: batch(() => record('x', [1, 2, 3], { ['k'.repeat(513)]: 1n })), rest: jsonBatch({ id: 'x', vector: [1, 2, 3], metadata: { ['k'.repeat(513)]: 1 } }),
    },
    {
      name: 'of more bytes than a record may have', code: 'INVALID_ARGUMENT', record: 1, reason: /65536/,
      grpc: batch(() => record('x', [1, 2, 3], { long: 'x'.repeat(recordBytesMax) })),
      rest: jsonBatch({ id: 'x', vector: [1, 2, 3], metadata: { long: 'x'.repeat(recordBytesMax) } }),
    },
    {
      name: 'in too great a number', code: 'RESOURCE_EXHAUSTED', status: 413, field: 'records', reason: /2001.*2000/,
      grpc: () => client.upsert({ collection: 'words', records: many(recordsMax + 1) }),
      rest: () => ['PUT', `${path}/records`, { records: Array.from({ length: recordsMax + 1 }, (_, i) => ({ id: `x${i}`, vector: [1, 2, 3] })) }],
    },
    {
      name: 'of too many bytes together', code: 'RESOURCE_EXHAUSTED', status: 413, field: 'records', reason: /262144/,
      grpc: () => client.upsert({ collection: 'words', records: large(5) }),
      rest: () => ['PUT', `${path}/records`, { records: [...'abcde'].map((id) => ({ id, vector: [1, 2, 3], metadata: { a: 'x'.repeat(60_000) } })) }],
    },
    {
      name: 'in a message larger than the server takes', code: 'RESOURCE_EXHAUSTED', status: 413, reason: /larger/,
      grpc: () => client.upsert({ collection: 'words', records: large(18) }),
      rest: () => ['PUT', `${path}/records`, { records: [{ id: 'x', vector: [1, 2, 3], metadata: { a: 'x'.repeat(messageBytesMax) } }] }],
    },
    {
      name: 'in no number', code: 'INVALID_ARGUMENT', field: 'records', reason: /at least one/,
      grpc: () => client.upsert({ collection: 'words' }), rest: () => ['PUT', `${path}/records`, { records: [] }],
    },
  ]);

  const many = (length: number): Uint8Array[] => Array.from({ length }, (_, i) => record(`x${i}`, [1, 2, 3]));
  const large = (length: number): Uint8Array[] => Array.from({ length }, (_, i) => record(`x${i}`, [1, 2, 3], { a: 'x'.repeat(60_000) }));
});

describe('JSON', () => {
  const put = (body: string | Uint8Array, headers: Record<string, string> = {}) => (): RestCall => ['PUT', `${path}/records`, body, headers];
  check([
    { name: 'that ends early', code: 'INVALID_ARGUMENT', reason: /JSON/, rest: put('{"records": [{"id": "x", "vector": [1, 2, 3]}') },
    { name: 'with a comma too many', code: 'INVALID_ARGUMENT', reason: /JSON/, rest: put('{"records": [{"id": "x", "vector": [1, 2, 3,]}]}') },
    { name: 'with NaN', code: 'INVALID_ARGUMENT', reason: /JSON/, rest: put('{"records": [{"id": "x", "vector": [1, NaN, 3]}]}') },
    { name: 'with a key twice', code: 'INVALID_ARGUMENT', reason: /twice/, rest: put('{"records": [{"id": "x", "id": "y", "vector": [1, 2, 3]}]}') },
    { name: 'with something behind it', code: 'INVALID_ARGUMENT', reason: /JSON/, rest: put('{"records": [{"id": "x", "vector": [1, 2, 3]}]} {}') },
    { name: 'nested too deep', code: 'INVALID_ARGUMENT', reason: /64|deep/, rest: put(`{"records": ${'['.repeat(100_000)}`) },
    {
      name: 'that is not UTF-8', code: 'INVALID_ARGUMENT', reason: /UTF-8/,
      rest: put(Buffer.concat([Buffer.from('{"records": [{"id": "'), Buffer.of(0xc3), Buffer.from('", "vector": [1, 2, 3]}]}')])),
    },
    {
      name: 'with half a character', code: 'INVALID_ARGUMENT', reason: /surrogate/,
      rest: put(String.raw`{"records": [{"id": "\ud800", "vector": [1, 2, 3]}]}`),
    },
    { name: 'that is empty', code: 'INVALID_ARGUMENT', reason: /empty/, rest: put('') },
    { name: 'that is an array', code: 'INVALID_ARGUMENT', reason: /object/, rest: put('[]') },
    {
      name: 'with a field that there is not', code: 'INVALID_ARGUMENT', field: 'record', reason: /no such field.*records/,
      rest: put('{"records": [{"id": "x", "vector": [1, 2, 3]}], "record": 1}'),
    },
    { name: 'with records that are none', code: 'INVALID_ARGUMENT', field: 'records', reason: /array/, rest: put('{"records": {"id": "x"}}') },
    { name: 'with a record that is none', code: 'INVALID_ARGUMENT', record: 1, reason: /object/, rest: jsonBatch('"x"') },
    {
      name: 'with a record that has an unknown field', code: 'INVALID_ARGUMENT', record: 1, field: 'meta', reason: /no such field/,
      rest: jsonBatch({ id: 'x', vector: [1, 2, 3], meta: {} }),
    },
    { name: 'with an id that is a number', code: 'INVALID_ARGUMENT', record: 1, field: 'id', reason: /string/, rest: jsonBatch({ id: 7, vector: [1, 2, 3] }) },
    {
      name: 'with a vector of texts', code: 'INVALID_ARGUMENT', record: 1, field: 'vector[0]', reason: /number/,
      rest: jsonBatch({ id: 'x', vector: ['1', 2, 3] }),
    },
    {
      name: 'with an integer of 65 bits', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.n', reason: /64 bits/,
      rest: jsonBatch('{"id": "x", "vector": [1, 2, 3], "metadata": {"n": 9223372036854775808}}'),
    },
    {
      name: 'with a double beyond the range', code: 'INVALID_ARGUMENT', record: 1, field: 'metadata.d', reason: /range/,
      rest: jsonBatch('{"id": "x", "vector": [1, 2, 3], "metadata": {"d": 1e400}}'),
    },
    {
      name: 'with an instant with a fraction', code: 'INVALID_ARGUMENT', record: 1, field: 'expiresAt', reason: /integer/,
      rest: jsonBatch({ id: 'x', vector: [1, 2, 3], expiresAt: 1.5 }),
    },
    { name: 'of another media type', code: 'INVALID_ARGUMENT', status: 415, reason: /application\/json/, rest: put('{}', { 'content-type': 'text/plain' }) },
    { name: 'for a path that there is not', code: 'NOT_FOUND', reason: /nothing at/, rest: () => ['GET', '/v1/collection'] },
    { name: 'for a method that a path has not', code: 'UNIMPLEMENTED', status: 405, reason: /PUT/, rest: () => ['DELETE', `${path}/records`] },
  ]);
});

describe('protobuf', () => {
  check([
    { name: 'that is truncated', code: 'INVALID_ARGUMENT', reason: /UpsertRequest/, grpc: () => raw('Upsert', Buffer.of(0x0a, 50, 0x61)) },
    {
      name: 'with a collection that is not UTF-8', code: 'INVALID_ARGUMENT', reason: /UpsertRequest/,
      grpc: () => raw('Upsert', Buffer.of(0x0a, 2, 0xc3, 0x28)),
    },
    {
      name: 'with a giant length', code: 'INVALID_ARGUMENT', reason: /UpsertRequest/,
      grpc: () => raw('Upsert', Buffer.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f)),
    },
    { name: 'with an unknown operator in a filter', code: 'INVALID_ARGUMENT', reason: /CountRequest.*99/, grpc: () => raw('Count', unknownOperator) },
    { name: 'with a filter nested a thousand times', code: 'INVALID_ARGUMENT', reason: /CountRequest/, grpc: () => raw('Count', nestedFilter(1_000)) },
    { name: 'for a method that there is not', code: 'UNIMPLEMENTED', reason: /./, grpc: () => raw('Drop', Buffer.alloc(0)) },
  ]);

  const field = (number: number, bytes: Uint8Array): Buffer => {
    const length: number[] = [];
    let rest = bytes.length;
    for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
    return Buffer.concat([Buffer.of((number << 3) | 2, ...length, rest), bytes]);
  };
  const unknownOperator = Buffer.concat([field(1, Buffer.from('words')), field(2, field(3, Buffer.concat([field(1, Buffer.from('a')), Buffer.of(0x10, 99)])))]);
  const nestedFilter = (levels: number): Buffer => {
    let filter = field(3, field(1, Buffer.from('a')));
    for (let level = 0; level < levels; level++) filter = field(2, filter);
    return Buffer.concat([field(1, Buffer.from('words')), field(2, filter)]);
  };
});

/** A call with any bytes as its message. */
async function raw(method: string, message: Buffer): Promise<Buffer> {
  const connection = new RawClient(`127.0.0.1:${server.standalone.grpcPort}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      connection.makeUnaryRequest(`/proximadb.v1.ProximaDB/${method}`, (bytes: Buffer) => bytes, (bytes) => bytes, message, new Metadata(),
        (error: ServiceError | null, answer?: Buffer) => {
          if (error === null) resolve(answer ?? Buffer.alloc(0));
          else reject(new AppError(status[error.code] as Code, error.details));
        });
    });
  } finally {
    connection.close();
  }
}
