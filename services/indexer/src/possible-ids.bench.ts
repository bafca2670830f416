/**
 * Nanoseconds that it takes to learn that no part of a shard has an id: by the filter of each part, and by one of all of them. Between two thousand ids other
 * memory is written, as it is beside real work.
 * Run: node services/indexer/src/possible-ids.bench.ts
 */
import { hashId, IdFilter } from '@proximadb/segment';
import { PossibleIds } from './possible-ids.ts';

const rows = 8_192;
const rounds = 9;
const lookups = 40_000;
const atOnce = 2_000;
const elsewhere = new Float64Array((16 << 20) / Float64Array.BYTES_PER_ELEMENT);

const hashOf = (n: number): number => hashId(Buffer.from(`word-${n}`));
const unknown = Uint32Array.from({ length: lookups }, (_, n) => hashOf(10_000_000 + n));

/** @param partsWith how many parts may have an id. @returns ns an id, and how often one may. */
function timed(partsWith: (hash: number) => number): { readonly ns: number; readonly wrong: number } {
  let ms = 0;
  let wrong = 0;
  for (let from = 0; from < lookups; from += atOnce) {
    elsewhere.fill(from);
    const startedMs = performance.now();
    for (let i = from; i < from + atOnce; i += 1) wrong += partsWith(unknown[i] ?? 0);
    ms += performance.now() - startedMs;
  }
  return { ns: ms * 1e6 / lookups, wrong };
}

console.log('parts of 8,192 rows   each asked   one of all   ns an id, medians; in brackets: parts of 100 ids that have to be asked further');
for (const count of [1, 8, 32, 64]) {
  const ids = new PossibleIds();
  const parts = Array.from({ length: count }, (_, part) => {
    const filter = new IdFilter(rows, 4);
    for (let row = 0; row < rows; row += 1) {
      const hash = hashOf(part * rows + row);
      filter.add(hash);
      ids.add(hash);
    }
    return filter;
  });
  const figures = Array.from({ length: rounds }, () => [
    timed((hash) => parts.reduce((sum, part) => sum + Number(part.mayHave(hash)), 0)),
    timed((hash) => (ids.mayHave(hash) ? count : 0)),
  ] as const);
  const shown = ([0, 1] as const).map((way) => {
    const { ns, wrong } = figures.map((each) => each[way]).sort((one, other) => one.ns - other.ns)[rounds >> 1] ?? { ns: NaN, wrong: NaN };
    return `${ns.toFixed(0)} (${(100 * wrong / lookups).toFixed(0)})`.padStart(13);
  });
  console.log(`${String(count).padStart(19)} ${shown.join('')}`);
}
