/** Whether recall by default lasts: after writing, deletes, what follows of them at rest, and kill -9. */
import type { IndexKind } from '@proximadb/schemas';
import { clusteredSet } from '../data/clustered-set.ts';
import type { DataSet } from '../data/data-set.ts';
import { exactTruth, isKept, type Truth } from '../data/truth.ts';
import { wordSet } from '../data/word-set.ts';
import { byDefault } from '../peers/peer.ts';
import { ProximaCalls, ways } from '../peers/proxima-calls.ts';
import { startServer, type ServerProcess } from '../processes/server.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';

export const lasting: Scenario = { name: 'lasting', title: 'Recall by default, before and after deletes, merges and a restart', run };

const k = 10;
const indexes: readonly IndexKind[] = ['hnsw', 'ivf'];
/** The default, and the one parameter for more. */
const targets = [0.95, 0.99] as const;

interface Case {
  readonly name: string;
  readonly index: IndexKind;
  readonly target: number;
  /** By the moment that it was measured at, in their order. */
  readonly recalls: number[];
}

async function run({ short, scratch, chosen, say }: BenchOptions): Promise<Report> {
  const queries = short ? 20 : 500;
  const made = {
    words: () => wordSet(chosen.rows ?? (short ? 3_000 : Infinity), queries), clustered: () => clusteredSet(chosen.rows ?? (short ? 1_000 : 24_000), queries),
  };
  const tables: Table[] = [];
  const aims: Aim[] = [];
  for (const set of Object.entries(made).filter(([name]) => chosen.set === undefined || chosen.set === name).map(([, make]) => make())) {
    const cases = await measure({ ...set, filters: [] }, `${scratch}/${set.name}`, !short, say);
    tables.push(tableOf(set, cases));
    aims.push(...aimsOf(set, cases));
  }
  return { tables, aims };
}

const moments = ['right after writing', 'at rest', 'right after every second was deleted', 'at rest again', 'after kill -9'] as const;

/** All cases on one server, a collection each: nothing is timed. */
async function measure(set: DataSet, data: string, isWhole: boolean, say: (line: string) => void): Promise<Case[]> {
  say(`${set.name}: the exact answers of ${set.queries.length} queries`);
  const truth = exactTruth(set, k);
  const cases = indexes.flatMap((index) => targets.map((target): Case => ({ name: `${index}-${target * 100}`, index, target, recalls: [] })));
  let server = await startServer(data);
  let all = cases.map((one) => ({ one, calls: callsOf(server, set, one) }));
  const look = async (isAfterDeletes: boolean): Promise<void> => {
    for (const { one, calls } of all) one.recalls.push(await recallOf(calls, set, truth, isAfterDeletes));
    say(`${set.name}: ${moments[(cases[0]?.recalls.length ?? 1) - 1]}`);
  };
  const rest = async (): Promise<void> => { if (isWhole) await Promise.all(all.map(({ calls }) => calls.rest())); };
  for (const { one, calls } of all) {
    await calls.create(set.metric, one.index, 0, { recallTarget: one.target });
    await calls.insertAll(set);
  }
  await look(false);
  await rest();
  await look(false);
  const gone = Array.from({ length: set.rows }, (_, row) => row).filter((row) => !isKept(row));
  await Promise.all(all.map(({ calls }) => calls.delete(gone)));
  await look(true);
  await rest();
  await look(true);
  for (const { calls } of all) calls.close();
  await server.signal('SIGKILL');
  server = await startServer(data);
  all = cases.map((one) => ({ one, calls: callsOf(server, set, one) }));
  await look(true);
  for (const { calls } of all) calls.close();
  await server.signal('SIGTERM');
  return cases;
}

function callsOf({ address, restPort }: ServerProcess, { dimension }: DataSet, { name }: Case): ProximaCalls {
  return new ProximaCalls({ writes: address, reads: address, restPort }, dimension, name);
}

async function recallOf(calls: ProximaCalls, set: DataSet, truth: Truth, isAfterDeletes: boolean): Promise<number> {
  const exact = truth.of(isAfterDeletes ? 'kept' : 'all');
  let found = 0;
  for (const [at, query] of set.queries.entries()) {
    const nearest = new Set(exact[at]);
    const rows = await calls.search({ query, k, effort: byDefault, filter: null, way: ways.call, client: 0 });
    found += rows.filter((row) => nearest.has(row)).length / nearest.size;
  }
  return found / set.queries.length;
}

function tableOf(set: DataSet, cases: readonly Case[]): Table {
  return {
    title: `${set.name}: recall@${k} of ${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, by default`,
    columns: ['index', 'recallTarget', ...moments],
    rows: cases.map(({ index, target, recalls }): Cell[] => [index, target, ...recalls.map((recall) => recall.toFixed(4))]),
    notes: [
      `${set.queries.length} queries that are not stored, without \`ef\`; recall against plain arithmetic in double precision.`,
      'Right after writing and deleting: segments are being merged, and many have no index yet. At rest: after 35 seconds in which nothing changed.',
    ],
  };
}

function aimsOf({ name }: DataSet, cases: readonly Case[]): Aim[] {
  return targets.map((target) => {
    const worst = Math.min(...cases.filter((one) => one.target === target).flatMap(({ recalls }) => recalls));
    return {
      what: `${name}: recall@${k} with ${target === 0.95 ? 'nothing set' : `recallTarget ${target}`}, the worst moment`, aimed: `≥ ${target}`,
      measured: worst.toFixed(4), met: worst >= target,
    };
  });
}
