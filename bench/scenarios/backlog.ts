/** Searching rows that wait for their index: written faster than graphs are built, so they lie in many small segments, with more coming in. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@proximadb/transport/client';
import { createClient } from '@proximadb/transport/client';
import { startServer } from '../processes/server.ts';
import { threadTimes, timesBetween } from '../processes/threads.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';
import { untilCaughtUp } from '../watch.ts';
import { dimension, isQuery, loadWords, vectorOf } from '../words.ts';
import { searchBesideBuilding } from './backlog/building.ts';
import { searchMemtables } from './backlog/memtables.ts';
import { k, searchFor } from './backlog/searching.ts';

export const backlog: Scenario = { name: 'backlog', title: 'Rows that wait for their index', run };

const collection = 'words';
const batchRecords = 100;

interface Stage {
  readonly name: string;
  readonly clients: number;
  /** Rows written a second meanwhile. */
  readonly rate: number;
}

const stages: readonly Stage[] = [
  { name: 'one client', clients: 1, rate: 0 }, { name: 'four clients', clients: 4, rate: 0 },
  { name: 'one client beside writes', clients: 1, rate: 8_000 }, { name: 'four clients beside writes', clients: 4, rate: 8_000 },
];

async function run(options: BenchOptions): Promise<Report> {
  const { short, scratch, say } = options;
  const words = loadWords();
  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : []));
  const reports = [await searchBehindWrites(options, queries)];
  say('full memtables');
  reports.push(searchMemtables(words, queries.slice(0, short ? 20 : 300), short), await searchBesideBuilding(options, join(scratch, 'building'), queries));
  return { tables: reports.flatMap(({ tables }) => tables), aims: reports.flatMap(({ aims }) => aims) };
}

async function searchBehindWrites({ short, scratch, chosen, say }: BenchOptions, queries: readonly Float32Array[]): Promise<Report> {
  const count = chosen.rows ?? (short ? 4_000 : 200_000);
  const stageMs = short ? 300 : 4_000;
  const server = await startServer(join(scratch, 'writes'));
  using writer = WriterProcess.start(server.address);
  const clients = Array.from({ length: 4 }, () => createClient(server.address));
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  try {
    await client.createCollection({ name: collection, dimension, partitions: 1 });
    await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500, withoutQueries: true });
    const { tookMs } = await writer.ask({ kind: 'write', collection, concurrency: 4 });
    await untilCaughtUp(client, collection);
    const rows: Cell[][] = [];
    let written = count;
    for (const stage of stages) {
      const before = await client.stats({ collection });
      const spent = threadTimes(server.pid);
      const writing = writeAt(writer, stage.rate, written, stageMs);
      const tookEachMs = await searchFor(stageMs, clients.slice(0, stage.clients), collection, queries);
      const { cpuMs = NaN } = timesBetween(spent, threadTimes(server.pid)).get('shards-0') ?? {};
      written += await writing;
      rows.push([
        stage.name, stage.rate, Number(before.sealed + before.growing), Number(before.indexed), Math.round(tookEachMs.length / stageMs * 1_000),
        median(tookEachMs), percentile(tookEachMs, 0.99), cpuMs / tookEachMs.length,
      ]);
      say(`${stage.name}: p50 ${median(tookEachMs).toFixed(2)} ms`);
    }
    const recall = await recallOf(client, queries.slice(0, short ? 20 : 200));
    return {
      tables: [{
        title: `${count.toLocaleString('en-US')} words, written in ${(tookMs / 1_000).toFixed(1)} s, then searched at once; k = ${k}, a call each`,
        columns: ['', 'rows written a second', 'rows', 'of these with a graph', 'searches/s', 'p50 ms', 'p99 ms', 'CPU ms of the shard a search'], rows,
        notes: [
          `Recall@${k} at the end, of 200 words that were not written: ${recall.toFixed(4)}. One partition, graphs, as it comes.`,
          'The stages follow each other while graphs are built. The shard\'s thread applies what is written, too.',
        ],
      }],
      aims: [],
    };
  } finally {
    for (const each of clients) each.close();
    await server.signal('SIGTERM');
  }
}

/** @returns rows that were written. */
async function writeAt(writer: WriterProcess, rate: number, from: number, ms: number): Promise<number> {
  const startedMs = performance.now();
  let written = 0;
  while (rate > 0 && performance.now() - startedMs < ms) {
    if (written > (performance.now() - startedMs) / 1_000 * rate) await sleep(5);
    else {
      await writer.ask({ kind: 'encodeAndWrite', from: from + written, count: batchRecords, batchRecords, collection, concurrency: 1, withoutQueries: true });
      written += batchRecords;
    }
  }
  return written;
}

async function recallOf(client: Client, queries: readonly Float32Array[]): Promise<number> {
  let found = 0;
  for (const vector of queries) {
    const [answer, exact] = [await client.search({ collection, vector, k }), await client.search({ collection, vector, k, exact: true })];
    const nearest = new Set(exact.hits.map(({ id }) => id));
    found += answer.hits.filter(({ id }) => nearest.has(id)).length;
  }
  return found / queries.length / k;
}
