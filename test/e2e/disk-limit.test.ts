/** Data larger than memory: a server that may take less for itself than its vectors have, by the storage of its collection. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import type { StorageKind } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { Random } from '../crash/random.ts';
import { ChildServer, TemporaryFolder } from './server.ts';

const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
const skip = hasPrlimit || process.env['CI'] !== undefined ? false : 'needs prlimit (Linux): apt-get install util-linux';

const collection = 'clusters';
const dimension = 768;
const rows = 20_000;
const k = 10;
/** Of the vectors' bytes, what a server may take beyond one that has no collection. */
const limitShare = 0.35;
/** One thread that holds shards on any machine: each has a heap of its own. */
const flags = Object.entries({ 'indexer-threads': 1, 'indexer-idle-ms': 100, 'indexer-maintenance-ms': 20, 'log-level': 'error' })
  .flatMap(([name, value]) => [`--${name}`, String(value)]);

const random = new Random(768);
const direction = (): Float32Array => Float32Array.from({ length: dimension }, () => random.next() - 0.5);
/** Clusters are thin sheets, each in a few of these directions. */
const directions = Array.from({ length: 48 }, direction);
const clusters = Array.from({ length: 100 }, () => ({ centre: direction(), sheet: random.some(directions, 10) }));

function vector(): Float32Array {
  const { centre, sheet } = clusters[random.between(0, clusters.length - 1)]!;
  const drawn = Float32Array.from(centre);
  for (const axis of sheet) {
    const far = random.next() - 0.5;
    for (let i = 0; i < dimension; i += 1) drawn[i]! += far * axis[i]!;
  }
  return drawn;
}

const vectors = Array.from({ length: rows }, vector);
const queries = Array.from({ length: 40 }, vector);

test('under a limit of its memory storage disk answers, and storage memory does not come up', { skip, timeout: 120_000 }, async (context) => {
  const limit = await emptyBytes() + limitShare * rows * dimension * 4;
  const outcomes: Record<StorageKind, readonly (readonly string[])[] | Error> = { disk: [], memory: [] };
  for (const storage of ['disk', 'memory'] as const) {
    using folder = new TemporaryFolder();
    await fill(folder.path, storage);
    await using limited = new ChildServer(folder.path, flags, [], ['prlimit', `--data=${Math.round(limit)}`]);
    outcomes[storage] = await answersOf(limited).catch((error: unknown) => error as Error);
    context.diagnostic(`${storage}: ${String(outcomes[storage]).slice(0, 2_000)}`);
  }
  const { disk, memory } = outcomes;
  assert.ok(memory instanceof Error, 'the vectors do not fit');
  assert.ok(Array.isArray(disk), String(disk));
  const found = queries.reduce((sum, query, i) => sum + nearestTo(query).filter((id) => disk[i].includes(id)).length, 0);
  const recall = found / (k * queries.length);
  context.diagnostic(`recall ${recall}`);
  assert.ok(recall >= 0.95, `recall is ${recall}`);
});

/** Mapped to write to by a server without a collection: what a limit of its data counts. */
async function emptyBytes(): Promise<number> {
  using folder = new TemporaryFolder();
  await using server = new ChildServer(folder.path, flags);
  await server.ready();
  await sleep(500);
  return dataBytesOf(server.pid);
}

function dataBytesOf(pid: number): number {
  return Number(/^VmData:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) * 1024;
}

/** All rows in segments that have their lists; then the server is told to end. */
async function fill(data: string, storage: StorageKind): Promise<void> {
  await using server = new ChildServer(join(data), flags);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  await client.createCollection({ name: collection, dimension, partitions: 1, index: 'ivf', storage });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let from = 0; from < rows; from += 500) {
    const records = vectors.slice(from, from + 500).map((each, i) => encodeVectorRecord(schemaId, { id: `r${from + i}`, vector: each }));
    await client.upsert({ collection, records });
  }
  for (const endMs = performance.now() + 60_000; ; await sleep(50)) {
    const { indexed, building } = await client.stats({ collection });
    if (indexed === BigInt(rows) && building === 0n) break;
    assert.ok(performance.now() < endMs, `${indexed} of ${rows} rows have lists`);
  }
  server.kill('SIGTERM');
  assert.equal((await server.ended).code, 0, server.output);
}

/** Ids that a server finds for each query. @throws Error if it ends before it is ready, or does not answer. */
async function answersOf(server: ChildServer): Promise<string[][]> {
  await using client: Client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  const answers: string[][] = [];
  for (const query of queries) {
    const { hits } = await client.search({ collection, vector: query, k });
    assert.equal(hits.length, k);
    answers.push(hits.map(({ id }) => id));
  }
  return answers;
}

const lengths = vectors.map((each) => Math.hypot(...each));

/** By plain arithmetic, under cosine. */
function nearestTo(query: Float32Array): string[] {
  const cosines = vectors.map((each, row) => {
    let sum = 0;
    for (let i = 0; i < dimension; i += 1) sum += each[i]! * query[i]!;
    return { row, cosine: sum / lengths[row]! };
  });
  return cosines.sort((one, other) => other.cosine - one.cosine).slice(0, k).map(({ row }) => `r${row}`);
}
