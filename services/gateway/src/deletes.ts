import type { RecordSchemas } from '@proximadb/catalog';
import { encodeDeleteRecord } from '@proximadb/record';
import type { Writable } from './validate.ts';

/** Records that the database itself makes: deletes of a client's ids. */
export function deletesOf(ids: readonly { readonly id: string; readonly idBytes: Uint8Array }[], schemas: RecordSchemas, nowMicros: number): Writable[] {
  const schemaId = schemas.idOf('DeleteRecord');
  const timestamp = BigInt(nowMicros);
  return ids.map(({ id, idBytes }) => ({ id, idBytes, bytes: encodeDeleteRecord(schemaId, id, timestamp) }));
}
