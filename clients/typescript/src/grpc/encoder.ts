/** Records as Avro, in the schema that the server writes in. */
import { encodePatchRecord, encodeVectorRecord } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import type { OneCall } from '@proximadb/transport/retries';
import { toStored } from '../core/metadata.ts';
import { floatsOf, micros, type Instant } from '../core/records.ts';
import type { Encoder } from '../core/wire.ts';

/** @throws AppError FAILED_PRECONDITION if the server's release and this one have no schema that both can write */
export async function avroEncoder(client: Pick<Client, 'getSchema'>, call: OneCall): Promise<Encoder> {
  const [records, patches] = await Promise.all([schemaOf(client, 'VectorRecord', call), schemaOf(client, 'PatchRecord', call)]);
  return {
    record: ({ id, vector, metadata, timestamp, expiresAt }) => records.finish(encodeVectorRecord(records.id, {
      id, vector: floatsOf(vector), ...(metadata === undefined ? {} : { metadata: toStored(metadata, 'metadata') }),
      ...(timestamp === undefined ? {} : { timestamp: micros(timestamp) }), expiresAt: microsOrNull(expiresAt) ?? null,
    })),
    patch: ({ id, vector, set, unset, timestamp, expiresAt }) => patches.finish(encodePatchRecord(patches.id, {
      id, vector: vector === undefined ? null : floatsOf(vector), ...(set === undefined ? {} : { set: toStored(set, 'set') }),
      ...(unset === undefined ? {} : { unset }), timestamp: microsOrNull(timestamp) ?? null, expiresAt: microsOrNull(expiresAt),
    })),
  };
}

interface WriterSchema {
  readonly id: number;
  /** From this release's schema into the server's; the same bytes where they are one. */
  readonly finish: (record: Uint8Array) => Uint8Array;
}

async function schemaOf(client: Pick<Client, 'getSchema'>, name: 'VectorRecord' | 'PatchRecord', call: OneCall): Promise<WriterSchema> {
  const { id, schema } = await client.getSchema({ name }, call);
  if (schema === schemaText(name)) return { id, finish: (record) => record };
  // Avro's resolution takes a library that nobody needs whose client is of the server's release.
  const { translator } = await import('./translator.ts');
  return { id, finish: translator(name, schema) };
}

function microsOrNull(instant: Instant | null | undefined): bigint | null | undefined {
  return instant == null ? instant : micros(instant);
}
