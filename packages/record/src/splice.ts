/**
 * A patch is a splice: the base's bytes with its vector, metadata, timestamp or expiry replaced, in the base's own schema.
 * It is a function of its arguments alone, so every replica and every release gets the same bytes.
 */
import { AppError, assert } from '@proximadb/errors';
import type { ValueLayout } from './layout.ts';
import { LocatedRecord } from './located.ts';
import { Reader } from './reader.ts';
import { writeValueAs } from './translate.ts';
import type { RecordLimits, RecordView, Walker } from './types.ts';
import { readString, readValue, skipValue } from './values.ts';
import { CompiledWalker, unsetKeys } from './walker.ts';
import { Writer } from './writer.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** One entry of a map: its bytes are `[start, end)`, its value's `[valueStart, end)`. */
interface Entry {
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

const reader = new Reader();
const writer = new Writer();

/**
 * @param base - a stored upsert, not changed
 * @param baseWalker - of the schema that the base was written in
 * @param patch - a checked patch of the same id
 * @returns new bytes, checked by the limits
 * @throws AppError FAILED_PRECONDITION if the base's schema cannot hold a value of the patch, INVALID_ARGUMENT if the result is not valid
 */
export function splicePatch(base: Uint8Array, baseWalker: Walker, patch: RecordView, limits: RecordLimits): Uint8Array {
  assert(baseWalker instanceof CompiledWalker && baseWalker.kind === 'upsert', 'a patch changes an upsert');
  assert(patch instanceof LocatedRecord && patch.kind === 'patch', 'what is spliced in is a patch');
  const record = baseWalker.view(base);
  assert(record.idLength === patch.idLength && Buffer.compare(record.idBytes, patch.idBytes) === 0, 'a patch changes the record of its id');
  const edits = [
    editVector(record, baseWalker, patch), editMetadata(record, patch), editTimestamp(record, baseWalker, patch), editExpiry(record, baseWalker, patch),
  ].filter((edit) => edit !== null).sort((a, b) => a.start - b.start);
  const result = apply(base, edits);
  baseWalker.check(result, limits);
  return result;
}

function apply(base: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const growth = edits.reduce((bytes, edit) => bytes + edit.bytes.length - (edit.end - edit.start), 0);
  const result = new Uint8Array(base.length + growth);
  let from = 0;
  let to = 0;
  for (const edit of edits) {
    result.set(base.subarray(from, edit.start), to);
    to += edit.start - from;
    result.set(edit.bytes, to);
    to += edit.bytes.length;
    from = edit.end;
  }
  result.set(base.subarray(from), to);
  assert(to + base.length - from === result.length, 'the spliced parts fill the record');
  return result;
}

function editVector(base: LocatedRecord, walker: CompiledWalker, patch: LocatedRecord): Edit | null {
  if (patch.vectorAt < 0) return null;
  if (!walker.fields.hasVector) throw cannotHold('vector', 'has no vector');
  return { start: base.vectorAt, end: base.vectorEnd, bytes: patch.bytes.subarray(patch.vectorAt, patch.vectorEnd) };
}

function editTimestamp(base: LocatedRecord, walker: CompiledWalker, patch: LocatedRecord): Edit | null {
  if (patch.timestampAt < 0) return null;
  const { timestamp } = walker.fields;
  if (timestamp === null) throw cannotHold('timestamp', 'has no timestamp');
  if (timestamp === 'int' && BigInt.asIntN(32, patch.timestamp) !== patch.timestamp) throw cannotHold('timestamp', 'has a timestamp of 32 bits');
  // Ints and longs are written alike.
  return { start: base.timestampAt, end: base.timestampEnd, bytes: patch.bytes.subarray(patch.timestampAt, patch.timestampEnd) };
}

function editExpiry(base: LocatedRecord, walker: CompiledWalker, patch: LocatedRecord): Edit | null {
  if (patch.expiryAt < 0) return null;
  const { expiry } = walker.fields;
  const { expiresAt } = patch;
  if (expiry === null) {
    if (expiresAt === null) return null;
    throw cannotHold('expires_at', 'has no expiry');
  }
  let branch = expiry.branches.indexOf(expiresAt === null ? 'null' : 'long');
  if (branch < 0 && expiresAt !== null && BigInt.asIntN(32, expiresAt) === expiresAt) branch = expiry.branches.indexOf('int');
  if (branch < 0) throw cannotHold('expires_at', expiresAt === null ? 'has an expiry in every record' : 'has no expiry of 64 bits');
  writer.clear();
  if (expiry.tagged) writer.count(branch);
  if (expiresAt !== null) writer.long(expiresAt, 'expires_at');
  return { start: base.expiryAt, end: base.expiryEnd, bytes: writer.finish() };
}

/** Kept entries byte for byte and in their order, then what the patch sets, in its order, all in one block. */
function editMetadata(base: LocatedRecord, patch: LocatedRecord): Edit | null {
  const set = entriesOf(patch);
  const dropped = new Set([...unsetKeys(patch), ...set.map((entry) => entry.key)]);
  const entries = entriesOf(base);
  const kept = entries.filter((entry) => !dropped.has(entry.key));
  if (set.length === 0 && kept.length === entries.length) return null;
  if (base.layout === null) throw cannotHold('metadata', 'has no metadata');
  writer.clear();
  if (kept.length + set.length > 0) writer.count(kept.length + set.length);
  for (const entry of kept) writer.raw(base.bytes.subarray(entry.start, entry.end));
  for (const entry of set) writeSetEntry(patch, entry, base.layout);
  writer.count(0);
  return { start: base.metadataAt, end: base.metadataEnd, bytes: writer.finish() };
}

function writeSetEntry(patch: LocatedRecord, entry: Entry, layout: ValueLayout): void {
  assert(patch.layout !== null, 'a patch that sets has a layout');
  if (patch.layout.signature === layout.signature) {
    writer.raw(patch.bytes.subarray(entry.start, entry.end));
    return;
  }
  writer.raw(patch.bytes.subarray(entry.start, entry.valueStart));
  reader.open(patch.bytes, entry.valueStart);
  try {
    const value = readValue(reader, patch.layout, 1);
    const field = `metadata.${entry.key}`;
    if (!writeValueAs(writer, layout, value, field)) throw cannotHold(field, 'has no such values');
  } finally {
    reader.close();
  }
}

function entriesOf(record: LocatedRecord): Entry[] {
  const entries: Entry[] = [];
  const { layout } = record;
  if (layout === null || record.metadataAt < 0) return entries;
  reader.open(record.bytes, record.metadataAt);
  try {
    for (let count = reader.readBlock(2); count > 0; count = reader.readBlock(2)) {
      for (let index = 0; index < count; index++) {
        const start = reader.position;
        const key = readString(reader);
        const valueStart = reader.position;
        skipValue(reader, layout, 1);
        entries.push({ key, start, valueStart, end: reader.position });
      }
    }
  } finally {
    reader.close();
  }
  return entries;
}

function cannotHold(field: string, reason: string): AppError {
  const text = `the schema that the stored record was written in ${reason}`;
  return new AppError('FAILED_PRECONDITION', `${field}: ${text}`, { details: [{ field, reason: text }] });
}
