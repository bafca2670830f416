/** Rounds of: load, SIGKILL, restart, comparison of all that can be read with what was acknowledged. */
import { strict as assert } from 'node:assert';
import { createClient, type Client } from '@proximadb/transport/client';
import { ChildServer, TemporaryFolder } from '../e2e/server.ts';
import { Book, dimension, rowOf, sameContent, type Row } from './book.ts';
import { Random } from './random.ts';
import { collection, Writer } from './writer.ts';

export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly writers?: number;
  /** A line a round. */
  readonly say: (line: string) => void;
}

/** Small limits: memtables are sealed, segments merged, graphs built and the log trimmed all the time, and so at the moment of a kill. */
const flags = [
  '--indexer-growing-rows-max', '48', '--indexer-checkpoint-records-max', '96', '--indexer-graph-rows-min', '150', '--indexer-idle-graph-rows-min', '60',
  '--indexer-idle-ms', '100', '--indexer-maintenance-ms', '15', '--indexer-merge-flats-min', '2', '--indexer-merge-tier-min', '2',
  '--indexer-history-ms', '0', '--indexer-history-bytes-max', '20000', '--log-level', 'warn',
];
const strong = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;

interface Running {
  readonly server: ChildServer;
  readonly client: Client;
}

/** @throws AssertionError naming the first thing that is not as it was acknowledged; the data folder's server has then been ended. */
export async function runCrashes({ rounds, seed, writers: count = 4, say }: CrashOptions): Promise<void> {
  const random = new Random(seed);
  using folder = new TemporaryFolder();
  const book = new Book();
  let running = await start(folder.path);
  try {
    await running.client.createCollection({ name: collection, dimension, partitions: 3 });
    const schemaIds = { VectorRecord: await schemaId(running.client, 'VectorRecord'), PatchRecord: await schemaId(running.client, 'PatchRecord') };
    const { client } = running;
    const writers = Array.from({ length: count }, (_, i) => new Writer(`w${i}`, book, new Random(random.between(0, 2 ** 31)), schemaIds, client));
    for (let round = 1; round <= rounds; round += 1) {
      const underLoadMs = random.between(50, 1_500);
      await loadAndKill(running, writers, book, round, underLoadMs);
      // Now and then it is killed again while it starts.
      const killsAtStart = random.next() < 0.25 ? random.between(1, 2) : 0;
      for (let kill = 0; kill < killsAtStart; kill += 1) await startAndKill(folder.path, random.between(100, 1_200));
      const startedMs = performance.now();
      running = await start(folder.path);
      const readyMs = performance.now() - startedMs;
      const { inFlight, done } = await check(running.client, book, writers, random);
      const segments = (await running.client.stats({ collection })).partitions.reduce((sum, partition) => sum + partition.segments.length, 0);
      const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
      const again = killsAtStart > 0 ? ` and ${killsAtStart} times at the start` : '';
      say(`round ${round}: killed after ${underLoadMs} ms${again}, ready in ${Math.round(readyMs)} ms; ${acknowledged} requests acknowledged, `
        + `${inFlight} in flight, of which ${done} were done; ${book.rows.size} records, ${segments} segments`);
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}: ${what}\nthe server said:\n${running.server.output}`, { cause: error });
  } finally {
    running.client.close();
    await running.server[Symbol.asyncDispose]();
  }
}

async function schemaId(client: Client, name: string): Promise<number> {
  return (await client.getSchema({ name })).id;
}

async function start(data: string): Promise<Running> {
  const server = new ChildServer(data, flags);
  try {
    const { grpcPort } = await server.ready();
    // Without repetitions of its own: those are for the books.
    return { server, client: createClient(`127.0.0.1:${grpcPort}`, { attemptsMax: 1 }) };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function startAndKill(data: string, afterMs: number): Promise<void> {
  const server = new ChildServer(data, flags);
  await new Promise((resolve) => { setTimeout(resolve, afterMs); });
  await server[Symbol.asyncDispose]();
}

async function loadAndKill({ server, client }: Running, writers: readonly Writer[], book: Book, round: number, afterMs: number): Promise<void> {
  let killed = false;
  const isKilled = (): boolean => killed;
  for (const writer of writers) writer.connect(client);
  const loads = [...writers.map((writer) => writer.run(isKilled)), changeCollections(client, book, round, isKilled)];
  const ended = Promise.allSettled(loads);
  const early = await Promise.race([ended, new Promise<'in time'>((resolve) => { setTimeout(() => { resolve('in time'); }, afterMs); })]);
  killed = true;
  server.kill('SIGKILL');
  const failed = (await ended).find((result) => result.status === 'rejected');
  client.close();
  const { signal } = await server.ended;
  if (failed !== undefined) throw failed.reason;
  assert.equal(early, 'in time', 'the load ended by itself');
  assert.equal(signal, 'SIGKILL', 'the server died before it was killed');
}

/** Makes collections, writes to them and deletes them, one after the other. */
async function changeCollections(client: Client, book: Book, round: number, isKilled: () => boolean): Promise<void> {
  for (let i = 0; !isKilled(); i += 1) {
    const name = `round-${round}-${i}`;
    try {
      book.collections.set(name, 'unknown');
      await client.createCollection({ name, dimension: 2, partitions: 1 });
      book.collections.set(name, 'there');
      if (i % 3 === 0 && round % 2 === 0) return untilKilled(isKilled);
      await new Promise((resolve) => { setTimeout(resolve, 40); });
      book.collections.set(name, 'unknown');
      await client.deleteCollection({ collection: name });
      book.collections.set(name, 'gone');
    } catch (error) {
      if (!isKilled()) throw error;
    }
  }
}

async function untilKilled(isKilled: () => boolean): Promise<void> {
  while (!isKilled()) await new Promise((resolve) => { setTimeout(resolve, 5); });
}

/** Everything that can be read, against the books: before and after what is unknown is sent again. */
async function check(client: Client, book: Book, writers: readonly Writer[], random: Random): Promise<{ inFlight: number; done: number }> {
  for (const writer of writers) writer.connect(client);
  // A server that says that it is ready has applied all that was in its log, so no read has to wait.
  const seen = await scrollAll(client, null);
  book.checkAfterCrash(seen);
  await checkCollections(client, book);

  const unknown = book.unknown.splice(0);
  let found = 0;
  for (const request of unknown) {
    const done = [...request.after].every(([id, after]) => sameContent(seen.get(id) ?? null, after));
    const versions = new Map([...request.after.keys()].flatMap((id) => (seen.has(id) ? [[id, seen.get(id)?.version ?? ''] as const] : [])));
    if (done) found += 1;
    await request.again(done && versions.size > 0 ? versions : null);
  }
  for (const writer of writers) await writer.repeatSome();

  const now = await scrollAll(client, strong);
  assert.deepEqual(new Map([...now].sort()), new Map([...bookWithClaims(book, now)].sort()), 'a scroll shows the books');
  const { count } = await client.count({ collection, read: strong });
  assert.equal(count, BigInt(book.rows.size), 'count');
  await checkGets(client, book);
  for (let i = 0; i < 5; i += 1) await checkSearch(client, book, random);
  const { partitions } = await client.stats({ collection });
  for (const { partition, state, malformed, reason } of partitions) assert.deepEqual([state, malformed], ['serving', 0n], `partition ${partition}: ${reason}`);
  return { inFlight: unknown.length, done: found };
}

/** A claim of which nobody was told is noted now: it is somebody's. */
function bookWithClaims(book: Book, now: ReadonlyMap<string, Row>): ReadonlyMap<string, Row> {
  for (const [id, row] of now) {
    if (!id.startsWith('claim-') || book.rows.has(id)) continue;
    book.rows.set(id, row);
    book.claims.set(id, row.writer);
  }
  return book.rows;
}

async function checkCollections(client: Client, book: Book): Promise<void> {
  const names = new Set((await client.listCollections({})).collections.map(({ name }) => name));
  for (const [name, state] of book.collections) {
    if (state !== 'unknown') assert.equal(names.has(name), state === 'there', `collection ${name} should be ${state}`);
    if (!names.has(name)) continue;
    // Half made or half deleted there is none: it can be written to, and deleted.
    assert.equal((await client.count({ collection: name, read: strong })).count, 0n);
    await client.deleteCollection({ collection: name });
  }
  book.collections.clear();
}

async function scrollAll(client: Client, read: typeof strong | null): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  let cursor: string | null = null;
  let last = '';
  do {
    const page: Awaited<ReturnType<Client['scroll']>> = await client.scroll({ collection, limit: 97, cursor, read });
    for (const record of page.records) {
      assert.ok(last < record.id, `a scroll goes in the order of ids: ${last}, then ${record.id}`);
      last = record.id;
      rows.set(record.id, rowOf(record));
    }
    ({ cursor } = page);
  } while (cursor !== null);
  return rows;
}

async function checkGets(client: Client, book: Book): Promise<void> {
  const ids = [...book.rows.keys(), 'nobody'];
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    const { records } = await client.get({ collection, ids: some, read: strong });
    assert.deepEqual(new Map(records.map((record) => [record.id, rowOf(record)])), new Map(some.flatMap((id) => {
      const row = book.rows.get(id);
      return row === undefined ? [] : [[id, row] as const];
    })), 'get');
  }
}

async function checkSearch(client: Client, book: Book, random: Random): Promise<void> {
  const k = 10;
  const vector = Float32Array.from({ length: dimension }, () => random.next() - 0.5);
  const distances = new Map([...book.rows].map(([id, row]) => [id, cosineDistance(vector, row.vector)]));
  const best = [...distances.values()].sort((a, b) => a - b).slice(0, k);
  for (const exact of [true, false]) {
    const { hits } = await client.search({ collection, vector, k, exact, read: strong });
    assert.equal(hits.length, best.length, `a search (exact: ${exact}) finds k where there are k`);
    hits.forEach(({ id, distance, version }, i) => {
      assert.equal(version, book.rows.get(id)?.version, `the hit ${id} is the record of the books`);
      assert.ok(Math.abs(distance - (distances.get(id) ?? NaN)) < 1e-4, `the distance of ${id}`);
      if (exact) assert.ok(Math.abs(distance - (best[i] ?? NaN)) < 1e-4, `hit ${i} of an exact search is at ${distance}, the best is at ${best[i]}`);
    });
  }
}

function cosineDistance(one: ArrayLike<number>, other: readonly number[]): number {
  let dot = 0, left = 0, right = 0;
  for (let i = 0; i < other.length; i += 1) {
    const a = one[i] ?? 0, b = other[i] ?? 0;
    dot += a * b;
    left += a * a;
    right += b * b;
  }
  return 1 - dot / Math.sqrt(left * right);
}
