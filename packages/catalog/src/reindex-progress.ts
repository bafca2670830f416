import { assert } from '@proximadb/errors';
import type { Reindex } from '@proximadb/schemas';
import type { Collection } from './collection.ts';

/**
 * A reindex as the API shows it.
 * @param copied live records of the new generation. @param live those of the old one.
 */
export function describeReindex({ name, log, state, reindex }: Collection, copied: number, live: number): Reindex {
  assert(reindex !== undefined, `generation ${log} was not filled from another one`);
  const { replaces, copiers, closingAtMicros, flippedAtMicros, startedAtMicros } = reindex;
  const paused = closingAtMicros !== null && flippedAtMicros !== null ? Math.max(0, flippedAtMicros - closingAtMicros) : null;
  return {
    collection: name, state: flippedAtMicros !== null ? 'done' : closingAtMicros !== null ? 'closing' : state === 'deleted' ? 'aborted' : 'copying',
    log: BigInt(log), replaces: BigInt(replaces), partitions: copiers.length,
    caughtUp: copiers.filter(({ caughtUp }) => caughtUp).length, drained: copiers.filter(({ drained }) => drained).length,
    copied: BigInt(copied), live: BigInt(live), startedAt: BigInt(startedAtMicros), pauseMicros: paused === null ? null : BigInt(paused),
  };
}
