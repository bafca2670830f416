/** What a shard should do about its segments next. Pure: what is there decides. */
import type { IndexKind } from '@proximadb/schemas';
import type { IndexerConfig } from './config.ts';

export interface SegmentFacts {
  readonly id: string;
  readonly rows: number;
  /** Rows that the next merge would leave out. */
  readonly dead: number;
  /** Whether it has a graph or lists, or goes without for good. */
  readonly isIndexed: boolean;
}

export type Chore =
  /** Segments without an index become one, which is searched without until its graph is built. */
  | { readonly kind: 'graph'; readonly segments: readonly string[] }
  /** Segments become one, with its index at once if it is to have one: until then they serve. */
  | { readonly kind: 'merge'; readonly segments: readonly string[]; readonly indexed: boolean }
  /** Nothing is left of them. */
  | { readonly kind: 'drop'; readonly segments: readonly string[] };

/** One of each at a time: to make graphs and lists takes long, to write files anew does not, and to drop what is dead takes nothing that others wait for. */
export const lanes = ['indexing', 'merging', 'dropping'] as const;
export type Lane = (typeof lanes)[number];

export function laneOf(chore: Chore): Lane {
  if (chore.kind === 'drop') return 'dropping';
  return chore.kind === 'graph' || chore.indexed ? 'indexing' : 'merging';
}

/** What a collection is like, as far as its segments are concerned. */
export interface Kind {
  readonly index: IndexKind;
  readonly dimension: number;
}

/** busy: written to, or something waits to be sealed; idle: not for a while; resting: not for a long while. */
export type Quiet = 'busy' | 'idle' | 'resting';

/** Live rows of a shard: those that wait for an index, in memory, too, and those that have theirs. */
export interface Indexing {
  readonly waiting: number;
  readonly indexed: number;
}

/** Of so many an index takes seconds: one that was begun too early, and is made again with what comes afterwards, would cost more than the wait. */
const waitedForRows = 131_072;

/**
 * When a shard is idle, in milliseconds since its last write. After a load of few rows that is sooner. Only where most rows wait for an index: the next one
 * that is begun so is twice as large, so that all of them together are made of twice as many rows as there are at most.
 */
export function idleAfterMs({ idleMs, bulkIdleShare }: Pick<IndexerConfig, 'idleMs' | 'bulkIdleShare'>, { waiting, indexed }: Indexing): number {
  return waiting > indexed ? idleMs * Math.max(bulkIdleShare, Math.min(1, waiting / waitedForRows)) : idleMs;
}

export function quietAfter(sinceWriteMs: number, idleMs: number, restMs: number): Quiet {
  if (sinceWriteMs < idleMs) return 'busy';
  return sinceWriteMs < restMs ? 'idle' : 'resting';
}

/** What a shard is at. */
export interface Situation {
  readonly quiet: Quiet;
  /** Since when some rows wait for an index that nobody makes; 0: none do. */
  readonly waitingMs: number;
  readonly free: ReadonlySet<Lane>;
}

/** @param segments those that no chore is at. @returns one of a lane that is free. */
export function nextChore(config: IndexerConfig, segments: readonly SegmentFacts[], kind: Kind, { quiet, waitingMs, free }: Situation): Chore | undefined {
  const rowsMax = Math.max(1, Math.min(config.segmentRowsMax, Math.floor(config.segmentVectorBytesMax / (kind.dimension * 4))));
  for (const chore of chores(config, segments, kind, { quiet, waitingMs, rowsMax })) if (free.has(laneOf(chore))) return chore;
  return undefined;
}

/** What should be done, the most urgent first. */
function* chores(
  config: IndexerConfig, every: readonly SegmentFacts[], { index }: Kind,
  { quiet, waitingMs, rowsMax }: Omit<Situation, 'free'> & { readonly rowsMax: number },
): Generator<Chore> {
  const idle = quiet !== 'busy';
  const emptied = every.filter((segment) => live(segment) === 0);
  if (emptied.length > 0) yield { kind: 'drop', segments: emptied.map(({ id }) => id) };
  const segments = every.filter((segment) => live(segment) > 0);
  // While rows come faster than they get their graphs, there is always another graph to build: it would never be the turn of the dead.
  const worn = segments.filter((segment) => segment.dead > segment.rows * config.deadShareMax).sort((a, b) => b.dead - a.dead)[0];
  const rewrite = worn === undefined ? undefined : merging([worn], worn.isIndexed);
  if (rewrite !== undefined && sum(segments, ({ dead }) => dead) > sum(segments, live)) yield rewrite;
  const [flat, indexed] = [segments.filter(({ isIndexed }) => !isIndexed), segments.filter(({ isIndexed }) => isIndexed)];
  if (index !== 'flat') {
    const flatRows = sum(flat, live);
    // While rows come in, all that come within a while get one index, and not several that are merged soon.
    const isDue = waitingMs >= config.indexWaitMs || flatRows >= Math.min(rowsMax, config.unindexedRowsMax / 2);
    if ((flatRows >= config.graphRowsMin && isDue) || (idle && flatRows >= config.idleGraphRowsMin)) {
      // What is smaller than all that waits would be merged with it afterwards.
      const smaller = idle ? indexed.filter((segment) => live(segment) <= flatRows) : [];
      const chosen = fitting([...descending(flat), ...descending(smaller)], rowsMax);
      yield index === 'hnsw' ? { kind: 'graph', segments: chosen.map(({ id }) => id) } : merging(chosen, true);
    }
  }
  const flats = tierOf(idle ? idleTierMin : config.mergeFlatsMin, rowsMax, flat);
  if (flats !== undefined) yield merging(flats, false);
  if (rewrite !== undefined) yield rewrite;
  // Fewer segments are searched faster, and there is time.
  const tier = tierOf(idle ? idleTierMin : config.mergeTierMin, rowsMax, indexed) ?? (quiet === 'resting' ? unlike(rowsMax, indexed) : undefined);
  if (tier !== undefined) yield merging(tier, true);
}

function merging(segments: readonly SegmentFacts[], indexed: boolean): Chore {
  return { kind: 'merge', segments: segments.map(({ id }) => id), indexed };
}

/**
 * The smallest together with all larger ones up to the last that has at most twice the rows of those before it. So the largest of a merge grows by half
 * at least, and a row is merged a logarithmic number of times here, too.
 */
function unlike(rowsMax: number, segments: readonly SegmentFacts[]): SegmentFacts[] | undefined {
  const ascending = fitting(descending(segments).reverse(), rowsMax);
  const last = ascending.findLastIndex((segment, at) => at > 0 && live(segment) <= 2 * sum(ascending.slice(0, at), live));
  return last < 0 ? undefined : ascending.slice(0, last + 1);
}

const idleTierMin = 2;

/** Segments of one tier (sizes within a factor of `width`) become one of the next, so a row is merged a logarithmic number of times. */
function tierOf(width: number, rowsMax: number, segments: readonly SegmentFacts[]): SegmentFacts[] | undefined {
  const tiers = Map.groupBy(segments, (segment) => Math.floor(Math.log(Math.max(1, live(segment))) / Math.log(width)));
  return [...tiers].sort(([a], [b]) => a - b).map(([, tier]) => fitting(tier, rowsMax)).find((chosen) => chosen.length >= width);
}

/** Rows that a merge would keep. */
function live({ rows, dead }: SegmentFacts): number {
  return rows - dead;
}

function descending(segments: readonly SegmentFacts[]): SegmentFacts[] {
  return segments.toSorted((a, b) => live(b) - live(a));
}

function sum(segments: readonly SegmentFacts[], figure: (segment: SegmentFacts) => number): number {
  return segments.reduce((total, segment) => total + figure(segment), 0);
}

function fitting(segments: readonly SegmentFacts[], rowsMax: number): SegmentFacts[] {
  const chosen: SegmentFacts[] = [];
  let rows = 0;
  for (const segment of segments) {
    if (chosen.length > 0 && rows + live(segment) > rowsMax) break;
    chosen.push(segment);
    rows += live(segment);
  }
  return chosen;
}
