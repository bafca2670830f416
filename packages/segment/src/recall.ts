/** How much of what is nearest a search reads for, so that a collection's target holds. */

/**
 * Of the misses that a target allows, so many are read for: what a segment measured is of queries like its rows, and a few hundred of them; of others
 * it finds less. Lists cost less than graphs to read more of; least of all those of small segments, whose neighbours are farther apart. With a filter nobody
 * should have to ask for more lists.
 */
const missesOf = { graph: 3 / 5, lists: 2 / 5, smallLists: 1 / 5, filteredLists: 1 / 10 } as const;

/** @param target more than 0.5 and less than 1. @returns to a millionth; of 0.95: 0.97, 0.98, 0.99 or 0.995. */
export function recallRead(target: number, reading: keyof typeof missesOf): number {
  return Math.round((1 - (1 - target) * missesOf[reading]) * 1e6) / 1e6;
}
