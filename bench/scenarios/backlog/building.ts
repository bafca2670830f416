/** What building takes from those who search: a collection that is at rest, while the rows of another one get their graphs or lists. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Client } from '@proximadb/transport/client';
import { lacking } from '../../peers/software.ts';
import { asItComes, startServer } from '../../processes/server.ts';
import { endedThreads, threadTimes, timesBetween, type ThreadTimes } from '../../processes/threads.ts';
import { WriterProcess } from '../../processes/writer.ts';
import type { Aim, Cell, Report } from '../../report.ts';
import type { BenchOptions } from '../../scenario.ts';
import { median, percentile } from '../../statistics.ts';
import { untilCaughtUp, watchBuilding } from '../../watch.ts';
import { dimension } from '../../words.ts';
import { k, searchFor } from './searching.ts';

/** What building may take of a core that serving wants, too: see services/indexer/src/threads/priority.ts. */
const shareMax = 0.25;
const searched = 'searched';
/** Make indexes: of graphs one, and those that it starts again and again; of lists several of a name. */
const indexThreads = ['graphs', 'lists', endedThreads];
/** Work at once while a collection gets its index. */
const builderThreads = ['merges', ...indexThreads];
const beginsMsMax = 60_000;
/** After so long without a write a shard merges its segments: while this one is searched at rest, it must not. */
const runtime = { ...asItComes, environment: { ...asItComes.environment, PROXIMADB_INDEXER_REST_MS: '86400000' } };

/** What is made beside the searches. */
interface Kind {
  readonly state: Exclude<State, 'at rest'>;
  readonly index: 'hnsw' | 'ivf';
  /** Lists of several are made by several threads. */
  readonly partitions: number;
  readonly rows: number;
}

const states = ['at rest', 'graphs', 'lists'] as const;
type State = typeof states[number];

/** How many search, and where the server runs. */
interface Way {
  readonly clients: number;
  readonly place: Place;
  readonly measured: Readonly<Record<State, Measured>>;
}

interface Place {
  readonly name: 'all' | 'one';
  /** As `taskset` takes them. */
  readonly cores: string;
}

interface Measured {
  readonly tookMs: number[];
  ms: number;
  builderCpuMs: number;
  shardCpuMs: number;
}

export async function searchBesideBuilding({ short, say }: BenchOptions, data: string, queries: readonly Float32Array[]): Promise<Report> {
  const [count, rounds, stageMs] = short ? [1_000, 1, 100] as const : [50_000, 4, 2_000] as const;
  const kinds: readonly Kind[] = [
    { state: 'graphs', index: 'hnsw', partitions: 1, rows: short ? 2_000 : 65_000 },
    { state: 'lists', index: 'ivf', partitions: 2, rows: short ? 2_000 : 300_000 },
  ];
  const server = await startServer(data, undefined, undefined, runtime);
  using writer = WriterProcess.start(server.address);
  const clients = Array.from({ length: 4 }, () => createClient(server.address));
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  const places = placesOf(server.pid);
  const ways = [1, 4].flatMap((several) => places.map((place): Way =>
    ({ clients: several, place, measured: { 'at rest': nothingYet(), graphs: nothingYet(), lists: nothingYet() } })));
  /** @param counts whether what was just measured is what was meant. */
  const measure = async (state: State, inTurn: readonly Way[], counts: () => Promise<boolean>): Promise<void> => {
    for (const way of inTurn) {
      if (places.length > 1) pin(server.pid, way.place.cores);
      const one = await measureOne(server.pid, () => searchFor(stageMs, clients.slice(0, way.clients), searched, queries));
      if (await counts()) add(way.measured[state], one);
      say(`${clientsOf(way)}, ${way.place.name} of the cores, ${state}: ${Math.round(rate(way.measured[state]))} searches/s so far`);
    }
    if (places.length > 1) pin(server.pid, places[0]?.cores ?? '');
  };
  const measureAtRest = (inTurn: readonly Way[]): Promise<void> => measure('at rest', inTurn, () => Promise.resolve(true));
  const write = async (collection: string, { rows, index, partitions }: Omit<Kind, 'state'>): Promise<void> => {
    await client.createCollection({ name: collection, dimension, index, partitions });
    await writer.ask({ kind: 'prepare', from: 0, count: rows, batchRecords: 500, withoutQueries: true });
    await writer.ask({ kind: 'write', collection, concurrency: 4 });
    await untilCaughtUp(client, collection);
  };
  try {
    await write(searched, { rows: count, index: 'hnsw', partitions: 1 });
    if (!short) await watchBuilding(client, searched);
    await searchFor(stageMs, [client], searched, queries);
    await measureAtRest(ways);
    for (let round = 0; round < rounds; round += 1) {
      // Who is the first meets another index than who is the last.
      const inTurn = round % 2 === 0 ? ways : ways.toReversed();
      for (const kind of kinds) {
        const collection = `${kind.state}-${round}`;
        await write(collection, kind);
        if (!short) await untilBegun(server.pid);
        await measure(kind.state, inTurn, async () => short || await isBuilding(client, collection));
        if (!short) await watchBuilding(client, collection);
        await client.deleteCollection({ collection });
        await measureAtRest(inTurn);
      }
    }
  } finally {
    for (const each of clients) each.close();
    await server.signal('SIGTERM');
  }
  return {
    tables: [{
      title: `Searching ${count.toLocaleString('en-US')} words while others get their graphs or lists; k = ${k}, a call each`,
      columns: [
        'clients', 'cores of the server', 'are made', 'searches/s', 'of those at rest', 'p50 ms', 'p99 ms', 'CPU ms of the shard a search',
        'cores that building takes',
      ],
      rows: ways.flatMap((way) => states.map((state) => rowOf(way, state))),
      notes: [
        `In turns of ${stageMs / 1_000} s for each way: at rest, then ${rounds} times beside graphs, at rest, beside lists, and at rest. Nothing is written `
        + `meanwhile: before ${kinds.map(written).join(', before ')}. The clients are in one process, on any core.`,
        'What was measured when an index was finished before the turn was is left out.',
        'With one core, all of the server shares it. Building gets what nobody else wants, too, such as a core whose server waits for a client.',
      ],
    }],
    aims: aimsOf(ways.filter(({ place }) => place.name === 'one')),
  };
}

/** @param ways with one core. */
function aimsOf(ways: readonly Way[]): readonly Aim[] {
  return (['graphs', 'lists'] as const).flatMap((state) => [
    // One client leaves the core to others each time that it thinks.
    ...ways.filter(({ clients }) => clients > 1).map((way) => ({
      what: `cores that making ${state} takes where ${clientsOf(way)} keep the one core busy`, aimed: `≤ ${shareMax}`,
      measured: coresOf(way.measured[state]).toFixed(2), met: coresOf(way.measured[state]) <= shareMax,
    })),
    ...ways.map((way) => ({
      what: `searches/s of ${clientsOf(way)} on one core while ${state} are made, of those at rest`, aimed: `≥ ${percent(1 - shareMax)}`,
      measured: percent(kept(way, state)), met: kept(way, state) >= 1 - shareMax,
    })),
  ]);
}

function written({ state, rows, partitions }: Kind): string {
  return `${state} ${rows.toLocaleString('en-US')} words were, to another collection of ${partitions === 1 ? 'one partition' : `${partitions} partitions`}`;
}

function clientsOf({ clients }: Way): string {
  return clients === 1 ? 'one client' : `${clients} clients`;
}

/** One core can be chosen only where Linux's `taskset` is. */
function placesOf(pid: number): readonly Place[] {
  if (lacking({ taskset: 'util-linux' }) !== false) return [{ name: 'all', cores: '' }];
  const cores = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  return [{ name: 'all', cores }, { name: 'one', cores: /\d+/.exec(cores)?.[0] ?? '' }];
}

/** All threads of a process on some cores, and those that they start. */
function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}

function nothingYet(): Measured {
  return { tookMs: [], ms: 0, builderCpuMs: 0, shardCpuMs: 0 };
}

/** Until the index has been in the making for a while: a shard waits whether more rows come, and merges what there is. */
async function untilBegun(pid: number): Promise<void> {
  const taken = (): number => cpuMsOf(indexThreads, threadTimes(pid));
  const [before, endMs] = [taken(), performance.now() + beginsMsMax];
  while (taken() - before < 100) {
    if (performance.now() > endMs) throw new Error(`no index was begun within ${beginsMsMax} ms`);
    await sleep(50);
  }
}

async function isBuilding(client: Client, collection: string): Promise<boolean> {
  const { indexed, building, sealed } = await client.stats({ collection });
  return building > 0n || indexed < sealed;
}

/** CPU, ms. */
function cpuMsOf(threads: readonly string[], times: ThreadTimes): number {
  return threads.reduce((sum, name) => sum + (times.get(name)?.cpuMs ?? 0), 0);
}

async function measureOne(pid: number, search: () => Promise<number[]>): Promise<Measured> {
  const [startedMs, before] = [performance.now(), threadTimes(pid)];
  const tookMs = await search();
  const ms = performance.now() - startedMs;
  const spent = timesBetween(before, threadTimes(pid));
  return { tookMs, ms, builderCpuMs: cpuMsOf(builderThreads, spent), shardCpuMs: spent.get('shards-0')?.cpuMs ?? 0 };
}

function add(sum: Measured, { tookMs, ms, builderCpuMs, shardCpuMs }: Measured): void {
  sum.tookMs.push(...tookMs);
  sum.ms += ms;
  sum.builderCpuMs += builderCpuMs;
  sum.shardCpuMs += shardCpuMs;
}

function rowOf(way: Way, state: State): Cell[] {
  const { tookMs, shardCpuMs } = way.measured[state];
  if (tookMs.length === 0) throw new Error(`${state} were always finished before the turn of ${clientsOf(way)} on ${way.place.name} of the cores was`);
  const [made, share] = state === 'at rest' ? ['nothing', ''] : [state, percent(kept(way, state))];
  return [
    way.clients, way.place.name, made, Math.round(rate(way.measured[state])), share, median(tookMs),
    percentile(tookMs, 0.99), shardCpuMs / tookMs.length, coresOf(way.measured[state]).toFixed(2),
  ];
}

function rate({ tookMs, ms }: Measured): number {
  return tookMs.length / ms * 1_000;
}

/** That building took. */
function coresOf({ ms, builderCpuMs }: Measured): number {
  return builderCpuMs / ms;
}

/** Share of the searches a second that is left while an index is made. */
function kept({ measured }: Way, state: State): number {
  return rate(measured[state]) / rate(measured['at rest']);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
