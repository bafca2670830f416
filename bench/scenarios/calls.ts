/** What a call takes before anything is searched: a bare grpc-js server beside ours, from a call that does nothing to a search. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { SearchRequest } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { AwakeCores } from '../processes/awake.ts';
import { EchoProcess } from '../processes/echo.ts';
import { MessageThread } from '../processes/message-thread.ts';
import { startServer } from '../processes/server.ts';
import { threadTimes, timesBetween } from '../processes/threads.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';
import { restMs, untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, vectorOf } from '../words.ts';

export const calls: Scenario = { name: 'calls', title: 'What a call takes', run };

const collection = 'words';
const k = 10;
const rounds = 5;
const batch = 10;

interface Way {
  readonly name: string;
  readonly clients: number;
  readonly pid: number;
  readonly call: (turn: number) => Promise<unknown>;
  /** Searches in a call, by which its CPU time is divided. */
  readonly searches: number;
  readonly tookMs: number[];
  /** The same while no core sleeps. */
  readonly awakeMs: number[];
  /** µs of the server a call, one a round, by where they were spent. */
  readonly spent: Record<'all' | 'serving' | 'shards', number[]>;
}

async function run({ short, scratch, chosen, say }: BenchOptions): Promise<Report> {
  const count = chosen.rows ?? (short ? 2_000 : 120_000);
  const server = await startServer(scratch);
  using echo = await EchoProcess.start();
  await using thread = new MessageThread();
  await using client = createClient(server.address);
  await using streams = createClient(server.address, { searchStreams: true });
  await fill(client, server.address, count, short);
  say(`${count} words have their graphs`);
  const words = loadWords();
  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : []));
  const query = (turn: number): Float32Array => queries[turn % queries.length] ?? new Float32Array(dimension);
  const way = (name: string, pid: number, call: Way['call'], searches = 1) => (clients: number): Way =>
    ({ name, clients, pid, call, searches, tookMs: [], awakeMs: [], spent: { all: [], serving: [], shards: [] } });
  const made = [
    way('a message to a thread and back, as of a search', process.pid, (turn) => thread.call(query(turn))),
    way('bare grpc-js: an echo of 500 bytes', echo.pid, () => echo.call()),
    way('getSchema: no shard is asked', server.pid, () => client.getSchema({ name: 'VectorRecord' })),
    way('get: a record, by the shard', server.pid, (turn) => client.get({ collection, ids: [words.names[turn % count] ?? ''] })),
    way('search, a call each', server.pid, (turn) => client.search({ collection, vector: query(turn), k })),
    way('search, over a stream', server.pid, (turn) => streams.search({ collection, vector: query(turn), k })),
    way(`search, ${batch} in a call`, server.pid, (turn) => client.searchBatch({
      collection, searches: Array.from({ length: batch }, (_, i) => SearchRequest.create({ vector: query(turn * batch + i), k })),
    }), batch),
  ];
  const ways = [1, 4].flatMap((clients) => made.map((each) => each(clients)));
  for (let round = 0; round <= rounds; round += 1) {
    for (const each of ways) await measure(each, short ? 50 : 1_000, round > 0);
    using _awake = new AwakeCores();
    for (const each of ways) await measureAwake(each, short ? 50 : 1_000, round > 0);
    say(`round ${round}`);
  }
  const { partitions } = await client.stats({ collection });
  await server.signal('SIGTERM');
  return {
    tables: [{
      title: `${count.toLocaleString('en-US')} words, one partition, graphs, k = ${k}`,
      columns: [
        '', 'clients', 'p50 ms', 'p99 ms', 'p50 ms, cores kept awake', 'µs of the server a call or search', 'of its serving thread', "of its shards' thread",
      ],
      rows: ways.map(({ name, clients, tookMs, awakeMs, spent }): Cell[] => [
        name, clients, median(tookMs), percentile(tookMs, 0.99), median(awakeMs), Math.round(median(spent.all)), Math.round(median(spent.serving)),
        spent.shards.every((micros) => micros === 0) ? '' : Math.round(median(spent.shards)),
      ]),
      notes: [
        `The ways take turns, ${rounds} rounds after one that is not counted; CPU time is the median of the rounds, with that of V8's and libuv's helpers.`,
        'Kept awake: beside processes that get a core only while nobody else wants it, so that none is given back to the host.',
        `${batch} in a call: ms are of the call, µs of one of its searches.`,
        'All clients are in one process, which shares the machine with the servers.',
        `Segments: ${partitions.flatMap(({ segments }) => segments.map(({ rows }) => rows.toLocaleString('en-US'))).join('; ')} rows.`,
      ],
    }],
    aims: [],
  };
}

async function fill(client: Client, address: string, count: number, short: boolean): Promise<void> {
  await client.createCollection({ name: collection, dimension });
  using writer = WriterProcess.start(address);
  await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500 });
  await writer.ask({ kind: 'write', collection, concurrency: 4 });
  await untilCaughtUp(client, collection);
  if (short) return;
  await watchBuilding(client, collection);
  // Until segments are merged, as they are at rest.
  await sleep(restMs);
  await watchBuilding(client, collection);
}

async function measure(way: Way, callsARound: number, isCounted: boolean): Promise<void> {
  const before = threadTimes(way.pid);
  const tookMs = await callAll(way, callsARound);
  if (!isCounted) return;
  way.tookMs.push(...tookMs);
  const times = [...timesBetween(before, threadTimes(way.pid))];
  const micros = (wanted: (thread: string) => boolean): number =>
    times.filter(([name]) => wanted(name)).reduce((sum, [, { cpuMs }]) => sum + cpuMs, 0) / callsARound / way.searches * 1_000;
  way.spent.all.push(micros(() => true));
  way.spent.serving.push(micros((name) => name === 'MainThread' || name === 'node'));
  way.spent.shards.push(micros((name) => name.startsWith('shards-')));
}

async function measureAwake(way: Way, callsARound: number, isCounted: boolean): Promise<void> {
  const tookMs = await callAll(way, callsARound);
  if (isCounted) way.awakeMs.push(...tookMs);
}

/** @returns what each took, ms. */
async function callAll({ clients, call }: Way, callsARound: number): Promise<number[]> {
  const tookMs: number[] = [];
  let turn = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (turn < callsARound) {
      turn += 1;
      const startedMs = performance.now();
      await call(turn);
      tookMs.push(performance.now() - startedMs);
    }
  }));
  return tookMs;
}
