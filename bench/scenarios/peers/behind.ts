/** Where ours is behind: of each column that is measured, who does better than the best of ours. */
import { ways } from '../../peers/proxima-calls.ts';
import { showCell, type Cell, type Table } from '../../report.ts';
import type { PeerFigures, Who } from './figures.ts';
import { atRecall, type AtRecall } from './sweep.ts';

/** One figure of everybody who has it. */
interface Measure {
  readonly what: string;
  readonly better: 'higher' | 'lower';
  readonly figures: readonly Figure[];
}

interface Figure extends Pick<Who, 'who' | 'isOurs'> {
  readonly value: number;
  /** What the value has to be read beside. */
  readonly beside?: string;
}

export interface Behind {
  readonly what: string;
  /** Others that are ahead of the best of ours, the first the furthest. */
  readonly ahead: readonly Figure[];
  /** undefined: none of ours got there. */
  readonly ours: Figure | undefined;
  /** How many times as good the first is as ours, above 1; Infinity: none of ours got there, or the first took nothing. */
  readonly ratio: number;
}

const recalls = [0.95, 0.99];

/** @returns the largest ratio first. */
export function behind(figures: PeerFigures): Behind[] {
  return measuresOf(figures).flatMap(({ what, better, figures: all }): Behind[] => {
    const sorted = all.toSorted((one, other) => (better === 'higher' ? other.value - one.value : one.value - other.value));
    const ours = sorted.find(({ isOurs }) => isOurs);
    const isAhead = ({ value }: Figure): boolean => ours === undefined || (better === 'higher' ? value > ours.value : value < ours.value);
    const ahead = sorted.filter((one) => !one.isOurs && isAhead(one));
    const [first] = ahead;
    if (first === undefined) return [];
    if (ours === undefined) return [{ what, ahead, ours, ratio: Infinity }];
    return [{ what, ahead, ours, ratio: better === 'higher' ? first.value / ours.value : ours.value / first.value }];
  }).sort((one, other) => (one.ratio === other.ratio ? 0 : other.ratio - one.ratio));
}

/** None where nobody of ours takes part. */
export function behindTables(figures: PeerFigures): Table[] {
  if (!figures.built.some(({ isOurs }) => isOurs)) return [];
  const rows = behind(figures).map(({ what, ahead, ours, ratio }): Cell[] => [
    what, ahead.map(shown).join('; '), ours === undefined ? 'never reached' : shown(ours),
    Number.isFinite(ratio) ? `${ratio.toFixed(2)} ×` : '–',
  ]);
  return [{
    title: `${figures.set}: where ours is behind`,
    columns: ['', 'others that are ahead, the furthest first', 'the best of ours', 'ratio'],
    rows: rows.length === 0 ? [['none', '', '', '']] : rows,
    notes: [
      'Computed from the tables above. Ratio: how many times as good the first is. A difference that the machine makes counts, too.',
      `Searches/s, p50 and CPU: at the same recall@10, a search a call or message, so without "${ways.ten}".`,
      'Under filters: at the ef of the tables above, so at the recall in brackets. Searches beside writes: beside the rows/s in brackets.',
    ],
  }];
}

function shown({ who, value, beside }: Figure): string {
  return `${who}: ${showCell(value)}${beside === undefined ? '' : ` (${beside})`}`;
}

function measuresOf({ rows, built, points, filtered, deleted, loaded, restarts }: PeerFigures): Measure[] {
  const lower = <T extends Pick<Who, 'who' | 'isOurs'>>(what: string, from: readonly T[], of: (one: T) => number, beside?: (one: T) => string): Measure =>
    ({ what, better: 'lower', figures: from.map((one) => figureOf(one, of(one), beside?.(one))) });
  const higher: typeof lower = (what, from, of, beside) => ({ ...lower(what, from, of, beside), better: 'higher' });
  const asked = points.filter(({ way, k }) => way !== ways.ten && k === 10);
  const clients = [...new Set(asked.map((point) => point.clients))];
  const filters = [...Map.groupBy(filtered, ({ filter }) => filter)];
  const searched = loaded.filter(({ qps }) => qps > 0);
  const stages = [...Map.groupBy(searched, (one) =>
    `${one.share === 0 ? 'nothing' : `${one.share * 100} % of the most`} is written, ${many(one.clients)}`)];
  return [
    higher('rows/s acknowledged', built, ({ ackedSeconds }) => rows / ackedSeconds),
    higher('rows/s until indexed', built, ({ indexedSeconds }) => rows / indexedSeconds),
    lower('CPU s of the server until indexed', built, ({ cpuSeconds }) => cpuSeconds),
    lower('memory after writing, MiB', built, ({ memoryBytes }) => mebi(memoryBytes)),
    lower('memory at rest, MiB', built, ({ memoryAtRestBytes }) => mebi(memoryAtRestBytes)),
    lower('disk after writing, MiB', built, ({ diskBytes }) => mebi(diskBytes)),
    ...recalls.flatMap((recall) => clients.map((count) => {
      const at = pointsAt(asked.filter((point) => point.clients === count), recall);
      return higher(`searches/s at recall ${recall}, ${many(count)}`, at, ({ qps }) => qps);
    })),
    ...clients.flatMap((count) => {
      const at = pointsAt(asked.filter((point) => point.clients === count), recalls[0] ?? 0);
      return [
        lower(`p50 ms at recall ${recalls[0]}, ${many(count)}`, at, ({ p50Ms }) => p50Ms),
        lower(`CPU s of the server per 1,000 searches at recall ${recalls[0]}, ${many(count)}`, at, ({ cpuSecondsPer1000 }) => cpuSecondsPer1000),
      ];
    }),
    ...filters.flatMap(([filter, mine]) => {
      const name = filter === 'none' ? 'without a filter, in turns with filters' : `under the filter ${filter}`;
      return [
        lower(`p50 ms ${name}`, mine, ({ p50Ms }) => p50Ms, ({ recall }) => `recall ${recall.toFixed(4)}`),
        higher(`recall@10 ${name}`, mine, ({ recall }) => recall),
      ];
    }),
    lower('seconds until every second row is deleted', deleted, ({ seconds }) => seconds),
    higher('recall@10 after the deletes', deleted, ({ recall }) => recall),
    lower('p50 ms after the deletes', deleted, ({ p50Ms }) => p50Ms, ({ recall }) => `recall ${recall.toFixed(4)}`),
    lower('disk after the deletes, MiB', deleted, ({ diskBytes }) => mebi(diskBytes)),
    lower('disk after the deletes, at rest, MiB', deleted, ({ diskAtRestBytes }) => mebi(diskAtRestBytes)),
    ...stages.map(([stage, mine]) =>
      lower(`p99 ms while ${stage}`, mine, ({ p99Ms }) => p99Ms, ({ rowsASecond }) => `${showCell(Math.round(rowsASecond))} rows/s`)),
    lower('seconds from kill -9 to the first right answer', restarts, ({ ms }) => ms / 1_000),
  ];
}

function figureOf({ who, isOurs }: Pick<Who, 'who' | 'isOurs'>, value: number, beside: string | undefined): Figure {
  return { who, isOurs, value, ...(beside === undefined ? {} : { beside }) };
}

/** What each does at a recall; without those that never get there. */
function pointsAt(points: PeerFigures['points'], recall: number): (Pick<Who, 'who' | 'isOurs'> & AtRecall)[] {
  return [...Map.groupBy(points, ({ who }) => who).values()].flatMap((mine) => {
    const [first] = mine;
    const at = atRecall(mine, recall);
    return first === undefined || at === undefined ? [] : [{ who: first.who, isOurs: first.isOurs, ...at }];
  });
}

function many(clients: number): string {
  return `${clients} client${clients === 1 ? '' : 's'}`;
}

function mebi(bytes: number): number {
  return bytes / 2 ** 20;
}
