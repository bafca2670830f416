/**
 * `proximadb start` with several threads: all that hold shards work for a search, none has a graph of its own of what another has, several make lists, and
 * builders give way.
 */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { platform } from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import { SearchRequest } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { ChildServer, TemporaryFolder } from './server.ts';

const skip = platform === 'linux' ? false : 'threads and mappings are told by /proc, which Linux has';

const collection = 'words';
const dimension = 256;
const rows = 4_000;
const threads = 2;
const batches = 60;
const vectorOf = (row: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(row * (i + 1.3)) + Math.cos(row * 0.37 + i));
const flags = Object.entries({
  'indexer-threads': threads, 'indexer-idle-ms': 1_500, 'indexer-bulk-idle-share': 1, 'indexer-idle-graph-rows-min': 100, 'indexer-maintenance-ms': 20,
}).flatMap(([name, value]) => [`--${name}`, String(value)]);

test('two shards on two threads share the work of a batch, and each graph is mapped once', { skip }, async (context) => {
  using folder = new TemporaryFolder();
  await using server = new ChildServer(folder.path, flags);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  await filled(client, 'hnsw', threads);

  const before = ticksOf(server.pid);
  assert.deepEqual([...before.keys()], ['shards-0', 'shards-1']);
  // Compared with every row, so that both have as much to do as they have rows.
  const searches = Array.from({ length: 100 }, (_, i) => SearchRequest.create({ vector: vectorOf(rows + i * 7.5), k: 10, exact: true }));
  for (let i = 0; i < batches; i += 1) {
    const { results } = await client.searchBatch({ collection, searches });
    assert.ok(results.every(({ hits }) => hits.length === 10));
  }
  const after = ticksOf(server.pid);
  const spent = [...after].map(([name, ticks]) => ticks - (before.get(name) ?? 0));
  context.diagnostic(`hundredths of a second of ${[...after.keys()].join(', ')}: ${spent.join(', ')}`);
  assert.ok(Math.max(...spent) >= 20, 'there was something to do');
  assert.ok(Math.min(...spent) >= Math.max(...spent) / 2, `one of two threads worked for ${spent.join(' and ')} hundredths of a second`);

  const graphs = graphsOf(server.pid);
  assert.equal(graphs.length, threads, graphs.join('\n'));
  assert.equal(new Set(graphs).size, threads, graphs.join('\n'));
});

test('lists of several shards are made at a time; who makes them beside another gives way the more', { skip }, async () => {
  using folder = new TemporaryFolder();
  await using server = new ChildServer(folder.path, [...flags, '--indexer-graph-threads', '3']);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  // A thread that has made lists is there for a while afterwards.
  await filled(client, 'ivf', 3);
  assert.deepEqual(nicenessOf(server.pid, 'lists').sort((a, b) => a - b), [nicer(8), nicer(13), nicer(13)]);
});

test('who merges gives way, threads that build a graph together the more; for who completes segments shards wait', { skip }, async () => {
  using folder = new TemporaryFolder();
  // Each shard gets two segments, which become one while its graph is built.
  await using server = new ChildServer(folder.path, [...flags, '--indexer-graph-threads', '3', '--indexer-growing-rows-max', '750']);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  // Threads are not nice from their beginning, and end when there is nothing more to build.
  const nicest = { files: -Infinity, merges: -Infinity, graphs: -Infinity };
  const names = ['files', 'merges', 'graphs'] as const;
  await filled(client, 'hnsw', 3, () => { for (const name of names) nicest[name] = Math.max(nicest[name], ...nicenessOf(server.pid, name)); });
  assert.deepEqual(nicest, { files: nicer(0), merges: nicer(8), graphs: nicer(13) });
});

/** So much nicer than this process, and the servers that it starts. */
function nicer(levels: number): number {
  return Math.min(19, getPriority() + levels);
}

/** Writes all rows into as many shards. Resolves when each is one segment with its index. @param look called again and again meanwhile. */
async function filled(client: Client, index: 'hnsw' | 'ivf', partitions: number, look: () => void = () => {}): Promise<void> {
  await client.createCollection({ name: collection, dimension, index, partitions });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  // At once, and with time to be applied: what comes after a pause would be a segment of its own, too small for a graph.
  await client.upsert({ collection, records: Array.from({ length: rows }, (_, i) => encodeVectorRecord(schemaId, { id: `r${i}`, vector: vectorOf(i) })) });
  for (const endMs = performance.now() + 300_000; ; await sleep(50)) {
    const stats = await client.stats({ collection });
    const segments = stats.partitions.flatMap((partition) => partition.segments);
    look();
    if (segments.length === partitions && segments.every(({ indexed }) => indexed) && stats.indexed === BigInt(rows) && stats.building === 0n) return;
    assert.ok(performance.now() < endMs, `${stats.indexed} of ${rows} rows have their index`);
  }
}

/** A thread as proc(5) says it: its name, which is in brackets, and the fields of `stat` from the third on. */
interface ThreadStat {
  readonly name: string;
  readonly fromThird: readonly string[];
}

function threadStats(pid: number): ThreadStat[] {
  return readdirSync(`/proc/${pid}/task`).map((id) => statOf(pid, id)).filter((stat) => stat !== '').map((stat) => (
    { name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), fromThird: stat.slice(stat.lastIndexOf(')') + 2).split(' ') }));
}

function statOf(pid: number, id: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** Field 19, of all threads of a name. */
function nicenessOf(pid: number, name: string): number[] {
  return threadStats(pid).filter((thread) => thread.name === name).map(({ fromThird }) => Number(fromThird[19 - 3]));
}

/** Hundredths of a second that threads with shards had a core: fields 14 and 15. */
function ticksOf(pid: number): Map<string, number> {
  return new Map(threadStats(pid).filter(({ name }) => name.startsWith('shards-')).map(({ name, fromThird }): [string, number] => {
    const [user = NaN, system = NaN] = fromThird.slice(14 - 3, 16 - 3).map(Number);
    return [name, user + system];
  }).sort());
}

/** Files of graphs, once for each of their mappings. */
function graphsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').flatMap((line) => /\S*\/graph\.usearch.*/.exec(line) ?? []);
}
