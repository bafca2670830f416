/** The same records in avsc's terms. */
import { avroType } from '@proximadb/schemas';
import type { DecodedRecord, Metadata, MetadataValue } from '../index.ts';

type AvscValue = { value: null | Record<string, unknown> };

export function toAvscValue(value: MetadataValue): AvscValue {
  if (value === null) return { value: null };
  switch (typeof value) {
    case 'boolean': return { value: { boolean: value } };
    case 'bigint': return { value: { long: value } };
    case 'number': return { value: { double: value } };
    case 'string': return { value: { string: value } };
    default: break;
  }
  if (value instanceof Uint8Array) return { value: { bytes: Buffer.from(value) } };
  if (value instanceof Map) return { value: { map: toAvscMap(value as Metadata) } };
  return { value: { array: (value as readonly MetadataValue[]).map(toAvscValue) } };
}

export function toAvscMap(metadata: Metadata): Record<string, AvscValue> {
  return Object.fromEntries([...metadata].map(([key, value]) => [key, toAvscValue(value)]));
}

function fromAvscValue({ value }: AvscValue): MetadataValue {
  if (value === null) return null;
  const [[branch, inner]] = Object.entries(value) as [[string, unknown]];
  switch (branch) {
    case 'bytes': return Uint8Array.from(inner as Buffer);
    case 'array': return (inner as AvscValue[]).map(fromAvscValue);
    case 'map': return fromAvscMap(inner as Record<string, AvscValue>);
    default: return inner as MetadataValue;
  }
}

export function fromAvscMap(map: Record<string, AvscValue>): Map<string, MetadataValue> {
  return new Map(Object.entries(map).map(([key, value]) => [key, fromAvscValue(value)]));
}

export function encodeWithAvsc(record: DecodedRecord): Uint8Array {
  return Uint8Array.from(avroType('VectorRecord').toBuffer({
    id: record.id, vector: [...record.vector], metadata: toAvscMap(record.metadata), timestamp: record.timestamp,
    expires_at: record.expiresAt === null ? null : { long: record.expiresAt },
  }));
}

interface AvscRecord {
  id: string;
  vector: number[];
  metadata: Record<string, AvscValue>;
  timestamp: bigint;
  expires_at: null | { long: bigint };
}

export function fromAvscRecord(value: unknown): DecodedRecord {
  const record = value as AvscRecord;
  return {
    id: record.id, vector: Float32Array.from(record.vector), metadata: fromAvscMap(record.metadata), timestamp: record.timestamp,
    expiresAt: record.expires_at === null ? null : record.expires_at.long,
  };
}

/** @throws whatever avsc throws if the body is not one whole datum */
export function decodeWithAvsc(body: Uint8Array): DecodedRecord {
  return fromAvscRecord(avroType('VectorRecord').fromBuffer(Buffer.from(body)));
}
