/** The frame of Avro object container files (Avro 1.12, "Object Container Files"), codec null. */
import { createHash } from 'node:crypto';
import { AppError } from '@proximadb/errors';

const magic = Buffer.of(0x4f, 0x62, 0x6a, 1);
const syncBytes = 16;

export interface ContainerHeader {
  readonly schema: string;
  /** Further entries of the file's metadata. */
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly sync: Buffer;
  /** Where the first block starts. */
  readonly end: number;
}

/** The sync marker is a function of the schema alone, so that equal content makes equal files. */
export function syncMarker(schema: string): Buffer {
  return createHash('md5').update(schema).digest();
}

export function encodeHeader(schema: string, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const entries = Object.entries({ 'avro.schema': schema, 'avro.codec': 'null', ...metadata });
  const parts: Uint8Array[] = [magic, zigzag(entries.length)];
  for (const [key, value] of entries) {
    for (const text of [key, value]) {
      const bytes = Buffer.from(text);
      parts.push(zigzag(bytes.length), bytes);
    }
  }
  return Buffer.concat([...parts, zigzag(0), syncMarker(schema)]);
}

/** What stands before a block's data. */
export function encodeBlockHead(count: number, bytes: number): Buffer {
  return Buffer.concat([zigzag(count), zigzag(bytes)]);
}

/** @throws AppError DATA_LOSS if the bytes do not start a container file of codec null. */
export function decodeHeader(bytes: Uint8Array): ContainerHeader {
  const reader = new FrameReader(bytes, 0);
  if (!reader.take(4).equals(magic)) throw damaged();
  const metadata = new Map<string, Buffer>();
  for (let count = reader.long(); count !== 0; count = reader.long()) {
    if (count < 0) reader.long();
    for (let i = 0; i < Math.abs(count); i += 1) {
      const key = reader.take(reader.long()).toString();
      metadata.set(key, reader.take(reader.long()));
    }
  }
  const codec = metadata.get('avro.codec')?.toString() ?? 'null';
  const schema = metadata.get('avro.schema')?.toString();
  if (codec !== 'null' || schema === undefined) throw damaged();
  return { schema, metadata, sync: reader.take(syncBytes), end: reader.at };
}

/** The blocks of a whole file, one by one. @throws AppError DATA_LOSS where the frame breaks. */
export function* blocks(bytes: Uint8Array, header: ContainerHeader): Generator<{ readonly count: number; readonly data: Buffer; readonly position: number }> {
  const reader = new FrameReader(bytes, header.end);
  while (reader.at < bytes.length) {
    const count = reader.long();
    const length = reader.long();
    const position = reader.at;
    const data = reader.take(length);
    if (!reader.take(syncBytes).equals(header.sync)) throw damaged();
    yield { count, data, position };
  }
}

class FrameReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  take(length: number): Buffer {
    if (length < 0 || this.at + length > this.#bytes.length) throw damaged();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  long(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 50; scale *= 128) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw damaged();
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw damaged();
  }
}

function zigzag(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function damaged(): AppError {
  return new AppError('DATA_LOSS', 'not a whole Avro object container file');
}
