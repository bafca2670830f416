/** Records as objects, for clients, tools and tests. The path of a record through the database has no use for them. */
import { assert } from '@proximadb/errors';
import { schemaText } from '@proximadb/schemas';
import { recordCounters } from './counters.ts';
import type { Metadata, RecordView, Walker } from './types.ts';
import { LocatedRecord } from './located.ts';
import { compileWalker, unsetKeys } from './walker.ts';

export interface DecodedRecord {
  readonly id: string;
  readonly vector: Float32Array;
  readonly metadata: Metadata;
  /** Microseconds since 1970-01-01 UTC. */
  readonly timestamp: bigint;
  readonly expiresAt: bigint | null;
}

export interface DecodedPatch {
  readonly id: string;
  /** null: stays as it is. */
  readonly vector: Float32Array | null;
  readonly set: Metadata;
  readonly unset: readonly string[];
  readonly timestamp: bigint | null;
  /** null: never expires; undefined: stays as it is. */
  readonly expiresAt: bigint | null | undefined;
}

let todaysUpsert: Walker | undefined;
let todaysPatch: Walker | undefined;

/**
 * @param walker - of the schema that the bytes were written in; today's if left out
 * @throws AppError INVALID_ARGUMENT if the bytes cannot be walked
 */
export function decodeVectorRecord(bytes: Uint8Array, walker: Walker = todaysUpsert ??= compileWalker(schemaText('VectorRecord'))): DecodedRecord {
  assert(walker.kind === 'upsert', 'a walker of upserts');
  const view = walker.view(bytes);
  recordCounters.decodes++;
  return { id: view.id, vector: vectorOf(view), metadata: view.readMetadata(), timestamp: view.timestamp, expiresAt: view.expiresAt };
}

/** As {@link decodeVectorRecord}, of a patch. */
export function decodePatchRecord(bytes: Uint8Array, walker: Walker = todaysPatch ??= compileWalker(schemaText('PatchRecord'))): DecodedPatch {
  assert(walker.kind === 'patch', 'a walker of patches');
  const view = walker.view(bytes);
  assert(view instanceof LocatedRecord, 'a view of this package');
  recordCounters.decodes++;
  return {
    id: view.id,
    vector: view.vectorAt < 0 ? null : vectorOf(view),
    set: view.readMetadata(),
    unset: unsetKeys(view),
    timestamp: view.timestampAt < 0 ? null : view.timestamp,
    expiresAt: view.expiryAt < 0 ? undefined : view.expiresAt,
  };
}

function vectorOf(view: RecordView): Float32Array {
  const vector = new Float32Array(view.vectorLength);
  view.copyVector(vector, 0);
  return vector;
}
