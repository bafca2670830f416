/** Data larger than memory: vectors read from files beside vectors held, what each server takes for itself, and both under a limit. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexKind, SearchResponse, StorageKind } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { clusteredSet } from '../data/clustered-set.ts';
import type { DataSet } from '../data/data-set.ts';
import { wordSet } from '../data/word-set.ts';
import { ProximaCalls } from '../peers/proxima-calls.ts';
import { anonymousBytes, dataBytes } from '../peers/usage.ts';
import { startServer, type ServerProcess } from '../processes/server.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile, stretch, stretchesOf } from '../statistics.ts';

export const disk: Scenario = { name: 'disk', title: 'Larger than memory: storage disk beside memory', run };

const k = 10;
const collection = 'bench';
const shareAim = 0.35;
const recallAim = 0.95;
/** Of so many vectors' bytes a share is more than an empty server takes. */
const largeBytes = 512 * 2 ** 20;
/** With `storage: memory`, what a server may take besides the vectors: of few numbers the rest weighs more. */
const besidesVectors = { few: 0.8, many: 0.45 } as const;
const fewNumbers = 384;
const sets = {
  clustered: (rows: number | undefined, queries: number): DataSet => clusteredSet(rows ?? 60_000, queries),
  words: (rows: number | undefined, queries: number) => wordSet(rows ?? 400_000, queries),
} as const;

/** A server of one storage, and what was seen of it. */
interface Side {
  readonly storage: StorageKind;
  readonly folder: string;
  server: ServerProcess;
  readonly emptyBytes: number;
  readonly emptyDataBytes: number;
  peakBytes: number;
  builtBytes: number;
  startedBytes: number;
  indexedSeconds: number;
  readySeconds: number;
  readonly times: Record<'default' | 'exact' | 'uncached', number[]>;
  found: number;
  sought: number;
  /** What became of it under a limit. */
  underLimit: string;
}

async function run({ short, scratch, chosen, say }: BenchOptions): Promise<Report> {
  const indexes = (['ivf', 'hnsw'] as const).filter((index) => chosen.only === undefined ? !short || index === 'ivf' : chosen.only.includes(index));
  const names = (['clustered', 'words'] as const).filter((name) => chosen.set === undefined ? !short || name === 'clustered' : chosen.set === name);
  if (indexes.length === 0 || names.length === 0) throw new Error('there are the sets clustered and words, and the indexes ivf and hnsw');
  const tables: Table[] = [];
  const aims: Aim[] = [];
  for (const name of names) {
    const set = sets[name](short ? 2_000 : chosen.rows, short ? 10 : 200);
    for (const index of indexes) {
      const sides = await measure(set, index, join(scratch, `${name}-${index}`), say);
      tables.push(memoryTable(set, index, sides), searchTable(set, index, sides));
      aims.push(...aimsOf(set, index, sides));
    }
  }
  return { tables, aims };
}

async function measure(set: DataSet, index: IndexKind, folder: string, say: (line: string) => void): Promise<Side[]> {
  const sides: Side[] = [];
  for (const storage of ['memory', 'disk'] as const) {
    const side = await start(storage, join(folder, storage));
    sides.push(side);
    await load(side, set, index);
    say(`${set.name}, ${index}, ${storage}: ${set.rows} rows are indexed after ${side.indexedSeconds.toFixed(1)} s`);
  }
  await Promise.all(sides.map((side) => rest(side, set)));
  await compare(sides, set);
  for (const side of sides) side.builtBytes = anonymousBytes(side.server.pid);
  for (const side of sides) {
    await side.server.signal('SIGKILL');
    side.server = await startServer(side.folder);
    side.readySeconds = side.server.readyMs / 1_000;
  }
  for (const side of sides) {
    await askAll(side, set, []);
    side.startedBytes = anonymousBytes(side.server.pid);
  }
  say('without the page cache');
  for (const side of sides) await askUncached(side, set);
  for (const side of sides) {
    await side.server.signal('SIGKILL');
    const limit = Math.round(side.emptyDataBytes + shareAim * rawBytes(set));
    side.underLimit = await outcome(limit, side, set);
    say(`${side.storage}, limited: ${side.underLimit}`);
  }
  return sides;
}

async function start(storage: StorageKind, folder: string): Promise<Side> {
  const server = await startServer(folder);
  // What it does at its start is over.
  await sleep(1_000);
  return {
    storage, folder, server, emptyBytes: anonymousBytes(server.pid), emptyDataBytes: dataBytes(server.pid), peakBytes: 0, builtBytes: 0, startedBytes: 0,
    indexedSeconds: 0, readySeconds: 0, times: { default: [], exact: [], uncached: [] }, found: 0, sought: 0, underLimit: '',
  };
}

async function load(side: Side, set: DataSet, index: IndexKind): Promise<void> {
  const { server: { address, restPort, pid } } = side;
  const calls = new ProximaCalls({ writes: address, reads: address, restPort }, set.dimension);
  const watching = setInterval(() => { side.peakBytes = Math.max(side.peakBytes, anonymousBytes(pid)); }, 100);
  try {
    await calls.create(set.metric, index, 0, { storage: side.storage });
    const startedMs = performance.now();
    await calls.insertAll(set);
    const quietMs = await calls.settle();
    side.indexedSeconds = (performance.now() - startedMs - quietMs) / 1_000;
  } finally {
    clearInterval(watching);
    calls.close();
  }
}

/** What a server does by itself after a while without writes is over. */
async function rest({ server: { address, restPort } }: Side, set: DataSet): Promise<void> {
  const calls = new ProximaCalls({ writes: address, reads: address, restPort }, set.dimension);
  await calls.rest();
  calls.close();
}

/** Both in turns, some queries at a time, after each was asked all of them. @throws Error if both are exact and differ. */
async function compare(sides: readonly Side[], set: DataSet): Promise<void> {
  for (const side of sides) await askAll(side, set, []);
  const asked = sides.map((side) => ({ side, client: createClient(side.server.address) }));
  for (const some of stretchesOf(set.queries)) {
    const exact: SearchResponse[][] = [];
    for (const { side, client } of asked) exact.push(await askEach(client, some, true, side.times.exact));
    some.forEach((_, query) => {
      const truths = exact.map((answers) => JSON.stringify(answers[query]?.hits.map(({ id, distance }) => [id, distance])));
      if (new Set(truths).size > 1) throw new Error(`exact answers differ by storage: ${truths.join(' ')}`);
    });
    for (const { side, client } of asked) {
      const answers = await askEach(client, some, false, side.times.default);
      answers.forEach(({ hits }, query) => {
        const nearest = new Set(exact[0]?.[query]?.hits.map(({ id }) => id));
        side.sought += nearest.size;
        side.found += hits.filter(({ id }) => nearest.has(id)).length;
      });
    }
  }
  for (const { client } of asked) client.close();
}

async function askEach(client: Client, vectors: readonly Float32Array[], exact: boolean, into: number[]): Promise<SearchResponse[]> {
  const answers: SearchResponse[] = [];
  for (const vector of vectors) answers.push(await ask(client, vector, exact, into));
  return answers;
}

/** @throws Error if fewer than k come back. */
async function askAll({ server }: Side, set: DataSet, into: number[]): Promise<void> {
  const client = createClient(server.address);
  try {
    for (const vector of set.queries) {
      const { hits } = await ask(client, vector, false, into);
      if (hits.length !== k) throw new Error(`${hits.length} hits`);
    }
  } finally {
    client.close();
  }
}

async function ask(client: Client, vector: Float32Array, exact: boolean, into: number[]): Promise<SearchResponse> {
  const sent = performance.now();
  const answer = await client.search({ collection, vector, k, exact });
  into.push(performance.now() - sent);
  return answer;
}

/** Each query once, after the files of segments were dropped from the page cache, as far as nobody has them mapped. */
async function askUncached(side: Side, set: DataSet): Promise<void> {
  for (const file of globSync('**/segments/*/*', { cwd: side.folder })) {
    spawnSync('dd', [`if=${join(side.folder, file)}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
  }
  await askAll(side, set, side.times.uncached);
}

/** What becomes of a server that may map no more than so much for itself. */
async function outcome(limit: number, side: Side, set: DataSet): Promise<string> {
  if (side.emptyDataBytes === 0) return 'not tried: there is no /proc';
  try {
    side.server = await startServer(side.folder, undefined, limit);
  } catch {
    return 'ends before it is ready';
  }
  const times: number[] = [];
  try {
    await askAll(side, set, times);
    return `answers all, p50 ${median(times).toFixed(2)} ms`;
  } catch (error) {
    const [reason = 'it has ended'] = /could not allocate memory/.exec((error as Error).message) ?? [];
    return `does not answer: ${reason}`;
  } finally {
    await side.server.signal('SIGKILL');
  }
}

function rawBytes({ rows, dimension }: DataSet): number {
  return rows * dimension * 4;
}

function shareOf(set: DataSet, side: Side, bytes: number): number {
  return (bytes - side.emptyBytes) / rawBytes(set);
}

function memoryTable(set: DataSet, index: IndexKind, sides: readonly Side[]): Table {
  const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
  const percent = (side: Side, bytes: number): string => `${Math.round(100 * shareOf(set, side, bytes))} %`;
  const limit = mib(shareAim * rawBytes(set));
  return {
    title: `${set.name}, ${index}: own memory in MiB; ${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, ${mib(rawBytes(set))} MiB of vectors`,
    columns: ['storage', 'empty', 'at most while writing', 'indexed and searched', 'beyond empty, of the vectors', 'started again and searched',
      'all of it, of the vectors', 'beyond empty', `may have ${limit} MiB beyond empty`],
    rows: sides.map((side): Cell[] => [
      side.storage, mib(side.emptyBytes), mib(side.peakBytes), mib(side.builtBytes), percent(side, side.builtBytes), mib(side.startedBytes),
      `${Math.round(100 * side.startedBytes / rawBytes(set))} %`, percent(side, side.startedBytes), side.underLimit,
    ]),
    notes: [
      'Own memory: resident pages that no file stands behind (RssAnon). Empty: a server without a collection, one second after its start.',
      'After writing: at rest, when segments are merged; what memtables, messages and building took and did not give back is in it.',
      `The last column: started again under RLIMIT_DATA, ${shareAim * 100} % of the vectors above what an empty server has mapped to write to. It is hard, and `
        + 'does not count page cache and mapped files.',
    ],
  };
}

function searchTable(set: DataSet, index: IndexKind, sides: readonly Side[]): Table {
  return {
    title: `${set.name}, ${index}: k = ${k}, one client`,
    columns: ['storage', `recall@${k}`, 'p50 ms', 'p99 ms', 'p50 ms, exact', 'p99 ms, exact', 'p50 ms, not cached', 'p99 ms, not cached',
      'seconds until indexed', 'seconds until ready again'],
    rows: sides.map(({ storage, found, sought, times, indexedSeconds, readySeconds }): Cell[] => [
      storage, (found / sought).toFixed(4), ...[times.default, times.exact, times.uncached].flatMap((ms) => [median(ms), percentile(ms, 0.99)]),
      indexedSeconds, readySeconds,
    ]),
    notes: [
      `${set.queries.length} queries, by default once before what is counted. Both servers take turns, ${stretch} queries at a time.`,
      'Exact answers of both are the same, distances too, or the run fails.',
      'Not cached: each query once, started after the files of segments were dropped from the page cache.',
    ],
  };
}

function aimsOf(set: DataSet, index: IndexKind, sides: readonly Side[]): Aim[] {
  return sides.flatMap((side) => {
    const { storage } = side;
    const most = storage === 'disk' ? shareAim : 1 + (set.dimension < fewNumbers ? besidesVectors.few : besidesVectors.many);
    const below = (when: string, bytes: number): Aim => {
      const share = shareOf(set, side, bytes);
      const what = `${set.name}, ${index}, ${storage}: memory beyond an empty server, of the vectors, ${when}`;
      return { what, aimed: `≤ ${Math.round(most * 100)} %`, measured: `${Math.round(100 * share)} %`, met: share <= most };
    };
    const recall = side.found / side.sought;
    const all = side.startedBytes / rawBytes(set);
    return [
      ...(storage === 'disk' && rawBytes(set) >= largeBytes ? [{
        what: `${set.name}, ${index}, ${storage}: all of its memory, of the vectors, started again and searched`,
        aimed: `≤ ${shareAim * 100} %`, measured: `${Math.round(100 * all)} %`, met: all <= shareAim,
      }] : []),
      below('started again and searched', side.startedBytes), below('written, indexed and searched', side.builtBytes),
      { what: `${set.name}, ${index}: recall@${k}, ${storage}`, aimed: `≥ ${recallAim}`, measured: recall.toFixed(4), met: recall >= recallAim },
    ];
  });
}
