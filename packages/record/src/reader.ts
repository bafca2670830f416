/**
 * A cursor over one record, that knows where it is in the caller's terms (`metadata.tags[2]`).
 * Nothing is read past `end`, and whatever is malformed is refused with the place.
 */
import { invalid, type AppError } from '@proximadb/errors';
import { isText, readText } from './text.ts';
import { nestingMax } from './types.ts';

const nothing = new Uint8Array(0);

export class Reader {
  bytes: Uint8Array = nothing;
  position = 0;
  end = 0;
  /** Where the block that {@link readBlock} began has to end; -1 if it did not say. */
  blockEnd = -1;
  /** Nesting inside of fields that we do not know. */
  depth = 0;
  /** Array items without bytes that were passed. */
  emptyItems = 0;
  /** The record's field, and below it the path of keys (start and length in `bytes`) and array indexes (length -1). */
  #field = '';
  #steps = 0;
  readonly #stepStart = new Int32Array(nestingMax + 2);
  readonly #stepLength = new Int32Array(nestingMax + 2);

  open(bytes: Uint8Array, position: number): void {
    this.bytes = bytes;
    this.position = position;
    this.end = bytes.length;
    this.depth = 0;
    this.emptyItems = 0;
    this.#field = '';
    this.#steps = 0;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.bytes = nothing;
    this.end = 0;
    this.position = 0;
  }

  enterField(name: string): void {
    this.#field = name;
    this.#steps = 0;
  }

  /** Says that the reader is in the entry of a map, `level` levels below the field. */
  atKey(level: number, start: number, length: number): void {
    this.#stepStart[level] = start;
    this.#stepLength[level] = length;
    this.#steps = level + 1;
  }

  atIndex(level: number, index: number): void {
    this.#stepStart[level] = index;
    this.#stepLength[level] = -1;
    this.#steps = level + 1;
  }

  leave(level: number): void {
    this.#steps = level;
  }

  /** The error for what is wrong here. */
  fault(reason: string): AppError {
    return this.#field === '' ? invalid(reason) : invalid(reason, { field: this.#place() });
  }

  #place(): string {
    let place = this.#field;
    for (let step = 0; step < this.#steps; step++) {
      const start = this.#stepStart[step] ?? 0;
      const length = this.#stepLength[step] ?? 0;
      if (length < 0) place += `[${start}]`;
      else place += `.${readText(this.bytes, start, start + Math.min(length, 64))}${length > 64 ? '…' : ''}`;
    }
    return place;
  }

  #truncated(): AppError {
    return this.fault('the record ends in the middle');
  }

  /** Moves past `length` bytes that have to be there. */
  skip(length: number): void {
    if (length > this.end - this.position) throw this.#truncated();
    this.position += length;
  }

  readByte(): number {
    if (this.position >= this.end) throw this.#truncated();
    return this.bytes[this.position++] ?? 0;
  }

  /** An Avro int or long. Exact within ±2^53 and rounded beyond, which is all that counts, sizes and tags need. */
  readLong(): number {
    if (this.position >= this.end) throw this.#truncated();
    const first = this.bytes[this.position] ?? 0;
    if (first < 0x80) {
      this.position++;
      return (first >>> 1) ^ -(first & 1);
    }
    return this.#readLongSlowly();
  }

  #readLongSlowly(): number {
    const start = this.position;
    const length = this.skipLong();
    let magnitude = 0;
    for (let index = length - 1; index >= 0; index--) magnitude = magnitude * 128 + ((this.bytes[start + index] ?? 0) & 0x7f);
    const negative = ((this.bytes[start] ?? 0) & 1) === 1;
    return negative ? -((magnitude + 1) / 2) : magnitude / 2;
  }

  /** Moves past an int or long of at most 64 bits, in its shortest form, and returns its length in bytes. */
  skipLong(): number {
    const { bytes, end } = this;
    let at = this.position;
    while (at < end && (bytes[at] ?? 0) >= 0x80) at++;
    if (at >= end) throw this.#truncated();
    const length = at - this.position + 1;
    const last = bytes[at] ?? 0;
    if (length > 10 || (length === 10 && last > 1)) throw this.fault('a number takes more than 64 bits');
    if (last === 0 && length > 1) throw this.fault('a number is written longer than it needs to be');
    this.position = at + 1;
    return length;
  }

  /** An Avro int, which has 32 bits. */
  skipInt(): void {
    const value = this.readLong();
    if (value < -0x80000000 || value > 0x7fffffff) throw this.fault('a number takes more than 32 bits');
  }

  readBoolean(): boolean {
    const byte = this.readByte();
    if (byte > 1) throw this.fault(`a boolean is 0 or 1, not ${byte}`);
    return byte === 1;
  }

  /** The branch of a union. */
  readBranch(branches: number): number {
    const branch = this.readLong();
    if (branch < 0 || branch >= branches) throw this.fault(`the union has ${branches} branches, and no number ${branch}`);
    return branch;
  }

  /** The length of a string or of bytes, all of which are there. */
  readLength(): number {
    const length = this.readLong();
    if (length < 0) throw this.fault(`a length is negative (${length})`);
    if (length > this.end - this.position) throw this.fault(`a length of ${length} bytes goes past the end of the record`);
    return length;
  }

  /** Moves past a string of valid UTF-8. */
  skipString(): void {
    this.skipText(this.readLength());
  }

  /** Moves past `length` bytes of valid UTF-8, which {@link readLength} found to be there. */
  skipText(length: number): void {
    if (!isText(this.bytes, this.position, this.position + length)) throw this.fault('not valid UTF-8');
    this.position += length;
  }

  skipFiniteDouble(): void {
    const at = this.position;
    this.skip(8);
    if (((this.bytes[at + 7] ?? 0) & 0x7f) === 0x7f && (this.bytes[at + 6] ?? 0) >= 0xf0) throw this.fault('must be a finite number');
  }

  skipFiniteFloat(): void {
    const at = this.position;
    this.skip(4);
    if (((this.bytes[at + 3] ?? 0) & 0x7f) === 0x7f && (this.bytes[at + 2] ?? 0) >= 0x80) throw this.fault('must be a finite number');
  }

  /**
   * Begins a block of an array or map: the number of items, 0 at the end. Each item takes at least `itemBytesMin` bytes,
   * so a count that cannot be true is refused before anything is done for it. Sets {@link blockEnd}.
   */
  readBlock(itemBytesMin: number): number {
    let count = this.readLong();
    this.blockEnd = -1;
    if (count < 0) {
      count = -count;
      const size = this.readLong();
      if (size < 0 || size > this.end - this.position) throw this.fault(`a block of ${size} bytes goes past the end of the record`);
      this.blockEnd = this.position + size;
    }
    if (count * itemBytesMin > this.end - this.position) throw this.fault(`a block of ${count} items goes past the end of the record`);
    return count;
  }

  /** Ends a block that said (or did not: -1) where it ends. */
  closeBlock(blockEnd: number): void {
    if (blockEnd >= 0 && this.position !== blockEnd) throw this.fault('a block does not end where it says');
  }
}

/** The long at a place that was checked. */
export function longAt(bytes: Uint8Array, at: number): bigint {
  let low = 0;
  let high = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index] ?? 0;
    // 28 bits below and up to 42 above: both are exact in a double.
    if (index < 4) low += (byte & 0x7f) * 2 ** (7 * index);
    else high += (byte & 0x7f) * 2 ** (7 * (index - 4));
    if (byte < 0x80) break;
  }
  if (high < 0x1000000) {
    const magnitude = high * 0x10000000 + low;
    return BigInt(magnitude % 2 === 0 ? magnitude / 2 : -((magnitude + 1) / 2));
  }
  const magnitude = (BigInt(high) << 28n) | BigInt(low);
  return BigInt.asIntN(64, (magnitude >> 1n) ^ -(magnitude & 1n));
}

const scratch = new DataView(new ArrayBuffer(8));

export function doubleAt(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) scratch.setUint8(index, bytes[at + index] ?? 0);
  return scratch.getFloat64(0, true);
}

export function floatAt(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 4; index++) scratch.setUint8(index, bytes[at + index] ?? 0);
  return scratch.getFloat32(0, true);
}
