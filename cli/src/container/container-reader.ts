/** Reads Avro object container files (Avro 1.12) block by block, without decoding their datums. */
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';
import avsc from 'avsc';
import { snappyUncompress } from 'hyparquet';
import { AppError } from '@proximadb/errors';
import { ByteReader } from './byte-reader.ts';

export const magic = Buffer.of(0x4f, 0x62, 0x6a, 1);
const syncBytes = 16;
const headerBytesMax = 16 << 20;
/** Of one block, packed and unpacked. */
const blockBytesMax = 256 << 20;

export interface Block {
  /** Datums in it. */
  readonly count: number;
  /** Unpacked. */
  readonly data: Buffer;
  /** Of the byte after the block in the file. */
  readonly end: number;
}

export class ContainerReader implements AsyncDisposable {
  /** The writer schema, as it stands in the file. */
  readonly schema: string;
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly #reader: ByteReader;
  readonly #sync: Buffer;
  readonly #unpack: (bytes: Buffer) => Buffer;

  private constructor(reader: ByteReader, metadata: ReadonlyMap<string, Buffer>, sync: Buffer) {
    this.#reader = reader;
    this.metadata = metadata;
    this.#sync = sync;
    const schema = metadata.get('avro.schema')?.toString();
    if (schema === undefined) throw damaged(reader, 'it has no schema');
    this.schema = schema;
    this.#unpack = codecOf(metadata.get('avro.codec')?.toString() ?? 'null', reader);
  }

  /** @throws AppError DATA_LOSS if it is not such a file; UNIMPLEMENTED for a codec that is not there. */
  static async open(path: string): Promise<ContainerReader> {
    const reader = await ByteReader.open(path);
    try {
      if (!await reader.fill(magic.length) || !reader.take(magic.length).equals(magic)) throw damaged(reader, 'it does not begin as one');
      const metadata = new Map<string, Buffer>();
      for (let count = await readLong(reader); count !== 0; count = await readLong(reader)) {
        if (count < 0) await readLong(reader);
        for (let entry = 0; entry < Math.abs(count); entry += 1) {
          const key = (await takeSized(reader, headerBytesMax)).toString();
          metadata.set(key, await takeSized(reader, headerBytesMax));
        }
      }
      if (!await reader.fill(syncBytes)) throw damaged(reader, 'it ends in its header');
      return new ContainerReader(reader, metadata, Buffer.from(reader.take(syncBytes)));
    } catch (thrown) {
      await reader[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#reader.size;
  }

  /** @param skipped datums at the front that nobody wants: their blocks are passed over whole; the first block given may start with some of them. */
  async* blocks(skipped = 0): AsyncGenerator<Block & { readonly skip: number }> {
    let left = skipped;
    const reader = this.#reader;
    while (await reader.fill(1)) {
      const count = await readLong(reader);
      const length = await readLong(reader);
      if (count < 0 || length < 0 || length > blockBytesMax) throw damaged(reader, `a block claims ${length} bytes`);
      if (count <= left) {
        left -= count;
        reader.skip(length);
      } else {
        if (!await reader.fill(length + syncBytes)) throw damaged(reader, 'it ends in the middle of a block');
        const data = this.#unpack(reader.take(length));
        await this.#checkSync();
        yield { count, data, end: reader.position, skip: left };
        left = 0;
        continue;
      }
      await this.#checkSync();
    }
  }

  async #checkSync(): Promise<void> {
    const reader = this.#reader;
    if (!await reader.fill(syncBytes) || !reader.take(syncBytes).equals(this.#sync)) throw damaged(reader, 'a block does not end where it says');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
  }
}

/** Whether a file begins as an Avro object container file. */
export async function isContainer(path: string): Promise<boolean> {
  await using reader = await ByteReader.open(path);
  return await reader.fill(magic.length) && reader.take(magic.length).equals(magic);
}

/** Cuts the data of a block into its datums. @throws AppError DATA_LOSS, by way of `place`, where they do not fill it. */
export function datumsOf(schema: string): (block: Block, place: string) => Generator<Buffer> {
  const parsed = JSON.parse(schema) as avsc.Schema;
  const writer = avsc.Type.forSchema(parsed);
  if (!(writer instanceof avsc.types.RecordType) || writer.name === undefined) throw new AppError('INVALID_ARGUMENT', 'the schema is not one of records');
  // Read as a record without fields, a datum is passed over, and where it ends is known.
  const empty = avsc.Type.forSchema({ type: 'record', name: writer.name, fields: [] });
  const resolver = empty.createResolver(writer);
  return function* (block, place) {
    let at = 0;
    for (let datum = 0; datum < block.count; datum += 1) {
      const end = skipOne(empty, block.data, at, resolver);
      if (end < 0) throw new AppError('DATA_LOSS', `${place}: a block holds fewer records than it says`);
      yield block.data.subarray(at, end);
      at = end;
    }
    if (at !== block.data.length) throw new AppError('DATA_LOSS', `${place}: a block holds more bytes than its records`);
  };
}

function skipOne(empty: avsc.Type, data: Buffer, at: number, resolver: avsc.Resolver): number {
  try {
    return (empty.decode(data, at, resolver) as { offset: number }).offset;
  } catch {
    // An enum or a branch of a union that is not there.
    return -1;
  }
}

function codecOf(codec: string, reader: ByteReader): (bytes: Buffer) => Buffer {
  switch (codec) {
    case 'null': return (bytes) => bytes;
    case 'deflate': return unpacking(reader, (bytes) => inflateRawSync(bytes, { maxOutputLength: blockBytesMax }));
    case 'zstandard': return unpacking(reader, (bytes) => zstdDecompressSync(bytes, { maxOutputLength: blockBytesMax }));
    case 'snappy': return unpacking(reader, unsnappy);
    default: throw new AppError('UNIMPLEMENTED', `${reader.path} is packed by ${codec}; null, deflate, snappy and zstandard can be read`);
  }
}

function unpacking(reader: ByteReader, unpack: (bytes: Buffer) => Buffer): (bytes: Buffer) => Buffer {
  return (bytes) => {
    try {
      return unpack(bytes);
    } catch (cause) {
      throw damaged(reader, `a block cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`);
    }
  };
}

/** A snappy block of Avro ends with 4 bytes of a checksum. */
function unsnappy(bytes: Buffer): Buffer {
  let length = 0;
  let scale = 1;
  for (const byte of bytes.subarray(0, 5)) {
    length += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  if (length > blockBytesMax) throw new RangeError(`it claims ${length} bytes`);
  const unpacked = Buffer.alloc(length);
  snappyUncompress(bytes.subarray(0, -4), unpacked);
  return unpacked;
}

async function takeSized(reader: ByteReader, bytesMax: number): Promise<Buffer> {
  const length = await readLong(reader);
  if (length < 0 || length > bytesMax || !await reader.fill(length)) throw damaged(reader, 'it ends in its header');
  return reader.take(length);
}

async function readLong(reader: ByteReader): Promise<number> {
  let value = 0;
  for (let scale = 1; scale < 2 ** 50; scale *= 128) {
    if (!await reader.fill(1)) throw damaged(reader, 'it ends in the middle of a number');
    const byte = reader.take(1)[0] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
  throw damaged(reader, 'a number is too large');
}

function damaged(reader: ByteReader, reason: string): AppError {
  return new AppError('DATA_LOSS', `${reader.path} is no whole Avro object container file: ${reason}`);
}
