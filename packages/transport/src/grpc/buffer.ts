import type { Method } from '@proximadb/schemas';

/** grpc-js works with Buffer's methods; the memory is the same. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** For callers that have the message from the method's own types. */
export function encodeRequest(one: Method, message: object): Buffer {
  return asBuffer(one.request.encode(message as Parameters<typeof one.request.encode>[0]));
}
