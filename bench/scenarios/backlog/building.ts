/** What building graphs takes from those who search: a collection that is at rest, while the rows of another one get their graphs. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@proximadb/transport/client';
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
/** Make graphs: one, and those that it starts again and again. */
const graphThreads = ['graphs', endedThreads];
/** Work at once while a collection gets its graphs. */
const builderThreads = ['merges', ...graphThreads];
const beginsMsMax = 60_000;
/** After so long without a write a shard merges its segments: while this one is searched at rest, it must not. */
const runtime = { ...asItComes, environment: { ...asItComes.environment, PROXIMADB_INDEXER_REST_MS: '86400000' } };

type State = 'at rest' | 'building';

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
  const [count, builtCount, rounds, stageMs] = short ? [1_000, 2_000, 1, 100] as const : [50_000, 65_000, 4, 2_000] as const;
  const server = await startServer(data, undefined, undefined, runtime);
  using writer = WriterProcess.start(server.address);
  const clients = Array.from({ length: 4 }, () => createClient(server.address));
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  const places = placesOf(server.pid);
  const ways = [1, 4].flatMap((several) => places.map((place): Way =>
    ({ clients: several, place, measured: { 'at rest': nothingYet(), building: nothingYet() } })));
  const measure = async (state: State, inTurn: readonly Way[]): Promise<void> => {
    for (const way of inTurn) {
      if (places.length > 1) pin(server.pid, way.place.cores);
      await measureOne(way.measured[state], server.pid, () => searchFor(stageMs, clients.slice(0, way.clients), searched, queries));
      say(`${clientsOf(way)}, ${way.place.name} of the cores, ${state}: ${Math.round(rate(way.measured[state]))} searches/s so far`);
    }
    if (places.length > 1) pin(server.pid, places[0]?.cores ?? '');
  };
  const write = async (collection: string, rows: number): Promise<void> => {
    await client.createCollection({ name: collection, dimension, partitions: 1 });
    await writer.ask({ kind: 'prepare', from: 0, count: rows, batchRecords: 500, withoutQueries: true });
    await writer.ask({ kind: 'write', collection, concurrency: 4 });
    await untilCaughtUp(client, collection);
  };
  try {
    await write(searched, count);
    if (!short) await watchBuilding(client, searched);
    await searchFor(stageMs, [client], searched, queries);
    await measure('at rest', ways);
    for (let round = 0; round < rounds; round += 1) {
      const collection = `built-${round}`;
      // Who is the first meets another graph than who is the last.
      const inTurn = round % 2 === 0 ? ways : ways.toReversed();
      await write(collection, builtCount);
      if (!short) await untilBegun(server.pid);
      await measure('building', inTurn);
      if (!short) await watchBuilding(client, collection);
      await measure('at rest', inTurn);
    }
  } finally {
    for (const each of clients) each.close();
    await server.signal('SIGTERM');
  }
  return {
    tables: [{
      title: `Searching ${count.toLocaleString('en-US')} words while others get their graphs; k = ${k}, a call each`,
      columns: [
        'clients', 'cores of the server', '', 'searches/s', 'of those at rest', 'p50 ms', 'p99 ms', 'CPU ms of the shard a search', 'cores that building takes',
      ],
      rows: ways.flatMap((way) => (['at rest', 'building'] as const).map((state) => rowOf(way, state))),
      notes: [
        `In turns of ${stageMs / 1_000} s for each way: at rest, then ${rounds} times building and at rest. Nothing is written meanwhile: before each building `
        + `${builtCount.toLocaleString('en-US')} words were, to another collection. The clients are in one process, on any core.`,
        'With one core, all of the server shares it. Building gets what nobody else wants, too, such as a core whose server waits for a client.',
      ],
    }],
    aims: aimsOf(ways.filter(({ place }) => place.name === 'one')),
  };
}

/** @param ways with one core. */
function aimsOf(ways: readonly Way[]): readonly Aim[] {
  // One client leaves the core to others each time that it thinks.
  const busiest = ways.filter(({ clients }) => clients > 1).map((way) => ({ of: clientsOf(way), taken: coresOf(way.measured.building) }));
  return [
    ...busiest.map(({ of, taken }) => ({
      what: `cores that building takes where ${of} keep the one core busy`, aimed: `≤ ${shareMax}`, measured: taken.toFixed(2), met: taken <= shareMax,
    })),
    ...ways.map((way) => ({
      what: `searches/s of ${clientsOf(way)} on one core while graphs are built, of those at rest`, aimed: `≥ ${percent(1 - shareMax)}`,
      measured: percent(kept(way)), met: kept(way) >= 1 - shareMax,
    })),
  ];
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

/** Until the graph has been in the making for a while: a shard waits whether more rows come, and merges what there is. */
async function untilBegun(pid: number): Promise<void> {
  const taken = (): number => cpuMsOf(graphThreads, threadTimes(pid));
  const [before, endMs] = [taken(), performance.now() + beginsMsMax];
  while (taken() - before < 100) {
    if (performance.now() > endMs) throw new Error(`no graph was begun within ${beginsMsMax} ms`);
    await sleep(50);
  }
}

/** CPU, ms. */
function cpuMsOf(threads: readonly string[], times: ThreadTimes): number {
  return threads.reduce((sum, name) => sum + (times.get(name)?.cpuMs ?? 0), 0);
}

async function measureOne(into: Measured, pid: number, search: () => Promise<number[]>): Promise<void> {
  const [startedMs, before] = [performance.now(), threadTimes(pid)];
  into.tookMs.push(...await search());
  into.ms += performance.now() - startedMs;
  const spent = timesBetween(before, threadTimes(pid));
  into.builderCpuMs += cpuMsOf(builderThreads, spent);
  into.shardCpuMs += spent.get('shards-0')?.cpuMs ?? 0;
}

function rowOf(way: Way, state: State): Cell[] {
  const { tookMs, shardCpuMs } = way.measured[state];
  return [
    way.clients, way.place.name, state, Math.round(rate(way.measured[state])), state === 'at rest' ? '' : percent(kept(way)), median(tookMs),
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

/** Share of the searches a second that is left while graphs are built. */
function kept({ measured }: Way): number {
  return rate(measured.building) / rate(measured['at rest']);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
