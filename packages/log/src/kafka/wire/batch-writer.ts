import { assert, invalid } from '@proximadb/errors';
import { crc32c } from '../../headers.ts';
import type { AppendEntry } from '../../port.ts';
import { BATCH_VERSION, layout, LENGTH_END } from './batch-layout.ts';
import { writeInt64 } from './writer.ts';

/** Whose batch it is, and which: a broker takes the same (producer, epoch, sequence) once. */
export interface ProducerStamp {
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
}

/** Length, attributes, timestamp and offset deltas, lengths of key and value, number of headers: at most this. */
const RECORD_OVERHEAD = 5 + 1 + 1 + 3 + 5 + 5 + 2;
const HEADER_OVERHEAD = 2 + 5;
const HEADERS_MAX = 255;
const headerName = /^[A-Za-z0-9._-]{1,255}$/;

/** Bytes of header names that were met. Names come from code, so there are few; past the limit they are encoded each time. */
const names = new Map<string, Uint8Array>();
const NAMES_MAX = 256;

/** @throws AppError INVALID_ARGUMENT for a name that no log takes. */
function nameBytes(name: string): Uint8Array {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (!headerName.test(name) || name === '__proto__') throw invalid(`the header name ${JSON.stringify(name)} is not allowed`);
  const bytes = Buffer.from(name, 'latin1');
  if (names.size < NAMES_MAX) names.set(name, bytes);
  return bytes;
}

/**
 * The most bytes that an entry takes in a batch.
 * @throws AppError INVALID_ARGUMENT, naming the record, for what cannot be a record.
 */
export function recordBytes(entry: AppendEntry, record: number, recordBytesMax: number): number {
  let bytes = RECORD_OVERHEAD + entry.key.length + (entry.value === null ? 0 : entry.value.length);
  let headers = 0;
  for (const name in entry.headers) {
    if (!names.has(name)) checkName(name, record);
    headers += 1;
    bytes += HEADER_OVERHEAD + name.length + (entry.headers[name]?.length ?? 0);
  }
  if (headers > HEADERS_MAX) throw invalid(`${headers} headers, ${HEADERS_MAX} is the most`, { record });
  if (bytes > recordBytesMax) throw invalid(`the record has ${bytes} bytes, ${recordBytesMax} is the most`, { record });
  return bytes;
}

function checkName(name: string, record: number): void {
  try {
    nameBytes(name);
  } catch {
    throw invalid(`the header name ${JSON.stringify(name)} is not allowed`, { record });
  }
}

/** Writes one record batch into a buffer that has room for it. */
export class BatchWriter {
  readonly #target: Buffer;
  readonly #start: number;
  #at: number;
  #count = 0;

  constructor(target: Buffer, start: number) {
    this.#target = target;
    this.#start = start;
    this.#at = start + layout.records;
  }

  add(entry: AppendEntry): void {
    const { key, value, headers } = entry;
    let body = 2 + sizeOf(this.#count) + sizeOf(key.length) + key.length + (value === null ? 1 : sizeOf(value.length) + value.length);
    let headerCount = 0;
    for (const name in headers) {
      const length = headers[name]?.length ?? 0;
      headerCount += 1;
      body += sizeOf(name.length) + name.length + sizeOf(length) + length;
    }
    body += sizeOf(headerCount);
    const end = this.#varint(body) + body;
    this.#target[this.#at] = 0; // attributes
    this.#target[this.#at + 1] = 0; // timestamp delta
    this.#at += 2;
    this.#varint(this.#count);
    this.#data(key);
    if (value === null) this.#target[this.#at++] = 1; // zigzag of -1
    else this.#data(value);
    this.#varint(headerCount);
    for (const name in headers) {
      this.#data(nameBytes(name));
      const data = headers[name];
      if (data === undefined) this.#varint(0);
      else this.#data(data);
    }
    assert(this.#at === end, 'a record has the length that was measured; it changed while it was appended');
    this.#count += 1;
  }

  /** @returns where the batch ends. */
  finish({ producerId, epoch, sequence }: ProducerStamp, nowMs: number): number {
    const target = this.#target;
    const start = this.#start;
    writeInt64(target, 0, start + layout.baseOffset);
    target.writeInt32BE(this.#at - start - LENGTH_END, start + layout.length);
    target.writeInt32BE(-1, start + layout.leaderEpoch);
    target.writeInt8(BATCH_VERSION, start + layout.version);
    target.writeInt16BE(0, start + layout.attributes);
    target.writeInt32BE(this.#count - 1, start + layout.lastOffsetDelta);
    // The broker puts its own time in their place.
    writeInt64(target, nowMs, start + layout.baseTimestamp);
    writeInt64(target, nowMs, start + layout.maxTimestamp);
    writeInt64(target, producerId, start + layout.producerId);
    target.writeInt16BE(epoch, start + layout.producerEpoch);
    target.writeInt32BE(sequence, start + layout.sequence);
    target.writeInt32BE(this.#count, start + layout.count);
    target.writeUInt32BE(crc32c(target.subarray(start + layout.attributes, this.#at)), start + layout.crc);
    return this.#at;
  }

  #data(bytes: Uint8Array): void {
    this.#varint(bytes.length);
    this.#target.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Zigzag of a number that is not negative. @returns where the next byte goes. */
  #varint(value: number): number {
    let rest = value * 2;
    while (rest > 0x7f) {
      this.#target[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#target[this.#at++] = rest;
    return this.#at;
  }
}

/** Bytes of a zigzag varint of a number that is not negative and below 2^27. */
function sizeOf(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x10_0000) return 3;
  return 4;
}
