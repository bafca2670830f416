/** Recall against searches a second, by effort, k and clients: the peers take turns, a short block each. */
import type { Cell, Table } from '../../report.ts';
import { median, percentile } from '../../statistics.ts';
import { judge, queriesFrom, waysOf, type Course, type Sizes, type Way } from './entrant.ts';

export interface Point {
  readonly way: Way;
  readonly k: number;
  readonly clients: number;
  readonly effort: number;
  /** Of all queries of the set, whatever fits into a block: some are easier than others. */
  readonly recall: number;
  /** Median of the rounds. */
  readonly qps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Of the server. */
  readonly cpuSecondsPer1000: number;
}

interface Case {
  readonly way: Way;
  readonly k: number;
  readonly clients: number;
  readonly effort: number;
  readonly rates: number[];
  readonly latenciesMs: number[];
  queries: number;
  cpuSeconds: number;
  /** Of one search, by the first calls: of ten that travel together a tenth of their call. */
  expectedMs: number;
}

export async function sweep(course: Course): Promise<Point[]> {
  const { entrants, sizes, say } = course;
  const cases = entrants.flatMap(waysOf).flatMap((way) => sizes.ks.flatMap((k) => sizes.clients.flatMap((clients) =>
    effortsOf(way, course).map((effort): Case => (
      { way, k, clients, effort, rates: [], latenciesMs: [], queries: 0, cpuSeconds: 0, expectedMs: 0 })))));
  // One effort after the other: not everybody can change it from one search to the next.
  const inOrder = cases.toSorted((one, other) => one.effort - other.effort);
  const turns = [...Map.groupBy(inOrder, ({ k, clients, effort }) => `${k} of ${clients} at ${effort}`).values()];
  for (const way of entrants.flatMap(waysOf)) await warmUp(course, way);
  say('recall of all queries');
  const recalls = new Map<string, number>();
  for (const { way, k, effort } of inOrder) {
    const key = recallKey(way, k, effort);
    if (!recalls.has(key)) recalls.set(key, await recallOf(course, way, k, effort));
  }
  for (let round = 0; round < sizes.rounds; round += 1) {
    say(`recall against searches a second: round ${round + 1} of ${sizes.rounds}`);
    for (const turn of turns) {
      // Nobody is always the one that comes after the same other.
      const shift = round % turn.length;
      for (const one of [...turn.slice(shift), ...turn.slice(0, shift)]) await block(course, one, round);
    }
  }
  return cases.map((one) => pointOf(one, recalls.get(recallKey(one.way, one.k, one.effort)) ?? 0));
}

/** However many ask, it finds the same. */
function recallKey({ label }: Way, k: number, effort: number): string {
  return `${label}, ${k} at ${effort}`;
}

async function recallOf(course: Course, { entrant: { process }, way }: Way, k: number, effort: number): Promise<number> {
  const queries = queriesFrom(course, 0, Infinity);
  const answer = await process.ask({ kind: 'search', block: { queries, k, effort, filter: null, way, clients: 4 } });
  return judge(answer, queries, k, course, 'all').recall;
}

export function effortsOf({ entrant: { kind } }: Way, { sizes }: Course): number[] {
  return kind.efforts.filter((_, i) => i % sizes.effortStep === 0);
}

/** Of each case before anything counts, to see what fits into a block. */
const trialCalls = 8;
const queriesMax = 2_000;

/** What compiles while it runs is slow at first: so everybody is asked all queries before anything counts. */
async function warmUp(course: Course, way: Way): Promise<void> {
  const efforts = effortsOf(way, course);
  const effort = efforts[Math.floor(efforts.length / 2)] ?? 0;
  const queries = queriesFrom(course, 0, Infinity);
  await way.entrant.process.ask({ kind: 'search', block: { queries, k: 10, effort, filter: null, way: way.way, clients: 4 } });
}

async function block(course: Course, one: Case, round: number): Promise<void> {
  const { entrant: { process, kind }, way } = one.way;
  const inACall = kind.searchesInACall?.(way) ?? 1;
  const settings = { k: one.k, effort: one.effort, filter: null, way };
  if (round === 0) {
    const queries = queriesFrom(course, 0, trialCalls * inACall);
    const { latenciesMs } = await process.ask({ kind: 'search', block: { ...settings, queries, clients: 1 } });
    one.expectedMs = median(latenciesMs.slice(latenciesMs.length / 2)) / inACall;
  }
  const count = queriesOfBlock(one, inACall, course.sizes);
  // Fast ones are asked the set's queries several times over.
  const all = queriesFrom(course, round * course.sizes.blockQueriesMin, Infinity);
  const queries = Array.from({ length: count }, (_, i) => all[i % all.length] ?? 0);
  const answer = await process.ask({ kind: 'search', block: { ...settings, queries, clients: one.clients } });
  one.rates.push(queries.length / answer.tookMs * 1_000);
  one.latenciesMs.push(...answer.latenciesMs);
  one.queries += queries.length;
  one.cpuSeconds += answer.cpuSeconds;
}

/** @returns what fits into a block: whole calls, and of each client two at least. @param inACall searches of a client that travel together. */
export function queriesOfBlock(
  { expectedMs, clients }: Pick<Case, 'expectedMs' | 'clients'>, inACall: number, { blockMs, blockQueriesMin }: Pick<Sizes, 'blockMs' | 'blockQueriesMin'>,
): number {
  const wanted = Math.max(blockQueriesMin, clients * 2 * inACall, Math.min(Math.round(blockMs / expectedMs), queriesMax));
  return Math.ceil(wanted / inACall) * inACall;
}

function pointOf({ way, k, clients, effort, rates, latenciesMs, queries, cpuSeconds }: Case, recall: number): Point {
  return {
    way, k, clients, effort, recall, qps: median(rates),
    p50Ms: median(latenciesMs), p95Ms: percentile(latenciesMs, 0.95), p99Ms: percentile(latenciesMs, 0.99),
    cpuSecondsPer1000: queries === 0 ? 0 : cpuSeconds / queries * 1_000,
  };
}

export type AtRecall = Pick<Point, 'qps' | 'cpuSecondsPer1000' | 'p50Ms'>;
type Measured = AtRecall & Pick<Point, 'effort' | 'recall'>;

/** @returns what a way does at a recall, between its two points beside it (on a line, QPS by its logarithm); undefined: it never gets there. */
export function atRecall(points: readonly Measured[], recall: number): AtRecall | undefined {
  const sorted = [...points].sort((one, other) => one.effort - other.effort);
  const at = sorted.findIndex((point) => point.recall >= recall);
  const above = sorted[at];
  const below = sorted[at - 1];
  // The least it can be asked for finds more than that.
  if (above === undefined || below === undefined || above.recall === below.recall) return above;
  const share = (recall - below.recall) / (above.recall - below.recall);
  const between = (of: (point: AtRecall) => number): number => {
    const [low, high] = [of(below), of(above)];
    return low > 0 && high > 0 ? Math.exp(Math.log(low) + share * (Math.log(high) - Math.log(low))) : low + share * (high - low);
  };
  return { qps: between(({ qps }) => qps), cpuSecondsPer1000: between((point) => point.cpuSecondsPer1000), p50Ms: between(({ p50Ms }) => p50Ms) };
}

export function ofWay(points: readonly Point[], label: string, k: number, clients: number): Point[] {
  return points.filter((point) => point.way.label === label && point.k === k && point.clients === clients);
}

export function sweepTable({ set, sizes }: Course, points: readonly Point[], k: number): Table {
  const mine = points.filter((point) => point.k === k);
  const clients = [...new Set(mine.map((point) => point.clients))];
  const rows = [...Map.groupBy(mine, ({ way, effort }) => `${way.label} ${effort}`).values()].map((group): Cell[] => {
    const [first] = group;
    const of = (count: number): Point | undefined => group.find((point) => point.clients === count);
    const alone = of(clients[0] ?? 1);
    const most = of(clients.at(-1) ?? 1);
    return [
      first?.way.label ?? '', first?.effort ?? 0, (alone?.recall ?? 0).toFixed(4), ...clients.map((count) => Math.round(of(count)?.qps ?? 0)),
      alone?.p50Ms ?? 0, alone?.p95Ms ?? 0, alone?.p99Ms ?? 0, most?.p50Ms ?? 0, most?.p99Ms ?? 0, alone?.cpuSecondsPer1000 ?? 0,
    ];
  });
  const last = clients.at(-1) ?? 1;
  return {
    title: `${set.name}: k = ${k} of ${set.rows.toLocaleString('en-US')} rows, ${set.dimension}-d, ${set.metric}, no filter`,
    columns: ['', 'ef', `recall@${k}`, ...clients.map((count) => `searches/s, ${count} client${count === 1 ? '' : 's'}`),
      'p50 ms, 1 client', 'p95 ms', 'p99 ms',
      `p50 ms, ${last} clients`, 'p99 ms', 'server\'s CPU s per 1,000, 1 client'],
    rows,
    notes: [
      'ef: the candidates that are asked for, in each peer\'s own meaning of it. All clients of a peer are in one process, beside its server.',
      'Recall: of all queries, asked once before the rounds.',
      takeTurns(sizes),
    ],
  };
}

/** The searches a second that two ways can be compared by. */
export function comparisonTable({ set, sizes }: Course, points: readonly Point[], recalls: readonly number[]): Table {
  const labels = [...new Set(points.map(({ way }) => way.label))];
  const clients = [...new Set(points.map((point) => point.clients))];
  const columns = recalls.flatMap((recall) => clients.map((count) => ({ recall, count })));
  return {
    title: `${set.name}: searches/s at the same recall@10`,
    columns: ['', ...columns.map(({ recall, count }) => `${recall}, ${count} client${count === 1 ? '' : 's'}`), `CPU s per 1,000 at ${recalls[0]}, 1 client`],
    rows: labels.map((label): Cell[] => [
      label, ...columns.map(({ recall, count }) => whole(atRecall(ofWay(points, label, 10, count), recall)?.qps)),
      atRecall(ofWay(points, label, 10, clients[0] ?? 1), recalls[0] ?? 0.95)?.cpuSecondsPer1000 ?? '–',
    ]),
    notes: [
      'Between the two measured points beside that recall; –: never reached; where the lowest effort finds more already, the figure is that one\'s.',
      takeTurns(sizes),
    ],
  };
}

function takeTurns({ rounds, blockMs, blockQueriesMin }: Sizes): string {
  const turns = rounds === 1 ? 'in one round' : `in ${rounds} rounds, each begun by another`;
  return `Searches/s, p50 to p99, CPU: at each k, number of clients, and ef all take turns, some ${blockMs} ms or ${blockQueriesMin} queries each, ${turns}.`;
}

function whole(figure: number | undefined): Cell {
  return figure === undefined ? '–' : Math.round(figure);
}
