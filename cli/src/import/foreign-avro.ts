/** Avro records of any schema, as metadata values: whole numbers as longs, instants in µs, unions without their wrapping. */
import avsc from 'avsc';
import { AppError } from '@proximadb/errors';
import type { MetadataValue } from '@proximadb/record';

export interface ForeignRecords {
  readonly fields: readonly string[];
  /** @throws AppError DATA_LOSS if the bytes are not one datum. */
  decode(datum: Buffer): Map<string, MetadataValue>;
}

/** @throws AppError INVALID_ARGUMENT for a schema that is not one of records. */
export function foreignRecords(schema: string): ForeignRecords {
  const type = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema, { typeHook, wrapUnions: true });
  if (!(type instanceof avsc.types.RecordType)) throw new AppError('INVALID_ARGUMENT', 'the schema of the file is not one of records');
  const fields = type.fields;
  return {
    fields: fields.map(({ name }) => name),
    decode(datum) {
      const record = type.fromBuffer(datum) as Readonly<Record<string, unknown>>;
      return new Map(fields.map((field) => [field.name, valueOf(record[field.name], field.type)]));
    },
  };
}

/** The type says what JavaScript does not: 1 and 1.0 look the same. */
function valueOf(value: unknown, type: avsc.Type): MetadataValue {
  if (value === null || value === undefined) return null;
  if (type instanceof avsc.types.WrappedUnionType) {
    const [[branch, inner] = ['', null]] = Object.entries(value);
    const branchType = type.types.find((one) => one.branchName === branch);
    return branchType === undefined ? null : valueOf(inner, branchType);
  }
  if (type instanceof avsc.types.IntType) return BigInt(value as number);
  if (type instanceof avsc.types.ArrayType) return (value as readonly unknown[]).map((item) => valueOf(item, type.itemsType));
  if (type instanceof avsc.types.MapType) {
    return new Map(Object.entries(value).map(([key, item]) => [key, valueOf(item, type.valuesType as avsc.Type)]));
  }
  if (type instanceof avsc.types.RecordType) {
    const record = value as Readonly<Record<string, unknown>>;
    return new Map(type.fields.map((field) => [field.name, valueOf(record[field.name], field.type)]));
  }
  // Booleans, longs (bigints, see below), floats and doubles, strings and enums, bytes and fixed ones.
  return value as MetadataValue;
}

function typeHook(schema: unknown): avsc.Type | undefined {
  if (schema === 'long') return longs;
  if (typeof schema !== 'object' || schema === null || !('type' in schema) || schema.type !== 'long') return undefined;
  return 'logicalType' in schema && schema.logicalType === 'timestamp-millis' ? millis : longs;
}

function longType(scale: bigint): avsc.Type {
  return avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => BigInt.asIntN(64, buffer.readBigInt64LE() * scale),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value / scale);
      return buffer;
    },
    fromJSON: (value: number | string) => BigInt(value),
    toJSON: (value: bigint) => String(value),
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  });
}

const longs = longType(1n);
const millis = longType(1000n);
