/** Where the time of a search goes, thread by thread: a server of ours under a profiler, and its flame graphs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeVectorRecord } from '@proximadb/record';
import type { CreateCollectionRequest, SearchRequest } from '@proximadb/schemas';
import { createClient } from '@proximadb/transport/client';
import type { CallFrame, CpuProfile } from '../cpu-profile.ts';
import { clusteredSet } from '../data/clustered-set.ts';
import { vectorAt } from '../data/data-set.ts';
import { flameGraph, kindNames, sharesByKind, type Kind } from '../plots/flame-graph.ts';
import { startServer } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Plot, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, slices, vectorOf } from '../words.ts';

export const flames: Scenario = { name: 'flames', title: 'Where the time of a search goes', run };

const collection = 'searched';
const clients = 4;
const writtenAtOnce = 5_000;
const batchRecords = 500;
const kinds = Object.keys(kindNames) as Kind[];

/** Rows, how they are searched, and what a server does with them. */
interface Course {
  readonly what: string;
  readonly settings: Omit<Partial<CreateCollectionRequest>, 'name'> & { readonly dimension: number };
  readonly queries: readonly Float32Array[];
  readonly write: (address: string) => Promise<void>;
  readonly loading: Work;
  readonly works: readonly Work[];
}

interface Work {
  /** Of its plots. */
  readonly name: string;
  readonly what: string;
  readonly threads: readonly (keyof typeof known)[];
  readonly filter?: SearchRequest['filter'];
  /** It is written to meanwhile, from this word on. */
  readonly writtenFrom?: number;
}

/** Threads, told by functions that only they call. */
const known = {
  serving: { file: 'services/query/src/search.ts', name: /^search$/ },
  shards: { file: 'services/indexer/src/host.ts', name: /^(?:search|maintain|outcomes|report)$/ },
  builder: { file: 'packages/segment/src/sealed/graph.ts', name: /^buildGraph$/ },
  merges: { file: 'packages/segment/src/build.ts', name: /^merge$/ },
  lists: { file: 'packages/segment/src/lists/build.ts', name: /^clusterRows$/ },
} as const;
const builders: readonly (keyof typeof known)[] = ['builder', 'merges', 'lists'];

const below = (value: bigint): SearchRequest['filter'] =>
  ({ node: { kind: 'comparison', value: { path: ['slice'], operator: 'lt', values: [{ value: { kind: 'long', value } }] } } });

function wordsInGraphs(count: number): Course {
  const words = loadWords();
  return {
    what: `${count.toLocaleString('en-US')} words in graphs`, settings: { dimension },
    queries: words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : [])),
    write: async (address) => {
      using writer = WriterProcess.start(address);
      await writer.ask({ kind: 'prepare', from: 0, count, batchRecords });
      await writer.ask({ kind: 'write', collection, concurrency: 4 });
    },
    loading: { name: 'flames-loaded', what: 'takes all words, and until they have their graph', threads: ['shards', 'merges', 'builder'] },
    works: [
      { name: 'flames', what: 'is searched', threads: ['serving', 'shards'] },
      { name: 'flames-filtered', what: 'is searched under a filter that half of the words pass', threads: ['shards'], filter: below(BigInt(slices / 2)) },
      { name: 'flames-written', what: 'is searched and written to', threads: ['serving', 'shards', 'builder'], writtenFrom: count },
    ],
  };
}

function manyNumbersInLists(count: number): Course {
  const set = clusteredSet(count, 200);
  const half = set.filters.find(({ share, kind }) => kind === 'uncorrelated' && Math.abs(share - 0.5) < 0.01);
  if (half === undefined) throw new Error('no filter that half of the rows pass');
  return {
    what: `${count.toLocaleString('en-US')} clustered vectors of ${set.dimension} in lists`,
    settings: { dimension: set.dimension, index: 'ivf', partitions: 1 },
    queries: set.queries,
    write: async (address) => {
      await using client = createClient(address);
      const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
      for (let from = 0; from < count; from += batchRecords) {
        const records = Array.from({ length: Math.min(batchRecords, count - from) }, (_, i) => encodeVectorRecord(schemaId, {
          id: `r${from + i}`, vector: vectorAt(set, from + i), metadata: new Map(Object.entries(set.metadata(from + i))),
        }));
        await client.upsert({ collection, records });
      }
    },
    loading: { name: 'flames-768-loaded', what: 'takes all rows, and until they have their lists', threads: ['shards', 'lists'] },
    works: [
      { name: 'flames-768', what: 'is searched', threads: ['serving', 'shards'] },
      { name: 'flames-768-filtered', what: 'is searched under a filter that half of the rows pass', threads: ['shards'], filter: below(BigInt(half.below)) },
    ],
  };
}

async function run({ short, scratch, profiles = join(scratch, 'profiles'), chosen, say }: BenchOptions): Promise<Report> {
  const reports: Report[] = [];
  for (const course of [wordsInGraphs(chosen.rows ?? (short ? 4_000 : 120_000)), manyNumbersInLists(short ? 1_500 : 24_000)]) {
    say(course.what);
    reports.push(await profile(course, join(scratch, course.loading.name), profiles, { short, say }));
  }
  return { tables: reports.flatMap(({ tables }) => tables), aims: [], plots: reports.flatMap(({ plots = [] }) => plots) };
}

async function profile(course: Course, data: string, profiles: string, { short, say }: Pick<BenchOptions, 'short' | 'say'>): Promise<Report> {
  const { what, loading, works } = course;
  await load(data, join(profiles, loading.name), course, short);
  const rows: Cell[][] = [];
  const plots: Plot[] = [];
  for (const work of [loading, ...works]) {
    if (work !== loading) say(`${work.what}: ${await search(data, join(profiles, work.name), work, course, short)} searches`);
    for (const thread of work.threads) {
      const taken = profileOf(join(profiles, work.name), thread, !short);
      if (taken === undefined) continue;
      const shares = sharesByKind(taken, isLoading);
      rows.push([work.what, thread, ...kinds.map((kind) => `${((shares.get(kind) ?? 0) * 100).toFixed(1)} %`)]);
      plots.push({
        name: `${work.name}-${thread}`,
        svg: flameGraph(taken, {
          title: `The ${thread} thread while the server ${work.what}`, without: isLoading,
          subtitle: `${what}, ${work === loading ? 'written by one process' : `${clients} clients over gRPC, k = 10`}; standalone, as it comes`,
        }),
      });
    }
  }
  return {
    tables: [{
      title: `${what}, ${clients} clients over gRPC: what each thread does`,
      columns: ['the server', 'thread', ...kinds.map((kind) => kindNames[kind])], rows,
      notes: ['Shares of the time in which a thread is not idle, without the loading of the program. Libraries: USearch and all else that is '
        + 'installed. Native code: system calls, the wake-ups of other threads, the garbage collector. A profiler that looks at the clock counts what ran '
        + 'on the core meanwhile, too.',
      ...(works.some(({ writtenFrom }) => writtenFrom !== undefined)
        ? ['Written to: new words by one process, one batch of 500 under way. The builder makes graphs meanwhile.'] : [])],
    }],
    aims: [], plots,
  };
}

async function load(data: string, profiles: string, { settings, write }: Course, short: boolean): Promise<void> {
  const server = await startServer(data, profiles);
  await using client = createClient(server.address);
  await client.createCollection({ name: collection, ...settings });
  await write(server.address);
  await untilCaughtUp(client, collection);
  if (!short) await watchBuilding(client, collection);
  await server.signal('SIGTERM');
}

/** @returns how many there were. */
async function search(data: string, profiles: string, { filter = null, writtenFrom }: Work, { queries }: Course, isShort: boolean): Promise<number> {
  const ms = isShort ? 500 : 20_000;
  const server = await startServer(data, profiles);
  using writer = writtenFrom === undefined ? undefined : WriterProcess.start(server.address);
  const endMs = performance.now() + ms;
  let from = writtenFrom ?? 0;
  const write = async (): Promise<void> => {
    for (; writer !== undefined && performance.now() < endMs; from += writtenAtOnce) {
      await writer.ask({ kind: 'encodeAndWrite', from, count: writtenAtOnce, batchRecords, collection, concurrency: 1 });
    }
  };
  let searches = 0;
  const ask = async (): Promise<void> => {
    await using client = createClient(server.address);
    while (performance.now() < endMs) {
      searches += 1;
      await client.search({ collection, vector: queries[searches % queries.length] ?? new Float32Array(), k: 10, filter });
    }
  };
  await Promise.all([write(), ...Array.from({ length: clients }, ask)]);
  // Profiles are written by threads that end in peace.
  if (writtenFrom !== undefined && !isShort) await untilBuilt(server.address);
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
  if (longest === undefined && (isExpected || !builders.includes(thread))) throw new Error(`no profile has ${name.source} in ${file}`);
  return longest?.profile;
}

function isLoading({ url }: CallFrame): boolean {
  return /^node:internal\/(?:modules|main|bootstrap|deps)\//.test(url);
}
