/**
 * Nanoseconds that it takes to learn where an id is among the segments of a shard, as every write asks: of ids that no segment has, and of those that one has.
 * Run: node packages/segment/src/sealed/ids.bench.ts
 */
import { buildIds, hashId, IdIndex } from './ids.ts';

const rows = 16_384;
const rounds = 9;
const lookups = 50_000;

console.log('segments of 16,384 rows  absent  present   ns an id, medians');
for (const segments of [1, 4, 16, 64]) {
  const parts = Array.from({ length: segments }, (_, part) => {
    const ids = Array.from({ length: rows }, (_, row) => Buffer.from(`word-${part * rows + row}`));
    const hashes = Uint32Array.from(ids, hashId);
    return { ids, index: new IdIndex(buildIds(ids, hashes), hashes) };
  });
  const find = (id: Uint8Array, hash: number): number | undefined => {
    for (const { ids, index } of parts) {
      const row = index.find(hash, (one) => Buffer.compare(ids[one] ?? id, id) === 0);
      if (row !== undefined) return row;
    }
    return undefined;
  };
  const asked = (from: number): { readonly id: Buffer; readonly hash: number }[] => Array.from({ length: lookups }, (_, i) => {
    const id = Buffer.from(`word-${from + Math.imul(i, 7_919) % (segments * rows)}`);
    return { id, hash: hashId(id) };
  });
  const [absent, present] = [asked(10_000_000), asked(0)];
  const times = { absent: [] as number[], present: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, ids] of [['absent', absent], ['present', present]] as const) {
      const startedMs = performance.now();
      let found = 0;
      for (const { id, hash } of ids) if (find(id, hash) !== undefined) found += 1;
      times[name].push((performance.now() - startedMs) * 1e6 / lookups);
      if (name === 'absent' ? found > 0 : found === 0) throw new Error(`${found} ids were found`);
    }
  }
  const median = (all: readonly number[]): string => (all.toSorted((a, b) => a - b)[rounds >> 1] ?? NaN).toFixed(0);
  console.log(`${String(segments).padStart(23)}  ${median(times.absent).padStart(6)}  ${median(times.present).padStart(7)}`);
}
