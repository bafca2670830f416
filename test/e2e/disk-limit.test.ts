/** Data larger than memory: a server that may take less for itself than its vectors have, by the storage of its collection. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import type { StorageKind } from '@proximadb/schemas';
import { createClient } from '@proximadb/transport/client';
import { Random } from '../crash/random.ts';
import { ChildServer, TemporaryFolder } from './server.ts';

const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
const skip = hasPrlimit || process.env['CI'] !== undefined ? false : 'needs prlimit (Linux): apt-get install util-linux';

const collection = 'clusters';
const dimension = 1_536;
const rows = 16_000;
const k = 10;
const kinds = ['disk', 'memory'] as const satisfies readonly StorageKind[];
/**
 * Of the vectors' bytes, what a server that was started again may take beyond one without a collection, as is promised. Measured: storage disk takes 0.2 at
 * most, storage memory 1.1.
 */
const limitShare = 0.35;
/** One thread that holds shards on any machine, and young generations of the threads' heaps that hide nothing: they grow to 16 MiB and more each. */
const flags = Object.entries({
  'indexer-threads': 1, 'indexer-idle-ms': 1_500, 'indexer-bulk-idle-share': 1,
  'indexer-idle-graph-rows-min': 100, 'indexer-maintenance-ms': 20, 'log-level': 'error',
}).flatMap(([name, value]) => [`--${name}`, String(value)]);
const nodeFlags = ['--max-semi-space-size=1'];

const random = new Random(1_536);
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

test('under a limit of its memory storage disk answers, and storage memory does not', { skip }, async (context) => {
  using stack = new DisposableStack();
  const folders = { disk: stack.use(new TemporaryFolder()).path, memory: stack.use(new TemporaryFolder()).path };
  await Promise.all(kinds.map((storage) => fill(folders[storage], storage)));
  // After the others, with their flags: a server that finds nothing in Node's cache of compiled code takes 20 MB more.
  const empty = await emptyBytes();
  const limit = Math.round(empty + limitShare * rows * dimension * 4);
  const limited = (storage: StorageKind): ChildServer => new ChildServer(folders[storage], flags, nodeFlags, ['prlimit', `--data=${limit}`]);
  {
    await using server = limited('disk');
    const answers = await answersOf(server);
    assert.match(readFileSync(`/proc/${server.pid}/limits`, 'utf8'), new RegExp(`^Max data size +${limit} +${limit} `, 'm'));
    const recall = queries.reduce((sum, query, i) => sum + nearestTo(query).filter((id) => answers[i]!.includes(id)).length, 0) / (k * queries.length);
    context.diagnostic(`recall ${recall}, with ${(dataBytesOf(server.pid) - empty) / (rows * dimension * 4)} of the vectors' bytes beyond an empty server`);
    assert.ok(recall >= 0.95, `recall is ${recall}`);
  }
  await using server = limited('memory');
  // It ends before it is ready, or says why it does not answer.
  await assert.rejects(answersOf(server), (error: Error) => {
    context.diagnostic(`memory: ${error.message.split('\n').find((line) => /memory/i.test(line)) ?? error.message}`);
    return /memory/i.test(`${error.message} ${server.output}`);
  });
});

/** Mapped to write to by a server without a collection: what a limit of its data counts. */
async function emptyBytes(): Promise<number> {
  using folder = new TemporaryFolder();
  await using server = new ChildServer(folder.path, flags, nodeFlags);
  await server.ready();
  await sleep(500);
  return dataBytesOf(server.pid);
}

function dataBytesOf(pid: number): number {
  return Number(/^VmData:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) * 1024;
}

/** All rows, those of storage disk in lists; the others get no index: so they take least. Then the server is told to end, and seals what it has in memory. */
async function fill(data: string, storage: StorageKind): Promise<void> {
  await using server = new ChildServer(data, flags, nodeFlags);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  await client.createCollection({ name: collection, dimension, partitions: 1, index: storage === 'disk' ? 'ivf' : 'flat', storage });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let from = 0; from < rows; from += 500) {
    const records = vectors.slice(from, from + 500).map((each, i) => encodeVectorRecord(schemaId, { id: `r${from + i}`, vector: each }));
    await client.upsert({ collection, records });
  }
  for (const endMs = performance.now() + 300_000; ; await sleep(50)) {
    const { records, indexed, building } = await client.stats({ collection });
    if (building === 0n && (storage === 'disk' ? indexed : records) === BigInt(rows)) break;
    assert.ok(performance.now() < endMs, `${records} of ${rows} rows are there, ${indexed} in lists`);
  }
  server.kill('SIGTERM');
  assert.equal((await server.ended).code, 0, server.output);
}

/** Ids that a server finds for each query. @throws Error if it ends before it is ready, or does not answer. */
async function answersOf(server: ChildServer): Promise<string[][]> {
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`, { attemptsMax: 1 });
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
