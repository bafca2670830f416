/** How compatible the versions of a subject have to be, by the names of the Confluent API. */

const levelWanted = 'BACKWARD_TRANSITIVE';
const levelOfBoth = 'FULL_TRANSITIVE';

const toBackward: ReadonlySet<string> = new Set(['NONE', 'BACKWARD', levelWanted]);
const toBoth: ReadonlySet<string> = new Set(['FORWARD', 'FORWARD_TRANSITIVE', 'FULL', levelOfBoth]);

/**
 * The level that promises all that is promised now, and that a new version reads all that older ones wrote.
 * @param levels - in force: the subject's own, the registry's for all
 * @returns undefined if one of them is unknown here: then it is left alone
 */
export function levelOver(levels: readonly string[]): typeof levelWanted | typeof levelOfBoth | undefined {
  if (!levels.every((level) => toBackward.has(level) || toBoth.has(level))) return undefined;
  return levels.some((level) => toBoth.has(level)) ? levelOfBoth : levelWanted;
}
