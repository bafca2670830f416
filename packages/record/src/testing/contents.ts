import { strict as assert } from 'node:assert';
import type { DecodedRecord, RecordView } from '../index.ts';

/** All that a view of an upsert reads. The vector is copied into the middle of an array, whose ends have to stay as they are. */
export function contents(view: RecordView): DecodedRecord {
  const vector = new Float32Array(view.vectorLength + 2);
  view.copyVector(vector, 1);
  assert.equal(vector[0], 0);
  assert.equal(vector.at(-1), 0);
  assert.equal(Buffer.from(view.idBytes).toString(), view.id);
  return { id: view.id, vector: vector.slice(1, -1), metadata: view.readMetadata(), timestamp: view.timestamp, expiresAt: view.expiresAt };
}
