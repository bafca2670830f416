/** The types of the Avro schemas of what is kept, in the one place that configures avsc. */
import avsc from 'avsc';
import { schemas, type SchemaTypes } from '../gen/ts/schemas.ts';
import type { SchemaName } from './texts.ts';

const types = new Map<SchemaName, avsc.Type>();

/**
 * How this release reads and writes a schema's values ({@link SchemaTypes} has their shapes).
 * Of the log's records (VectorRecord, PatchRecord, DeleteRecord, Value) a long is a bigint and every union is wrapped
 * (`{ long: 5n }`); of all others a long is a number that throws beyond ±(2⁵³ − 2), and only ambiguous unions are wrapped.
 */
export function avroType(name: SchemaName): avsc.Type {
  let type = types.get(name);
  if (type === undefined) {
    type = avroTypeOf(name, schemas[name].text);
    types.set(name, type);
  }
  return type;
}

/** A schema of another release, configured as this release's of that name. @throws Error if the text is not an Avro schema. */
export function avroTypeOf(name: SchemaName, text: string): avsc.Type {
  const schema = JSON.parse(text) as avsc.Schema;
  if (schemas[name].style === 'plain') return avsc.Type.forSchema(schema);
  return avsc.Type.forSchema(schema, { wrapUnions: true, typeHook });
}

export function encodeAvro<Name extends SchemaName>(name: Name, value: SchemaTypes[Name]): Buffer {
  return avroType(name).toBuffer(value);
}

/**
 * @param writerText the schema the bytes were written in, if not this release's.
 * @throws Error if the bytes are not one whole datum, or the writer's schema does not resolve to today's.
 */
export function decodeAvro<Name extends SchemaName>(name: Name, bytes: Uint8Array, writerText?: string): SchemaTypes[Name] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = avroType(name);
  const resolver = writerText === undefined || writerText === schemas[name].text ? undefined : type.createResolver(avroTypeOf(name, writerText));
  return type.fromBuffer(buffer, resolver) as SchemaTypes[Name];
}

function typeHook(schema: avsc.Schema, options: unknown): avsc.Type | undefined {
  if (schema === 'long') return bigintLong;
  if (typeof schema !== 'object' || !('type' in schema)) return undefined;
  if (schema.type === 'long') return bigintLong;
  return schema.type === 'record' && schema.name === 'proximadb.v1.Value' ? new ValueType(schema, options) : undefined;
}

interface Readable {
  _read(tap: unknown): unknown;
}

/**
 * A metadata value is read as its writer meant it. Avro's resolution would take the first branch that a value can be promoted to, and
 * so make a string of bytes. The kinds of value never change, so there is nothing to resolve; if they did, nothing could be read.
 */
class ValueType extends avsc.types.RecordType {
  override createResolver(writer: avsc.Type, options?: object): ReturnType<avsc.Type['createResolver']> {
    if (!(writer instanceof ValueType)) return super.createResolver(writer, options);
    const theirs = JSON.stringify(writer.schema()), ours = JSON.stringify(this.schema());
    if (theirs !== ours) throw new Error(`the kinds of metadata values differ: cannot read ${theirs} as ${ours}`);
    const resolver = { _readerType: this, _read: (tap: unknown) => (writer as unknown as Readable)._read(tap) };
    return resolver;
  }
}

const bigintLong = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: (value: number | string | bigint) => BigInt(value),
  // The text of a number: JSON.stringify has no bigint, and a double would round it.
  toJSON: (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)),
  isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});
