/**
 * What steps of a search are expected to take, in µs: of a machine that has nothing else to do, with what is compared in its cache. On others all of it takes
 * longer; only the proportions decide. Measured on 32 to 768 dimensions (see packages/segment/DESIGN.md). Wherever vectors lie: so a plan is the same in
 * memory and on disk.
 */

/** Until a row that lies anywhere in memory has come. */
const waitMicros = 0.02;

/** Exact distances of so many rows, in the order in which they lie. */
export function scanMicros(rows: number, dimension: number): number {
  return rows * dimension * 0.00012;
}

/** Exact distances of so many rows that lie anywhere. */
export function pickMicros(rows: number, dimension: number): number {
  return rows * waitMicros + scanMicros(rows, dimension);
}

/** Exact distances of the rows that match, of so many. */
export function exactMicros(matching: number, total: number, dimension: number): number {
  return Math.min(scanMicros(total, dimension), pickMicros(matching, dimension));
}

/** Asking a graph for so many candidates, with their exact distances. */
export function graphMicros(candidates: number, dimension: number): number {
  return candidates * (0.4 + dimension * 0.006);
}

/** 7-bit codes that cost as much as the exact distance of a row in order: four times as many are as many bytes (`npm run bench -- segments`). */
const codesADistance = 4;

/** Reading so many 7-bit codes in order. */
function codesMicros(codes: number, dimension: number): number {
  return scanMicros(codes / codesADistance, dimension);
}

/** To begin reading a list, with all that is done for it besides. */
const listMicros = 0.3;

/** Comparing a query with so many centroids, and reading so many of their lists, where so many codes are of rows that count. */
export function listsMicros(centroids: number, lists: number, codes: number, dimension: number): number {
  return scanMicros(centroids, dimension) + lists * listMicros + codesMicros(codes, dimension);
}

/** To rotate a query and make its tables, and to gather the answer. */
const signsBeginMicros = 10;
/** Rows of which one is not looked at without the others. */
const signBlock = 16;

/** Rows of so many that get exact distances in a search by codes of one bit. */
export function signCandidates(matching: number): number {
  return 64 + 3 * Math.sqrt(matching);
}

/** Codes of one bit of the rows that match, of so many, with exact distances of those that may be near. */
export function signsMicros(matching: number, total: number, dimension: number): number {
  const touched = 1 - (1 - matching / total) ** signBlock;
  // Blocks here and there are waited for.
  const perRow = (0.0009 + dimension * 0.000004) * (1.8 - 0.8 * touched);
  return signsBeginMicros + total * touched * perRow + pickMicros(signCandidates(matching), dimension);
}
