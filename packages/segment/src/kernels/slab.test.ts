import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { kMax, normalized, Slab, type KernelMetric, type Top } from './index.ts';

const metrics: readonly KernelMetric[] = ['ip', 'l2sq', 'l1'];
const largest = 3.4028234663852886e38;
const smallest = 2 ** -149;
const dimensions = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 100, 768, 4096];

/** Small integers, so that distances tie often; or floats. Reproducible from the seed. */
function randomValues(seed: number, count: number, coarse: boolean): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return coarse ? (state >>> 29) - 3 : state / 2 ** 31 - 1;
  });
}

function filledSlab(dimension: number, rows: number, seed: number, coarse = false): { slab: Slab; vectors: Float32Array[] } {
  const slab = new Slab({ dimension, rows, rowsMax: rows });
  const vectors = Array.from({ length: rows }, (_, row) => randomValues(seed + row * 7919, dimension, coarse));
  vectors.forEach((vector, row) => { slab.row(row).set(vector); });
  return { slab, vectors };
}

interface Reference {
  readonly distance: number;
  readonly tolerance: number;
  /** Of all terms, whatever their sign: no sum of some of them is larger. */
  readonly magnitude: number;
  readonly oneSided: boolean;
}

/** In float64, in the plainest way. */
function reference(metric: KernelMetric, query: Float32Array, row: Float32Array): Reference {
  let distance = 0, magnitude = 0, least = 0, greatest = 0;
  query.forEach((a, i) => {
    const b = row[i] ?? NaN;
    const term = metric === 'ip' ? -a * b : metric === 'l2sq' ? (a - b) ** 2 : Math.abs(a - b);
    distance += term;
    magnitude += Math.abs(term);
    least = Math.min(least, term);
    greatest = Math.max(greatest, term);
  });
  // Each of a sum's float32 additions, and the operations of a term, rounds by at most 2⁻²⁴ of what is summed.
  // A product below the smallest float is off by half of that.
  const tolerance = (query.length / 4 + 8) * 2 ** -24 * magnitude + query.length * smallest / 2;
  return { distance, tolerance, magnitude, oneSided: least === 0 || greatest === 0 };
}

/** Of terms of both signs a sum of some may overflow, and that of all not: such a row counts as infinitely far, or near. */
function assertFloatOf(found: number, { distance, tolerance, magnitude, oneSided }: Reference): void {
  const what = `${found} for ${distance} ± ${tolerance}`;
  if (magnitude + tolerance <= largest) assert.ok(Math.abs(found - distance) <= tolerance, what);
  else if (oneSided && magnitude - tolerance > largest) assert.equal(found, Math.sign(distance) * Infinity, what);
  else assert.ok(Math.abs(found) === Infinity || Math.abs(found - distance) <= tolerance, what);
}

/** What a scan must answer, made of single distances and a sort. */
function expectedTop(slab: Slab, metric: KernelMetric, query: Float32Array, candidates: readonly number[], k: number): Top {
  const all = candidates.map((row) => ({ row, distance: slab.distance(metric, query, row) }));
  const nearest = all.sort((a, b) => a.distance - b.distance || a.row - b.row).slice(0, k);
  return { rows: Uint32Array.from(nearest, ({ row }) => row), distances: Float32Array.from(nearest, ({ distance }) => distance) };
}

/** Equal to the last bit: -0 and +0 differ, too. */
function assertSameTop(actual: Top, expected: Top): void {
  assert.deepEqual(actual.rows, expected.rows);
  assert.deepEqual(new Uint32Array(actual.distances.slice().buffer), new Uint32Array(expected.distances.slice().buffer));
}

function bitset(rows: number, members: readonly number[]): Uint32Array {
  const words = new Uint32Array(Math.ceil(rows / 32));
  for (const row of members) words[row >> 5] = (words[row >> 5] ?? 0) | (1 << (row & 31));
  return words;
}

const rowNumbers = (count: number): number[] => Array.from({ length: count }, (_, row) => row);

describe('distances', () => {
  for (const dimension of dimensions) {
    test(`agree with float64 at ${dimension} dimensions, and to the bit with each other`, () => {
      const rows = 11;
      const { slab, vectors } = filledSlab(dimension, rows, dimension);
      const query = randomValues(99, dimension, false);
      for (const metric of metrics) {
        const scanned = slab.scan(metric, query, rows, rows, null);
        assert.equal(scanned.rows.length, rows);
        scanned.rows.forEach((row, i) => {
          const { distance, tolerance } = reference(metric, query, vectors[row] ?? new Float32Array());
          const found = scanned.distances[i] ?? NaN;
          assert.ok(Math.abs(found - distance) <= tolerance, `${metric}: ${found} for ${distance} ± ${tolerance}`);
          // Alone (1 row), and as any one of 4.
          assert.ok(Object.is(slab.distance(metric, query, row), found));
          assertSameTop(slab.scanList(metric, query, Uint32Array.of(row), 1), { rows: Uint32Array.of(row), distances: Float32Array.of(found) });
        });
        assertSameTop(slab.scanList(metric, query, Uint32Array.from(rowNumbers(rows)).reverse(), rows), scanned);
        assertSameTop(slab.scan(metric, query, rows, rows, bitset(rows, rowNumbers(rows))), scanned);
      }
    });
  }

  // 2.2 and 6.2 MB: more than what counts as cached; the 100 first rows alone are less.
  for (const [dimension, rows] of [[100, 5_500], [768, 2_010]] as const) {
    test(`at ${dimension} dimensions are the same from memory, in four streams, as from the cache, four neighbours at a time`, () => {
      const { slab } = filledSlab(dimension, rows, 5);
      const query = randomValues(1, dimension, false);
      for (const metric of metrics) {
        const all = slab.scan(metric, query, rows, rows, null);
        const most = slab.scan(metric, query, rows, rows, bitset(rows, rowNumbers(rows).filter((row) => row % 10 !== 3)));
        const some = slab.scan(metric, query, 100, 100, null);
        const distanceOf = new Map(Array.from(all.rows, (row, i) => [row, all.distances[i]]));
        assert.equal(most.rows.length, rows * 0.9);
        most.rows.forEach((row, i) => { assert.ok(Object.is(most.distances[i], distanceOf.get(row))); });
        some.rows.forEach((row, i) => { assert.ok(Object.is(some.distances[i], distanceOf.get(row))); });
        for (let row = 0; row < rows; row += 97) assert.ok(Object.is(slab.distance(metric, query, row), distanceOf.get(row)));
      }
    });
  }

  test('from memory are those of all rows that count, whichever these are', () => {
    for (const [dimension, rows] of [[100, 5_500], [100, 5_501], [100, 5_502], [100, 5_503], [100, 40_001], [768, 2_003]] as const) {
      // Whole numbers: many are as near as each other.
      const { slab } = filledSlab(dimension, rows, rows, true);
      const query = randomValues(2, dimension, true);
      const chance = randomValues(3, rows, false);
      const choices = [0.95, 0.5, 0.25, 0.1].map((share) => rowNumbers(rows).filter((row) => (chance[row] ?? 0) < 2 * share - 1));
      // Not the first ones and not the last, so that what is read begins and ends anywhere.
      for (const members of [...choices, rowNumbers(rows).slice(37, -75), rowNumbers(rows).slice(rows - 3), [rows - 1], [0, rows - 1]]) {
        for (const metric of metrics) {
          for (const k of [1, 10, 300]) {
            const wanted = expectedTop(slab, metric, query, members, k);
            assertSameTop(slab.scan(metric, query, rows, k, bitset(rows, members)), wanted);
          }
        }
      }
      for (const metric of metrics) assertSameTop(slab.scan(metric, query, rows, 10, null), expectedTop(slab, metric, query, rowNumbers(rows), 10));
    }
  });

  test('that overflow are infinite, sort last, and are never lost', () => {
    const slab = new Slab({ dimension: 8, rows: 6, rowsMax: 6 });
    const huge = 3e38;
    // In the first row, sums of both signs overflow: Infinity - Infinity.
    slab.row(0).set([huge, huge, huge, huge, -huge, -huge, -huge, -huge]);
    slab.row(1).fill(huge);
    slab.row(2).fill(1);
    slab.row(3).fill(-huge);
    const query = new Float32Array(8).fill(huge);
    assert.deepEqual(slab.scan('ip', query, 6, 6, null), {
      rows: Uint32Array.of(1, 2, 4, 5, 0, 3), distances: Float32Array.of(-Infinity, -8 * Math.fround(huge), 0, 0, Infinity, Infinity),
    });
    assert.deepEqual(Array.from(slab.scan('l2sq', query, 6, 2, null).rows), [1, 0]);
    assert.equal(slab.distance('ip', query, 0), Infinity);
  });

  test('of denormals are those of float64: none counts as zero', () => {
    const dimension = 100;
    const { slab, vectors } = filledSlab(dimension, 9, 21, true);
    // Whole multiples of the smallest float: sums and differences of them are exact.
    vectors.forEach((vector, row) => { slab.row(row).set(vector.map((value) => value * smallest)); });
    const query = randomValues(22, dimension, true);
    const large = 2 ** 125;
    const expected = (metric: KernelMetric, scale: number): number[] => vectors.map((vector) => reference(metric, query, vector).distance * scale);
    const distances = (metric: KernelMetric, scale: number): number[] =>
      vectors.map((_, row) => slab.distance(metric, query.map((value) => value * scale), row));
    assert.deepEqual(distances('l1', smallest), expected('l1', smallest));
    assert.deepEqual(distances('ip', large), expected('ip', large * smallest));
    // Their products are below the smallest float.
    for (const metric of ['ip', 'l2sq'] as const) assert.deepEqual(distances(metric, smallest), vectors.map(() => 0));
    assertSameTop(slab.scan('l1', query.map((value) => value * smallest), 9, 9, null),
      expectedTop(slab, 'l1', query.map((value) => value * smallest), rowNumbers(9), 9));
  });

  test('of the largest floats are exact where they are floats, and infinite where they are not, by every metric', () => {
    const dimension = 16;
    const slab = new Slab({ dimension, rows: 5, rowsMax: 5 });
    slab.row(0).fill(largest);
    slab.row(1).fill(-largest);
    slab.row(3)[15] = largest;
    slab.row(4)[0] = -largest;
    const distancesTo = (value: number, metric: KernelMetric): number[] =>
      rowNumbers(5).map((row) => slab.distance(metric, new Float32Array(dimension).fill(value), row));
    assert.deepEqual(distancesTo(largest, 'ip'), [-Infinity, Infinity, 0, -Infinity, Infinity]);
    assert.deepEqual(distancesTo(2 ** -5, 'ip'), [-largest / 2, largest / 2, 0, -largest / 32, largest / 32]);
    assert.deepEqual(distancesTo(0, 'l2sq'), [Infinity, Infinity, 0, Infinity, Infinity]);
    assert.deepEqual(distancesTo(largest, 'l2sq'), [0, Infinity, Infinity, Infinity, Infinity]);
    assert.deepEqual(distancesTo(0, 'l1'), [Infinity, Infinity, 0, largest, largest]);
    assert.deepEqual(distancesTo(largest, 'l1'), [0, Infinity, Infinity, Infinity, Infinity]);
  });

  test('of any floats, denormals and the largest among them, are those of float64, and infinite where that has no float', (t) => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
    t.diagnostic(`seed ${seed}`);
    const denormal = fc.constantFrom(0, smallest, -smallest, 3 * smallest, -(2 ** -127), 2 ** -126 - smallest);
    const most = fc.constantFrom(largest, -largest, 0);
    const any = fc.oneof(denormal, most, fc.float({ noNaN: true, noDefaultInfinity: true }));
    const cases = fc.constantFrom(1, 3, 4, 5, 16, 17, 100).chain((dimension) => {
      const vectorOf = (value: fc.Arbitrary<number>): fc.Arbitrary<Float32Array> =>
        fc.array(value, { minLength: dimension, maxLength: dimension }).map((values) => Float32Array.from(values));
      const vector = fc.oneof(vectorOf(denormal), vectorOf(most), vectorOf(any));
      return fc.record({ query: vector, vectors: fc.array(vector, { minLength: 1, maxLength: 11 }) });
    });
    fc.assert(fc.property(cases, ({ query, vectors }) => {
      const slab = new Slab({ dimension: query.length, rows: vectors.length, rowsMax: vectors.length });
      vectors.forEach((vector, row) => { slab.row(row).set(vector); });
      for (const metric of metrics) {
        const scanned = slab.scan(metric, query, vectors.length, vectors.length, null);
        assertSameTop(scanned, expectedTop(slab, metric, query, rowNumbers(vectors.length), vectors.length));
        scanned.rows.forEach((row, i) => { assertFloatOf(scanned.distances[i] ?? NaN, reference(metric, query, vectors[row] ?? new Float32Array())); });
      }
    }), { seed, interruptAfterTimeLimit: 5_000, numRuns: 500 });
  });

  test('of zero are +0 by every metric', () => {
    const slab = new Slab({ dimension: 3, rows: 4, rowsMax: 4 });
    for (const metric of metrics) assert.ok(Object.is(slab.distance(metric, new Float32Array(3), 0), 0));
    for (const metric of metrics) {
      const { distances } = slab.scan(metric, new Float32Array(3), 4, 4, null);
      assert.deepEqual(new Uint32Array(distances.buffer), new Uint32Array(4));
    }
  });
});

describe('the k nearest', () => {
  test('are those of a sort, for any rows, ties, bitset, list and k', (t) => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
    t.diagnostic(`seed ${seed}`);
    const cases = fc.record({
      dimension: fc.constantFrom(1, 2, 3, 5, 8, 33, 100), rows: fc.integer({ min: 1, max: 700 }), seed: fc.nat(), coarse: fc.boolean(),
      metric: fc.constantFrom(...metrics), k: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 900 })),
      keep: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(fc.property(cases, ({ dimension, rows, seed: content, coarse, metric, k, keep }) => {
      const { slab } = filledSlab(dimension, rows, content, coarse);
      const query = randomValues(content + 1, dimension, coarse);
      const chosen = rowNumbers(rows).filter((row) => Math.imul(row + content, 0x9e3779b1) >>> 0 < keep / 100 * 2 ** 32);
      assertSameTop(slab.scan(metric, query, rows, k, null), expectedTop(slab, metric, query, rowNumbers(rows), k));
      const expected = expectedTop(slab, metric, query, chosen, k);
      assertSameTop(slab.scan(metric, query, rows, k, bitset(rows, chosen)), expected);
      assertSameTop(slab.scanList(metric, query, Uint32Array.from(chosen), k), expected);
      assertSameTop(slab.scanList(metric, query, Uint32Array.from(chosen).reverse(), k), expected);
      // A part of the rows: bits beyond it do not count.
      const part = Math.ceil(rows / 3);
      assertSameTop(slab.scan(metric, query, part, k, bitset(rows, chosen)), expectedTop(slab, metric, query, chosen.filter((row) => row < part), k));
    }), { seed, interruptAfterTimeLimit: 5_000, numRuns: 150 });
  });

  test('over more rows than a chunk of the bitset or list holds', () => {
    // 65,536 rows' bits go in at once, and 2,048 row numbers.
    const rows = 150_001;
    const { slab } = filledSlab(1, rows, 3, true);
    const query = Float32Array.of(0.5);
    for (const modulus of [1, 3, 1000, 50_000]) {
      const chosen = rowNumbers(rows).filter((row) => row % modulus === 0);
      const expected = expectedTop(slab, 'l2sq', query, chosen, 3_000);
      assertSameTop(slab.scan('l2sq', query, rows, 3_000, bitset(rows, chosen)), expected);
      assertSameTop(slab.scanList('l2sq', query, Uint32Array.from(chosen), 3_000), expected);
    }
  });

  test('up to 65,536 of them, and not one more', () => {
    const rows = 70_000;
    const { slab } = filledSlab(2, rows, 11);
    const query = Float32Array.of(0.3, -0.2);
    assertSameTop(slab.scan('l1', query, rows, kMax, null), expectedTop(slab, 'l1', query, rowNumbers(rows), kMax));
    assert.throws(() => slab.scan('l1', query, rows, kMax + 1, null), { code: 'ERR_ASSERTION' });
  });

  test('of nothing are nothing', () => {
    const { slab } = filledSlab(3, 40, 1);
    const query = new Float32Array(3);
    const nothing: Top = { rows: new Uint32Array(), distances: new Float32Array() };
    assert.deepEqual(slab.scan('ip', query, 0, 5, null), nothing);
    assert.deepEqual(slab.scan('ip', query, 40, 0, null), nothing);
    assert.deepEqual(slab.scan('ip', query, 40, 5, new Uint32Array(2)), nothing);
    assert.deepEqual(slab.scanList('ip', query, new Uint32Array(), 5), nothing);
  });
});

describe('a slab', () => {
  test('keeps its rows as it grows, with scans in between, and new rows are zero', () => {
    const dimension = 7;
    const slab = new Slab({ dimension, rows: 0, rowsMax: 20_000 });
    const query = randomValues(4, dimension, false);
    let checked = 0;
    for (let row = 0; row < 20_000; row += 1) {
      slab.ensure(row + 1);
      // A scan writes its heap where the next rows will be.
      if (row > 0 && row % 1_777 === 0) slab.scan('ip', query, row, row, null);
      if (slab.row(row).some((value) => value !== 0)) assert.fail(`row ${row} is not empty`);
      slab.row(row).set(randomValues(row, dimension, false));
    }
    for (let row = 0; row < 20_000; row += 1) {
      const stored = slab.row(row);
      assert.equal(stored.length, 8);
      assert.deepEqual(stored.subarray(0, dimension), randomValues(row, dimension, false));
      assert.equal(stored[dimension], 0);
      checked += 1;
    }
    assert.equal(checked, 20_000);
    assert.equal(slab.capacity, 20_000);
    assert.ok(slab.bytes >= 20_000 * 32 && slab.bytes < 20_000 * 32 * 1.5 + 2 ** 18, `${slab.bytes} bytes`);
  });

  test('refuses to grow past its limit, and stays as it was', () => {
    const slab = new Slab({ dimension: 2, rows: 1, rowsMax: 3 });
    slab.ensure(3);
    slab.row(2).set([1, 2]);
    assert.throws(() => { slab.ensure(4); }, RangeError);
    assert.equal(slab.capacity, 3);
    assert.equal(slab.distance('ip', Float32Array.of(1, 1), 2), -3);
  });

  test('that could not be addressed is refused at once', () => {
    assert.throws(() => new Slab({ dimension: 4096, rows: 1, rowsMax: 300_000 }), RangeError);
    assert.equal(new Slab({ dimension: 4096, rows: 1, rowsMax: 260_000 }).capacity, 1);
  });

  test('takes many rows at once', () => {
    const slab = new Slab({ dimension: 3, rows: 4, rowsMax: 4 });
    slab.rows(1, 2).set([1, 2, 3, 0, 4, 5, 6, 0]);
    assert.deepEqual(Array.from(slab.row(2)), [4, 5, 6, 0]);
    assert.deepEqual(Array.from(slab.scan('ip', Float32Array.of(0, 0, 1), 4, 2, null).distances), [-6, -3]);
  });

  test('asserts what its callers must not do', () => {
    const { slab } = filledSlab(3, 40, 1);
    const query = new Float32Array(3);
    const bug = { code: 'ERR_ASSERTION' };
    assert.throws(() => slab.row(40), bug);
    assert.throws(() => slab.row(-1), bug);
    assert.throws(() => slab.rows(39, 2), bug);
    assert.throws(() => slab.distance('ip', new Float32Array(4), 0), bug);
    assert.throws(() => slab.scan('ip', query, 41, 1, null), bug);
    assert.throws(() => slab.scan('ip', query, 40, 1, new Uint32Array(1)), bug);
    assert.throws(() => slab.scanList('ip', query, Uint32Array.of(0, 40), 1), bug);
  });
});

describe('normalising', () => {
  const extremes: readonly (readonly [string, readonly number[]])[] = [
    ['ordinary', [3, -4, 12]], ['the largest floats', [3.4e38, -3.4e38, 3.4e38]], ['the smallest floats', [1.4e-45, 0, -2.8e-45]],
    ['both', [3.4e38, 1.4e-45, 0]], ['one number', [-1e-30]], ['many', Array.from({ length: 4096 }, (_, i) => (i - 2000) * 1e35)],
  ];
  for (const [name, values] of extremes) {
    test(`gives length 1 to ${name}, alike in a slab and alone`, () => {
      const vector = Float32Array.from(values);
      const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
      const unit = normalized(vector);
      assert.deepEqual(vector, Float32Array.from(values), 'the argument is left alone');
      unit.forEach((value, i) => { assert.ok(Math.abs(value - (vector[i] ?? NaN) / norm) <= 2 ** -24, `${i}: ${value}`); });
      assert.ok(Math.abs(Math.sqrt(unit.reduce((sum, value) => sum + value * value, 0)) - 1) < 1e-6);
      const slab = new Slab({ dimension: values.length, rows: 2, rowsMax: 2 });
      slab.row(1).set(vector);
      slab.normalize(1);
      assert.deepEqual(slab.row(1).subarray(0, values.length), unit);
      assert.ok(slab.row(1).subarray(values.length).every((value) => value === 0));
      assert.ok(slab.row(0).every((value) => value === 0));
    });
  }

  test('leaves zero as it is, and takes no infinity', () => {
    assert.deepEqual(normalized(new Float32Array(5)), new Float32Array(5));
    assert.throws(() => normalized(Float32Array.of(1, Infinity)), { code: 'ERR_ASSERTION' });
  });
});

test('a worker thread gets the same answers', async () => {
  const { slab } = filledSlab(100, 500, 77);
  const query = randomValues(78, 100, false);
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { Slab } = await import(workerData.module);
    const slab = new Slab({ dimension: 100, rows: 500, rowsMax: 500 });
    slab.rows(0, 500).set(workerData.vectors);
    parentPort.postMessage(slab.scan('l2sq', workerData.query, 500, 50, null));`;
  const workerData = { module: import.meta.resolve('./index.ts'), vectors: slab.rows(0, 500).slice(), query };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
  const top = await new Promise<Top>((resolve, reject) => { worker.once('message', resolve).once('error', reject); });
  await worker.terminate();
  assertSameTop(top, slab.scan('l2sq', query, 500, 50, null));
});

test('the committed kernels are what the sources compile to', () => {
  execFileSync(process.execPath, [join(import.meta.dirname, 'build.ts'), '--check'], { stdio: 'pipe' });
});
