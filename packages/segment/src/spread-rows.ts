/**
 * So many rows that stand for others, ascending: one of each of as many equal parts, each time somewhere else within it (by the golden ratio). Rows at even
 * distances would all be of one kind, where rows of several kinds take turns: a title, its text, a title, its text.
 */
export function spreadRows(rows: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((i + (i * golden) % 1) * rows / count));
}
const golden = (Math.sqrt(5) - 1) / 2;
