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

export function filteredTable({ set }: Course, results: readonly Filtered[]): Table {
  return {
    title: `${set.name}: filters, k = ${k}, 1 client, each at an ef that finds 0.95 without a filter`,
    columns: ['filter matches', 'kind', '', 'ef', `recall@${k}`, 'too short', 'p50 ms', 'p99 ms', '× p50 without'],
    rows: results.map(({ way, effort, filter, recall, short, p50Ms, p99Ms }): Cell[] => [
      filter === null ? 'no filter' : `${Number((filter.share * 100).toPrecision(2))} %`, filter?.kind ?? '', way.label, effort, recall.toFixed(4), short,
      p50Ms, p99Ms, p50Ms / unfiltered(results, way),
    ]),
    notes: [
      'Uncorrelated: drawn by lot. Correlated: the rows around one row that was drawn by lot, away from most queries.',
      'Too short: answers with fewer rows than 10, or than match where fewer do.',
    ],
  };
}

export function unfiltered(results: readonly Filtered[], { label }: Way): number {
  return results.find(({ way, filter }) => way.label === label && filter === null)?.p50Ms ?? NaN;
}
