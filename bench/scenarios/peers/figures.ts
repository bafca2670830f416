/** All that was measured of one data set, as plain figures: in the JSON of a run they hold what the tables leave out. */
import type { Deleted, Loaded, Restarted } from './after.ts';
import type { Built } from './building.ts';
import type { Way } from './entrant.ts';
import { nameOf, type Filtered } from './filtered.ts';
import type { Point } from './sweep.ts';

/** Whose figures they are. */
export interface Who {
  /** The peer, and how it was asked where it can be in several ways. */
  readonly who: string;
  /** '' of a peer that has one only. */
  readonly way: string;
  readonly isOurs: boolean;
}

type Plain<T extends { readonly way: Way }> = Omit<T, 'way'> & Who;

export interface PeerFigures {
  readonly set: string;
  readonly rows: number;
  readonly built: readonly (Omit<Built, 'entrant'> & Pick<Who, 'who' | 'isOurs'>)[];
  /** Of each k, number of clients, and effort. CPU of a library is that of its process; 0 where the system does not tell. */
  readonly points: readonly Plain<Point>[];
  /** `filter`: as the tables call it. */
  readonly filtered: readonly (Omit<Plain<Filtered>, 'filter'> & { readonly filter: string })[];
  readonly deleted: readonly Plain<Deleted>[];
  readonly loaded: readonly Plain<Loaded>[];
  readonly restarts: readonly Plain<Restarted>[];
}

export interface Results {
  readonly built: readonly Built[];
  readonly points: readonly Point[];
  readonly filtered: readonly Filtered[];
  readonly deleted: readonly Deleted[];
  readonly loaded: readonly Loaded[];
  readonly restarts: readonly Restarted[];
}

export function plainFigures({ name, rows }: { readonly name: string; readonly rows: number }, results: Results): PeerFigures {
  return {
    set: name, rows,
    built: results.built.map(({ entrant: { kind }, ...rest }) => ({ who: kind.name, isOurs: kind.isOurs, ...rest })),
    points: results.points.map(plain),
    filtered: results.filtered.map((one) => ({ ...plain(one), filter: nameOf(one.filter) })),
    deleted: results.deleted.map(plain), loaded: results.loaded.map(plain), restarts: results.restarts.map(plain),
  };
}

function plain<T extends { readonly way: Way }>({ way: { label, way, entrant }, ...rest }: T): Plain<T> {
  return { who: label, way, isOurs: entrant.kind.isOurs, ...rest };
}
