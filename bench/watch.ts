/** Waiting for what a server does in the background, by what it says of itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@proximadb/transport/client';

/** Seconds until everything that was acknowledged is applied. */
export async function untilCaughtUp(client: Client, collection: string): Promise<number> {
  const started = performance.now();
  while ((await client.stats({ collection })).lag > 0n) await sleep(20);
  return (performance.now() - started) / 1000;
}

export interface Building {
  /** Rows that got a graph a second, from the call until the last graph was finished. */
  readonly rate: number;
  readonly indexed: number;
  /** Rows of the segments with graphs. */
  readonly sizes: readonly number[];
}

/** So long nothing may be due before it counts as the end: an idle shard builds the graphs of its last rows after 1 s. */
export const quietMs = 4_000;
/** So long nothing may be due before a shard counts as at rest: after 30 s without a write it merges its segments until few are left. */
export const restMs = 35_000;
/** So long nothing may change before it counts as stuck. */
const stuckMs = 240_000;

/** Watches until every sealed row has a graph and nothing is left to be built. @throws Error if it does not come to an end. */
export async function watchBuilding(client: Client, collection: string): Promise<Building> {
  const seen: { atMs: number; indexed: number }[] = [];
  let changedMs = performance.now();
  /** A merge of rows that had their graphs is building, too. */
  let quietSinceMs = changedMs;
  for (;;) {
    const { indexed, building, sealed, partitions } = await client.stats({ collection });
    const now = performance.now();
    if (seen.at(-1)?.indexed !== Number(indexed)) {
      seen.push({ atMs: now, indexed: Number(indexed) });
      changedMs = now;
    }
    const isDone = building === 0n && indexed === sealed;
    if (!isDone && now - changedMs > stuckMs) throw new Error(`after ${stuckMs} ms without a new graph ${indexed} of ${sealed} sealed rows have one`);
    if (!isDone) quietSinceMs = now;
    if (isDone && now - Math.max(changedMs, quietSinceMs) > quietMs) {
      const [start = { atMs: 0, indexed: 0 }] = seen;
      const end = seen.at(-1) ?? start;
      return {
        rate: (end.indexed - start.indexed) / (end.atMs - start.atMs) * 1000, indexed: end.indexed,
        sizes: partitions.flatMap(({ segments }) => segments.filter((segment) => segment.indexed).map(({ rows }) => rows)),
      };
    }
    await sleep(50);
  }
}
