/** What Node, V8 and malloc are told at the start of a server, one after the other left out: memory after writing, and searches beside writes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Client } from '@proximadb/transport/client';
import { anonymousBytes } from '../peers/usage.ts';
import { asItComes, startServer, type Runtime, type ServerProcess } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, vectorOf } from '../words.ts';

export const runtime: Scenario = { name: 'runtime', title: 'What the runtime is told', run };

const collection = 'words';
const batchRecords = 100;
/** Rows written a second beside searches: so many fewer than can be that they do not wait. */
const rate = 8_000;
/** Builders are gone then. */
const restMs = 15_000;

/** Before the program: of what it tells V8 while it runs, one flag is not heard. */
function deafTo(flag: string): Runtime {
  const code = `
    import v8 from 'node:v8';
    import { syncBuiltinESMExports } from 'node:module';
    const { setFlagsFromString } = v8;
    v8.setFlagsFromString = (flag) => { if (!flag.startsWith(${JSON.stringify(flag)})) setFlagsFromString(flag); };
    syncBuiltinESMExports();
  `;
  return { flags: [...flags, '--import', `data:text/javascript,${encodeURIComponent(code)}`], environment };
}

const { flags, environment } = asItComes;
const runtimes: Readonly<Record<string, Runtime>> = {
  'as it comes': asItComes,
  'malloc keeps what it likes': { flags, environment: {} },
  'young generations as V8 likes': { flags: flags.filter((flag) => !flag.startsWith('--max-semi-space-size')), environment },
  'memory outside of heaps by a fixed amount': deafTo('--external-memory-accounted-in-global-limit'),
  'heaps grow as V8 likes': deafTo('--heap-growing-percent'),
  'nobody collects at rest': deafTo('--expose-gc'),
};
/** Merges at rest would begin while memory is looked at. */
const withoutRest = { PROXIMADB_INDEXER_REST_MS: '3600000' };

interface Measured {
  readonly emptyBytes: number[];
  readonly bytes: number[];
  readonly writtenASecond: number[];
  /** From the first row written to the last graph. */
  readonly indexedMs: number[];
  readonly tookMs: number[];
}

async function run({ short, scratch, chosen, say }: BenchOptions): Promise<Report> {
  const count = chosen.rows ?? (short ? 2_000 : 120_000);
  const ways = Object.entries(runtimes).map(([name, how]) => {
    const measured: Measured = { emptyBytes: [], bytes: [], writtenASecond: [], indexedMs: [], tookMs: [] };
    return { name, how, measured };
  });
  for (let round = 0; round < (short ? 1 : 3); round += 1) {
    for (const [at, { name, how, measured }] of ways.entries()) {
      const runtime = { ...how, environment: { ...how.environment, ...withoutRest } };
      const server = await startServer(join(scratch, `${round}-${at}`), undefined, undefined, runtime);
      await sleep(1_000);
      measured.emptyBytes.push(anonymousBytes(server.pid));
      await measure(server, count, short, measured);
      await server.signal('SIGTERM');
      say(`${name}: ${mebibytes(measured.bytes)} MiB, p99 beside writes ${percentile(measured.tookMs, 0.99).toFixed(1)} ms`);
    }
  }
  return {
    tables: [{
      title: `${count.toLocaleString('en-US')} words in graphs`,
      columns: ['', 'MiB of its own, empty', 'MiB after writing', 'rows/s acknowledged', 's until indexed', 'p50 ms beside writes', 'p99 ms beside writes'],
      rows: ways.map(({ name, measured: { emptyBytes, bytes, writtenASecond, indexedMs, tookMs } }): Cell[] => [
        name, mebibytes(emptyBytes), mebibytes(bytes), Math.round(median(writtenASecond)), median(indexedMs) / 1_000, median(tookMs), percentile(tookMs, 0.99),
      ]),
      notes: [
        'Each line but the first leaves out one of the things that it is told. Medians of 3 rounds, in which they take turns.',
        `Memory: resident pages that no file stands behind (RssAnon), ${restMs / 1_000} s after the last graph was built and 1,000 searches.`,
        'Nothing is merged at rest.',
        `Beside writes: one client that searches, with a call each, while ${rate.toLocaleString('en-US')} rows are written a second.`,
      ],
    }],
    aims: [],
  };
}

async function measure(server: ServerProcess, count: number, short: boolean, measured: Measured): Promise<void> {
  await using client = createClient(server.address);
  await client.createCollection({ name: collection, dimension });
  using writer = WriterProcess.start(server.address);
  await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500, withoutQueries: true });
  const startedMs = performance.now();
  const { records, tookMs } = await writer.ask({ kind: 'write', collection, concurrency: 4 });
  measured.writtenASecond.push(records / tookMs * 1_000);
  await untilCaughtUp(client, collection);
  if (!short) await watchBuilding(client, collection);
  measured.indexedMs.push(performance.now() - startedMs);
  const words = loadWords();
  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : []));
  await sleep(short ? 0 : restMs);
  for (let turn = 0; turn < (short ? 10 : 1_000); turn += 1) await search(client, queries, turn);
  measured.bytes.push(anonymousBytes(server.pid));
  const done = new AbortController();
  const writing = writeUntil(done.signal, writer, count);
  const endMs = performance.now() + (short ? 300 : 10_000);
  for (let turn = 0; performance.now() < endMs; turn += 1) {
    const askedMs = performance.now();
    await search(client, queries, turn);
    measured.tookMs.push(performance.now() - askedMs);
  }
  done.abort();
  await writing;
}

async function search(client: Client, queries: readonly Float32Array[], turn: number): Promise<void> {
  await client.search({ collection, vector: queries[turn % queries.length] ?? new Float32Array(dimension), k: 10 });
}

async function writeUntil(signal: AbortSignal, writer: WriterProcess, from: number): Promise<void> {
  const startedMs = performance.now();
  for (let written = 0; !signal.aborted; written += batchRecords) {
    while (written > (performance.now() - startedMs) / 1_000 * rate) await sleep(2);
    await writer.ask({ kind: 'encodeAndWrite', from: from + written, count: batchRecords, batchRecords, collection, concurrency: 1, withoutQueries: true });
  }
}

function mebibytes(bytes: readonly number[]): number {
  return Math.round(median(bytes) / 2 ** 20);
}
