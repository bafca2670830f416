import { assert, invalid } from '@proximadb/errors';

const encoder = new TextEncoder();
const initialBytes = 1024;

/** Avro's binary encoding into memory that grows and is used again. */
export class Writer {
  #bytes = new Uint8Array(initialBytes);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written; the writer is empty again. */
  finish(): Uint8Array {
    const copy = this.#bytes.slice(0, this.#length);
    this.clear();
    return copy;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > 1 << 20) {
      this.#bytes = new Uint8Array(initialBytes);
      this.#view = new DataView(this.#bytes.buffer);
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A count, length or tag: an integer of at most 31 bits. */
  count(value: number): void {
    assert(value >= 0 && value <= 0x3fffffff, 'a count that a record can hold');
    this.#reserve(5);
    let rest = value * 2;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** @throws AppError INVALID_ARGUMENT if the value takes more than 64 bits */
  long(value: bigint, field: string): void {
    if (BigInt.asIntN(64, value) !== value) throw invalid('an integer takes more than 64 bits', { field });
    this.#reserve(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 0xfffffffn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    let low = Number(rest);
    for (; low >= 0x80; low >>>= 7) this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
    this.#bytes[this.#length++] = low;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  floats(values: Float32Array | readonly number[]): void {
    // In memory as Avro writes them: machines with the other order of bytes are refused by the schemas' codecs.
    if (values instanceof Float32Array) {
      this.raw(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      return;
    }
    this.#reserve(values.length * 4);
    for (const value of values) {
      this.#view.setFloat32(this.#length, value, true);
      this.#length += 4;
    }
  }

  /** @throws AppError INVALID_ARGUMENT if the text has a lone surrogate, which UTF-8 cannot write */
  string(text: string, field: string): void {
    if (!text.isWellFormed()) throw invalid('a text has half of a surrogate pair', { field });
    // Three bytes a UTF-16 unit at most.
    this.#reserve(text.length * 3 + 5);
    const lengthBytes = sizeOfCount(text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#length + lengthBytes));
    const start = this.#length;
    this.count(written);
    const shift = this.#length - start - lengthBytes;
    // The length took more bytes than foreseen, so its last ones stand where the text began: write the text again.
    if (shift !== 0) encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    this.#length += written;
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }
}

function sizeOfCount(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest >= 0x80; rest >>>= 7) bytes++;
  return bytes;
}
