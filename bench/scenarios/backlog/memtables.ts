/** Searching as many full memtables as a shard may hold: ten times the rows of which one is sealed, while sealing does not get on. */
import { encodeVectorRecord } from '@proximadb/record';
import { Growing, hashId, NearestSoFar, prepareQuery, searchGrowing, type Predicate } from '@proximadb/segment';
import { recordWalker } from '../../flat-segment.ts';
import type { Cell, Report } from '../../report.ts';
import { median, percentile, stretch, stretchesOf } from '../../statistics.ts';
import { dimension, isQuery, metadataOf, slices, vectorOf, type Words } from '../../words.ts';
import { k } from './searching.ts';

const metric = 'cosine';
const recallTarget = 0.95;
/** `indexer.frozenMax`, and the one that is written to. */
const memtablesMax = 10;
/** `indexer.growingRowsMax`. */
const rowsMax = 8_192;
/** CPU time of a search of ten full memtables of 100 numbers a row, as packages/segment/DESIGN.md promises it. */
const cpuMsMax = 4;
const shares = [1, 0.5, 0.1, 0.01];

export function searchMemtables(words: Words, queries: readonly Float32Array[], short: boolean): Report {
  const rowsEach = short ? 256 : rowsMax;
  const memtables = fill(words, rowsEach);
  const rows = memtables.reduce((sum, { count }) => sum + count, 0);
  const [first] = queries;
  if (first === undefined) throw new Error('nothing to search for');
  const startedMs = performance.now();
  search(memtables, first, null, false);
  const firstMs = performance.now() - startedMs;
  const pairs = shares.map((share) => [true, false].map((exact): Way => ({ share, exact, tookMs: [], cpuMs: 0, found: 0 })));
  const ways = pairs.flat();
  // A search makes the codes of some rows; after a few there is none without.
  for (let i = 0; i < rowsEach / 256; i += 1) for (const { share, exact } of ways) search(memtables, first, predicateOf(share), exact);
  for (const pair of pairs) {
    const nearest: Nearest = new Map();
    for (const some of stretchesOf(queries)) for (const way of pair) measure(way, memtables, some, nearest);
  }
  const cpuMs = (ways.find(({ share, exact }) => share === 1 && !exact)?.cpuMs ?? NaN) / queries.length;
  return {
    tables: [{
      title: `${memtablesMax} full memtables: ${rows.toLocaleString('en-US')} words that are not sealed; k = ${k}, on one thread, without a server`,
      columns: ['filter matches', '', `recall@${k}`, 'p50 ms', 'p99 ms', 'CPU ms a search'],
      rows: ways.map(({ share, exact, tookMs, cpuMs: cpu, found }): Cell[] => [
        share === 1 ? 'no filter' : `${share * 100} %`, exact ? 'exact' : 'default', (found / queries.length / k).toFixed(4),
        median(tookMs), percentile(tookMs, 0.99), cpu / queries.length,
      ]),
      notes: [
        `As many as a shard holds; then it stops consuming, and what comes waits in the log. The first search of all took ${firstMs.toFixed(1)} ms.`,
        `${queries.length} words that are not stored. Exact and default take turns, ${stretch} queries at a time.`,
      ],
    }],
    aims: [{
      what: `CPU of a search of ${memtablesMax} full memtables, ten times the rows of which one is sealed`, aimed: `≤ ${cpuMsMax} ms`,
      measured: `${cpuMs.toFixed(2)} ms`, met: cpuMs <= cpuMsMax,
    }],
  };
}

interface Way {
  readonly share: number;
  readonly exact: boolean;
  readonly tookMs: number[];
  cpuMs: number;
  found: number;
}

/** Ids of what is nearest to each query, as the exact way found them. */
type Nearest = Map<Float32Array, ReadonlySet<string>>;

function measure(way: Way, memtables: readonly Growing[], queries: readonly Float32Array[], nearest: Nearest): void {
  const predicate = predicateOf(way.share);
  const answers: (readonly string[])[] = [];
  const { user, system } = process.threadCpuUsage();
  for (const query of queries) {
    const startedMs = performance.now();
    answers.push(search(memtables, query, predicate, way.exact));
    way.tookMs.push(performance.now() - startedMs);
  }
  const since = process.threadCpuUsage({ user, system });
  way.cpuMs += (since.user + since.system) / 1_000;
  answers.forEach((ids, i) => {
    const query = queries[i] ?? new Float32Array();
    if (way.exact) nearest.set(query, new Set(ids));
    way.found += ids.filter((id) => nearest.get(query)?.has(id)).length;
  });
}

function predicateOf(share: number): Predicate | null {
  return share === 1 ? null : { kind: 'range', path: ['slice'], lower: null, upper: { value: BigInt(Math.round(slices * share)), inclusive: false } };
}

function fill(words: Words, count: number): Growing[] {
  const stored = words.names.map((_, word) => word).filter((word) => !isQuery(word));
  return Array.from({ length: memtablesMax }, (_, number) => {
    const memtable = new Growing({ dimension, metric, rowsMax: count });
    for (const word of stored.slice(number * count, (number + 1) * count)) {
      const bytes = encodeVectorRecord(1, { id: words.names[word] ?? '', vector: vectorOf(words, word), metadata: metadataOf(words, word) });
      const view = recordWalker.check(bytes, { dimension, metric, recordBytesMax: 1 << 16 });
      memtable.add(view, recordWalker, 1, word, hashId(view.idBytes));
    }
    return memtable;
  });
}

/** One after the other, as a shard does: what is found in one says how near it has to be in the next. @returns ids, the nearest first. */
function search(memtables: readonly Growing[], vector: Float32Array, predicate: Predicate | null, exact: boolean): string[] {
  const soFar = new NearestSoFar(k);
  const asked = { metric, query: prepareQuery(metric, vector), k, predicate, exact, ef: null, recallTarget, nowMicros: 0, soFar } as const;
  const hits = memtables.flatMap((memtable) => {
    const { top } = searchGrowing(memtable, asked);
    soFar.add(top.distances);
    return [...top.rows].map((row, i) => ({ memtable, row, distance: top.distances[i] ?? 0 }));
  });
  return hits.sort((one, other) => one.distance - other.distance).slice(0, k).map(({ memtable, row }) => memtable.id(row));
}
