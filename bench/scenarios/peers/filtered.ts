/** Filters of known selectivity, that ignore the vector and that follow it: what is found, whether enough is found, and how long it takes beside no filter. */
import { matches, type RangeFilter } from '../../data/data-set.ts';
import type { Cell, Table } from '../../report.ts';
import { median, percentile } from '../../statistics.ts';
import type { PeerAnswer } from '../../processes/peer.ts';
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
  /** Of the searches without a filter that were asked in turns with these. */
  readonly besideP50Ms: number;
  /** Each search with a filter that was never asked before: a server may keep which rows the last ones matched. null: it was not measured. */
  readonly freshP50Ms: number | null;
}

const k = 10;
/** A block of a slow peer ends with so few queries. */
const queriesMin = 21;
const queriesMax = 200;
/** With and without a filter take turns: what a busy machine does to one, it does to the other. */
const turns = 3;

/** @param ways each with the effort at which it is asked. */
export async function filteredSearches(course: Course, ways: readonly { readonly way: Way; readonly effort: number }[]): Promise<Filtered[]> {
  const { set, sizes, say } = course;
  if (set.filters.length === 0) return [];
  const filtered: Filtered[] = [];
  const without = new Map<Way, Asked[]>(ways.map(({ way }) => [way, []]));
  for (const filter of set.filters) {
    say(`filter ${filter.field} < ${filter.below} (${(filter.share * 100).toFixed(2)} %)`);
    for (const { way, effort } of ways) {
      const settings: Settings = { course, way, effort, filter };
      const probe = await ask(settings, queriesFrom(course, 0, 5));
      const count = Math.min(queriesMax, Math.max(Math.min(queriesMin, sizes.blockQueriesMin), Math.round(sizes.blockMs * 2 / median(probe.latenciesMs))));
      const queries = queriesFrom(course, 0, count);
      // Of others it is not known whether they compare whole numbers with fractions.
      const canBeFresh = way.entrant.kind.isOurs && filter.kind !== 'own';
      const [beside, mine, fresh]: [Asked[], Asked[], Asked[]] = [[], [], []];
      for (let turn = 0; turn < turns; turn += 1) {
        const some = queries.slice(Math.floor(turn * count / turns), Math.floor((turn + 1) * count / turns));
        beside.push(await ask({ ...settings, filter: null }, some));
        mine.push(await ask(settings, some));
        if (canBeFresh) fresh.push(await ask({ ...settings, isFresh: true }, some));
      }
      without.get(way)?.push(...beside);
      filtered.push({ ...resultOf(settings, mine), besideP50Ms: p50(beside), freshP50Ms: canBeFresh ? p50(fresh) : null });
    }
  }
  const unfilteredOnes = ways.map(({ way, effort }): Filtered => {
    const asked = without.get(way) ?? [];
    return { ...resultOf({ course, way, effort, filter: null }, asked), besideP50Ms: p50(asked), freshP50Ms: null };
  });
  return [...unfilteredOnes, ...filtered];
}

interface Settings {
  readonly course: Course;
  readonly way: Way;
  readonly effort: number;
  readonly filter: RangeFilter | null;
  readonly isFresh?: boolean;
}

interface Asked {
  readonly queries: readonly number[];
  readonly found: PeerAnswer['found'];
  readonly latenciesMs: PeerAnswer['latenciesMs'];
}

async function ask({ course: { set }, way: { entrant, way }, effort, filter, isFresh = false }: Settings, queries: readonly number[]): Promise<Asked> {
  const number = filter === null ? null : set.filters.indexOf(filter);
  const { found, latenciesMs } = await entrant.process.ask({ kind: 'search', block: { queries, k, effort, filter: number, isFresh, way, clients: 1 } });
  return { queries, found, latenciesMs };
}

function p50(asked: readonly Asked[]): number {
  return median(asked.flatMap(({ latenciesMs }) => [...latenciesMs]));
}

function resultOf({ course, way, effort, filter }: Settings, asked: readonly Asked[]): Omit<Filtered, 'besideP50Ms' | 'freshP50Ms'> {
  const found = Uint32Array.from(asked.flatMap((one) => [...one.found]));
  const judged = judge({ found }, asked.flatMap(({ queries }) => queries), k, course, filter ?? 'all', memberOf(course, filter));
  const latenciesMs = asked.flatMap((one) => [...one.latenciesMs]);
  return { way, effort, filter, ...judged, p50Ms: median(latenciesMs), p99Ms: percentile(latenciesMs, 0.99) };
}

function memberOf({ set }: Course, filter: RangeFilter | null): (row: number) => boolean {
  return filter === null ? () => true : (row) => row < set.rows && matches(filter, set.metadata(row));
}

/** A row a way, a column a filter. */
export function filteredTables({ set }: Course, results: readonly Filtered[]): Table[] {
  if (results.length === 0) return [];
  const byWay = [...Map.groupBy(results, ({ way }) => way.label).values()];
  const fresh = byWay.filter((mine) => mine.some(({ freshP50Ms }) => freshP50Ms !== null));
  const asked = [null, ...set.filters];
  const table = (
    title: string, ways: readonly (readonly Filtered[])[], cell: (one: Filtered) => Cell, more: string, of: (mine: readonly Filtered[]) => Cell,
    notes: readonly string[],
  ): Table => ({
    title: `${set.name}: ${title}, k = ${k}, 1 client`, columns: ['', 'ef', ...asked.map(nameOf), more], notes,
    rows: ways.map((mine): Cell[] => [
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
    table('recall under filters', byWay, ({ recall }) => recall.toFixed(4), 'answers too short', sum, [
      'The part of the rows that matches. Uncorrelated (u): drawn by lot. Correlated (c): the rows around one that was drawn by lot, away from most queries.',
      'ef: the least that finds 0.95 without a filter. Too short: fewer rows than 10, or than match where fewer do.',
    ]),
    table('p50 ms under filters', byWay, ({ p50Ms }) => p50Ms, 'the slowest, × without', (mine) => slowdown(mine, 'p50Ms'), [
      'The same filter with every query. × without: beside searches without a filter that take turns with these.',
      'Filter after filter, and in each one peer after the other, three turns of its own: only with and without the filter take turns.',
    ]),
    ...(fresh.length === 0 ? [] : [table(
      'p50 ms under filters, each asked for the first time', fresh, ({ p50Ms, freshP50Ms }) => freshP50Ms ?? p50Ms, 'the slowest, × without',
      (mine) => slowdown(mine, 'freshP50Ms'),
      ['The same rows match, by a bound that no search had before: ours keep which rows the last filters matched.'],
    )]),
  ];
}

/** As the tables call it. */
export function nameOf(filter: RangeFilter | null): string {
  if (filter === null) return 'none';
  const share = `${Number((filter.share * 100).toPrecision(2))} %`;
  return filter.kind === 'own' ? `${filter.field} < ${filter.below} (${share})` : `${share} ${filter.kind === 'correlated' ? 'c' : 'u'}`;
}

/** The slowest filter's p50 beside that without a filter. */
export function slowdown(mine: readonly Filtered[], of: 'p50Ms' | 'freshP50Ms'): number {
  return Math.max(...mine.filter(({ filter }) => filter !== null).map((one) => (one[of] ?? 0) / one.besideP50Ms));
}
