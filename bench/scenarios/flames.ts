/** Where the time of a search goes, thread by thread: a server of ours under a profiler, and its flame graphs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@proximadb/transport/client';
import type { CallFrame, CpuProfile } from '../cpu-profile.ts';
import { flameGraph, kindNames, sharesByKind, type Kind } from '../plots/flame-graph.ts';
import { startServer } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Cell, Plot, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, vectorOf } from '../words.ts';

export const flames: Scenario = { name: 'flames', title: 'Where the time of a search goes', run };

const collection = 'words';
const clients = 4;
const kinds = Object.keys(kindNames) as Kind[];

async function run({ short, scratch, profiles = join(scratch, 'profiles'), chosen, say }: BenchOptions): Promise<Report> {
  const count = chosen.rows ?? (short ? 4_000 : 120_000);
  const data = join(scratch, 'data');
  await load(data, count, short);
  say(`${count} words have their graphs`);
  const searches = await search(data, profiles, short ? 500 : 20_000);
  say(`${searches} searches`);
  const rows: Cell[][] = [];
  const plots: Plot[] = [];
  for (const { name, profile } of threadsIn(profiles)) {
    const shares = sharesByKind(profile, isLoading);
    rows.push([name, ...kinds.map((kind) => `${((shares.get(kind) ?? 0) * 100).toFixed(1)} %`)]);
    plots.push({
      name: `flames-${name}`,
      svg: flameGraph(profile, {
        title: `The ${name} thread while it is searched`, without: isLoading,
        subtitle: `${count.toLocaleString('en-US')} words in graphs, ${clients} clients over gRPC, k = 10; standalone, as it comes`,
      }),
    });
  }
  return {
    tables: [{
      title: `${count.toLocaleString('en-US')} words, ${clients} clients over gRPC: what each thread does`,
      columns: ['thread', ...kinds.map((kind) => kindNames[kind])], rows,
      notes: ['Shares of the time in which a thread is not idle, without the loading of the program. Native code: USearch, system calls, the wake-ups of other '
        + 'threads, the garbage collector. A profiler that looks at the clock counts what ran on the core meanwhile, too.'],
    }],
    aims: [], plots,
  };
}

async function load(data: string, count: number, short: boolean): Promise<void> {
  const server = await startServer(data);
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
async function search(data: string, profiles: string, ms: number): Promise<number> {
  const words = loadWords();
  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : []));
  const server = await startServer(data, profiles);
  const endMs = performance.now() + ms;
  let searches = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    await using client = createClient(server.address);
    while (performance.now() < endMs) {
      searches += 1;
      await client.search({ collection, vector: queries[searches % queries.length] ?? new Float32Array(dimension), k: 10 });
    }
  }));
  // Profiles are written by threads that end in peace.
  await server.signal('SIGTERM');
  return searches;
}

/** Those that a search goes through, told by what only they do. */
function threadsIn(profiles: string): { readonly name: string; readonly profile: CpuProfile }[] {
  const known = { serving: 'services/query/src/search.ts', shards: 'services/indexer/src/host.ts' } as const;
  const all = readdirSync(profiles).map((file) => JSON.parse(readFileSync(join(profiles, file), 'utf8')) as CpuProfile);
  return Object.entries(known).map(([name, file]) => {
    const profile = all.find(({ nodes }) => nodes.some(({ callFrame: { url, functionName } }) => functionName === 'search' && url.endsWith(file)));
    if (profile === undefined) throw new Error(`no profile has a search in ${file}`);
    return { name, profile };
  });
}

function isLoading({ url }: CallFrame): boolean {
  return /^node:internal\/(?:modules|main|bootstrap|deps)\//.test(url);
}
