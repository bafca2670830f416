/**
 * Applies a partition's log, record by record, in its order. What it decides depends on the log and the collection's settings alone:
 * not on a clock, a configuration or how the rows lie, so that every replica decides the same.
 */
import { isUtf8 } from 'node:buffer';
import { AppError, AssertionError } from '@proximadb/errors';
import { crc32c, crcHeaderName, decodeCrc, partitionOf, writeHeaderName, type LogRecord } from '@proximadb/log';
import { splicePatch, wireSchemaId, type RecordLimits, type RecordView, type Walker } from '@proximadb/record';
import { hashId } from '@proximadb/segment';
import type { Ledger } from './ledger.ts';
import { originHeaderName, parseOrigin, type OriginStreams } from './reindex/origin.ts';
import type { RequestWindow } from './request-window.ts';
import type { Place, ShardRows } from './rows.ts';
import { parseWriteHeader, type WriteHeaderView } from './write-header.ts';

export interface ApplyContext {
  readonly log: number;
  readonly partition: number;
  readonly partitions: number;
  readonly limits: RecordLimits;
  readonly rows: ShardRows;
  readonly window: RequestWindow;
  readonly ledger: Ledger;
  /** Copiers' streams, of a generation that is filled from another one. */
  readonly streams: OriginStreams;
  /** The walker of an accepted schema; undefined: not accepted. Looked up before (see `schemaIdsOf`). */
  readonly walker: (schemaId: number) => Walker | undefined;
}

/** A record as the shard understood it. */
type Write =
  | { readonly kind: 'upsert' | 'patch'; readonly idBytes: Uint8Array; readonly view: RecordView; readonly schemaId: number; readonly walker: Walker }
  | { readonly kind: 'delete'; readonly idBytes: Uint8Array };

/** @param logTime highest append time at or below the record, µs. */
export function applyRecord(context: ApplyContext, record: LogRecord, logTime: number): void {
  if (record.refused !== undefined) {
    context.ledger.add(record.offset, record.refused);
    return;
  }
  // A tick moves the log's time, nothing else; a copier's fence is one, too.
  const tick = record.key.length === 0 && record.value === null;
  const copied = record.headers[originHeaderName];
  if (tick && copied === undefined) return;
  let write: Write;
  let header: WriteHeaderView | undefined;
  let checksum = 0;
  try {
    if (copied !== undefined && !context.streams.advance(parseOrigin(copied))) return;
    if (tick) return;
    checksum = checksumOf(record);
    write = understand(context, record);
    const bytes = record.headers[writeHeaderName];
    header = bytes === undefined ? undefined : parseWriteHeader(bytes);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'INVALID_ARGUMENT') throw error;
    context.ledger.add(record.offset, error.message);
    return;
  }
  if (header !== undefined && context.window.find(header.requestId, header.sequence, logTime) !== undefined) return;
  const refusal = decide(context, write, header, { offset: record.offset, logTime, checksum });
  if (header !== undefined) context.window.note(header.requestId, header.sequence, logTime, record.offset, refusal);
}

/** @throws AppError DATA_LOSS if it is not the one that was written beside the value. */
function checksumOf(record: LogRecord): number {
  if (record.value === null) return 0;
  const expected = record.headers[crcHeaderName];
  const checksum = crc32c(record.value);
  if (expected !== undefined && checksum !== decodeCrc(expected)) {
    throw new AppError('DATA_LOSS', `the log's record at offset ${record.offset} fails its checksum: the value is not what was acknowledged`);
  }
  return checksum;
}

function understand(context: ApplyContext, record: LogRecord): Write {
  if (partitionOf(record.key, context.partitions) !== context.partition) throw malformed('its key belongs to another partition');
  if (record.value === null) {
    checkId(record.key);
    return { kind: 'delete', idBytes: record.key };
  }
  const schemaId = wireSchemaId(record.value);
  const walker = context.walker(schemaId);
  if (walker === undefined) throw malformed(`schema id ${schemaId} is not an accepted one`);
  const view = walker.check(record.value, context.limits);
  if (Buffer.compare(view.idBytes, record.key) !== 0) throw malformed('its key is not its id');
  return walker.kind === 'delete' ? { kind: 'delete', idBytes: record.key } : { kind: walker.kind, idBytes: record.key, view, schemaId, walker };
}

interface At {
  readonly offset: number;
  readonly logTime: number;
  /** CRC-32C of the log record's value. */
  readonly checksum: number;
}

/** @returns why it was refused; null where it was applied. */
function decide(context: ApplyContext, write: Write, header: WriteHeaderView | undefined, at: At): string | null {
  const { offset, logTime, checksum } = at;
  const { rows } = context;
  const hash = hashId(write.idBytes);
  const place = rows.find(write.idBytes, hash);
  const present = place !== undefined && rows.expires(place) > logTime ? place : undefined;
  const refusal = header === undefined ? null : refusalOf(context, header, present);
  if (refusal !== null) return refusal;
  switch (write.kind) {
    case 'delete':
      if (place !== undefined) rows.end(place, offset);
      return null;
    case 'upsert':
      if (place !== undefined) rows.end(place, offset);
      rows.add(write.view, write.walker, write.schemaId, offset, checksum, hash);
      return null;
    case 'patch':
      return present === undefined ? 'missing' : patch(context, write.view, present, offset);
  }
}

function refusalOf(context: ApplyContext, { condition }: WriteHeaderView, present: Place | undefined): string | null {
  switch (condition.kind) {
    case 'none': return null;
    case 'if_absent': return present === undefined ? null : 'exists';
    case 'if_present': return present === undefined ? 'missing' : null;
    case 'if_version': {
      if (present === undefined) return 'missing';
      const same = condition.log === context.log && condition.offset === context.rows.read(present).offset;
      return same ? null : 'version_mismatch';
    }
  }
}

function patch(context: ApplyContext, patchView: RecordView, present: Place, offset: number): string | null {
  const base = context.rows.read(present).view;
  const schemaId = wireSchemaId(base.bytes);
  const walker = context.walker(schemaId);
  if (walker === undefined) throw new AssertionError(`a stored record has schema id ${schemaId}, which nobody accepted`);
  let view: RecordView;
  try {
    view = walker.check(splicePatch(base.bytes, walker, patchView, context.limits), context.limits);
  } catch (error) {
    if (error instanceof AppError && error.code !== 'INTERNAL') return error.message;
    throw error;
  }
  context.rows.end(present, offset);
  context.rows.add(view, walker, schemaId, offset, crc32c(view.bytes));
  return null;
}

function checkId(key: Uint8Array): void {
  if (key.length === 0 || key.length > 512) throw malformed('its key is not an id of 1 to 512 bytes');
  if (!isUtf8(key)) throw malformed('its key is not UTF-8');
}

function malformed(reason: string): AppError {
  return new AppError('INVALID_ARGUMENT', reason);
}

