import { AppError } from '@proximadb/errors';

/** Reads Kafka's primitive types. What does not fit into the buffer is a RangeError: the answer is malformed. */
export class WireReader {
  readonly bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int8(): number {
    return this.bytes.readInt8(this.#skip(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#skip(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#skip(4));
  }

  int64(): number {
    return readInt64(this.bytes, this.#skip(8));
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.raw(length).toString('utf8');
  }

  string(): string {
    return this.nullableString() ?? '';
  }

  array<T>(read: () => T): T[] {
    return this.#items(this.int32(), read);
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.#skip(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      if (shift === 28) throw new RangeError('a varint of more than 5 bytes');
    }
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint();
    return length === 0 ? null : this.raw(length - 1).toString('utf8');
  }

  compactString(): string {
    return this.compactNullableString() ?? '';
  }

  compactArray<T>(read: () => T): T[] {
    return this.#items(this.unsignedVarint() - 1, read);
  }

  /** A view. */
  compactBytes(): Buffer {
    return this.raw(Math.max(0, this.unsignedVarint() - 1));
  }

  uuid(): string {
    return this.raw(16).toString('base64url');
  }

  /** @param read gets the number of each tagged field, and its bytes. */
  tags(read?: (tag: number, bytes: Buffer) => void): void {
    for (let count = this.unsignedVarint(); count > 0; count -= 1) {
      const tag = this.unsignedVarint();
      const bytes = this.raw(this.unsignedVarint());
      read?.(tag, bytes);
    }
  }

  /** A view. */
  raw(length: number): Buffer {
    const start = this.#skip(length);
    if (length < 0 || this.#at > this.bytes.length) throw new RangeError(`${length} bytes at ${start} of ${this.bytes.length}`);
    return this.bytes.subarray(start, this.#at);
  }

  #items<T>(count: number, read: () => T): T[] {
    const items: T[] = [];
    for (let at = 0; at < count; at += 1) items.push(read());
    return items;
  }

  #skip(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** @throws AppError DATA_LOSS for a number that is not a safe integer: no offset and no time is. */
export function readInt64(bytes: Buffer, at: number): number {
  const value = bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) throw new AppError('DATA_LOSS', `the broker sent the number ${value}, which is beyond every offset and time`);
  return value;
}
