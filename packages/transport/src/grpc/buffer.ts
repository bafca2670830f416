import { AppError } from '@proximadb/errors';
import type { Method } from '@proximadb/schemas';

/** grpc-js works with Buffer's methods; the memory is the same. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * A request as it goes on the wire. A field that is missing or undefined has its default.
 * @throws AppError INVALID_ARGUMENT if a field is not of its type.
 */
export function encodeRequest(one: Method, given: object): Buffer {
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return asBuffer(one.request.encode(one.request.create(fields)));
  } catch (thrown) {
    throw new AppError('INVALID_ARGUMENT', `this is no ${one.requestName}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

/** For calls that are given their requests as bytes. */
export function asIs(bytes: Buffer): Buffer {
  return bytes;
}
