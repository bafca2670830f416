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
  | { readonly kind: 'graph'; readonly segment: string }
  | { readonly kind: 'merge'; readonly segments: readonly string[]; readonly indexed: boolean };

/** What a collection is like, as far as its segments are concerned. */
export interface Kind {
  readonly index: IndexKind;
  readonly dimension: number;
}

/** busy: written to, or something waits to be sealed; idle: not for a while; resting: not for a long while. */
export type Quiet = 'busy' | 'idle' | 'resting';

export function quietAfter(sinceWriteMs: number, { idleMs, restMs }: Pick<IndexerConfig, 'idleMs' | 'restMs'>): Quiet {
  if (sinceWriteMs < idleMs) return 'busy';
  return sinceWriteMs < restMs ? 'idle' : 'resting';
}

export function nextChore(config: IndexerConfig, segments: readonly SegmentFacts[], { index, dimension }: Kind, quiet: Quiet): Chore | undefined {
  const idle = quiet !== 'busy';
  const rowsMax = Math.max(1, Math.min(config.segmentRowsMax, Math.floor(config.segmentVectorBytesMax / (dimension * 4))));
  const live = (segment: SegmentFacts): number => segment.rows - segment.dead;
  // What nothing is left of costs nothing. And while rows come faster than they get their graphs, there is always another graph to build: it
  // would never be the turn of the dead.
  const emptied = segments.filter((segment) => live(segment) === 0);
  if (emptied.length > 0) return { kind: 'merge', segments: emptied.map(({ id }) => id), indexed: false };
  const worn = segments.filter((segment) => segment.dead > segment.rows * config.deadShareMax).sort((a, b) => b.dead - a.dead)[0];
  const rewrite: Chore | undefined = worn === undefined ? undefined : { kind: 'merge', segments: [worn.id], indexed: worn.isIndexed };
  if (rewrite !== undefined && sum(segments, ({ dead }) => dead) > sum(segments, live)) return rewrite;
  const flat = segments.filter((segment) => !segment.isIndexed);
  if (index !== 'flat') {
    const flatRows = sum(flat, live);
    if (flatRows >= config.graphRowsMin || (idle && flatRows >= config.idleGraphRowsMin)) {
      // The largest first, as many as are done soon; one alone keeps its files and only gets its graph. Lists have their rows in another order.
      const soon = Math.min(rowsMax, stepFactor * config.graphRowsMin);
      const chosen = fitting([...flat].sort((a, b) => live(b) - live(a)), soon, live);
      const [only] = chosen;
      return index === 'hnsw' && chosen.length === 1 && only !== undefined && only.dead <= only.rows * config.deadShareMax
        ? { kind: 'graph', segment: only.id }
        : { kind: 'merge', segments: chosen.map(({ id }) => id), indexed: true };
    }
  }
  if (flat.length >= config.mergeFlatsMin) {
    const chosen = fitting([...flat].sort((a, b) => live(a) - live(b)), rowsMax, live);
    if (chosen.length > 1) return { kind: 'merge', segments: chosen.map(({ id }) => id), indexed: false };
  }
  if (rewrite !== undefined) return rewrite;
  // Fewer segments are searched faster, and there is time.
  const indexed = segments.filter((segment) => segment.isIndexed);
  return tierMerge(idle ? idleTierMin : config.mergeTierMin, rowsMax, indexed, live) ?? (quiet === 'resting' ? restMerge(rowsMax, indexed, live) : undefined);
}

/**
 * The smallest together with all larger ones up to the last that has at most twice the rows of those before it. So the largest of a merge grows by half
 * at least, and a row is merged a logarithmic number of times here, too.
 */
function restMerge(rowsMax: number, segments: readonly SegmentFacts[], live: (segment: SegmentFacts) => number): Chore | undefined {
  const ascending = fitting([...segments].sort((a, b) => live(a) - live(b)), rowsMax, live);
  const last = ascending.findLastIndex((segment, at) => at > 0 && live(segment) <= 2 * sum(ascending.slice(0, at), live));
  return last < 0 ? undefined : { kind: 'merge', segments: ascending.slice(0, last + 1).map(({ id }) => id), indexed: true };
}

const idleTierMin = 2;
/** Rows that get a graph or lists in one step, in multiples of those that a step begins for: while it is built, all of them are searched without. */
const stepFactor = 4;

/** Segments of one tier (sizes within a factor of `width`) become one of the next, so a row is merged a logarithmic number of times. */
function tierMerge(width: number, rowsMax: number, segments: readonly SegmentFacts[], live: (segment: SegmentFacts) => number): Chore | undefined {
  const tiers = Map.groupBy(segments, (segment) => Math.floor(Math.log(Math.max(1, live(segment))) / Math.log(width)));
  for (const [, tier] of [...tiers].sort(([a], [b]) => a - b)) {
    const chosen = fitting(tier, rowsMax, live);
    if (chosen.length >= width) return { kind: 'merge', segments: chosen.map(({ id }) => id), indexed: true };
  }
  return undefined;
}

function sum(segments: readonly SegmentFacts[], figure: (segment: SegmentFacts) => number): number {
  return segments.reduce((total, segment) => total + figure(segment), 0);
}

function fitting(segments: readonly SegmentFacts[], rowsMax: number, live: (segment: SegmentFacts) => number): SegmentFacts[] {
  const chosen: SegmentFacts[] = [];
  let rows = 0;
  for (const segment of segments) {
    if (chosen.length > 0 && rows + live(segment) > rowsMax) break;
    chosen.push(segment);
    rows += live(segment);
  }
  return chosen;
}
