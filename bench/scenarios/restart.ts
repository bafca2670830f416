/** kill -9, and how long until the server is ready again with everything it acknowledged. */
import { join } from 'node:path';
import { createClient } from '@proximadb/transport/client';
import { startServer, type ServerProcess } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension } from '../words.ts';

const collection = 'words';
const readySecondsAim = 3;

export const restart: Scenario = { name: 'restart', title: 'Restart after kill -9', run };

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const count = short ? 6_000 : 341_479;
  const repeats = short ? 1 : 3;
  const data = join(scratch, 'data');
  const empty = await startServer(data);
  const rows: Cell[][] = [];
  const seconds: number[] = [];
  const add = (when: string, starts: readonly Start[]): void => {
    const ready = median(starts.map(({ readyMs }) => readyMs)) / 1000;
    seconds.push(ready);
    rows.push([when, Math.round(median(starts.map(({ replayed }) => replayed))), ready, median(starts.map(({ countMs }) => countMs))]);
  };
  rows.push(['nothing in it (for comparison)', 0, empty.readyMs / 1000, '']);

  let server = empty;
  await using first = createClient(server.address);
  await first.createCollection({ name: collection, dimension, ...(short ? { partitions: 2 } : {}) });
  const acked = await write(server, count, say);
  const afterIngest: Start[] = [];
  for (let i = 0; i < repeats; i += 1) server = await again(server, data, acked, afterIngest);
  add('right after the last ack', afterIngest);

  await using client = createClient(server.address);
  await untilCaughtUp(client, collection);
  if (!short) await watchBuilding(client, collection);
  say('everything has its graph');
  const afterBuilding: Start[] = [];
  for (let i = 0; i < repeats; i += 1) server = await again(server, data, acked, afterBuilding);
  add('with all graphs built', afterBuilding);
  await server.signal('SIGKILL');
  const worst = Math.max(...seconds);
  return {
    tables: [{
      title: `${acked.toLocaleString('en-US')} words, ${dimension}-d; medians of ${repeats}`,
      columns: ['killed', 'log records to replay', 'seconds until ready', 'ms of an exact count then'],
      rows,
      notes: ['From the start of the process, with the loading of the program, until it says that it is ready: the log opened, segments verified, '
        + 'the rest of the log applied. Then all acknowledged records are counted, or the run fails.'],
    }],
    aims: [{ what: 'ready again after kill -9', aimed: `≤ ${readySecondsAim} s`, measured: `${worst.toFixed(2)} s`, met: worst <= readySecondsAim }],
  };
}

async function write(server: ServerProcess, count: number, say: (line: string) => void): Promise<number> {
  using writer = WriterProcess.start(server.address);
  await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500 });
  const { records } = await writer.ask({ kind: 'write', collection, concurrency: 8 });
  say(`${records} words are acknowledged`);
  return records;
}

interface Start {
  readonly readyMs: number;
  /** Records between the manifests and the ends of the log when it was killed. */
  readonly replayed: number;
  readonly countMs: number;
}

/** Kills the server and starts it again. @throws Error if anything is missing. */
async function again(server: ServerProcess, data: string, acked: number, into: Start[]): Promise<ServerProcess> {
  const replayed = await notDurable(server);
  await server.signal('SIGKILL');
  const next = await startServer(data);
  await using client = createClient(next.address);
  const started = performance.now();
  const { count } = await client.count({ collection });
  const countMs = performance.now() - started;
  if (Number(count) !== acked) throw new Error(`${acked} records were acknowledged, ${count} are there after the restart`);
  into.push({ readyMs: next.readyMs, countMs, replayed });
  return next;
}

async function notDurable(server: ServerProcess): Promise<number> {
  await using client = createClient(server.address);
  const { partitions } = await client.stats({ collection });
  return partitions.reduce((sum, { end, durable }) => sum + Number(end - durable), 0);
}
