/** Runtime of the generated protobuf codecs (gen/ts/api.ts, gen/ts/cluster.ts), over BinaryReader and BinaryWriter. */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

export type { BinaryReader, BinaryWriter };

/** One message type on the protobuf wire. */
export interface MessageCodec<X> {
  /** @throws Error if a value is not of its declared type (an int beyond 32 bits, an unknown symbol). */
  encode(message: X): Uint8Array;
  /**
   * Unknown fields are skipped. `bytes` fields are views of the input: keep it, or copy them out.
   * @throws Error if the bytes are not a message: truncated, ill-formed UTF-8, nested deeper than 100 messages, an unknown enum number.
   */
  decode(bytes: Uint8Array): X;
  /** The message with all that is not given at its default. */
  create(partial?: Partial<X>): X;
}

/** What the generator writes for a message; the codec's own methods come from {@link defineMessage}. */
export interface MessageParts<X> {
  defaults(): X;
  /** Writes the fields that differ from their defaults, ascending by number. */
  write(writer: BinaryWriter, message: X): void;
  /** Reads up to `end` exactly. */
  read(reader: BinaryReader, end: number, depth: number): X;
}

export type Message<X> = MessageCodec<X> & MessageParts<X>;

/** Messages inside messages; protobuf implementations commonly stop at 100. */
const nestingMax = 100;

// A vector is moved with one copy of its memory, which is the wire's little-endian order only on such machines.
if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) throw new Error('this build of ProximaDB needs a little-endian machine');

/**
 * A writer grows its memory by doubling, and gives out copies of it: kept from message to message, most need no growth. Encoding is
 * synchronous, so one is enough.
 */
let spare: BinaryWriter | undefined;
/** One that wrote a longer message would keep too much. */
const spareBytesMax = 1024 * 1024;

export function defineMessage<X extends object>(parts: MessageParts<X>): Message<X> {
  return {
    ...parts,
    encode(message) {
      const writer = spare ?? new BinaryWriter();
      // One that a message cannot be written with is not used again.
      spare = undefined;
      parts.write(writer, message);
      const bytes = writer.finish();
      if (bytes.length <= spareBytesMax) spare = writer;
      return bytes;
    },
    decode(bytes) {
      return parts.read(new BinaryReader(bytes), bytes.length, 0);
    },
    create(partial) {
      return { ...parts.defaults(), ...partial };
    },
  };
}

/** Symbols of an enum with their numbers on the wire. */
export interface EnumCodec<S extends string> {
  readonly numbers: Readonly<Record<S, number>>;
  readonly symbols: readonly S[];
  /** @throws Error naming the enum if no symbol has the number: guessing one would answer another question than was asked. */
  fromNumber(number: number): S;
}

export function defineEnum<S extends string>(name: string, numbers: Readonly<Record<S, number>>): EnumCodec<S> {
  const symbols = Object.keys(numbers) as S[];
  const byNumber = new Map<number, S>(symbols.map((symbol) => [numbers[symbol], symbol]));
  return {
    numbers, symbols,
    fromNumber(number) {
      const symbol = byNumber.get(number);
      if (symbol === undefined) throw new Error(`${name} has no value ${number}`);
      return symbol;
    },
  };
}

/** Field number and wire type as one number. */
export function readTag(reader: BinaryReader): number {
  const start = reader.pos;
  const tag = reader.uint32();
  if (reader.pos - start > 5 || tag < 8) throw new Error(`illegal tag at byte ${start}`);
  return tag;
}

export function skipField(reader: BinaryReader, tag: number): void {
  reader.skip(tag & 7, tag >>> 3);
}

/** Ends the reading of a message: it must stop exactly where its length said. */
export function endMessage(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw new RangeError(`a field ends at byte ${reader.pos}, its message at ${end}`);
}

/** Where a length-delimited field ends. */
export function readEnd(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError(`a field of ${length} bytes goes beyond the end`);
  return end;
}

export function readMessage<X>(reader: BinaryReader, message: MessageParts<X>, depth: number): X {
  if (depth >= nestingMax) throw new RangeError(`messages are nested deeper than ${nestingMax}`);
  return message.read(reader, readEnd(reader), depth + 1);
}

export function writeMessage<X>(writer: BinaryWriter, tag: number, message: MessageParts<X>, value: X): void {
  writer.uint32(tag).fork();
  message.write(writer, value);
  writer.join();
}

/** What stands before a message, or other bytes, in a field: its tag and the length. For those who join messages that are encoded already. */
export function fieldPrefix(number: number, length: number): Uint8Array {
  return new BinaryWriter().uint32(number * 8 + 2).uint32(length).finish();
}

export function readLong(reader: BinaryReader): bigint {
  return BigInt(reader.int64());
}

/** @throws RangeError beyond the integers that a number holds exactly. */
export function readSafeLong(reader: BinaryReader): number {
  const value = Number(reader.int64());
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is beyond the safe integers`);
  return value;
}

/** Calls `item` until the end of a packed field. */
export function readPacked(reader: BinaryReader, item: () => void): void {
  const end = readEnd(reader);
  while (reader.pos < end) item();
  endMessage(reader, end);
}

export function readMapEntry(reader: BinaryReader): [string, string] {
  const end = readEnd(reader);
  const entry: [string, string] = ['', ''];
  while (reader.pos < end) {
    const tag = readTag(reader);
    if (tag === 10) entry[0] = reader.string(true);
    else if (tag === 18) entry[1] = reader.string(true);
    else skipField(reader, tag);
  }
  endMessage(reader, end);
  return entry;
}

export function writeMap(writer: BinaryWriter, tag: number, map: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(map)) writer.uint32(tag).fork().uint32(10).string(key).uint32(18).string(value).join();
}

export function writeFloats(writer: BinaryWriter, tag: number, floats: Float32Array): void {
  if (floats.length === 0) return;
  writer.uint32(tag).bytes(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
}

/**
 * Collects a repeated float field. The usual case, one packed run, is one copy into memory of its own (on the wire floats are
 * unaligned); runs and single floats after it grow the memory by doubling.
 */
export class FloatCollector {
  #floats = new Float32Array(0);
  #length = 0;

  packed(reader: BinaryReader): void {
    const bytes = reader.bytes();
    if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are not whole floats`);
    this.#reserve(bytes.length / 4);
    new Uint8Array(this.#floats.buffer).set(bytes, this.#length * 4);
    this.#length += bytes.length / 4;
  }

  single(reader: BinaryReader): void {
    this.#reserve(1);
    this.#floats[this.#length] = reader.float();
    this.#length += 1;
  }

  finish(): Float32Array {
    return this.#length === this.#floats.length ? this.#floats : this.#floats.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#floats.length) return;
    const grown = new Float32Array(this.#length === 0 ? needed : Math.max(needed, 2 * this.#length));
    grown.set(this.#floats.subarray(0, this.#length));
    this.#floats = grown;
  }
}
