/**
 * A generation that is filled from another one, as the catalog's log decides it. Pure: what each entry does to one generation;
 * which generations it concerns is the fold's affair (`state.ts`).
 */
import type { CollectionSettings } from '@proximadb/schemas';

export interface ReindexStarted {
  readonly kind: 'reindex_started';
  /** Of the generation that it is filled from. */
  readonly log: number;
  readonly settings: CollectionSettings;
}
interface OfPartition {
  /** Of the generation that is filled. */
  readonly log: number;
  /** Of the old generation. */
  readonly partition: number;
}
export interface CopierStarted extends OfPartition { readonly kind: 'copier_started' }
export interface CopierCaughtUp extends OfPartition {
  readonly kind: 'copier_caught_up';
  readonly epoch: number;
}
export interface PartitionDrained extends OfPartition {
  readonly kind: 'partition_drained';
  readonly epoch: number;
  /** One a partition of the new generation: everything copied lies below, and was applied there. */
  readonly offsets: readonly number[];
}
export type CopierEvent = CopierStarted | CopierCaughtUp | PartitionDrained;
export type ReindexEvent =
  | ReindexStarted
  | CopierEvent
  | { readonly kind: 'reindex_aborted'; readonly log: number }
  /** A replaced generation is not served any more. */
  | { readonly kind: 'generation_discarded'; readonly log: number };

/** The newest copier of a partition of the old generation. */
export interface Copier {
  /** Offset of its start in the catalog's log; 0: none started yet. */
  readonly epoch: number;
  /** Copiers that started so far. */
  readonly starts: number;
  readonly caughtUp: boolean;
  readonly drained: boolean;
}

/** How far a generation is that is or was filled from another one. */
export interface Reindex {
  /** Log number of that one. */
  readonly replaces: number;
  /** One a partition of that one. */
  readonly copiers: readonly Copier[];
  readonly startedAtMicros: number;
  /** When all were caught up for the first time: from then on the old topic is being closed to writers, and there is no way back. */
  readonly closingAtMicros: number | null;
  readonly flippedAtMicros: number | null;
  /** One offset a partition of this generation: below them lies all that the old one held at its end. */
  readonly floor: readonly number[];
}

export type CopierRefusal = 'unknown_partition' | 'not_newest' | 'not_closing';

export function beginReindex(replaces: number, oldPartitions: number, newPartitions: number, atMicros: number): Reindex {
  return {
    replaces, startedAtMicros: atMicros, closingAtMicros: null, flippedAtMicros: null, floor: new Array<number>(newPartitions).fill(0),
    copiers: Array.from({ length: oldPartitions }, () => ({ epoch: 0, starts: 0, caughtUp: false, drained: false })),
  };
}

/** What a copier's entry does; it closes when all are caught up, and flips when all are drained. */
export function decideCopier(reindex: Reindex, event: CopierEvent, offset: number, atMicros: number): Reindex | CopierRefusal {
  const copier = reindex.copiers[event.partition];
  if (copier === undefined) return 'unknown_partition';
  if (event.kind === 'copier_started') {
    return withCopier(reindex, event.partition, { epoch: offset, starts: copier.starts + 1, caughtUp: false, drained: false });
  }
  if (copier.starts === 0 || event.epoch !== copier.epoch) return 'not_newest';
  if (event.kind === 'copier_caught_up') {
    const caught = withCopier(reindex, event.partition, { ...copier, caughtUp: true });
    const all = caught.copiers.every(({ caughtUp }) => caughtUp);
    return { ...caught, closingAtMicros: caught.closingAtMicros ?? (all ? atMicros : null) };
  }
  if (reindex.closingAtMicros === null) return 'not_closing';
  const drained = withCopier(reindex, event.partition, { ...copier, drained: true });
  const all = drained.copiers.every((each) => each.drained);
  return {
    ...drained,
    floor: drained.floor.map((at, partition) => Math.max(at, event.offsets[partition] ?? 0)),
    flippedAtMicros: all ? atMicros : null,
  };
}

function withCopier(reindex: Reindex, partition: number, copier: Copier): Reindex {
  return { ...reindex, copiers: reindex.copiers.map((each, i) => (i === partition ? copier : each)) };
}
