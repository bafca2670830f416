/** Reads the header `proximadb-write` of a log record: an Avro WriteHeader without a wire header. */
import { AppError, invalid } from '@proximadb/errors';

export type Condition =
  | { readonly kind: 'none' | 'if_absent' | 'if_present' }
  | { readonly kind: 'if_version'; readonly log: number; readonly offset: number };

export interface WriteHeaderView {
  readonly requestId: string;
  readonly sequence: number;
  readonly condition: Condition;
}

const none: Condition = { kind: 'none' };
const requestIdBytesMax = 256;
const strictText = new TextDecoder('utf-8', { fatal: true });
/** The records of a request come together: its id is decoded once, and held once. */
let lastId: { readonly bytes: Uint8Array; readonly text: string } = { bytes: new Uint8Array(), text: '' };

/** @throws AppError INVALID_ARGUMENT if it is malformed; FAILED_PRECONDITION for a condition that only a later release can decide. */
export function parseWriteHeader(bytes: Uint8Array): WriteHeaderView {
  const reader = { bytes, at: 0 };
  const idLength = readLong(reader);
  if (idLength < 1 || idLength > requestIdBytesMax || reader.at + idLength > bytes.length) throw malformed();
  const requestId = requestIdOf(bytes, reader.at, reader.at + idLength);
  reader.at += idLength;
  const sequence = readLong(reader);
  if (sequence < 0) throw malformed();
  const condition = readCondition(reader);
  if (reader.at !== bytes.length) throw malformed();
  return { requestId, sequence, condition };
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readCondition(reader: Reader): Condition {
  const branch = readLong(reader);
  switch (branch) {
    case 0: return none;
    case 1: return { kind: 'if_absent' };
    case 2: return { kind: 'if_present' };
    case 3: return { kind: 'if_version', log: readLong(reader), offset: readLong(reader) };
    default: throw new AppError('FAILED_PRECONDITION', `a write carries condition ${branch}, which this release cannot decide: upgrade the indexer`);
  }
}

function requestIdOf(bytes: Uint8Array, start: number, end: number): string {
  if (isLastId(bytes, start, end)) return lastId.text;
  try {
    const own = bytes.slice(start, end);
    lastId = { bytes: own, text: strictText.decode(own) };
  } catch {
    throw malformed();
  }
  return lastId.text;
}

function isLastId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== lastId.bytes.length) return false;
  for (let i = start; i < end; i += 1) if (bytes[i] !== lastId.bytes[i - start]) return false;
  return true;
}

/** A zigzag varint within ±2^53. */
function readLong(reader: Reader): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 8; count += 1) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) throw malformed();
    reader.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    scale *= 128;
  }
  throw malformed();
}

function malformed(): AppError {
  return invalid('a malformed write header');
}
