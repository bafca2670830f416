/** What steps of a search are expected to take, in µs. Measured on 100 to 768 dimensions (see packages/segment/DESIGN.md); only their ratio decides. */

/** Exact distances of so many rows. */
export function scanMicros(rows: number, dimension: number): number {
  return rows * dimension * 0.00012;
}

/** Asking a graph for so many candidates, with their exact distances. */
export function graphMicros(candidates: number, dimension: number): number {
  return candidates * (0.4 + dimension * 0.006);
}

/** Codes, read in order, that cost as much as the exact distance of a row that lies anywhere. Measured (`npm run bench -- segments`). */
export const codesADistance = 8;

/** Reading so many codes in order. */
export function codesMicros(codes: number, dimension: number): number {
  return scanMicros(codes / codesADistance, dimension);
}
