import { compareIds } from './order.ts';

/** What a search found, and where the log has it. */
export interface Found {
  readonly distance: number;
  readonly partition: number;
  readonly offset: number;
}

/**
 * Nearest first. At one distance the place in the log decides, which is the same on every replica. Segments keep their rows in that order, too, as far as no
 * index orders them: so of many at one distance those are cut off that come last, and who asks for more gets the same ones first.
 */
export function nearer(left: Found, right: Found): number {
  return left.distance - right.distance || left.partition - right.partition || left.offset - right.offset;
}

/**
 * The best of several answers to one search. An id lives in one partition and once in its view: nothing comes twice.
 * @param lists each in any order.
 * @param limit at most so many.
 */
export function mergeHits<Hit extends Found>(lists: readonly (readonly Hit[])[], limit: number): Hit[] {
  return lists.flat().sort(nearer).slice(0, limit);
}

export interface Page<Row> {
  /** Ascending by the ids' bytes. */
  readonly rows: readonly Row[];
  /** Whether any row is left behind the last one. */
  readonly more: boolean;
}

/**
 * Merges pages of different partitions that begin after the same id into one, in the order of the ids' bytes. Where a page ended early
 * (`more`), what lies behind its last id is unknown: the merged page ends there at the latest.
 * @param limit rows, at most.
 * @param bytesMax of all rows, about; at least one row comes.
 */
export function mergePages<Row extends { readonly id: string; readonly record: Uint8Array }>(
  pages: readonly Page<Row>[], limit: number, bytesMax: number,
): Page<Row> {
  const horizon = pages.filter(({ more }) => more).map(({ rows }) => rows.at(-1)?.id)
    .reduce((nearest, id) => (nearest === undefined || (id !== undefined && compareIds(id, nearest) < 0) ? id : nearest), undefined);
  const all = pages.flatMap(({ rows }) => rows).sort((left, right) => compareIds(left.id, right.id));
  const known = horizon === undefined ? all : all.filter(({ id }) => compareIds(id, horizon) <= 0);
  let bytes = 0;
  let count = 0;
  for (const { record } of known) {
    bytes += record.length;
    if (count === limit || (count > 0 && bytes > bytesMax)) break;
    count++;
  }
  return { rows: known.slice(0, count), more: count < all.length || pages.some(({ more }) => more) };
}

export { compareIds } from './order.ts';
