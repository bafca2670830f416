import { AppError, invalid } from '@proximadb/errors';
import type { Collection } from '@proximadb/catalog';
import { Cursor, ReadToken } from '@proximadb/schemas';

/**
 * Whether a log is that of an earlier generation, which a reindex has replaced. All that it held at its end is in the new one, below its
 * floor: so is what a token of it asks for.
 */
export type Replaced = (log: number) => boolean;
const nothing: Replaced = () => false;

/** A prefix of a log: everything below one offset a partition. */
export interface Token {
  readonly log: number;
  /** One a partition. */
  readonly offsets: readonly number[];
}

/** Longer text is none of ours: 256 partitions of at most 10 bytes, an id of at most 512, in base64. */
const charactersMax = 8_192;

export function encodeToken(token: Token): string {
  return toText(ReadToken.encode(toMessage(token)));
}

/**
 * @param field of the request, for errors.
 * @throws AppError INVALID_ARGUMENT for what is no token, or one of another number of partitions; FAILED_PRECONDITION for one of another
 *   collection, or of one that was deleted and made again.
 */
export function decodeToken(text: string, collection: Collection, field = 'token', replaced: Replaced = nothing): Token {
  return checked(decoded(text, (bytes) => ReadToken.decode(bytes), field, 'token'), collection, { field, noun: 'token', replaced });
}

/** The log that a token names; null if there is none, or it is no token. */
export function logOfToken(text: string | null): number | null {
  return text === null ? null : logOf(() => decoded(text, (bytes) => ReadToken.decode(bytes), '', ''));
}

/** The log that a cursor names; null if there is none, or it is no cursor. */
export function logOfCursor(text: string | null): number | null {
  return text === null ? null : logOf(() => decoded(text, (bytes) => Cursor.decode(bytes), '', '').token);
}

function logOf(decode: () => ReadToken | null): number | null {
  try {
    return Number(decode()?.log ?? 0n);
  } catch {
    // The one who reads all of it says what is wrong with it.
    return null;
  }
}

export interface ScrollPosition {
  /** The last id that was read. */
  readonly after: string;
  readonly token: Token;
}

export function encodeCursor({ after, token }: ScrollPosition): string {
  return toText(Cursor.encode({ after, token: toMessage(token) }));
}

/** @throws AppError as {@link decodeToken}. */
export function decodeCursor(text: string, collection: Collection, field = 'cursor', replaced: Replaced = nothing): ScrollPosition {
  const { after, token } = decoded(text, (bytes) => Cursor.decode(bytes), field, 'cursor');
  if (after === '' || !after.isWellFormed()) throw invalid('is not a cursor', { field });
  return { after, token: checked(token, collection, { field, noun: 'cursor', replaced }) };
}

/** The later of two prefixes of one log, a partition at a time. */
export function maximum(left: readonly number[], right: readonly number[]): number[] {
  return left.map((offset, partition) => Math.max(offset, right[partition] ?? 0));
}

/** @throws AppError OUT_OF_RANGE for a token that names what the log does not hold. */
export function checkAgainstEnds(offsets: readonly number[], ends: readonly number[], field = 'token'): void {
  const partition = offsets.findIndex((offset, index) => offset > (ends[index] ?? 0));
  if (partition < 0) return;
  const reason = `asks for offset ${offsets[partition] ?? 0} of partition ${partition}, whose log ends at ${ends[partition] ?? 0}`;
  throw new AppError('OUT_OF_RANGE', `${field}: ${reason}`, { details: [{ field, reason }] });
}

function toMessage({ log, offsets }: Token): ReadToken {
  return { log: BigInt(log), offsets: offsets.map(BigInt) };
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

function decoded<T>(text: string, decode: (bytes: Uint8Array) => T, field: string, noun: string): T {
  if (text.length > charactersMax || !/^[A-Za-z0-9_-]+$/.test(text)) throw invalid(`is not a ${noun}`, { field });
  try {
    return decode(Buffer.from(text, 'base64url'));
  } catch {
    throw invalid(`is not a ${noun}`, { field });
  }
}

interface Checking {
  readonly field: string;
  readonly noun: string;
  readonly replaced: Replaced;
}

function checked(message: ReadToken | null | undefined, collection: Collection, { field, noun, replaced }: Checking): Token {
  const log = Number(message?.log ?? 0n);
  const offsets = (message?.offsets ?? []).map(Number);
  if (log < 1 || !Number.isSafeInteger(log) || !offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0)) {
    throw invalid(`is not a ${noun}`, { field });
  }
  if (log !== collection.log && replaced(log)) {
    return { log: collection.log, offsets: collection.reindex?.floor ?? new Array<number>(collection.settings.partitions).fill(0) };
  }
  if (log !== collection.log) {
    const reason = `is of log ${log}, and collection ${JSON.stringify(collection.name)} has log ${collection.log}: `
      + 'it is of another collection, or of one that was deleted and made again';
    throw new AppError('FAILED_PRECONDITION', `${field}: ${reason}`, { details: [{ field, reason }] });
  }
  if (offsets.length !== collection.settings.partitions) {
    throw invalid(`names ${offsets.length} partitions, and the collection has ${collection.settings.partitions}`, { field });
  }
  return { log, offsets };
}
