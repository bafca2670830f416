/**
 * Nanoseconds a distance, by dimension and by way of asking, beside the aims. The first three sizes fit into an L2 cache, the
 * others (160 MB) come from memory. Interleaved. The median of the rounds, and the best,
 * which says more on a busy machine.
 * Run: node packages/segment/src/kernels/scan.bench.ts
 */
 
import { kMax, normalized, Slab, type KernelMetric } from './index.ts';

const cases: readonly { readonly dimension: number; readonly rows: number; readonly aimNs: number | undefined }[] = [
  { dimension: 100, rows: 2_000, aimNs: 8.7 },
  { dimension: 384, rows: 500, aimNs: 48 },
  { dimension: 768, rows: 250, aimNs: 92 },
  { dimension: 100, rows: 400_000, aimNs: undefined },
  { dimension: 384, rows: 100_000, aimNs: undefined },
  { dimension: 768, rows: 50_000, aimNs: undefined },
];
const rounds = 15;
const k = 10;

for (const { dimension, rows, aimNs } of cases) {
  const slab = filledSlab(dimension, rows);
  const query = normalized(randomVector(dimension));
  const sparse = new Uint32Array(Math.ceil(rows / 32));
  const list: number[] = [];
  const most = new Uint32Array(sparse.length);
  for (let row = 0; row < rows; row += 1) {
    const chance = Math.random();
    if (chance < 0.9) setBit(most, row);
    if (chance >= 0.1) continue;
    setBit(sparse, row);
    list.push(row);
  }
  const manyK = Math.min(kMax, rows >> 2);
  const numbers = Uint32Array.from(list);
  const shuffled = numbers.slice().sort((a, b) => scatter(a) - scatter(b));
  const scan = (metric: KernelMetric, count: number) => () => slab.scan(metric, query, count, k, null);
  const ways: readonly (readonly [string, number, () => unknown])[] = [
    ['ip', rows, scan('ip', rows)],
    ['l2sq', rows, scan('l2sq', rows)],
    ['l1', rows, scan('l1', rows)],
    ['ip, 90% of the bits', rows * 0.9, () => slab.scan('ip', query, rows, k, most)],
    ['ip, 10% of the bits', list.length, () => slab.scan('ip', query, rows, k, sparse)],
    ['ip, list of 10%', list.length, () => slab.scanList('ip', query, numbers, k)],
    ['ip, the same, shuffled', list.length, () => slab.scanList('ip', query, shuffled, k)],
    [`ip, k = ${manyK}`, rows, () => slab.scan('ip', query, rows, manyK, null)],
  ];
  const results = measure(ways, 100_000);
  const aim = aimNs === undefined ? '' : `, aim ${aimNs} ns`;
  console.log(`\n${rows} × ${dimension}-d, ${(slab.bytes / 1e6).toFixed(1)} MB${aim}`);
  for (const [name, ns, best] of results) console.log(line(name, ns, best, 1));
}
measureRest();

/** What is not a scan: single distances, normalising, and slabs themselves. */
function measureRest(): void {
  const slab = filledSlab(768, 1_000);
  const query = randomVector(768);
  const loop = (task: (row: number) => void) => () => { for (let row = 0; row < 1_000; row += 1) task(row); };
  const slabs: Slab[] = [];
  const ways: readonly (readonly [string, number, () => unknown])[] = [
    ['distance, 768-d', 1_000, loop((row) => { slab.distance('ip', query, row); })],
    ['normalize, 768-d', 1_000, loop((row) => { slab.normalize(row); })],
    ['a new slab', 50, () => { for (let i = 0; i < 50; i += 1) slabs.push(new Slab({ dimension: 768, rows: 8, rowsMax: 100_000 })); }],
    ['growing by a quarter', 50, () => { for (const each of slabs.slice(-50)) each.ensure(each.capacity + 1); }],
  ];
  console.log('\nOther calls');
  for (const [name, ns, best] of measure(ways, 1)) console.log(line(name, ns, best, 0));
}

/** Each way in each round, for about so many distances; before them, two rounds to warm up. Median and best of the rounds. */
function measure(ways: readonly (readonly [string, number, () => unknown])[], distances: number): (readonly [string, number, number])[] {
  const times = ways.map((): number[] => []);
  for (let round = -2; round < rounds; round += 1) {
    ways.forEach(([, count, run], i) => {
      const repeat = Math.max(1, Math.round(distances / count));
      const start = performance.now();
      for (let n = 0; n < repeat; n += 1) run();
      if (round >= 0) times[i]?.push((performance.now() - start) * 1e6 / (count * repeat));
    });
  }
  return ways.map(([name], i) => {
    const sorted = (times[i] ?? []).sort((a, b) => a - b);
    return [name, sorted[rounds >> 1] ?? NaN, sorted[0] ?? NaN];
  });
}

function filledSlab(dimension: number, rows: number): Slab {
  const slab = new Slab({ dimension, rows, rowsMax: rows });
  for (let row = 0; row < rows; row += 1) {
    slab.row(row).set(randomVector(dimension));
    slab.normalize(row);
  }
  return slab;
}

function line(name: string, median: number, best: number, digits: number): string {
  return `  ${name.padEnd(24)}${median.toFixed(digits).padStart(8)} ns  best ${best.toFixed(digits).padStart(8)} ns`;
}

function setBit(words: Uint32Array, row: number): void {
  words[row >> 5] = (words[row >> 5] ?? 0) | (1 << (row & 31));
}

function scatter(row: number): number {
  return Math.imul(row + 1, 0x9e3779b1) >>> 0;
}

function randomVector(dimension: number): Float32Array {
  return Float32Array.from({ length: dimension }, () => Math.random() - 0.5);
}
