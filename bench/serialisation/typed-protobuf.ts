/**
 * The API that converts: protobuf messages with typed records, read and written as a generator would have it.
 *
 *     message TypedUpsert { string collection = 1; repeated TypedRecord records = 2; }
 *     message TypedRecord { string id = 1; repeated float vector = 2; map<string, TypedValue> metadata = 3; int64 timestamp = 4; }
 *     message TypedValue { oneof value { bool boolean = 1; int64 long = 2; double double = 3; string string = 4; } }
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

export type TypedValue =
  | { readonly kind: 'boolean'; readonly value: boolean } | { readonly kind: 'long'; readonly value: number }
  | { readonly kind: 'double'; readonly value: number } | { readonly kind: 'string'; readonly value: string };

export interface TypedRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: Readonly<Record<string, TypedValue>>;
  readonly timestamp: number;
}

export interface TypedUpsert {
  readonly collection: string;
  readonly records: readonly TypedRecord[];
}

export const TypedUpsert = {
  encode({ collection, records }: TypedUpsert): Uint8Array {
    const writer = new BinaryWriter();
    writer.uint32(10).string(collection);
    for (const record of records) {
      writer.uint32(18).fork();
      writeRecord(writer, record);
      writer.join();
    }
    return writer.finish();
  },

  decode(bytes: Uint8Array): TypedUpsert {
    const reader = new BinaryReader(bytes);
    let collection = '';
    const records: TypedRecord[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === 10) collection = reader.string();
      else if (tag === 18) records.push(readRecord(reader, reader.uint32() + reader.pos));
      else reader.skip(tag & 7);
    }
    return { collection, records };
  },
};

function writeRecord(writer: BinaryWriter, { id, vector, metadata, timestamp }: TypedRecord): void {
  writer.uint32(10).string(id).uint32(18).bytes(new Uint8Array(Float32Array.from(vector).buffer));
  for (const [key, value] of Object.entries(metadata)) {
    writer.uint32(26).fork().uint32(10).string(key).uint32(18).fork();
    if (value.kind === 'boolean') writer.uint32(8).bool(value.value);
    else if (value.kind === 'long') writer.uint32(16).int64(value.value);
    else if (value.kind === 'double') writer.uint32(25).double(value.value);
    else writer.uint32(34).string(value.value);
    writer.join().join();
  }
  writer.uint32(32).int64(timestamp);
}

function readRecord(reader: BinaryReader, end: number): TypedRecord {
  let id = '';
  let vector: number[] = [];
  const metadata: Record<string, TypedValue> = {};
  let timestamp = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 10: id = reader.string(); break;
      // Better than a generated codec, which pushes number by number.
      case 18: vector = readFloats(reader.bytes()); break;
      case 26: readEntry(reader, reader.uint32() + reader.pos, metadata); break;
      case 32: timestamp = Number(reader.int64()); break;
      default: reader.skip(tag & 7);
    }
  }
  return { id, vector, metadata, timestamp };
}

/** Plain arrays, which JSON.stringify and avsc both want. */
function readFloats(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = bytes.length / 4;
  const floats = new Array<number>(count);
  for (let i = 0; i < count; i += 1) floats[i] = view.getFloat32(i * 4, true);
  return floats;
}

function readEntry(reader: BinaryReader, end: number, into: Record<string, TypedValue>): void {
  let key = '';
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 10) key = reader.string();
    else if (tag === 18) into[key] = readValue(reader, reader.uint32() + reader.pos);
    else reader.skip(tag & 7);
  }
}

function readValue(reader: BinaryReader, end: number): TypedValue {
  let value: TypedValue = { kind: 'boolean', value: false };
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case 8: value = { kind: 'boolean', value: reader.bool() }; break;
      case 16: value = { kind: 'long', value: Number(reader.int64()) }; break;
      case 25: value = { kind: 'double', value: reader.double() }; break;
      case 34: value = { kind: 'string', value: reader.string() }; break;
      default: reader.skip(tag & 7);
    }
  }
  return value;
}
