/** How much of what is nearest a search reads for, so that a collection's target holds. */

/**
 * Of the misses that a target allows, so many are read for: what a segment measured is of queries like its rows, and a few hundred of them; of others
 * it finds less. Lists cost less than graphs to read more of; least of all those of small segments, whose neighbours are farther apart. With a filter all
 * that the target allows is where a search begins: it ends only where many more lists hold nothing nearer.
 */
const missesOf = { graph: 3 / 5, lists: 2 / 5, smallLists: 1 / 5, filteredLists: 1, codes: 2 / 5, filteredCodes: 1 / 10 } as const;

/** Lists of fewer rows are small. */
const smallRows = 16_384;

/** How lists of so many rows are read. */
export function listsReading(rows: number, isFiltered: boolean): keyof typeof missesOf {
  if (isFiltered) return 'filteredLists';
  return rows < smallRows ? 'smallLists' : 'lists';
}

/** @param target more than 0.5 and less than 1. @returns to a millionth; of 0.95: 0.95, 0.97, 0.98, 0.99 or 0.995. */
export function recallRead(target: number, reading: keyof typeof missesOf): number {
  return Math.round((1 - (1 - target) * missesOf[reading]) * 1e6) / 1e6;
}

/** Standard deviations by which the distance that codes tell may be off, and the row still gets an exact one: what is measured of a segment. */
export const deviationSteps = [1.25, 1.5, 1.75, 2, 2.5, 3, 4] as const;
/** Of rows that nobody measured: more than 0.99 of what is nearest, of all that was measured (`npm run bench -- segments`). */
const deviationsUnmeasured = [2.5, 4] as const;
/** What the fewer of these are enough for. */
const targetUnmeasured = 0.996;

/**
 * The fewest deviations that held a recall. Where more candidates are asked for than by default, as many more as the root of the root of that: four times
 * as many candidates lie within less than one and a half times as far.
 * @param recalls with each of {@link deviationSteps}; empty: nobody measured. @param breadth candidates, in shares of the default; at least 1.
 */
export function deviationsFor(recalls: readonly number[], recall: number, breadth: number): number {
  const most = deviationSteps.at(-1) ?? 0;
  const step = recalls.findIndex((each) => each >= recall);
  const unmeasured = deviationsUnmeasured[recall > targetUnmeasured ? 1 : 0];
  const deviations = recalls.length === 0 ? unmeasured : deviationSteps[step] ?? most;
  return Math.min(most, deviations * breadth ** 0.25);
}
