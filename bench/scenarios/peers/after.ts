/** What comes after building: half of the rows deleted, searches while rows are written, a kill and what it takes to come back. */
import { isKept } from '../../data/truth.ts';
import type { Cell, Table } from '../../report.ts';
import { median, percentile } from '../../statistics.ts';
import { judge, queriesFrom, type Course, type Way } from './entrant.ts';

type Asked = readonly { readonly way: Way; readonly effort: number }[];
const k = 10;

export interface Deleted {
  readonly way: Way;
  readonly seconds: number;
  readonly recall: number;
  readonly short: number;
  readonly wrong: number;
  readonly p50Ms: number;
  readonly diskBytes: number;
  /** After what it does by itself when nothing was written for a while. */
  readonly diskAtRestBytes: number;
}

/** Once a peer, by the first of its ways. */
export async function afterDeletes(course: Course, asked: Asked): Promise<Deleted[]> {
  const { set, sizes, say } = course;
  const gone = Array.from({ length: set.rows }, (_, row) => row).filter((row) => !isKept(row));
  const results: Omit<Deleted, 'diskAtRestBytes'>[] = [];
  for (const { way, effort } of asked) {
    const { process } = way.entrant;
    const { tookMs, idleMs } = await process.ask({ kind: 'remove', rows: gone });
    const seconds = (tookMs - idleMs) / 1_000;
    const queries = queriesFrom(course, 0, 100);
    const answer = await process.ask({ kind: 'search', block: { queries, k, effort, filter: null, way: way.way, clients: 1 } });
    const { diskBytes } = await process.ask({ kind: 'usage' });
    const judged = judge(answer, queries, k, course, 'kept', (row) => isKept(row));
    results.push({ way, seconds, ...judged, p50Ms: median(answer.latenciesMs), diskBytes });
    say(`${way.label}: ${gone.length} rows deleted in ${seconds.toFixed(1)} s`);
  }
  if (sizes.rest) await Promise.all(asked.map(({ way }) => way.entrant.process.ask({ kind: 'rest' })));
  const atRest = await Promise.all(asked.map(({ way }) => way.entrant.process.ask({ kind: 'usage' })));
  return results.map((one, i) => ({ ...one, diskAtRestBytes: atRest[i]?.diskBytes ?? 0 }));
}

export function deletedTable({ set }: Course, results: readonly Deleted[]): Table {
  return {
    title: `${set.name}: after every second row was deleted`,
    columns: ['', 'seconds', `recall@${k}`, 'too short', 'deleted rows in answers', 'p50 ms', 'disk MiB', 'at rest'],
    rows: results.map(({ way, seconds, recall, short, wrong, p50Ms, diskBytes, diskAtRestBytes }): Cell[] =>
      [way.label, seconds, recall.toFixed(4), short, wrong, p50Ms, Math.round(diskBytes / 2 ** 20), Math.round(diskAtRestBytes / 2 ** 20)]),
    notes: [
      'One peer after the other, each once: it deletes, and is asked 100 queries at most. They rest together.',
      'Seconds: until all are deleted, and what follows of it (compaction, vacuum, a new file), where the peer does that at once, by itself or on request.',
      'At rest: when all have deleted, and done what they do by themselves after a while without writes.',
    ],
  };
}

export interface Loaded {
  readonly way: Way;
  readonly clients: number;
  /** Of the most it wrote while it was searched by so many. */
  readonly share: number;
  readonly rowsASecond: number;
  readonly qps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const loadClients = [1, 4];

/** First as fast as it goes, which says what 75 and 25 % are. */
export async function underLoad(course: Course, asked: Asked): Promise<Loaded[]> {
  const { sizes, say } = course;
  const results: Loaded[] = [];
  for (const { way, effort } of asked) {
    for (const clients of loadClients) {
      let most = Infinity;
      for (const share of [1, 0.75, 0.25, 0]) {
        const load = { rowsASecond: share === 1 ? Infinity : share * most, forMs: sizes.loadMs, effort, way: way.way, clients };
        const { written, latenciesMs, tookMs } = await way.entrant.process.ask({ kind: 'loaded', load });
        const rowsASecond = written / tookMs * 1_000;
        if (share === 1) most = rowsASecond;
        results.push({
          way, clients, share, rowsASecond, qps: latenciesMs.length / tookMs * 1_000, p50Ms: median(latenciesMs), p95Ms: percentile(latenciesMs, 0.95),
          p99Ms: percentile(latenciesMs, 0.99),
        });
      }
      say(`${way.label}: at most ${Math.round(most)} rows/s while ${clients} search`);
    }
  }
  return results;
}

export function loadedTable({ set, sizes }: Course, results: readonly Loaded[]): Table {
  return {
    title: `${set.name}: searching while rows are written, k = ${k}`,
    columns: ['', 'clients', 'of its maximum', 'rows/s written', 'searches/s', 'p50 ms', 'p95 ms', 'p99 ms'],
    rows: results.map(({ way, clients, share, rowsASecond, qps, p50Ms, p95Ms, p99Ms }): Cell[] =>
      [way.label, clients, share === 0 ? 'none' : `${share * 100} %`, Math.round(rowsASecond), Math.round(qps), p50Ms, p95Ms, p99Ms]),
    notes: [
      'One peer after the other, each stage once; the stages of a peer follow each other.',
      `${sizes.loadMs / 1_000} s each, from the fastest to none; batches of 100, up to four under way. The maximum: what is acknowledged while they search.`,
      'Those who write to a server and those who search are processes of their own, on the same cores; a library is written to by the thread that searches.',
      'What is built behind the writes of one stage may go on in the next.',
    ],
  };
}

export interface Restarted {
  readonly way: Way;
  readonly ms: number;
}

export async function restarts(course: Course, asked: Asked): Promise<Restarted[]> {
  const results: Restarted[] = [];
  for (const { way, effort } of asked) {
    // Its row is kept by the deletes before.
    const probe = { row: Math.floor(course.set.rows / 4) * 2, effort, way: way.way };
    const { tookMs } = await way.entrant.process.ask({ kind: 'restart', probe });
    results.push({ way, ms: tookMs });
  }
  return results;
}

export function restartTable({ set }: Course, results: readonly Restarted[]): Table {
  return {
    title: `${set.name}: from kill -9 to the first right answer`,
    columns: ['', 'seconds'],
    rows: results.map(({ way, ms }): Cell[] => [way.label, ms / 1_000]),
    notes: [
      'One peer after the other, each once, after all the load above.',
      'A server: its process is killed and started anew, with all that was written before.',
      'A library, or a database in process: its files are opened anew, no process is started.',
    ],
  };
}
