/** One segment, searched by a graph, by codes and by inverted lists: what each takes to make, and recall beside time, with and without filters. */
import { join } from 'node:path';
import { encodeVectorRecord } from '@proximadb/record';
import {
  defaultQuantization, encodeRows, prepareQuery, runBuildJob, Sealed, searchSealed, type BuildResult, type Predicate, type SegmentAnswer,
} from '@proximadb/segment';
import { recordText, recordWalker, writeFlatSegment } from '../flat-segment.ts';
import type { Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile, stretchesOf, stretch } from '../statistics.ts';
import { dimension, isQuery, loadWords, metadataOf, slices, vectorOf, type Words } from '../words.ts';

export const segments: Scenario = { name: 'segments', title: 'One segment: graph, codes, and lists', run };

const metric = 'cosine';
const k = 10;
const graphSettings = { dimension, metric, m: 16, efConstruction: 128, quantization: defaultQuantization(metric) } as const;
/** What a collection has if it is not told. */
const recallTarget = 0.95;
const shares = [1, 0.5, 0.1, 0.01];

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const words = loadWords();
  const all = words.names.map((_, word) => word).filter((word) => !isQuery(word));
  const queries = words.names.map((_, word) => word).filter((word) => isQuery(word)).slice(0, short ? 20 : 300).map((word) => vectorOf(words, word));
  const tables: Table[] = [];
  for (const parts of short ? [80] : [12, 1]) {
    const members = all.filter((_, i) => i % parts === 0);
    say(`${members.length} rows`);
    const { builds, made } = await make(words, members, join(scratch, String(parts)));
    tables.push(buildTable(members.length, builds), searchTable(members.length, made, queries));
    for (const { sealed } of made) sealed.close();
  }
  return { tables, aims: [] };
}

interface Made {
  /** codes: it has no index yet. graph: and no codes. both: as the plan chooses. */
  readonly index: 'graph' | 'codes' | 'both' | 'lists';
  readonly sealed: Sealed;
}

/** What making one took. */
interface Build {
  readonly index: 'graph' | 'lists';
  readonly threads: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Rows that were asked for by their own vectors. */
  readonly asked: number;
  /** Of these. */
  readonly missed: number;
}

const threadsOfGraphs = [1, 2, 4];
const askedMax = 50_000;
const selfCandidates = 256;

async function make(words: Words, members: readonly number[], directory: string): Promise<{ readonly builds: Build[]; readonly made: Made[] }> {
  const word = (row: number): number => members[row] ?? 0;
  const vector = (row: number): Float32Array => vectorOf(words, word(row));
  const flat = writeFlatSegment(directory, {
    metric, dimension, count: members.length, vector,
    record: (row) => encodeVectorRecord(1, { id: words.names[word(row)] ?? '', vector: vector(row), metadata: metadataOf(words, word(row)) }),
  });
  const timed = (job: Parameters<typeof runBuildJob>[0], threads = 1): BuildResult & { readonly seconds: number } => {
    const startedMs = performance.now();
    return { ...runBuildJob(job, threads), seconds: (performance.now() - startedMs) / 1_000 };
  };
  const open = (files: typeof flat): Promise<Sealed> =>
    Sealed.open({ directory: join(directory, files.id), files, graphSettings, walkerOf: () => recordWalker, storage: 'memory' }, false);
  const whole = { directory: join(directory, flat.id), schemaIds: flat.schemaIds, keep: encodeRows(members.keys()) };
  const lists = timed({
    kind: 'merge', directory: join(directory, 'lists'), dimension, schemas: { 1: recordText }, lists: metric, codes: undefined, recallTarget, sources: [whole],
  });
  if (lists.segment === undefined) throw new Error('no lists were built');
  const listBytes = lists.segment.files.filter(({ name }) => name === 'lists.bin' || name === 'codes.bin').reduce((sum, { bytes }) => sum + bytes, 0);
  const builds: Build[] = [{ index: 'lists', threads: 1, seconds: lists.seconds, bytes: listBytes, asked: 0, missed: 0 }];
  let graph: BuildResult['graph'];
  for (const threads of threadsOfGraphs) {
    const built = timed({ kind: 'graph', directory: whole.directory, sources: [whole], graph: { ...graphSettings, recallTarget } }, threads);
    graph = built.graph;
    if (graph === undefined) throw new Error('no graph was built');
    const opened = await open(flat);
    await opened.attach(graph, false);
    builds.push({ index: 'graph', threads, seconds: built.seconds, bytes: graph.file.bytes, ...missedOf(opened) });
    opened.close();
  }
  if (graph === undefined) throw new Error('no graph was built');
  const byGraph = await open({ ...flat, files: flat.files.filter(({ name }) => name !== 'signs.bin') });
  const byBoth = await open(flat);
  for (const one of [byGraph, byBoth]) await one.attach(graph, false);
  const made: Made[] = [
    { index: 'graph', sealed: byGraph }, { index: 'codes', sealed: await open(flat) }, { index: 'both', sealed: byBoth },
    { index: 'lists', sealed: await open(lists.segment) },
  ];
  return { builds, made };
}

/** How many rows a graph does not find by their own vectors, by the numbers of 8 bits that it keeps. */
function missedOf({ graph, vectors, rows: { count } }: Sealed): Pick<Build, 'asked' | 'missed'> {
  if (graph === undefined) throw new Error('no graph is open');
  const step = Math.ceil(count / askedMax);
  let [asked, missed] = [0, 0];
  for (let first = 0; first < count; first += step) {
    asked += 1;
    vectors.each(first, 1, (row, vector) => { if (!graph.candidates(vector, selfCandidates).includes(row)) missed += 1; });
  }
  return { asked, missed };
}

function buildTable(rows: number, builds: readonly Build[]): Table {
  return {
    title: `Making the index of ${rows.toLocaleString('en-US')} rows, ${dimension}-d`,
    columns: ['', 'threads', 'seconds', 'rows/s', 'bytes a row', 'rows asked for by their own vectors', 'not found'],
    rows: builds.map(({ index, threads, seconds, bytes, asked, missed }) =>
      [index, threads, seconds, Math.round(rows / seconds), Math.round(bytes / rows), asked === 0 ? '' : asked, asked === 0 ? '' : missed]),
    notes: [
      'Lists: with writing the whole segment anew in their order. Graph: M 16, efConstruction 128, i8, and nothing else is written.',
      `Not found among ${selfCandidates} candidates of the graph, whose vectors are numbers of 8 bits: words of nearly the same vector crowd each other out.`,
    ],
  };
}

interface Way {
  readonly share: number;
  readonly made: Made;
  readonly ef: number | null | 'exact';
  readonly micros: number[];
  readonly strategies: Set<string>;
  found: number;
  sought: number;
}

function searchTable(rows: number, made: readonly Made[], queries: readonly Float32Array[]): Table {
  const [graph] = made;
  if (graph === undefined) throw new Error('nothing to ask');
  const ways = shares.flatMap((share) => [
    way(share, graph, 'exact'), ...made.flatMap((one) => efsOf(one).map((ef) => way(share, one, ef))),
  ]);
  const truths = new Map(shares.map((share) => [share, new Map<Float32Array, Set<string>>()]));
  for (const some of stretchesOf(queries)) {
    for (const one of ways) {
      const truth = truths.get(one.share);
      for (const query of some) {
        const startedMs = performance.now();
        const answer = ask(one, query);
        one.micros.push((performance.now() - startedMs) * 1_000);
        one.strategies.add(answer.strategy);
        const ids = [...answer.top.rows].map((row) => one.made.sealed.view(row).id);
        if (one.ef === 'exact') truth?.set(query, new Set(ids));
        const sought = truth?.get(query);
        one.found += ids.filter((id) => sought?.has(id)).length;
        one.sought += sought?.size ?? 0;
      }
    }
  }
  return {
    title: `k = ${k} of ${rows.toLocaleString('en-US')} rows, on one thread, without a server`,
    columns: ['filter matches', 'index', 'ef', `recall@${k}`, 'p50 µs', 'p99 µs', 'how'],
    rows: ways.map(({ share, made: { index }, ef, micros, found, sought, strategies }): Cell[] => [
      share === 1 ? 'no filter' : `${share * 100} %`, ef === 'exact' ? 'none' : index, ef ?? 'default', (found / sought).toFixed(4),
      Math.round(median(micros)), Math.round(percentile(micros, 0.99)), [...strategies].join(', '),
    ]),
    notes: [
      `${queries.length} words that are not stored. The ways take turns, ${stretch} queries at a time: each has the processor's cache for itself meanwhile.`,
      'codes: of one bit a number, as memtables have them, too, and all that waits for an index. both: with a graph, as it is in a collection.',
    ],
  };
}

function efsOf({ index }: Made): readonly (number | null)[] {
  return index === 'codes' || index === 'both' ? [null] : [null, 128, 256];
}

function way(share: number, made: Made, ef: Way['ef']): Way {
  return { share, made, ef, micros: [], strategies: new Set(), found: 0, sought: 0 };
}

function ask({ share, made, ef }: Way, query: Float32Array): SegmentAnswer {
  const predicate: Predicate | null = share === 1 ? null
    : { kind: 'range', path: ['slice'], lower: null, upper: { value: BigInt(Math.round(slices * share)), inclusive: false } };
  return searchSealed(made.sealed, {
    metric, query: prepareQuery(metric, query), k, predicate, exact: ef === 'exact', ef: typeof ef === 'number' ? ef : null, recallTarget, nowMicros: 0,
  });
}
