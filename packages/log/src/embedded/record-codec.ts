/**
 * A record as it lies in the store (the value of its entry), numbers big-endian:
 *
 *     0  append time, µs, i64
 *     8  flags: 1 = the value is null (a delete)
 *     9  number of headers
 *    10  bytes of the key, u16
 *    12  key
 *        headers, each: code u8 (0: a name follows, its length in a u8), bytes of the value u32, value
 *        value, to the end
 *
 * A request travels from `append` to the writer as a frame: for each entry its partition u32, the bytes of its record u32, its record.
 */
import { AppError, assert, invalid } from '@proximadb/errors';
import { crcHeaderName, traceHeaderName, writeHeaderName } from '../headers.ts';
import { offset, type AppendEntry, type Headers, type LogRecord } from '../port.ts';
import { getUint53, setUint53 } from './keys.ts';

/** Names that take no space. The place in this list is the code, from 1 on: only ever append to it. */
const knownNames = [writeHeaderName, crcHeaderName, traceHeaderName];
const codes: ReadonlyMap<string, number> = new Map(knownNames.map((name, at) => [name, at + 1]));

const FIXED_BYTES = 12;
const NULL_VALUE = 1;
const KEY_BYTES_MAX = 0xffff;
const HEADERS_MAX = 255;
const FRAME_PREFIX_BYTES = 8;
const headerName = /^[A-Za-z0-9._-]{1,255}$/;
const noHeaders: Headers = Object.freeze({});

/**
 * Bytes of an entry's record.
 * @param record the entry's place in its request, for the message.
 * @throws AppError INVALID_ARGUMENT for a key, a header or a record that is too large.
 */
function recordLength(entry: AppendEntry, record: number, recordBytesMax: number): number {
  if (entry.key.length > KEY_BYTES_MAX) throw invalid(`the key has ${entry.key.length} bytes, ${KEY_BYTES_MAX} is the most`, { record });
  let length = FIXED_BYTES + entry.key.length + (entry.value === null ? 0 : entry.value.length);
  let headers = 0;
  for (const name in entry.headers) {
    headers += 1;
    length += 5 + (entry.headers[name]?.length ?? 0);
    if (codes.has(name)) continue;
    if (!headerName.test(name) || name === '__proto__') throw invalid(`the header name ${JSON.stringify(name)} is not allowed`, { record });
    length += 1 + name.length;
  }
  if (headers > HEADERS_MAX) throw invalid(`${headers} headers, ${HEADERS_MAX} is the most`, { record });
  if (length > recordBytesMax) throw invalid(`the record has ${length} bytes, ${recordBytesMax} is the most`, { record });
  return length;
}

/**
 * The frame of a request: one buffer of its own, which may be handed to another thread.
 * @throws AppError INVALID_ARGUMENT naming the record that is too large.
 */
export function encodeFrame(entries: readonly AppendEntry[], appendTimeMicros: number, recordBytesMax: number): Uint8Array<ArrayBuffer> {
  const lengths = new Uint32Array(entries.length);
  let total = 0;
  let index = 0;
  for (const entry of entries) {
    const length = recordLength(entry, index, recordBytesMax);
    lengths[index] = length;
    total += FRAME_PREFIX_BYTES + length;
    index += 1;
  }
  const frame = new Uint8Array(allocate(total));
  const view = new DataView(frame.buffer);
  let at = 0;
  index = 0;
  for (const entry of entries) {
    const length = lengths[index] ?? 0;
    index += 1;
    view.setUint32(at, entry.partition);
    view.setUint32(at + 4, length);
    const end = writeRecord(frame, view, at + FRAME_PREFIX_BYTES, entry, appendTimeMicros);
    assert(end === at + FRAME_PREFIX_BYTES + length, 'a record has the length that was measured; it changed while it was appended');
    at = end;
  }
  return frame;
}

/** Memory that is not zeroed first; each byte of it is written. */
function allocate(bytes: number): ArrayBuffer {
  return Buffer.allocUnsafeSlow(bytes).buffer;
}

function writeRecord(frame: Uint8Array, view: DataView, start: number, entry: AppendEntry, appendTimeMicros: number): number {
  setUint53(view, start, appendTimeMicros);
  view.setUint8(start + 8, entry.value === null ? NULL_VALUE : 0);
  view.setUint16(start + 10, entry.key.length);
  let at = start + FIXED_BYTES;
  frame.set(entry.key, at);
  at += entry.key.length;
  let headers = 0;
  for (const name in entry.headers) {
    const value = entry.headers[name];
    if (value === undefined) continue;
    headers += 1;
    const code = codes.get(name) ?? 0;
    frame[at++] = code;
    if (code === 0) {
      frame[at++] = name.length;
      for (let char = 0; char < name.length; char += 1) frame[at++] = name.charCodeAt(char);
    }
    view.setUint32(at, value.length);
    frame.set(value, at + 4);
    at += 4 + value.length;
  }
  frame[start + 9] = headers;
  if (entry.value === null) return at;
  frame.set(entry.value, at);
  return at + entry.value.length;
}

/** One entry of a frame: bytes `start` ≤ at < `end` are its record. */
export interface FrameEntry {
  partition: number;
  start: number;
  end: number;
}

/** Moves `entry` to the one after it; start with an `end` of 0. Returns false behind the last. */
export function nextInFrame(view: DataView, entry: FrameEntry): boolean {
  if (entry.end === view.byteLength) return false;
  entry.partition = view.getUint32(entry.end);
  entry.start = entry.end + FRAME_PREFIX_BYTES;
  entry.end = entry.start + view.getUint32(entry.end + 4);
  assert(entry.end <= view.byteLength, 'a frame ends with an entry');
  return true;
}

export function appendTimeAt(view: DataView, start: number): number {
  return getUint53(view, start);
}

/**
 * Reads the record in bytes `start` ≤ at < `end` of a buffer; key, value and headers are views on it.
 * @throws AppError DATA_LOSS if it does not fit in there.
 */
export function decodeRecord(view: DataView, start: number, end: number, at: number): LogRecord {
  if (end - start < FIXED_BYTES) throw damaged(at);
  const buffer = view.buffer;
  const base = view.byteOffset;
  const keyStart = start + FIXED_BYTES;
  let next = keyStart + view.getUint16(start + 10);
  if (next > end) throw damaged(at);
  const key = new Uint8Array(buffer, base + keyStart, next - keyStart);
  const count = view.getUint8(start + 9);
  let headers = noHeaders;
  if (count > 0) {
    const found: Record<string, Uint8Array> = {};
    for (let header = 0; header < count; header += 1) next = readHeader(view, next, end, at, found);
    headers = found;
  }
  const isNull = (view.getUint8(start + 8) & NULL_VALUE) !== 0;
  const value = isNull ? null : new Uint8Array(buffer, base + next, end - next);
  return { offset: offset(at), appendTimeMicros: getUint53(view, start), key, value, headers };
}

function readHeader(view: DataView, start: number, end: number, at: number, into: Record<string, Uint8Array>): number {
  let next = start + 5;
  if (next > end) throw damaged(at);
  const code = view.getUint8(start);
  let name = knownNames[code - 1];
  if (code === 0) {
    next += 1 + view.getUint8(start + 1);
    if (next > end) throw damaged(at);
    name = String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + start + 2, next - 4 - (start + 2)));
  }
  if (name === undefined) throw new AppError('DATA_LOSS', `record ${at} of the log has a header of kind ${code}: a later release wrote it`);
  const valueEnd = next + view.getUint32(next - 4);
  if (valueEnd > end) throw damaged(at);
  into[name] = new Uint8Array(view.buffer, view.byteOffset + next, valueEnd - next);
  return valueEnd;
}

function damaged(at: number): AppError {
  return new AppError('DATA_LOSS', `record ${at} of the log does not fit in its entry: the store is damaged`);
}
