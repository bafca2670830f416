/** Did it get worse? Ours beside bare USearch, in ratios, against those of a stored run; at most five minutes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wordSet } from '../data/word-set.ts';
import { guardReport, mediansOf, type Baseline, type Figures } from '../guard/compare.ts';
import { figureNames, figuresOf, referenceName } from '../guard/figures.ts';
import { kindOf } from '../peers/kinds.ts';
import type { Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { buildAll, buildTable } from './peers/building.ts';
import { isFirstWay, openCourse, operatingPoints } from './peers/course.ts';
import type { Sizes } from './peers/entrant.ts';
import { filteredSearches } from './peers/filtered.ts';
import { comparisonTable, sweep } from './peers/sweep.ts';

export const guard: Scenario = { name: 'guard', title: 'Did it get worse?', run };

const sizes: Sizes = { rounds: 5, blockMs: 250, blockQueriesMin: 40, ks: [10], clients: [1, 4], effortStep: 1, loadMs: 0, rest: true };
/** Shows that it works: its figures are of no use. */
const tiny: Sizes = { ...sizes, rounds: 1, blockMs: 20, blockQueriesMin: 10, effortStep: 3, rest: false };
const rows = 40_000;
const tinyRows = 2_000;
const queries = 200;
/** With two partitions, so that a few rows are enough for segments with graphs and lists. */
const watched = [referenceName, 'proximadb hnsw of 2', 'proximadb ivf of 2'];
export const guardBaseline = join(import.meta.dirname, '..', 'baselines', 'guard.json');
/** What is stored of a run, and compared. */
export const guardFigures: readonly string[] = figureNames(watched.map(kindOf), sizes.clients);

/** Of as many the medians are stored: rows are written once in each. */
const runsStored = 3;

async function run(options: BenchOptions): Promise<Report> {
  const startedMs = performance.now();
  const { short, chosen, say } = options;
  const file = chosen.baseline ?? guardBaseline;
  const first = await measure(options);
  if (chosen.writeBaseline) {
    const runs = [first.figures];
    while (!short && runs.length < runsStored) runs.push((await measure(options)).figures);
    const stored: Baseline = { takenAt: new Date().toISOString(), figures: mediansOf(runs) };
    writeFileSync(file, `${JSON.stringify(stored, null, 1)}\n`);
  }
  const compared = guardReport(JSON.parse(readFileSync(file, 'utf8')) as Baseline, first.figures);
  say(`the guard took ${Math.round((performance.now() - startedMs) / 1_000)} s`);
  return { ...compared, tables: [...compared.tables, ...first.tables] };
}

async function measure(options: BenchOptions): Promise<{ readonly figures: Figures; readonly tables: readonly Table[] }> {
  const { short, chosen } = options;
  const set = wordSet(chosen.rows ?? (short ? tinyRows : rows), queries);
  await using course = await openCourse(set, watched.map(kindOf), short ? tiny : sizes, options);
  const built = await buildAll(course);
  const points = await sweep(course);
  const asked = operatingPoints(course, points).filter(({ way }) => way.entrant.kind.canFilter && isFirstWay(way));
  const figures = figuresOf(built, points, await filteredSearches(course, asked));
  return { figures, tables: [buildTable(course, built), comparisonTable(course, points, [0.95])] };
}
