/** Where the time of a search goes, thread by thread: a server of ours under a profiler, and its flame graphs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchRequest } from '@proximadb/schemas';
import { createClient } from '@proximadb/transport/client';
import type { CallFrame, CpuProfile } from '../cpu-profile.ts';
import { flameGraph, kindNames, sharesByKind, type Kind } from '../plots/flame-graph.ts';
import { startServer } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Plot, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, slices, vectorOf } from '../words.ts';

export const flames: Scenario = { name: 'flames', title: 'Where the time of a search goes', run };

const collection = 'words';
const clients = 4;
const writtenAtOnce = 5_000;
const kinds = Object.keys(kindNames) as Kind[];

interface Work {
  /** Of its plots. */
  readonly name: string;
  readonly what: string;
  readonly threads: readonly (keyof typeof known)[];
  readonly filter?: SearchRequest['filter'];
  readonly isWritten?: boolean;
}

/** Threads, told by functions that only they call. */
const known = {
  serving: { file: 'services/query/src/search.ts', name: /^search$/ },
  shards: { file: 'services/indexer/src/host.ts', name: /^(?:search|maintain|outcomes|report)$/ },
  builder: { file: 'packages/segment/src/sealed/graph.ts', name: /^buildGraph$/ },
  merges: { file: 'packages/segment/src/build.ts', name: /^merge$/ },
} as const;

const below = (value: bigint): SearchRequest['filter'] =>
  ({ node: { kind: 'comparison', value: { path: ['slice'], operator: 'lt', values: [{ value: { kind: 'long', value } }] } } });
const loading: Work = { name: 'flames-loaded', what: 'takes all words, and until they have their graph', threads: ['shards', 'merges', 'builder'] };
const works: readonly Work[] = [
  { name: 'flames', what: 'is searched', threads: ['serving', 'shards'] },
  { name: 'flames-filtered', what: 'is searched under a filter that half of the words pass', threads: ['shards'], filter: below(BigInt(slices / 2)) },
  { name: 'flames-written', what: 'is searched and written to', threads: ['serving', 'shards', 'builder'], isWritten: true },
];

async function run({ short, scratch, profiles = join(scratch, 'profiles'), chosen, say }: BenchOptions): Promise<Report> {
  const count = chosen.rows ?? (short ? 4_000 : 120_000);
  const data = join(scratch, 'data');
  await load(data, join(profiles, loading.name), count, short);
  say(`${count} words have their graphs`);
  const rows: Cell[][] = [];
  const plots: Plot[] = [];
  for (const work of [loading, ...works]) {
    if (work !== loading) say(`${work.what}: ${await search(data, join(profiles, work.name), work, count, short)} searches`);
    for (const thread of work.threads) {
      const profile = profileOf(join(profiles, work.name), thread, !short);
      if (profile === undefined) continue;
      const shares = sharesByKind(profile, isLoading);
      rows.push([work.what, thread, ...kinds.map((kind) => `${((shares.get(kind) ?? 0) * 100).toFixed(1)} %`)]);
      plots.push({
        name: `${work.name}-${thread}`,
        svg: flameGraph(profile, {
          title: `The ${thread} thread while the server ${work.what}`, without: isLoading,
          subtitle: `${count.toLocaleString('en-US')} words in graphs, ${clientsOf(work)}; standalone, as it comes`,
        }),
      });
    }
  }
  return {
    tables: [{
      title: `${count.toLocaleString('en-US')} words, ${clients} clients over gRPC: what each thread does`,
      columns: ['the server', 'thread', ...kinds.map((kind) => kindNames[kind])], rows,
      notes: ['Shares of the time in which a thread is not idle, without the loading of the program. Libraries: USearch and all else that is '
        + 'installed. Native code: system calls, the wake-ups of other threads, the garbage collector. A profiler that looks at the clock counts what ran '
        + 'on the core meanwhile, too.',
      'Written to: new words by one process, one batch of 500 under way. The builder makes graphs meanwhile.'],
    }],
    aims: [], plots,
  };
}

function clientsOf(work: Work): string {
  return work === loading ? 'written by one process' : `${clients} clients over gRPC, k = 10`;
}

async function load(data: string, profiles: string, count: number, short: boolean): Promise<void> {
  const server = await startServer(data, profiles);
  await using client = createClient(server.address);
  await client.createCollection({ name: collection, dimension });
  using writer = WriterProcess.start(server.address);
  await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500 });
  await writer.ask({ kind: 'write', collection, concurrency: 4 });
  await untilCaughtUp(client, collection);
  if (!short) await watchBuilding(client, collection);
  await server.signal('SIGTERM');
}

/** @returns how many there were. */
async function search(data: string, profiles: string, { filter = null, isWritten = false }: Work, count: number, isShort: boolean): Promise<number> {
  const ms = isShort ? 500 : 20_000;
  const words = loadWords();
  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : []));
  const server = await startServer(data, profiles);
  using writer = isWritten ? WriterProcess.start(server.address) : undefined;
  const endMs = performance.now() + ms;
  let from = count;
  const write = async (): Promise<void> => {
    for (; writer !== undefined && performance.now() < endMs; from += writtenAtOnce) {
      await writer.ask({ kind: 'encodeAndWrite', from, count: writtenAtOnce, batchRecords: 500, collection, concurrency: 1 });
    }
  };
  let searches = 0;
  const ask = async (): Promise<void> => {
    await using client = createClient(server.address);
    while (performance.now() < endMs) {
      searches += 1;
      await client.search({ collection, vector: queries[searches % queries.length] ?? new Float32Array(dimension), k: 10, filter });
    }
  };
  await Promise.all([write(), ...Array.from({ length: clients }, ask)]);
  // Profiles are written by threads that end in peace.
  if (isWritten && !isShort) await untilBuilt(server.address);
  await server.signal('SIGTERM');
  return searches;
}

async function untilBuilt(address: string): Promise<void> {
  await using client = createClient(address);
  await watchBuilding(client, collection);
}

/** Of the threads that do the same the one that lived the longest. @returns undefined: nobody did it, which is no error of builders in a short run. */
function profileOf(profiles: string, thread: keyof typeof known, isExpected: boolean): CpuProfile | undefined {
  const { file, name } = known[thread];
  const all = readdirSync(profiles).map((each) => JSON.parse(readFileSync(join(profiles, each), 'utf8')) as CpuProfile);
  const mine = all.filter(({ nodes }) => nodes.some(({ callFrame: { url, functionName } }) => name.test(functionName) && url.endsWith(file)));
  const [longest] = mine.map((profile) => ({ profile, samples: profile.samples.length })).sort((one, other) => other.samples - one.samples);
  if (longest === undefined && (isExpected || (thread !== 'builder' && thread !== 'merges'))) throw new Error(`no profile has ${name.source} in ${file}`);
  return longest?.profile;
}

function isLoading({ url }: CallFrame): boolean {
  return /^node:internal\/(?:modules|main|bootstrap|deps)\//.test(url);
}
