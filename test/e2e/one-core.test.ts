/** `proximadb start` where one core is all that its threads have. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import type { Filter, IndexKind, SearchRequest } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { ChildServer, TemporaryFolder } from './server.ts';

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
const skip = hasTaskset || process.env['CI'] !== undefined ? false : 'needs taskset (Linux): apt-get install util-linux';

const dimension = 96;
const rows = 4_000;
/** Written once all others have their index: they are in memory when the server is killed. */
const lateRows = 300;
const k = 10;
/** Of so few rows a graph that aims at the collection's recall would be asked so broadly that codes cost less. */
const graphEf = 16;
/** Of a thousand rows, how many match. */
const shares = [1_000, 500, 50] as const;
const strategies = { hnsw: 'graph', ivf: 'lists' } as const;
const kinds = ['hnsw', 'ivf'] as const satisfies readonly IndexKind[];

const vectorOf = (row: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(row * (i + 1.3)) + Math.cos(row * 0.37 + i));
const numberOf = (row: number): number => row * 7 % 1_000;
const below = (value: number): Filter =>
  ({ node: { kind: 'comparison', value: { path: ['n'], operator: 'lt', values: [{ value: { kind: 'long', value: BigInt(value) } }] } } });
const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
const vectors = Array.from({ length: rows + lateRows }, (_, row) => vectorOf(row));
const lengths = vectors.map((vector) => Math.hypot(...vector));
const queries = Array.from({ length: 12 }, (_, i) => vectorOf(rows * 2 + i * 7.5));

test('on one core: rows are found while they wait for their index, with it, and after kill -9', { skip }, async () => {
  using folder = new TemporaryFolder();
  const core = firstCore();
  const start = (): ChildServer => new ChildServer(folder.path, [], [], ['taskset', '--cpu-list', core]);
  let before: Answer[][];
  {
    await using server = start();
    await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
    for (const index of kinds) {
      await client.createCollection({ name: index, dimension, index, partitions: 1 });
      await write(client, index, 0, rows);
    }
    assert.deepEqual(coresOf(server.pid), new Set([core]), 'every thread has this core and no other');
    assert.deepEqual(threadsOf(server.pid).filter(({ name }) => name.startsWith('shards-')).map(({ name }) => name), ['shards-0']);
    for (const index of kinds) await assertFound(client, index, rows);
    for (const index of kinds) {
      await indexed(client, index);
      await assertFound(client, index, rows);
      const { explain } = await client.search({ collection: index, vector: queries[0]!, k, ef: graphEf, explain: true });
      assert.ok(explain?.segments.some(({ strategy }) => strategy === strategies[index]), JSON.stringify(explain?.segments));
      await write(client, index, rows, lateRows);
    }
    before = await Promise.all(kinds.map((index) => assertFound(client, index, rows + lateRows)));
    server.kill('SIGKILL');
    assert.equal((await server.ended).signal, 'SIGKILL');
  }
  await using server = start();
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  const after = await Promise.all(kinds.map((index) => assertFound(client, index, rows + lateRows)));
  assert.deepEqual(after, before);
  for (const index of kinds) assert.equal((await client.count({ collection: index, read: strong })).count, BigInt(rows + lateRows));
});

/** Of those that this process may run on. */
function firstCore(): string {
  const core = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  assert.ok(core !== undefined);
  return core;
}

interface Thread {
  readonly name: string;
  readonly cores: string;
}

function threadsOf(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`).map((id) => {
    const status = readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8');
    return { name: /^Name:\s*(.*)/m.exec(status)?.[1] ?? '', cores: /^Cpus_allowed_list:\s*(.*)/m.exec(status)?.[1] ?? '' };
  });
}

function coresOf(pid: number): Set<string> {
  return new Set(threadsOf(pid).map(({ cores }) => cores));
}

async function write(client: Client, collection: string, from: number, count: number): Promise<void> {
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let at = from; at < from + count; at += 500) {
    const some = vectors.slice(at, Math.min(at + 500, from + count));
    const records = some.map((vector, i) => encodeVectorRecord(schemaId, { id: `r${at + i}`, vector, metadata: new Map([['n', BigInt(numberOf(at + i))]]) }));
    await client.upsert({ collection, records });
  }
}

async function indexed(client: Client, collection: string): Promise<void> {
  const deadline = performance.now() + 300_000;
  for (;;) {
    const stats = await client.stats({ collection });
    if (stats.indexed === BigInt(rows) && stats.building === 0n) return;
    assert.ok(performance.now() < deadline, `${stats.indexed} of ${rows} rows have an index`);
    await sleep(50);
  }
}

interface Answer {
  readonly id: string;
  readonly distance: number;
}

/** Nearly all of what is nearest by plain arithmetic, and nothing that does not match. @returns all answers. */
async function assertFound(client: Client, collection: string, count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  let found = 0;
  for (const vector of queries) {
    for (const share of shares) {
      const request: Partial<SearchRequest> = { collection, vector, k, filter: share === 1_000 ? null : below(share), read: strong };
      const { hits } = await client.search(request);
      assert.equal(hits.length, k);
      assert.ok(hits.every(({ id }) => numberOf(Number(id.slice(1))) < share), 'what does not match is not in the answer');
      const nearest = nearestOf(vector, share, count);
      found += hits.filter(({ id }) => nearest.has(id)).length;
      answers.push(...hits.map(({ id, distance }) => ({ id, distance })));
    }
  }
  const recall = found / answers.length;
  assert.ok(recall >= 0.95, `recall of ${collection} is ${recall}`);
  return answers;
}

/** Under cosine. */
function nearestOf(query: Float32Array, share: number, count: number): Set<string> {
  const matching = vectors.slice(0, count).map((vector, row) => ({ row, vector })).filter(({ row }) => numberOf(row) < share);
  const likeness = matching.map(({ row, vector }) => ({ row, cosine: dot(query, vector) / lengths[row]! }));
  return new Set(likeness.sort((one, other) => other.cosine - one.cosine).slice(0, k).map(({ row }) => `r${row}`));
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 1) sum += one[i]! * other[i]!;
  return sum;
}
