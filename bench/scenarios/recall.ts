/** Whether what a segment says of its recall holds for queries that it does not know, and what a target costs. */
import { join } from 'node:path';
import { encodeVectorRecord } from '@proximadb/record';
import type { Metric } from '@proximadb/schemas';
import {
  defaultQuantization, defaultsOf, encodeRows, prepareQuery, runBuildJob, Sealed, searchSealed, type BuiltGraph, type GraphSettings, type SegmentDefaults,
  type SegmentFiles,
} from '@proximadb/segment';
import { clusteredSet } from '../data/clustered-set.ts';
import { vectorAt, type DataSet } from '../data/data-set.ts';
import { wordSet } from '../data/word-set.ts';
import { recordText, recordWalker, writeFlatSegment } from '../flat-segment.ts';
import type { Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';
import { dimension, loadWords } from '../words.ts';

export const recall: Scenario = { name: 'recall', title: 'Recall: measured by a segment, and of queries that it does not know', run };

const metrics = ['cosine', 'euclidean', 'dot'] as const;
const indexes = ['graph', 'codes', 'lists'] as const;
/** `both`: as a collection has it. */
type Index = typeof indexes[number] | 'both';
const targets = [0.95, 0.99] as const;
const hits = [10, 100] as const;

async function run({ short, scratch, say, chosen }: BenchOptions): Promise<Report> {
  const queries = short ? 20 : 500;
  const sets = [
    wordSet(chosen.rows ?? (short ? 3_000 : 30_000), queries), clusteredSet(chosen.rows ?? (short ? 1_000 : 15_000), queries),
  ].filter(({ name }) => chosen.set === undefined || name.startsWith(chosen.set));
  const tables: Table[] = [];
  for (const set of sets) {
    const rows: Cell[][] = [];
    for (const metric of metrics) {
      for (const index of indexes) {
        say(`${set.name}: ${index} under ${metric}`);
        using made = await make(set, metric, index, join(scratch, set.name, metric, index));
        for (const target of targets) rows.push(...measured(set, metric, index, made, target));
      }
    }
    tables.push({
      title: `${set.name}: one segment of ${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, searched as its target says`,
      columns: ['metric', 'index', 'target', 'reads by default', 'recall@10 as it measured', 'recall@10', 'recall@100', 'p50 µs, k = 10', 'built in s'],
      rows,
      notes: [`${queries} queries that are not stored; recall beside exact search.`],
    });
  }
  const { table, worst } = await ofOtherQueries(chosen.rows ?? (short ? 3_000 : 30_000), short ? 20 : 300, scratch, say);
  return {
    tables: [...tables, table],
    aims: [{
      what: 'recall@10 by default of queries that are not like the rows, the worst', aimed: `≥ ${targets[0]}`, measured: worst.toFixed(4),
      met: worst >= targets[0],
    }],
  };
}

/** The most common words are stored, rarer ones are the queries: the rarer, the less they are like what is stored. */
async function ofOtherQueries(
  count: number, asked: number, scratch: string, say: (line: string) => void,
): Promise<{ readonly table: Table; readonly worst: number }> {
  const { names, vectors } = loadWords();
  const stored = { name: 'common', dimension, rows: count, vectors: vectors.subarray(0, count * dimension) };
  const from = (first: number): Float32Array[] => Array.from({ length: asked }, (_, i) => {
    const word = Math.min(names.length - 1, first + i * 30);
    return vectors.slice(word * dimension, (word + 1) * dimension);
  });
  const kinds = [['the next', from(count)], ['of the middle', from(150_000)], ['the rarest', from(names.length - asked * 30)]] as const;
  const rows: Cell[][] = [];
  let worst = 1;
  for (const metric of metrics) {
    for (const index of ['both', 'lists'] as const) {
      say(`common words: ${index} under ${metric}`);
      using made = await make(stored, metric, index, join(scratch, stored.name, metric, index));
      for (const [kind, queries] of kinds) {
        const answers = queries.map((query) => recallOf(query, metric, made));
        const recall = mean(answers.map((one) => one.recall));
        worst = Math.min(worst, recall);
        const other = mean(queries.map((query) => recallOf(query, metric, made, fewest).recall));
        const p50 = Math.round(median(answers.map(({ micros }) => micros)));
        rows.push([metric, index === 'both' ? 'graph' : index, kind, recall.toFixed(4), other.toFixed(4), p50]);
      }
    }
  }
  return {
    worst,
    table: {
      title: `The ${count.toLocaleString('en-US')} most common words in one segment, asked for what is near other words`,
      columns: ['metric', 'index', 'words', 'recall@10 by default', `with ef ${fewest}`, 'p50 µs by default'], rows,
      notes: [
        `${asked} words of each kind, target ${targets[0]}. With an \`ef\` no more is read for queries that lie farther from rows than these from each other.`,
      ],
    },
  };
}

const fewest = 64;
const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;

function recallOf(given: Float32Array, metric: Metric, { sealed }: Made, ef: number | null = null): { readonly recall: number; readonly micros: number } {
  const search = { metric, query: prepareQuery(metric, given), k: 10, predicate: null, ef, recallTarget: targets[0], nowMicros: 0 };
  const nearest = new Set(searchSealed(sealed, { ...search, exact: true }).top.rows);
  const startedMs = performance.now();
  const { top } = searchSealed(sealed, { ...search, exact: false });
  const micros = (performance.now() - startedMs) * 1_000;
  return { recall: top.rows.filter((row) => nearest.has(row)).length / nearest.size, micros };
}

type Rows = Pick<DataSet, 'dimension' | 'rows' | 'vectors'>;

export interface Made extends Disposable {
  readonly sealed: Sealed;
  readonly seconds: number;
}

export async function make(set: Rows, metric: Metric, index: Index, directory: string): Promise<Made> {
  const { dimension, rows } = set;
  const graphSettings = { dimension, metric, m: 16, efConstruction: 128, quantization: defaultQuantization(metric) };
  const flat = writeFlatSegment(directory, {
    metric, dimension, count: rows, vector: (row) => vectorAt(set, row), record: (row) => encodeVectorRecord(1, { id: `r${row}`, vector: vectorAt(set, row) }),
  });
  const startedMs = performance.now();
  const { files, graph } = indexed(index, flat, { ...graphSettings, rows }, directory);
  const seconds = (performance.now() - startedMs) / 1_000;
  const where = { directory: join(directory, files.id), files };
  const sealed = await Sealed.open({ ...where, graphSettings, walkerOf: () => recordWalker, storage: 'memory' }, false);
  if (graph !== undefined) await sealed.attach(graph, false);
  return { sealed, seconds, [Symbol.dispose]: () => { sealed.close(); } };
}

/** A segment that is searched in one way only. */
function indexed(
  index: Index, flat: SegmentFiles, { rows, ...settings }: GraphSettings & { readonly rows: number }, directory: string,
): { readonly files: SegmentFiles; readonly graph: BuiltGraph | undefined } {
  const { metric, dimension } = settings;
  if (index === 'codes') return { files: flat, graph: undefined };
  const whole = { directory: join(directory, flat.id), schemaIds: flat.schemaIds, keep: encodeRows(Array(rows).keys()) };
  if (index === 'graph' || index === 'both') {
    // Measured as far as the highest target asks: a lower one reads the steps before.
    const graphJob = { ...settings, recallTarget: Math.max(...targets) };
    const { graph } = runBuildJob({ kind: 'graph', directory: whole.directory, sources: [whole], graph: graphJob });
    return { files: index === 'both' ? flat : { ...flat, files: flat.files.filter(({ name }) => name !== 'signs.bin') }, graph };
  }
  const { segment } = runBuildJob({
    kind: 'merge', directory: join(directory, 'lists'), dimension, schemas: { 1: recordText }, lists: metric, codes: undefined,
    recallTarget: Math.max(...targets), sources: [whole],
  });
  if (segment === undefined) throw new Error('no segment');
  return { files: segment, graph: undefined };
}

function measured(set: DataSet, metric: Metric, index: Index, { sealed, seconds }: Made, recallTarget: number): Cell[][] {
  const micros: number[] = [];
  const recalls = hits.map((k) => {
    let found = 0;
    for (const given of set.queries) {
      const search = { metric, query: prepareQuery(metric, given), k, predicate: null, ef: null, recallTarget, nowMicros: 0 };
      const nearest = new Set(searchSealed(sealed, { ...search, exact: true }).top.rows);
      const startedMs = performance.now();
      const { top } = searchSealed(sealed, { ...search, exact: false });
      if (k === 10) micros.push((performance.now() - startedMs) * 1_000);
      found += top.rows.filter((row) => nearest.has(row)).length / nearest.size;
    }
    return (found / set.queries.length).toFixed(4);
  });
  const defaults = defaultsOf(sealed, recallTarget);
  return [[
    metric, index, recallTarget, readsOf(index, defaults), defaults.recall?.toFixed(4) ?? 'not measured', ...recalls,
    Math.round(median(micros)), seconds.toFixed(1),
  ]];
}

function readsOf(index: Index, { ef, recall, listsRead, lists }: SegmentDefaults): string {
  if (index === 'codes' && recall !== 1) return 'codes of all';
  if (ef !== null) return `${ef} candidates`;
  return listsRead === null ? 'all rows' : `${listsRead} of ${lists} lists`;
}
