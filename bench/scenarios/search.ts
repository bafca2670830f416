/** Recall beside latency: k = 10, by candidates asked of the graphs, with and without filters, one client and eight. */
import { join } from 'node:path';
import type { Filter, SearchRequest, SearchResponse } from '@proximadb/schemas';
import { createClient, type Client } from '@proximadb/transport/client';
import { startServer } from '../processes/server.ts';
import { WriterProcess } from '../processes/writer.ts';
import type { Aim, Cell, Report } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile, stretch, stretchesOf } from '../statistics.ts';
import { untilCaughtUp, watchBuilding } from '../watch.ts';
import { dimension, isQuery, loadWords, slices, vectorOf } from '../words.ts';

const k = 10;
const indexes = ['hnsw', 'ivf'] as const;
const clientCount = 8;
const recallAim = 0.95;
const recallAimHigh = 0.99;

export const search: Scenario = { name: 'search', title: 'Search: recall and latency', run };

/** One way of asking; what it found and how long it took. */
interface Way {
  readonly index: typeof indexes[number];
  readonly share: number;
  readonly ef: number | 'default' | 'exact';
  readonly request: Partial<SearchRequest>;
  readonly alone: number[];
  readonly together: number[];
  readonly recalls: number[];
  strategies: string;
  togetherMs: number;
}

const shares = [1, 0.5, 0.1, 0.01, 0.001];
const efs = ['default', 256] as const;

async function run({ short, scratch, profiles, say }: BenchOptions): Promise<Report> {
  const words = loadWords();
  const server = await startServer(join(scratch, 'data'), profiles);
  const clients = Array.from({ length: clientCount }, () => createClient(server.address));
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  let written = 0;
  const sizes: string[] = [];
  for (const index of indexes) {
    await client.createCollection({ name: index, dimension, index, ...(short ? { partitions: 2 } : {}) });
    written = await write(server.address, index, short ? 6_000 : words.names.length, say);
    await untilCaughtUp(client, index);
    if (short) continue;
    const building = await watchBuilding(client, index);
    sizes.push(`${index}: ${building.sizes.map((rows) => rows.toLocaleString('en-US')).join(', ')} rows`);
    say(`${sizes.at(-1) ?? ''}; ${Math.round(building.rate)} rows/s`);
  }

  const queries = words.names.flatMap((_, word) => (isQuery(word) ? [vectorOf(words, word)] : [])).slice(0, short ? 4 : 400);
  const way = (share: number, index: Way['index'], ef: Way['ef']): Way => ({
    share, index, ef, alone: [], together: [], recalls: [], strategies: '', togetherMs: 0,
    request: { collection: index, k, filter: filterOf(share), exact: ef === 'exact', ef: typeof ef === 'number' ? ef : null },
  });
  const ways = shares.flatMap((share) => [way(share, 'hnsw', 'exact'), ...indexes.flatMap((index) => efs.map((ef) => way(share, index, ef)))]);
  for (const share of shares) {
    const these = ways.filter((way) => way.share === share);
    for (const way of these) way.strategies = await strategiesOf(client, way, queries);
    say(`${share * 100} %: one client`);
    const truth = await alone(client, these, queries, Number(written) * share);
    say(`${share * 100} %: ${clientCount} clients`);
    for (const way of these) await together(clients, way, queries, truth);
  }
  for (const each of clients) each.close();
  await server.signal(profiles === undefined ? 'SIGKILL' : 'SIGTERM');
  return { tables: [tableOf(ways, written, sizes, queries.length)], aims: short ? [] : aimsOf(ways) };
}

async function write(address: string, collection: string, count: number, say: (line: string) => void): Promise<number> {
  using writer = WriterProcess.start(address);
  await writer.ask({ kind: 'prepare', from: 0, count, batchRecords: 500, withoutQueries: true });
  const { records } = await writer.ask({ kind: 'write', collection, concurrency: 4 });
  say(`${records} words are written; the graphs follow`);
  return records;
}

/** Matches this share of the words, evenly spread over them. */
function filterOf(share: number): Filter | null {
  if (share === 1) return null;
  const value = { value: { kind: 'long', value: BigInt(Math.round(slices * share)) } } as const;
  return { node: { kind: 'comparison', value: { path: ['slice'], operator: 'lt', values: [value] } } };
}

async function strategiesOf(client: Client, { request }: Way, queries: readonly Float32Array[]): Promise<string> {
  const { explain } = await client.search({ ...request, vector: queries[0] ?? new Float32Array(dimension), explain: true });
  const counts = Map.groupBy(explain?.segments ?? [], ({ strategy }) => strategy);
  return [...counts].filter(([strategy]) => strategy !== 'none').map(([strategy, segments]) => `${strategy} × ${segments.length}`).join(', ');
}

/** All ways in turn, some queries at a time, the exact one first. @returns the exact answers, of each query. */
async function alone(client: Client, ways: readonly Way[], queries: readonly Float32Array[], matching: number): Promise<Set<string>[]> {
  const truth = new Map<Float32Array, Set<string>>();
  for (const some of stretchesOf(queries)) {
    for (const way of ways) {
      for (const query of some) {
        const started = performance.now();
        const answer = await client.search({ ...way.request, vector: query });
        way.alone.push(performance.now() - started);
        // Not slow but wrong: a filtered search has k hits whenever k records match; a sample may have a few less than its share.
        if (answer.hits.length !== k && matching > 2 * k) throw new Error(`${answer.hits.length} hits of about ${matching} records that match`);
        if (way.ef === 'exact') truth.set(query, new Set(answer.hits.map(({ id }) => id)));
        else way.recalls.push(recallOf(answer, truth.get(query)));
      }
    }
  }
  return queries.map((query) => truth.get(query) ?? new Set());
}

async function together(clients: readonly Client[], way: Way, queries: readonly Float32Array[], truth: readonly Set<string>[]): Promise<void> {
  const rounds = 2;
  let next = 0;
  const started = performance.now();
  await Promise.all(clients.map(async (client) => {
    for (let query = next++; query < queries.length * rounds; query = next++) {
      const sent = performance.now();
      const answer = await client.search({ ...way.request, vector: queries[query % queries.length] ?? new Float32Array(dimension) });
      way.together.push(performance.now() - sent);
      if (way.ef !== 'exact') way.recalls.push(recallOf(answer, truth[query % queries.length]));
    }
  }));
  way.togetherMs = performance.now() - started;
}

function recallOf({ hits }: SearchResponse, truth: ReadonlySet<string> | undefined): number {
  if (truth === undefined || truth.size === 0) return 1;
  return hits.filter(({ id }) => truth.has(id)).length / truth.size;
}

function recall(way: Way): number {
  return way.ef === 'exact' ? 1 : way.recalls.reduce((sum, each) => sum + each, 0) / Math.max(1, way.recalls.length);
}

function tableOf(ways: readonly Way[], written: number, sizes: readonly string[], queries: number): Report['tables'][number] {
  return {
    title: `k = ${k} of ${written.toLocaleString('en-US')} words, ${dimension}-d, cosine`,
    columns: ['filter matches', 'index', 'ef', `recall@${k}`, 'p50 ms', 'p99 ms', `p50 ms, ${clientCount} clients`, `p99 ms, ${clientCount} clients`,
      `searches/s, ${clientCount} clients`, 'how (segments)'],
    rows: ways.map((way): Cell[] => [
      way.share === 1 ? 'no filter' : `${way.share * 100} %`, way.ef === 'exact' ? 'none' : way.index, way.ef, recall(way).toFixed(4),
      median(way.alone), percentile(way.alone, 0.99), median(way.together), percentile(way.together, 0.99),
      Math.round(way.together.length / way.togetherMs * 1000), way.strategies,
    ]),
    notes: [
      `${queries} words that were not written are the queries. Recall counts how many of the exact answer's ids are among the hits.`,
      `One client: the ways take turns, ${stretch} queries at a time, so that each has the processor's cache for itself meanwhile. `
        + 'Eight clients: in one process, each with a connection and one search under way. Client and server share the machine.',
      `Segments. ${sizes.join('. ')}.`,
      'ef: candidates a graph is asked for, a segment; lists are read in proportion to it. By default segments choose what is enough.',
    ],
  };
}

function aimsOf(ways: readonly Way[]): Aim[] {
  const worst = (ef: Way['ef']): number => Math.min(...ways.filter((way) => way.ef === ef).map(recall));
  const aim = (what: string, measured: number, aimed: number): Aim => ({ what, aimed: `≥ ${aimed}`, measured: measured.toFixed(4), met: measured >= aimed });
  return [aim(`recall@${k} by default, the worst of all filters`, worst('default'), recallAim), aim(`recall@${k} at ef 256`, worst(256), recallAimHigh)];
}
