/** Vectors where they lie: the raw little-endian floats of an Avro array, in one block or several. */
import type { LocatedRecord } from './located.ts';
import { copyBytes } from './copy.ts';
import { floatAt, type Reader } from './reader.ts';
import type { RecordLimits } from './types.ts';

/** The upper half of a float, without its sign: 8 bits of exponent, 7 of fraction. All ones in the exponent: NaN or ∞. */
const infinite = 0x7f80;
/** Upper halves of 2^-50 and 2^50: a vector whose largest component lies between them has a norm that any arithmetic can hold. */
const surelyNotZero = (127 - 50) << 7;
const surelyNotInfinite = (127 + 50) << 7;
/** Squared norms of vectors that have a direction: a sum of f32 squares neither underflows (below the least normal number) nor overflows. */
const squaredNormMin = 2 ** -126;
const squaredNormMax = 2 ** 127;

/** From so many numbers on, copying them to where they are aligned is faster than reading single bytes. Measured: DESIGN.md. */
const alignedFrom = 64;
const scratch = new Int32Array(1024);
const scratchBytes = new Uint8Array(scratch.buffer);

/** Moves past the array and notes where its numbers are. */
export function locateVector(reader: Reader, record: LocatedRecord): void {
  record.vectorAt = reader.position;
  let pieces: number[] | null = null;
  for (let count = reader.readBlock(4); count > 0; count = reader.readBlock(4)) {
    const { blockEnd, position } = reader;
    if (record.vectorLength === 0) {
      record.floatsAt = position;
    } else {
      pieces ??= [record.floatsAt, record.vectorLength];
      pieces.push(position, count);
    }
    record.vectorLength += count;
    reader.skip(count * 4);
    reader.closeBlock(blockEnd);
  }
  record.pieces = pieces;
  record.vectorEnd = reader.position;
}

/** Refuses a located vector of another dimension, numbers that are not finite, and under cosine one without a direction. */
export function checkVector(reader: Reader, record: LocatedRecord, limits: RecordLimits): void {
  const { vectorLength, pieces } = record;
  if (vectorLength !== limits.dimension) throw reader.fault(`has ${vectorLength} numbers, the collection's dimension is ${limits.dimension}`);
  let largest = 0;
  if (pieces === null) {
    largest = largestUpperHalf(record.bytes, record.floatsAt, vectorLength);
  } else {
    for (let piece = 0; piece < pieces.length; piece += 2) {
      largest = Math.max(largest, largestUpperHalf(record.bytes, pieces[piece] ?? 0, pieces[piece + 1] ?? 0));
    }
  }
  if (largest >= infinite) throw notFinite(reader, record);
  if (limits.metric === 'cosine' && (largest < surelyNotZero || largest > surelyNotInfinite)) checkNorm(reader, record);
}

function largestUpperHalf(bytes: Uint8Array, start: number, count: number): number {
  return count < alignedFrom ? largestByBytes(bytes, start, count) : largestByWords(bytes, start, count);
}

function largestByWords(bytes: Uint8Array, start: number, count: number): number {
  let largest = 0;
  for (let from = 0; from < count; from += scratch.length) {
    const length = Math.min(scratch.length, count - from);
    copyBytes.call(bytes, scratchBytes, 0, start + from * 4, start + (from + length) * 4);
    for (let index = 0; index < length; index++) {
      const magnitude = (scratch[index] ?? 0) & 0x7fffffff;
      if (magnitude > largest) largest = magnitude;
    }
  }
  return largest >>> 16;
}

function largestByBytes(bytes: Uint8Array, start: number, count: number): number {
  let largest = 0;
  for (let at = start + 2, end = start + count * 4; at < end; at += 4) {
    const upper = (((bytes[at + 1] ?? 0) & 0x7f) << 8) | (bytes[at] ?? 0);
    if (upper > largest) largest = upper;
  }
  return largest;
}

/** Place of the number at an index, whatever block it is in. */
function floatPlace(record: LocatedRecord, index: number): number {
  if (record.pieces === null) return record.floatsAt + index * 4;
  let left = index;
  for (let piece = 0; piece < record.pieces.length; piece += 2) {
    const count = record.pieces[piece + 1] ?? 0;
    if (left < count) return (record.pieces[piece] ?? 0) + left * 4;
    left -= count;
  }
  return record.floatsAt;
}

function notFinite(reader: Reader, record: LocatedRecord): Error {
  for (let index = 0; index < record.vectorLength; index++) {
    if (Number.isFinite(floatAt(record.bytes, floatPlace(record, index)))) continue;
    reader.atIndex(0, index);
    break;
  }
  return reader.fault('must be a finite number');
}

function checkNorm(reader: Reader, record: LocatedRecord): void {
  const numbers = new Float32Array(record.vectorLength);
  record.copyVector(numbers, 0);
  let squares = 0;
  for (const number of numbers) squares += number * number;
  if (squares === 0) throw reader.fault('a zero vector has no direction, and the metric is cosine');
  if (squares < squaredNormMin) throw reader.fault('is too short to have a direction in 32-bit floats, and the metric is cosine');
  if (squares > squaredNormMax) throw reader.fault('is too long to have a direction in 32-bit floats, and the metric is cosine');
}
