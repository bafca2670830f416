/** Filters of known selectivity, that ignore the vector and that follow it: what is found, whether enough is found, and how long it takes beside no filter. */
import { matches, type RangeFilter } from '../../data/data-set.ts';
import type { Cell, Table } from '../../report.ts';
import { median, percentile } from '../../statistics.ts';
import { judge, queriesFrom, type Course, type Way } from './entrant.ts';

export interface Filtered {
  readonly way: Way;
  readonly effort: number;
  readonly filter: RangeFilter | null;
  readonly recall: number;
  readonly short: number;
  readonly wrong: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const k = 10;
/** A block of a slow peer ends with so few queries. */
const queriesMin = 20;
const queriesMax = 200;

/** @param ways each with the effort at which it is asked. */
export async function filteredSearches(course: Course, ways: readonly { readonly way: Way; readonly effort: number }[]): Promise<Filtered[]> {
  const { set, sizes, say } = course;
  const results: Filtered[] = [];
  for (const filter of [null, ...set.filters]) {
    say(filter === null ? 'no filter' : `filter ${filter.field} < ${filter.below} (${(filter.share * 100).toFixed(2)} %)`);
    const isMember = memberOf(course, filter);
    for (const { way, effort } of ways) {
      const settings = { k, effort, filter: filter === null ? null : set.filters.indexOf(filter), way: way.way, clients: 1 };
      const probe = await way.entrant.process.ask({ kind: 'search', block: { ...settings, queries: queriesFrom(course, 0, 5) } });
      const count = Math.min(queriesMax, Math.max(Math.min(queriesMin, sizes.blockQueriesMin), Math.round(sizes.blockMs * 2 / median(probe.latenciesMs))));
      const queries = queriesFrom(course, 0, count);
      const answer = await way.entrant.process.ask({ kind: 'search', block: { ...settings, queries } });
      const judged = judge(answer, queries, k, course, filter ?? 'all', isMember);
      results.push({ way, effort, filter, ...judged, p50Ms: median(answer.latenciesMs), p99Ms: percentile(answer.latenciesMs, 0.99) });
    }
  }
  return results;
}

function memberOf({ set }: Course, filter: RangeFilter | null): (row: number) => boolean {
  return filter === null ? () => true : (row) => row < set.rows && matches(filter, set.metadata(row));
}

/** A row a way, a column a filter. */
export function filteredTables({ set }: Course, results: readonly Filtered[]): Table[] {
  const byWay = [...Map.groupBy(results, ({ way }) => way.label).values()];
  const asked = [null, ...set.filters];
  const table = (title: string, cell: (one: Filtered) => Cell, more: string, of: (mine: readonly Filtered[]) => Cell, notes: readonly string[]): Table => ({
    title: `${set.name}: ${title} under filters, k = ${k}, 1 client`, columns: ['', 'ef', ...asked.map(nameOf), more], notes,
    rows: byWay.map((mine): Cell[] => [
      mine[0]?.way.label ?? '', mine[0]?.effort ?? 0,
      ...asked.map((filter) => {
        const one = mine.find((each) => each.filter === filter);
        return one === undefined ? '–' : cell(one);
      }),
      of(mine),
    ]),
  });
  const sum = (mine: readonly Filtered[]): number => mine.reduce((total, { short }) => total + short, 0);
  return [
    table('recall', ({ recall }) => recall.toFixed(4), 'answers too short', sum, [
      'The part of the rows that matches. Uncorrelated (u): drawn by lot. Correlated (c): the rows around one that was drawn by lot, away from most queries.',
      'ef: the least that finds 0.95 without a filter. Too short: fewer rows than 10, or than match where fewer do.',
    ]),
    table('p50 ms', ({ p50Ms }) => p50Ms, 'the slowest, × without', (mine) => Math.max(...mine.map(({ way, p50Ms }) => p50Ms / unfiltered(results, way))), []),
  ];
}

function nameOf(filter: RangeFilter | null): string {
  if (filter === null) return 'none';
  const share = `${Number((filter.share * 100).toPrecision(2))} %`;
  return filter.kind === 'own' ? `${filter.field} < ${filter.below} (${share})` : `${share} ${filter.kind === 'correlated' ? 'c' : 'u'}`;
}

export function unfiltered(results: readonly Filtered[], { label }: Way): number {
  return results.find(({ way, filter }) => way.label === label && filter === null)?.p50Ms ?? NaN;
}
