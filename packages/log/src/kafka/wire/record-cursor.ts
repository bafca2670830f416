import { AppError } from '@proximadb/errors';
import { crcHeaderName, traceHeaderName, writeHeaderName } from '../../headers.ts';
import { offset, type Headers, type LogRecord } from '../../port.ts';
import { attribute, layout } from './batch-layout.ts';
import { refusalOf, type ScannedBatch } from './batch-reader.ts';
import { readInt64 } from './reader.ts';

const none = new Uint8Array(0);
const noHeaders: Headers = Object.freeze({});
const known = [writeHeaderName, crcHeaderName, traceHeaderName].map((name) => ({ name, bytes: Buffer.from(name, 'latin1') }));

/** Reads the records of one batch in their order, a few at a time. Keys, values and headers are views on the batch's bytes. */
export class RecordCursor {
  readonly #bytes: Buffer;
  readonly #batch: ScannedBatch;
  readonly #refused: string | undefined;
  readonly #readable: boolean;
  readonly #baseTimestamp: number;
  /** Of all records, with LogAppendTime. */
  readonly #appendTime: number | undefined;
  #at: number;
  /** Offset of the next record. */
  #next: number;
  /** Where the batch cannot be read any further, and why. */
  #broken: string | undefined;

  /** @throws AppError DATA_LOSS if the batch has fewer records than offsets. */
  constructor(bytes: Buffer, batch: ScannedBatch, where: string) {
    const refusal = refusalOf(bytes, batch);
    this.#bytes = bytes;
    this.#batch = batch;
    this.#refused = refusal?.reason;
    this.#readable = refusal?.readable ?? true;
    this.#at = batch.start + layout.records;
    this.#next = batch.baseOffset;
    this.#baseTimestamp = readInt64(bytes, batch.start + layout.baseTimestamp);
    const maxTimestamp = readInt64(bytes, batch.start + layout.maxTimestamp);
    const isAppendTime = (bytes.readInt16BE(batch.start + layout.attributes) & attribute.logAppendTime) !== 0;
    this.#appendTime = isAppendTime || !this.#readable ? maxTimestamp * 1_000 : undefined;
    const count = bytes.readInt32BE(batch.start + layout.count);
    const offsets = batch.lastOffset - batch.baseOffset + 1;
    if (this.#readable && count !== offsets) {
      throw new AppError('DATA_LOSS', `${where}: the batch at ${batch.baseOffset} has ${count} records for ${offsets} offsets: some were deleted`);
    }
  }

  get done(): boolean {
    return this.#next > this.#batch.lastOffset;
  }

  /** The next record; call it only before `done`. */
  read(): LogRecord {
    const at = this.#next;
    if (this.#readable && this.#broken === undefined) {
      try {
        const record = this.#record();
        this.#next = at + 1;
        return record;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#broken = `it cannot be decoded: ${error.message}`;
      }
    }
    this.#next = at + 1;
    const refused = this.#refused ?? this.#broken ?? '';
    return { offset: offset(at), appendTimeMicros: this.#appendTime ?? this.#baseTimestamp * 1_000, key: none, value: null, headers: noHeaders, refused };
  }

  #record(): LogRecord {
    const end = this.#end(this.#varint());
    this.#at += 1;
    const timestampDelta = this.#varint();
    const offsetDelta = this.#varint();
    // As many records as offsets are there, so none is missing: its producer counted wrongly, and brokers do not look.
    if (offsetDelta !== this.#next - this.#batch.baseOffset) throw new RangeError(`it says that it is at ${this.#batch.baseOffset + offsetDelta}`);
    const key = this.#data() ?? none;
    const value = this.#data();
    const headers = this.#headers();
    if (this.#at !== end) throw new RangeError('a record ends elsewhere than it says');
    const appendTimeMicros = this.#appendTime ?? (this.#baseTimestamp + timestampDelta) * 1_000;
    const record = { offset: offset(this.#next), appendTimeMicros, key, value, headers };
    return this.#refused === undefined ? record : { ...record, refused: this.#refused };
  }

  #headers(): Headers {
    const count = this.#varint();
    if (count === 0) return noHeaders;
    if (count < 0 || count > this.#batch.end - this.#at) throw new RangeError(`${count} headers`);
    const headers: Record<string, Uint8Array> = {};
    for (let at = 0; at < count; at += 1) {
      const name = this.#name();
      const value = this.#data() ?? none;
      // Foreign producers may name a header anything.
      if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
      else headers[name] = value;
    }
    return headers;
  }

  /** Of two with one name the last one counts. */
  #name(): string {
    const length = this.#varint();
    const start = this.#at;
    this.#at = this.#end(length);
    for (const { name, bytes } of known) {
      if (bytes.length === length && this.#bytes.compare(bytes, 0, length, start, this.#at) === 0) return name;
    }
    return this.#bytes.toString('utf8', start, this.#at);
  }

  #data(): Uint8Array | null {
    const length = this.#varint();
    if (length === -1) return null;
    const start = this.#at;
    this.#at = this.#end(length);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  /** Where `length` bytes from here end. */
  #end(length: number): number {
    const end = this.#at + length;
    if (length < 0 || end > this.#batch.end) throw new RangeError(`${length} bytes, ${this.#batch.end - this.#at} are left`);
    return end;
  }

  /** Zigzag. Values that need more than 53 bits are no length, no delta, and nothing else here. */
  #varint(): number {
    const bytes = this.#bytes;
    const end = this.#batch.end;
    let byte = this.#at < end ? bytes[this.#at++] ?? 0 : 0x80;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let factor = 0x80;
    do {
      if (this.#at >= end || factor > 0x2_0000_0000_0000) throw new RangeError('a varint does not end');
      byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
    } while (byte >= 0x80);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
