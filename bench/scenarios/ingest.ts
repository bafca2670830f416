/** How many vectors a second are acknowledged, durably, over gRPC; and how fast graphs follow, beside bare USearch. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@proximadb/transport/client';
import { bareUsearchRate } from '../processes/bare-usearch.ts';
import { startServer } from '../processes/server.ts';
import { threadTimes, timesBetween, type ThreadTimes } from '../processes/threads.ts';
import { WriterProcess, type WriterAnswer } from '../processes/writer.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension } from '../words.ts';

const batchRecords = 500;
const concurrency = 8;
const collection = 'words';
const ackAim = 50_000;
const buildAim = 0.85;
/** As many as the server takes for a graph, as it comes, on up to eight cores. */
const graphThreads = Math.min(8, availableParallelism());

export const ingest: Scenario = { name: 'ingest', title: 'Ingest and background building', run };

async function run({ short, scratch, profiles, say }: BenchOptions): Promise<Report> {
  const words = short ? 6_000 : 341_479;
  const sustainedRounds = short ? 1 : 3;
  // Before and after: what others do on this machine meanwhile should meet both. The server builds one graph of all that waits.
  const bareSizes = [short ? 500 : words];
  say('bare USearch, before');
  const bareBefore = await bareUsearchRate(bareSizes, graphThreads);

  const server = await startServer(join(scratch, 'data'), profiles);
  await using client = createClient(server.address);
  await client.createCollection({ name: collection, dimension, ...(short ? { partitions: 2 } : {}) });
  using writer = WriterProcess.start(server.address);
  const times: { phase: string; records: number; between: ThreadTimes }[] = [];
  const write = async (phase: string, from: number, count: number): Promise<WriterAnswer> => {
    const { bytes } = await writer.ask({ kind: 'prepare', from, count, batchRecords });
    say(`${phase}: ${count} records, ${Math.round(bytes / 2 ** 20)} MiB`);
    const before = threadTimes(server.pid);
    const answer = await writer.ask({ kind: 'write', collection, concurrency });
    times.push({ phase, records: count, between: timesBetween(before, threadTimes(server.pid)) });
    return answer;
  };

  const first = await write('first fill', 0, words);
  const caughtUp = await untilCaughtUp(client, collection);
  say(`${rate(first)} vec/s acked; the graphs follow`);
  const building = short ? undefined : await watchBuilding(client, collection);
  if (building !== undefined) say(`${Math.round(building.rate)} rows/s got graphs, ${building.indexed} in all`);
  say('bare USearch, after');
  const bareAfter = short ? bareBefore : await bareUsearchRate(building?.sizes ?? bareSizes, graphThreads);

  const sustained = await write('sustained', words, words * sustainedRounds);
  say(`${rate(sustained)} vec/s acked`);
  const sustainedCaughtUp = await untilCaughtUp(client, collection);
  say('the same with the encoding on the clock');
  const encoding = await writer.ask({ kind: 'encodeAndWrite', collection, from: words * (sustainedRounds + 1), count: words, batchRecords, concurrency });
  await untilCaughtUp(client, collection);
  const read = { consistency: 'strong', token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false } as const;
  const { count } = await client.count({ collection, read });
  const written = first.records + sustained.records + encoding.records;
  if (Number(count) !== written) throw new Error(`${written} records were acknowledged, ${count} are there`);
  await server.signal(profiles === undefined ? 'SIGKILL' : 'SIGTERM');

  const bare = (bareBefore + bareAfter) / 2;
  const aims: Aim[] = [aimOf('acked, durable, sustained', rate(sustained), ackAim, 'vec/s')];
  if (building !== undefined) aims.push(aimOf('building, of bare USearch', Math.round(building.rate / bare * 100), buildAim * 100, '%'));
  return {
    aims,
    tables: [
      {
        title: `Acknowledged writes: ${dimension}-d, batches of ${batchRecords}, ${concurrency} under way, one client process`,
        columns: ['phase', 'records', 'bytes a record', 'seconds', 'vec/s acked', 'p50 ms', 'p99 ms', 'applied after the last ack, s'],
        rows: [
          ingestRow('first fill, encoded before', first, caughtUp),
          ingestRow('sustained, new ids, encoded before', sustained, sustainedCaughtUp),
          ingestRow('with the client\'s encoding', encoding, 'not measured'),
        ],
        notes: ['An ack means: flushed to the disk (fdatasync) and readable. The client shares the machine with the server.'],
      },
      ...(times.some(({ between }) => between.size > 0) ? [threadTable(times)] : []),
      {
        title: `Graphs in the background, ${graphThreads} threads`,
        columns: ['', 'vectors a second', 'of bare'],
        rows: [
          ['bare USearch before', bareBefore, ''],
          ['bare USearch after', bareAfter, ''],
          ...(building === undefined ? [] : [['server, after the last ack', building.rate, `${Math.round(building.rate / bare * 100)} %`]] as Cell[][]),
        ],
        notes: [
          'Bare: i8, M 16, efConstruction 128, as many threads, graphs of the sizes that the server had; the vectors lie ready in memory, nothing is saved.',
          'Server: rows that got a graph, from when all that was acknowledged had been applied until the last graph was finished; '
            + 'waiting for the end of the writes, merging, copying, flushing included.',
        ],
      },
    ],
  };
}

function rate({ records, tookMs }: WriterAnswer): number {
  return Math.round(records / tookMs * 1000);
}

function ingestRow(phase: string, answer: WriterAnswer, applied: number | string): Cell[] {
  const { records, bytes, tookMs, latenciesMs } = answer;
  return [phase, records, Math.round(bytes / records), tookMs / 1000, rate(answer), median(latenciesMs), percentile(latenciesMs, 0.99), applied];
}

function aimOf(what: string, measured: number, aimed: number, unit: string): Aim {
  return { what, aimed: `≥ ${aimed.toLocaleString('en-US')} ${unit}`, measured: `${measured.toLocaleString('en-US')} ${unit}`, met: measured >= aimed };
}

/** Threads that took part. */
function threadTable(times: readonly { phase: string; records: number; between: ThreadTimes }[]): Table {
  const names = [...new Set(times.flatMap(({ between }) => [...between].filter(([, { cpuMs }]) => cpuMs >= 10).map(([name]) => name)))];
  return {
    title: 'CPU time of the server while it acked, µs a record (in brackets: waiting for a core)',
    columns: ['thread', ...times.map(({ phase }) => phase)],
    rows: names.map((name) => [name, ...times.map(({ records, between }) => {
      const { cpuMs, waitedMs } = between.get(name) ?? { cpuMs: 0, waitedMs: 0 };
      return `${(cpuMs / records * 1000).toFixed(2)} (${(waitedMs / records * 1000).toFixed(2)})`;
    })]),
    notes: ['The client process takes its share of the same cores, and is not in this table.'],
  };
}
