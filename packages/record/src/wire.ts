import { assert, invalid } from '@proximadb/errors';

/** The Confluent wire format: 0x00, the schema's id in 4 bytes big-endian, the Avro body. */
export const wireHeaderBytes = 5;

/** @throws AppError INVALID_ARGUMENT if the bytes do not start with a wire header. */
export function wireSchemaId(bytes: Uint8Array): number {
  if (bytes.length < wireHeaderBytes) throw invalid(`a record starts with 5 header bytes, there are ${bytes.length}`);
  if (bytes[0] !== 0) throw invalid(`a record starts with the byte 0, not ${bytes[0] ?? 0}`);
  return (((bytes[1] ?? 0) << 24) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 8) | (bytes[4] ?? 0)) >>> 0;
}

/** Writes the header into the first 5 bytes. */
export function writeWireHeader(into: Uint8Array, schemaId: number): void {
  assert(Number.isInteger(schemaId) && schemaId >= 0 && schemaId <= 0xffffffff, 'a schema id is a 32-bit number');
  into[0] = 0;
  into[1] = schemaId >>> 24;
  into[2] = schemaId >>> 16;
  into[3] = schemaId >>> 8;
  into[4] = schemaId;
}

/** A copy of the body with the header before it. */
export function withWire(schemaId: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(wireHeaderBytes + body.length);
  writeWireHeader(bytes, schemaId);
  bytes.set(body, wireHeaderBytes);
  return bytes;
}
