/** Exact scans of vectors, and of codes of one and of seven bits, on one thread, without a server: time a distance, share of a plain read's bandwidth. */
import { CoarseQuantizer, CodeSlab, kMax, normalized, SignSlab, Slab, type KernelMetric } from '@proximadb/segment/kernels';
import { plainReader } from '../plain-read.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median } from '../statistics.ts';

export const scan: Scenario = { name: 'scan', title: 'Scans, beside a plain read of memory', run };

const k = 10;
/** Of the bandwidth of a plain read, what a scan from memory is to reach. */
const shareAim = 0.85;
/** What fits into an L2 cache, and the ns a distance that it is to take. */
const cached: readonly Size[] = [
  { dimension: 100, rows: 2_000, aimNs: 8.7 }, { dimension: 384, rows: 500, aimNs: 48 }, { dimension: 768, rows: 250, aimNs: 92 },
];
/** 1.28 GB each. */
const large: readonly Size[] = [{ dimension: 100, rows: 3_200_000 }, { dimension: 384, rows: 833_000 }, { dimension: 768, rows: 416_000 }];
/** Codes of segments that fit into a cache and of such that do not. */
const codes: readonly Size[] = [
  { dimension: 100, rows: 30_000 }, { dimension: 100, rows: 340_000 }, { dimension: 768, rows: 10_000 }, { dimension: 768, rows: 120_000 },
];
/** As an index of lists reads them: so many lists, drawn by lot, of so many rows. */
const lists: readonly (Size & Listed)[] = [
  { dimension: 100, rows: 5_000, list: 500 }, { dimension: 768, rows: 600, list: 150 }, { dimension: 100, rows: 340_000, list: 500 },
  { dimension: 768, rows: 100_000, list: 150 }, { dimension: 768, rows: 100_000, list: 500 },
];
const listsRead = 10;
const readName = 'as many bytes, only read';
/** Of the short form, each size is so small a part. */
const shortPart = 100;
const metrics: readonly (readonly [KernelMetric, string])[] = [['ip', 'inner product'], ['l2sq', 'squared L2'], ['l1', 'L1']];

interface Size {
  readonly dimension: number;
  readonly rows: number;
  readonly aimNs?: number;
}

interface Listed {
  /** Rows. */
  readonly list: number;
}

interface Way {
  readonly name: string;
  /** Distances of one run. */
  readonly count: number;
  readonly run: () => unknown;
}

/** ns a distance. */
interface Result {
  readonly name: string;
  readonly median: number;
  readonly best: number;
  /** In each of them all ways took their turn. */
  readonly rounds: readonly number[];
}

interface Measured extends Size {
  readonly bytes: number;
  readonly results: readonly Result[];
  readonly read: Result | undefined;
}

/** How often and how long. */
interface Effort {
  readonly rounds: number;
  /** In which the engine comes to compile the kernels a second time. */
  readonly warmUpMs: number;
  /** Distances of a way in a round. */
  readonly distances: number;
}

type PlainRead = ReturnType<typeof plainReader>;

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const effort: Effort = short ? { rounds: 3, warmUpMs: 20, distances: 10_000 } : { rounds: 15, warmUpMs: 2_000, distances: 100_000 };
  const plainRead = plainReader(scratch);
  const part = <T extends Size>(sizes: readonly T[]): T[] => sizes.map((size) => ({ ...size, rows: Math.round(size.rows / (short ? shortPart : 1)) }));
  const scanned = (size: Size, reader: PlainRead | null): Measured => {
    say(`${sizeOf(size)}, ${reader === null ? 'in the cache' : 'from memory'}`);
    return measureScans(size, reader, effort);
  };
  const inCache = cached.map((size) => scanned(size, null));
  const fromMemory = part(large).map((size) => scanned(size, plainRead));
  const signs = part(codes).map((size) => {
    say(`${sizeOf(size)}, codes of one bit`);
    return measureSigns(size, plainRead, effort);
  });
  const inLists = part(lists).map((size) => {
    say(`${sizeOf(size)}, codes of seven bits`);
    return measureLists({ ...size, list: Math.min(size.rows, size.list) }, plainRead, effort);
  });
  return {
    tables: [
      timesTable('in the cache', inCache, [
        'The median of the rounds, in each of which all ways of asking take their turn, and the best round.',
        '"10 %" is 25 to 200 distances here: the call and the answer weigh as much.',
      ]),
      timesTable('from memory', fromMemory, [
        `${fromMemory.map(({ bytes }) => `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`).join(', ')}. Only read: from four places at once.`,
      ]),
      bandwidthTable(fromMemory), signsTable(signs), listsTable(inLists), restTable(effort),
    ],
    aims: [...fromMemory.flatMap(shareAims), ...inCache.flatMap(timeAims)],
  };
}

function measureScans({ dimension, rows, ...aims }: Size, plainRead: PlainRead | null, effort: Effort): Measured {
  const slab = filledSlab(dimension, rows);
  const query = normalized(randomVector(dimension));
  const most = new Uint32Array(Math.ceil(rows / 32));
  const few = new Uint32Array(most.length);
  const list: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const chance = Math.random();
    if (chance < 0.9) setBit(most, row);
    if (chance >= 0.1) continue;
    setBit(few, row);
    list.push(row);
  }
  const numbers = Uint32Array.from(list);
  const shuffled = numbers.slice().sort((one, other) => scatter(one) - scatter(other));
  const bytes = rows * slab.stride * 4;
  const all = (metric: KernelMetric, name: string, hits = k): Way => ({ name, count: rows, run: () => slab.scan(metric, query, rows, hits, null) });
  const results = measure([
    ...(plainRead === null ? [] : [{ name: readName, count: rows, run: plainRead(bytes) }]),
    ...metrics.map(([metric, name]) => all(metric, name)),
    { name: 'inner product, 90 % of the bits set', count: rows * 0.9, run: () => slab.scan('ip', query, rows, k, most) },
    { name: '10 % of the bits set', count: list.length, run: () => slab.scan('ip', query, rows, k, few) },
    { name: 'list of 10 %', count: list.length, run: () => slab.scanList('ip', query, numbers, k) },
    { name: 'the same list, shuffled', count: list.length, run: () => slab.scanList('ip', query, shuffled, k) },
    all('ip', `k = a quarter of the rows, at most ${kMax.toLocaleString('en-US')}`, Math.min(kMax, rows >> 2)),
  ], effort);
  return { dimension, rows, ...aims, bytes, results, read: results.find(({ name }) => name === readName) };
}

function measureSigns({ dimension, rows }: Size, plainRead: PlainRead, effort: Effort): Measured {
  const signs = new SignSlab(dimension, rows, false);
  signs.setCentroid(new Float32Array(dimension));
  for (let row = 0; row < rows; row += 1) signs.encode(row, randomVector(dimension));
  const query = normalized(randomVector(dimension));
  const bytes = signs.content.length;
  const search = { weight: 1, deviations: 2, count: rows, wanted: 64, visible: null };
  const results = measure([
    { name: readName, count: rows, run: plainRead(bytes) }, { name: 'codes', count: rows, run: () => signs.nearest(query, search) },
  ], effort);
  return { dimension, rows, bytes, results, read: results[0] };
}

function measureLists({ dimension, rows, list }: Size & Listed, plainRead: PlainRead, effort: Effort): Measured & Listed {
  const codes = new CodeSlab(dimension, rows);
  codes.setCentroid(new Float32Array(dimension), null);
  for (let row = 0; row < rows; row += 1) codes.encode(row, randomVector(dimension));
  const half = Uint32Array.from({ length: Math.ceil(rows / 32) }, () => Math.random() * 2 ** 32);
  const query = normalized(randomVector(dimension));
  const bytes = codes.content.length;
  const search = (visible: Uint32Array | null) => (): void => {
    codes.begin(query, 1, 64, visible);
    for (let i = 0; i < listsRead; i += 1) codes.scan(Math.floor(Math.random() * Math.floor(rows / list)) * list, list, 0);
    codes.finish();
  };
  const count = listsRead * list;
  const results = measure([
    { name: readName, count: rows, run: plainRead(bytes) }, { name: 'codes', count, run: search(null) },
    { name: 'half of the bits set', count: count / 2, run: search(half) },
  ], effort);
  return { dimension, rows, list, bytes, results, read: results[0] };
}

/** Each way in each round. */
function measure(ways: readonly Way[], { rounds, warmUpMs, distances }: Effort): Result[] {
  const times = ways.map((): number[] => []);
  const warmUntilMs = performance.now() + warmUpMs;
  for (let round = 0; round < rounds;) {
    const isWarm = performance.now() >= warmUntilMs;
    ways.forEach(({ count, run: task }, i) => {
      const repeat = Math.max(1, Math.round(distances / count));
      const startedMs = performance.now();
      for (let n = 0; n < repeat; n += 1) task();
      if (isWarm) times[i]?.push((performance.now() - startedMs) * 1e6 / (count * repeat));
    });
    if (isWarm) round += 1;
  }
  return ways.map(({ name }, i) => ({ name, median: median(times[i] ?? []), best: Math.min(...times[i] ?? []), rounds: times[i] ?? [] }));
}

/** Of the read's bandwidth: how much of its time the read takes of a scan's, the median of the rounds. */
function shareOf({ rounds }: Result, read: Result | undefined): number {
  return median(rounds.map((ns, round) => (read?.rounds[round] ?? NaN) / ns));
}

function timesTable(where: string, sizes: readonly Measured[], notes: readonly string[]): Table {
  const names = sizes[0]?.results.map(({ name }) => name) ?? [];
  return {
    title: `One thread, ${where}: ns a distance`, columns: ['', ...sizes.flatMap((size) => [sizeOf(size), 'best'])], notes,
    rows: names.map((name, at): Cell[] => [name, ...sizes.flatMap(({ results }) => [results[at]?.median ?? NaN, results[at]?.best ?? NaN])]),
  };
}

function bandwidthTable(sizes: readonly Measured[]): Table {
  const names = [readName, ...metrics.map(([, name]) => name)];
  return {
    title: 'One thread, from memory: bandwidth',
    columns: ['', ...sizes.flatMap((size) => [`${sizeOf(size)}, GB/s`, 'best', 'of the read'])],
    rows: names.map((name): Cell[] => [name, ...sizes.flatMap(({ rows, bytes, results, read }) => {
      const result = results.find((one) => one.name === name);
      return result === undefined ? [] : [bytes / rows / result.median, bytes / rows / result.best, percent(shareOf(result, read))];
    })]),
    notes: ['Of the read: the median of the rounds, in each of which scan and read take their turn.'],
  };
}

function signsTable(sizes: readonly Measured[]): Table {
  return {
    title: 'One thread, codes of one bit: ns a row', columns: ['', 'MB', readName, 'codes', 'best', 'GB/s', 'of the read'],
    rows: sizes.map(({ rows, bytes, results: [read, result], ...size }): Cell[] => (read === undefined || result === undefined ? [] : [
      sizeOf({ rows, ...size }), bytes / 1e6, read.median, result.median, result.best, bytes / rows / result.median, percent(shareOf(result, read)),
    ])),
    notes: ['The nearest 64 by their codes. The bytes are not what takes the time.'],
  };
}

function listsTable(sizes: readonly (Measured & Listed)[]): Table {
  return {
    title: 'One thread, codes of seven bits, in lists: ns a row',
    columns: ['', 'rows a list', 'MB', readName, 'codes', 'best', 'GB/s', 'half of the bits set'],
    rows: sizes.map(({ list, bytes, results: [read, all, half], ...size }): Cell[] => (read === undefined || all === undefined || half === undefined ? [] : [
      sizeOf(size), list, bytes / 1e6, read.median, all.median, all.best, bytes / size.rows / all.median, half.median,
    ])),
    notes: [`The nearest 64 in ${listsRead} lists drawn by lot; of the bits, of a row that is visible.`],
  };
}

/** What is not a scan: single distances, normalising, and slabs themselves. */
function restTable(effort: Effort): Table {
  const slab = filledSlab(768, 1_000);
  const query = randomVector(768);
  const each = (task: (row: number) => void) => (): void => { for (let row = 0; row < 1_000; row += 1) task(row); };
  const results = measure([
    { name: 'distance, 768-d', count: 1_000, run: each((row) => { slab.distance('ip', query, row); }) },
    centroidOf({ dimension: 100, rows: 1_705 }), centroidOf({ dimension: 768, rows: 465 }),
    { name: 'normalize, 768-d', count: 1_000, run: each((row) => { slab.normalize(row); }) },
    // None is kept: each takes a range of addresses, of which a process has some 16,000.
    { name: 'a new slab', count: 50, run: () => { for (let i = 0; i < 50; i += 1) new Slab({ dimension: 768, rows: 8, rowsMax: 100_000 }); } },
  ], { ...effort, distances: 1 });
  return {
    title: 'One thread, other calls: µs', columns: ['', 'median', 'best'],
    rows: results.map(({ name, median: middle, best }): Cell[] => [name, middle / 1_000, best / 1_000]), notes: [],
  };
}

/** As lists of 340,979 and of 24,000 rows are made. */
function centroidOf(size: Size): Way {
  const { dimension, rows } = size;
  const quantizer = new CoarseQuantizer('l2sq', filledSlab(dimension, rows), new Float32Array(dimension));
  const vectors = Array.from({ length: 100 }, () => normalized(randomVector(dimension)));
  const origin = new Float32Array(dimension);
  const run = (): void => { quantizer.each([...vectors.keys()], (row) => vectors[row] ?? origin, () => undefined); };
  return { name: `the nearest of so many centroids, ${sizeOf(size)}`, count: vectors.length, run };
}

function shareAims({ results, read, ...size }: Measured): Aim[] {
  return ofMetrics(results).map((result) => {
    const share = shareOf(result, read);
    return {
      what: `${sizeOf(size)} from memory, ${result.name}: of the bandwidth of a plain read`, aimed: `≥ ${percent(shareAim)}`, measured: percent(share),
      met: share >= shareAim,
    };
  });
}

function timeAims({ results, aimNs = NaN, ...size }: Measured): Aim[] {
  return ofMetrics(results).map(({ name, median: ns }) => ({
    what: `${sizeOf(size)} in the cache, ${name}: a distance`, aimed: `≤ ${aimNs} ns`, measured: `${ns.toFixed(1)} ns`, met: ns <= aimNs,
  }));
}

function ofMetrics(results: readonly Result[]): Result[] {
  return results.filter((result) => metrics.some(([, name]) => name === result.name));
}

function sizeOf({ rows, dimension }: Size): string {
  return `${rows.toLocaleString('en-US')} × ${dimension}-d`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function filledSlab(dimension: number, rows: number): Slab {
  const slab = new Slab({ dimension, rows, rowsMax: rows });
  for (let row = 0; row < rows; row += 1) {
    slab.row(row).set(randomVector(dimension));
    slab.normalize(row);
  }
  return slab;
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
