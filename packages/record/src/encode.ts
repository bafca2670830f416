/** Records in today's schemas, written once, where they come into being: in a client, or at the edge from JSON. */
import { assert } from '@proximadb/errors';
import { recordCounters } from './counters.ts';
import { todaysLayout } from './layout.ts';
import { writeMapAs } from './translate.ts';
import type { Metadata } from './types.ts';
import { wireHeaderBytes, writeWireHeader } from './wire.ts';
import { Writer } from './writer.ts';

export interface RecordFields {
  readonly id: string;
  readonly vector: Float32Array | readonly number[];
  readonly metadata?: Metadata;
  /** Microseconds since 1970-01-01 UTC; 0 if left out. */
  readonly timestamp?: bigint;
  /** Microseconds since 1970-01-01 UTC; null or left out: never. */
  readonly expiresAt?: bigint | null;
}

/** What is left out, stays as it is. */
export interface PatchFields {
  readonly id: string;
  readonly vector?: Float32Array | readonly number[] | null;
  /** Top-level keys of the metadata to add or replace. */
  readonly set?: Metadata;
  /** Top-level keys of the metadata to remove. */
  readonly unset?: readonly string[];
  readonly timestamp?: bigint | null;
  /** null: never expires; undefined: stays as it is. */
  readonly expiresAt?: bigint | null | undefined;
}

const noMetadata: Metadata = new Map();
const writer = new Writer();
const header = new Uint8Array(wireHeaderBytes);

/** @returns the record with its wire header; it is not validated but for what cannot be written at all */
export function encodeVectorRecord(schemaId: number, record: RecordFields): Uint8Array {
  return encode(schemaId, () => {
    writer.string(record.id, 'id');
    writeVector(record.vector);
    writeMap(record.metadata, 'metadata');
    writer.long(record.timestamp ?? 0n, 'timestamp');
    writeOptionalLong(record.expiresAt ?? null, 'expiresAt');
  });
}

export function encodePatchRecord(schemaId: number, patch: PatchFields): Uint8Array {
  return encode(schemaId, () => {
    writer.string(patch.id, 'id');
    const { vector = null, unset = [], expiresAt } = patch;
    writer.count(vector === null ? 0 : 1);
    if (vector !== null) writeVector(vector);
    writeMap(patch.set, 'set');
    if (unset.length > 0) writer.count(unset.length);
    unset.forEach((key, index) => { writer.string(key, `unset[${index}]`); });
    writer.count(0);
    writeOptionalLong(patch.timestamp ?? null, 'timestamp');
    writer.count(expiresAt === undefined ? 0 : 1);
    if (expiresAt !== undefined) writeOptionalLong(expiresAt, 'expiresAt');
  });
}

export function encodeDeleteRecord(schemaId: number, id: string, timestamp = 0n): Uint8Array {
  return encode(schemaId, () => {
    writer.string(id, 'id');
    writer.long(timestamp, 'timestamp');
  });
}

function encode(schemaId: number, write: () => void): Uint8Array {
  writer.clear();
  writeWireHeader(header, schemaId);
  writer.raw(header);
  write();
  recordCounters.encodes++;
  return writer.finish();
}

function writeVector(vector: Float32Array | readonly number[]): void {
  if (vector.length > 0) {
    writer.count(vector.length);
    writer.floats(vector);
  }
  writer.count(0);
}

function writeOptionalLong(value: bigint | null, field: string): void {
  writer.count(value === null ? 0 : 1);
  if (value !== null) writer.long(value, field);
}

function writeMap(map: Metadata | undefined, field: string): void {
  assert(writeMapAs(writer, todaysLayout, map ?? noMetadata, field), "today's layout holds every value");
}
