/** Ourselves and others on the same data, on the same machine, in turns: writing, recall against searches a second, filters, deletes, load, restart. */
import { clusteredSet } from '../data/clustered-set.ts';
import type { DataSet } from '../data/data-set.ts';
import { ownSet } from '../data/own-set.ts';
import { wordSet } from '../data/word-set.ts';
import { kindOf, peerKinds, shortKinds } from '../peers/kinds.ts';
import { recallPlot } from '../plots/recall-plot.ts';
import type { Aim, Cell, Plot, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { afterDeletes, deletedTable, loadedTable, restarts, restartTable, underLoad, type Deleted } from './peers/after.ts';
import { aimsOf } from './peers/aims.ts';
import { behindTables } from './peers/behind.ts';
import { buildAll, buildTable } from './peers/building.ts';
import { isFirstWay, openCourse, operatingPoints, type OpenCourse } from './peers/course.ts';
import type { Course, Sizes } from './peers/entrant.ts';
import { plainFigures, type PeerFigures } from './peers/figures.ts';
import { filteredSearches, filteredTables } from './peers/filtered.ts';
import { comparisonTable, sweep, sweepTable, type Point } from './peers/sweep.ts';

export const peers: Scenario = { name: 'peers', title: 'Ourselves and others', run };

export const wholeSizes: Sizes = {
  rounds: 3, blockMs: 130, blockQueriesMin: 34, ks: [10, 100], clients: [1, 4, 16], effortStep: 1, loadMs: 5_000, rest: true,
};
/** Shows that everything works. */
export const tinySizes: Sizes = {
  rounds: 1, blockMs: 20, blockQueriesMin: 10, ks: [10], clients: [1, 4], effortStep: 3, loadMs: 300, rest: false,
};
/** All words, and so many made-up rows that a graph of them takes no longer: both sets with all peers take more than an hour on two cores. */
const wordRows = Infinity;
const clusteredRows = 24_000;
const queriesMax = 200;
const shortRows = 2_000;

async function run(options: BenchOptions): Promise<Report> {
  const reports: SetReport[] = [];
  for (const set of setsOf(options)) reports.push(await runSet(set(), options));
  return {
    tables: reports.flatMap(({ tables }) => tables), aims: reports.flatMap(({ aims }) => aims), figures: reports.map(({ figures }) => figures),
    plots: reports.flatMap((report) => report.plots ?? []),
    failures: reports.flatMap((report) => report.failures ?? []),
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

/** Of one data set. */
interface SetReport extends Report {
  readonly figures: PeerFigures;
}

async function runSet(set: DataSet, options: BenchOptions): Promise<SetReport> {
  const { short, chosen, say } = options;
  const started = performance.now();
  const kinds = chosen.only === undefined ? (short ? shortKinds : peerKinds) : chosen.only.map(kindOf);
  await using course = await openCourse(set, kinds, short ? tinySizes : wholeSizes, options);
  const built = await buildAll(course);
  const points = await sweep(course);
  const asked = operatingPoints(course, points);
  const filtered = await filteredSearches(course, asked.filter(({ way }) => way.entrant.kind.canFilter && isFirstWay(way)));
  const once = asked.filter(({ way }) => isFirstWay(way));
  const deleted = await afterDeletes(course, once);
  const loaded = await underLoad(course, once.filter(({ way }) => way.entrant.kind.sort !== 'library'));
  const back = await restarts(course, once);
  say(`${set.name}: ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
  const figures = plainFigures(set, { built, points, filtered, deleted, loaded, restarts: back });
  const aims: Aim[] = aimsOf(set.name, built, points, filtered, loaded);
  return {
    tables: [
      entrantsTable(course), buildTable(course, built), comparisonTable(course, points, [0.95, 0.99]),
      ...course.sizes.ks.map((k) => sweepTable(course, points, k)), ...filteredTables(course, filtered), deletedTable(course, deleted),
      loadedTable(course, loaded), restartTable(course, back), ...behindTables(figures),
    ],
    aims, figures, plots: plotsOf(course, points), failures: failuresOf(points, deleted),
  };
}

/** Slow is no failure; to find next to nothing, or what was deleted, is one of ours. */
function failuresOf(points: readonly Point[], deleted: readonly Deleted[]): string[] {
  return [
    ...points.filter(({ way, recall }) => way.entrant.kind.isOurs && recall < 0.5).map(({ way, recall, effort, k }) =>
      `${way.label} has a recall@${k} of ${recall.toFixed(3)} at ef ${effort}`),
    ...deleted.filter(({ way, wrong, short }) => way.entrant.kind.isOurs && wrong + short > 0).map(({ way, wrong, short }) =>
      `${way.label}: ${wrong} deleted rows in answers, ${short} answers too short`),
  ];
}

function entrantsTable({ entrants, left }: OpenCourse): Table {
  return {
    title: 'Who takes part', columns: ['', 'version', 'sort'],
    rows: entrants.map(({ kind, version }): Cell[] => [kind.name, version, kind.sort]),
    notes: [...entrants.map(({ kind }) => `${kind.name}: ${kind.settings}`), ...left.map(({ kind, reason }) => `${kind.name} is left out: ${reason}`)],
  };
}

function plotsOf({ set, sizes }: Course, points: readonly Point[]): Plot[] {
  return sizes.ks.flatMap((k) => sizes.clients.map((clients): Plot => {
    const mine = points.filter((point) => point.k === k && point.clients === clients);
    const curves = [...Map.groupBy(mine, ({ way }) => way.label)].map(([label, group]) =>
      ({ label, points: group, isOurs: group[0]?.way.entrant.kind.isOurs ?? false }));
    return {
      name: `peers-${set.name}-k${k}-clients${clients}`,
      svg: recallPlot({
        title: `${set.name}: recall@${k} against searches a second`,
        subtitle: `${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, ${set.metric}; clients: ${clients}; up and right is better`,
        curves,
      }),
    };
  }));
}

