/** Opens everybody who takes part on one data set, and ends them. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../../data/data-set.ts';
import { storeSet } from '../../data/stored.ts';
import { exactTruth } from '../../data/truth.ts';
import type { PeerKind } from '../../peers/peer.ts';
import { PeerProcess } from '../../processes/peer.ts';
import type { BenchOptions } from '../../scenario.ts';
import { effortsOf, ofWay, type Point } from './sweep.ts';
import { waysOf, type Course, type Entrant, type Sizes, type Way } from './entrant.ts';

export interface Left {
  readonly kind: PeerKind;
  readonly reason: string;
}

export interface OpenCourse extends Course, AsyncDisposable {
  /** Who could not be had here, and why. */
  readonly left: readonly Left[];
}

/** For recall@100 too. */
const truthK = 100;

export async function openCourse(set: DataSet, kinds: readonly PeerKind[], sizes: Sizes, { scratch, say }: BenchOptions): Promise<OpenCourse> {
  const folder = join(scratch, set.name);
  mkdirSync(folder, { recursive: true });
  storeSet(set, folder);
  say(`${set.name}: ${set.rows} rows, ${set.dimension}-d; the exact answers of ${set.queries.length} queries`);
  const truth = exactTruth(set, truthK);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => { rmSync(folder, { recursive: true, force: true }); });
  const left: Left[] = [];
  const entrants: Entrant[] = [];
  for (const kind of kinds) {
    const entrant = await enter(kind, folder, left, say);
    if (entrant === undefined) continue;
    stack.defer(() => entrant.process.end());
    entrants.push(entrant);
  }
  const owned = stack.move();
  return { set, truth, entrants, sizes, say, left, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** @returns undefined if it cannot be had here: the others go on, and the report says who was missing. */
async function enter(kind: PeerKind, set: string, left: Left[], say: (line: string) => void): Promise<Entrant | undefined> {
  const lacks = kind.missing();
  if (lacks !== false) {
    left.push({ kind, reason: lacks });
    say(`${kind.name} is left out: ${lacks}`);
    return undefined;
  }
  const folder = join(set, kind.name.replaceAll(' ', '-'));
  mkdirSync(folder);
  const process = PeerProcess.start(kind.name, set, folder);
  try {
    const { version } = await process.ask({ kind: 'open' });
    say(`${kind.name} ${version}`);
    return { kind, process, version };
  } catch (error) {
    await process.end();
    // Ours is not somebody else's software that may be out of reach.
    if (kind.isOurs) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    left.push({ kind, reason: reason.split('\n')[0] ?? '' });
    say(`${kind.name} is left out: ${reason}`);
    return undefined;
  }
}

/** Of each way the least effort that finds 0.95 of ten, or else the most there is. */
export function operatingPoints(course: Course, points: readonly Point[]): { way: Way; effort: number }[] {
  return course.entrants.flatMap(waysOf).map((way) => {
    const mine = ofWay(points, way.label, 10, 1).sort((one, other) => one.effort - other.effort);
    return { way, effort: mine.find(({ recall }) => recall >= 0.95)?.effort ?? effortsOf(way, course).at(-1) ?? 0 };
  });
}

export function isFirstWay({ entrant, way }: Way): boolean {
  return entrant.kind.ways[0] === way;
}
