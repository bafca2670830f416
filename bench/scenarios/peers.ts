/** Ourselves and others on the same data, on the same machine, in turns: writing, recall against searches a second, filters, deletes, load, restart. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusteredSet } from '../data/clustered-set.ts';
import type { DataSet } from '../data/data-set.ts';
import { ownSet } from '../data/own-set.ts';
import { storeSet } from '../data/stored.ts';
import { exactTruth } from '../data/truth.ts';
import { wordSet } from '../data/word-set.ts';
import { kindOf, peerKinds, shortKinds } from '../peers/kinds.ts';
import type { PeerKind } from '../peers/peer.ts';
import { recallPlot } from '../plots/recall-plot.ts';
import { PeerProcess } from '../processes/peer.ts';
import type { Aim, Cell, Plot, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { afterDeletes, deletedTable, loadedTable, restarts, restartTable, underLoad } from './peers/after.ts';
import { aimsOf } from './peers/aims.ts';
import { buildAll, buildTable } from './peers/building.ts';
import { waysOf, type Course, type Entrant, type Sizes, type Way } from './peers/entrant.ts';
import { filteredSearches, filteredTable } from './peers/filtered.ts';
import { comparisonTable, effortsOf, ofWay, sweep, sweepTable, type Point } from './peers/sweep.ts';

export const peers: Scenario = { name: 'peers', title: 'Ourselves and others', run };

const whole: Sizes = {
  rounds: 3, blockMs: 300, blockQueriesMin: 50, ks: [10, 100], clients: [1, 4, 16], effortStep: 1, loadMs: 5_000, withLoads: true,
};
/** Shows that everything works. */
const tiny: Sizes = {
  rounds: 1, blockMs: 20, blockQueriesMin: 10, ks: [10], clients: [1, 4], effortStep: 3, loadMs: 300, withLoads: true,
};
const wordRows = 341_479;
const clusteredRows = 50_000;
const queriesMax = 200;
const shortRows = 2_000;

async function run(options: BenchOptions): Promise<Report> {
  const reports: Report[] = [];
  for (const set of setsOf(options)) reports.push(await runSet(set(), options));
  return {
    tables: reports.flatMap(({ tables }) => tables), aims: reports.flatMap(({ aims }) => aims), plots: reports.flatMap((report) => report.plots ?? []),
  };
}

/** Made one after the other, so that only one is in memory. */
function setsOf({ short, chosen }: BenchOptions): (() => DataSet)[] {
  const { own, set, rows } = chosen;
  if (own !== undefined) return [() => ownSet({ ...own, rowsMax: rows ?? Infinity, queriesMax })];
  if (short) return [() => wordSet(rows ?? shortRows, 40)];
  const all = { words: () => wordSet(rows ?? wordRows, queriesMax), clustered: () => clusteredSet(rows ?? clusteredRows, queriesMax) };
  if (set === undefined) return Object.values(all);
  if (set !== 'words' && set !== 'clustered') throw new Error(`no data set ${set}; there are ${Object.keys(all).join(', ')}, or your own by --data FILE.npy`);
  return [all[set]];
}

async function runSet(set: DataSet, options: BenchOptions): Promise<Report> {
  const { short, scratch, chosen, say } = options;
  const started = performance.now();
  const folder = join(scratch, set.name);
  mkdirSync(folder, { recursive: true });
  storeSet(set, folder);
  say(`${set.name}: ${set.rows} rows, ${set.dimension}-d; the exact answers of ${set.queries.length} queries`);
  const truth = exactTruth(set, 100);
  const kinds = chosen.only === undefined ? (short ? shortKinds : peerKinds) : chosen.only.map(kindOf);
  const left: Left[] = [];
  await using stack = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  for (const kind of kinds) {
    const entrant = await enter(kind, folder, left, say);
    if (entrant === undefined) continue;
    stack.defer(() => entrant.process.end());
    entrants.push(entrant);
  }
  const course: Course = { set, truth, entrants, sizes: short ? tiny : whole, say };
  const built = await buildAll(course);
  const points = await sweep(course);
  const asked = operatingPoints(course, points);
  const filtered = await filteredSearches(course, asked.filter(({ way }) => way.entrant.kind.canFilter && isFirstWay(way)));
  const once = asked.filter(({ way }) => isFirstWay(way));
  const deleted = await afterDeletes(course, once);
  const loaded = await underLoad(course, once.filter(({ way }) => way.entrant.kind.sort !== 'library'));
  const back = await restarts(course, once);
  await stack.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
  mustWork(points, deleted);
  say(`${set.name}: ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
  const aims: Aim[] = aimsOf(set.name, built, points, filtered);
  return {
    tables: [
      entrantsTable(entrants, left), buildTable(course, built), comparisonTable(course, points, [0.95, 0.99]),
      ...course.sizes.ks.map((k) => sweepTable(course, points, k)), filteredTable(course, filtered), deletedTable(course, deleted),
      loadedTable(course, loaded), restartTable(course, back),
    ],
    aims, plots: plotsOf(course, points),
  };
}

interface Left {
  readonly kind: PeerKind;
  readonly reason: string;
}

/** @returns undefined if it cannot be had here: the others go on, and the report says who was missing. */
async function enter(kind: PeerKind, set: string, left: Left[], say: (line: string) => void): Promise<Entrant | undefined> {
  const lacks = kind.missing();
  if (lacks !== false) {
    left.push({ kind, reason: lacks });
    say(`${kind.name} is left out: ${lacks}`);
    return undefined;
  }
  const folder = join(set, kind.name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const process = PeerProcess.start(kind.name, set, folder);
  try {
    const { version } = await process.ask({ kind: 'open' });
    say(`${kind.name} ${version}`);
    return { kind, process, version };
  } catch (error) {
    await process.end();
    // Ours is not somebody else's software that may be out of reach.
    if (kind.isOurs) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    left.push({ kind, reason: reason.split('\n')[0] ?? '' });
    say(`${kind.name} is left out: ${reason}`);
    return undefined;
  }
}

function isFirstWay({ entrant, way }: Way): boolean {
  return entrant.kind.ways[0] === way;
}

/** The least effort that finds 0.95 of ten, or else the most there is. */
function operatingPoints(course: Course, points: readonly Point[]): { way: Way; effort: number }[] {
  return course.entrants.flatMap(waysOf).map((way) => {
    const mine = ofWay(points, way.label, 10, 1).sort((one, other) => one.effort - other.effort);
    return { way, effort: mine.find(({ recall }) => recall >= 0.95)?.effort ?? effortsOf(way, course).at(-1) ?? 0 };
  });
}

/** Slow is no failure; to find next to nothing, or what was deleted, is one of ours. */
function mustWork(points: readonly Point[], deleted: Awaited<ReturnType<typeof afterDeletes>>): void {
  for (const { way, recall, effort, k } of points) {
    if (way.entrant.kind.isOurs && recall < 0.5) throw new Error(`${way.label} has a recall@${k} of ${recall.toFixed(3)} at ef ${effort}`);
  }
  for (const { way, wrong, short } of deleted) {
    if (way.entrant.kind.isOurs && wrong + short > 0) throw new Error(`${way.label}: ${wrong} deleted rows in answers, ${short} answers too short`);
  }
}

function entrantsTable(entrants: readonly Entrant[], left: readonly Left[]): Table {
  return {
    title: 'Who takes part', columns: ['', 'version', 'sort', 'settings'],
    rows: entrants.map(({ kind, version }): Cell[] => [kind.name, version, kind.sort, kind.settings]),
    notes: left.map(({ kind, reason }) => `${kind.name} is left out: ${reason}`),
  };
}

function plotsOf({ set, sizes }: Course, points: readonly Point[]): Plot[] {
  return sizes.ks.flatMap((k) => sizes.clients.map((clients): Plot => {
    const mine = points.filter((point) => point.k === k && point.clients === clients);
    const curves = [...Map.groupBy(mine, ({ way }) => way.label)].map(([label, group]) => ({ label, points: group, isOurs: group[0]?.way.entrant.kind.isOurs ?? false }));
    return {
      name: `peers-${set.name}-k${k}-clients${clients}`,
      svg: recallPlot({
        title: `${set.name}: recall@${k} against searches a second`,
        subtitle: `${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, ${set.metric}; ${clients} client${clients === 1 ? '' : 's'}; up and right is better`, curves,
      }),
    };
  }));
}

