import { encodeDeleteRecord } from '@proximadb/record';
import type { Writable } from './validate.ts';

/** Records that the database itself makes: deletes of a client's ids. @param schemaId of a DeleteRecord */
export function deletesOf(ids: readonly { readonly id: string; readonly idBytes: Uint8Array }[], schemaId: number, nowMicros: number): Writable[] {
  const timestamp = BigInt(nowMicros);
  return ids.map(({ id, idBytes }) => ({ id, idBytes, bytes: encodeDeleteRecord(schemaId, id, timestamp) }));
}
