/**
 * Nanoseconds a distance, by dimension and by way of asking, beside the aims. The first three sizes fit into an L2 cache, the
 * others (1.28 GB) come from memory: beside them stands the fastest read of as many bytes by one thread, and the share of its
 * bandwidth that a scan has. Interleaved. The median of the rounds, and the best, which says more on a busy machine.
 * Run: node packages/segment/src/kernels/scan.bench.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kMax, normalized, SignSlab, Slab, type KernelMetric } from './index.ts';

const cases: readonly { readonly dimension: number; readonly rows: number; readonly aimNs: number | undefined }[] = [
  { dimension: 100, rows: 2_000, aimNs: 8.7 },
  { dimension: 384, rows: 500, aimNs: 48 },
  { dimension: 768, rows: 250, aimNs: 92 },
  { dimension: 100, rows: 3_200_000, aimNs: undefined },
  { dimension: 384, rows: 833_000, aimNs: undefined },
  { dimension: 768, rows: 416_000, aimNs: undefined },
];
/** Of what is read as fast as possible: what a scan from memory is to reach. */
const shareAim = 0.85;
const rounds = 15;
const warmUpMs = 2_000;
const k = 10;

type Way = readonly [name: string, distances: number, run: () => unknown];
/** Nanoseconds a distance. */
interface Result {
  readonly name: string;
  readonly median: number;
  readonly best: number;
  readonly rounds: readonly number[];
}
/** Node's types leave it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { fill(pages: number): void; read(quarter: number): number } };
};

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
  const fromMemory = aimNs === undefined;
  const bytes = rows * slab.stride * 4;
  const ways: readonly Way[] = [
    ...(fromMemory ? [['read', rows, plainRead(bytes)] as const] : []),
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
  console.log(`\n${rows} × ${dimension}-d, ${(bytes / 1e6).toFixed(1)} MB, aim ${fromMemory ? `${shareAim} of the read` : `${aimNs} ns`}`);
  for (const [i, result] of results.entries()) {
    const isWhole = fromMemory && i < 4;
    console.log(line(result, 1) + (isWhole ? bandwidth(result, results[0] ?? result, bytes / rows) : ''));
  }
}
measureSigns();
measureRest();

/** Bytes a nanosecond, and how many times as long the read takes: the median of the rounds, in each of which they stood side by side. */
function bandwidth({ median, best, rounds: times }: Result, read: Result, rowBytes: number): string {
  const shares = times.map((ns, round) => (read.rounds[round] ?? NaN) / ns);
  return `  ${(rowBytes / median).toFixed(1).padStart(5)} GB/s  best ${(rowBytes / best).toFixed(1).padStart(5)} GB/s  share ${middle(shares).toFixed(2)}`;
}

/** Of so many bytes of its own. See `assembly/read.ts`. */
function plainRead(bytes: number): () => unknown {
  const reader = new WebAssembly.Instance(new WebAssembly.Module(compiled('assembly/read.ts')), {}).exports;
  reader.fill(Math.ceil(bytes / 65_536));
  return () => reader.read(Math.floor(bytes / 256) * 64);
}

function compiled(source: string): Uint8Array {
  const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));
  const folder = mkdtempSync(join(tmpdir(), 'proximadb-read-'));
  try {
    const file = join(folder, 'read.wasm');
    const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort='];
    execFileSync(process.execPath, [compiler, source, '--outFile', file, ...options], { cwd: import.meta.dirname, stdio: 'inherit' });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Codes of one bit, of segments that fit into a cache and of such that do not. */
function measureSigns(): void {
  for (const [dimension, rows] of [[100, 30_000], [100, 340_000], [768, 10_000], [768, 120_000]] as const) {
    const signs = new SignSlab(dimension, rows, false);
    signs.setCentroid(new Float32Array(dimension));
    for (let row = 0; row < rows; row += 1) signs.encode(row, randomVector(dimension));
    const query = normalized(randomVector(dimension));
    const bytes = signs.content.length;
    const search = { weight: 1, deviations: 2, count: rows, wanted: 64, visible: null };
    const ways: readonly Way[] = [
      ['read', rows, plainRead(bytes)],
      ['codes of one bit', rows, () => signs.nearest(query, search)],
    ];
    const results = measure(ways, 100_000);
    console.log(`\n${rows} × ${dimension}-d, codes of one bit, ${(bytes / 1e6).toFixed(1)} MB`);
    for (const result of results) console.log(line(result, 2) + bandwidth(result, results[0] ?? result, bytes / rows));
  }
}

/** What is not a scan: single distances, normalising, and slabs themselves. */
function measureRest(): void {
  const slab = filledSlab(768, 1_000);
  const query = randomVector(768);
  const loop = (task: (row: number) => void) => () => { for (let row = 0; row < 1_000; row += 1) task(row); };
  const slabs: Slab[] = [];
  const ways: readonly Way[] = [
    ['distance, 768-d', 1_000, loop((row) => { slab.distance('ip', query, row); })],
    ['normalize, 768-d', 1_000, loop((row) => { slab.normalize(row); })],
    ['a new slab', 50, () => { for (let i = 0; i < 50; i += 1) slabs.push(new Slab({ dimension: 768, rows: 8, rowsMax: 100_000 })); }],
    ['growing by a quarter', 50, () => { for (const each of slabs.slice(-50)) each.ensure(each.capacity + 1); }],
  ];
  console.log('\nOther calls');
  for (const result of measure(ways, 1)) console.log(line(result, 0));
}

/** Each way in each round, for about so many distances; before them, rounds in which the engine comes to compile the kernels a second time. */
function measure(ways: readonly Way[], distances: number): Result[] {
  const times = ways.map((): number[] => []);
  const warmUntil = performance.now() + warmUpMs;
  for (let round = 0; round < rounds;) {
    const isWarm = performance.now() >= warmUntil;
    ways.forEach(([, count, run], i) => {
      const repeat = Math.max(1, Math.round(distances / count));
      const start = performance.now();
      for (let n = 0; n < repeat; n += 1) run();
      if (isWarm) times[i]?.push((performance.now() - start) * 1e6 / (count * repeat));
    });
    if (isWarm) round += 1;
  }
  return ways.map(([name], i) => ({ name, median: middle(times[i] ?? []), best: Math.min(...times[i] ?? []), rounds: times[i] ?? [] }));
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function filledSlab(dimension: number, rows: number): Slab {
  const slab = new Slab({ dimension, rows, rowsMax: rows });
  for (let row = 0; row < rows; row += 1) {
    slab.row(row).set(randomVector(dimension));
    slab.normalize(row);
  }
  return slab;
}

function line({ name, median, best }: Result, digits: number): string {
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
