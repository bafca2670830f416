import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clusteredSet } from './clustered-set.ts';
import { vectorAt, type DataSet } from './data-set.ts';
import { npy } from './npy.fixture.ts';
import { parseNpy } from './npy.ts';
import { ownSet } from './own-set.ts';
import { matching, StoredSet, storeSet } from './stored.ts';
import { exactTruth } from './truth.ts';
import { wordSet } from './word-set.ts';

const rows = 3_000;
/** Loading the words takes seconds. */
let words: DataSet | undefined;
const small = (): DataSet => clusteredSet(rows, 20, 32);
let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-data-')); });
after(() => { rmSync(folder, { recursive: true, force: true }); });

function hashOf(set: DataSet): string {
  const hash = createHash('sha256').update(new Uint8Array(set.vectors.buffer, set.vectors.byteOffset, set.vectors.byteLength));
  for (const query of set.queries) hash.update(new Uint8Array(query.buffer, query.byteOffset, query.byteLength));
  for (let row = 0; row < set.rows; row += 1) hash.update(JSON.stringify(set.metadata(row)));
  return hash.digest('hex');
}

describe('every data set', () => {
  for (const [name, make] of [['clustered', small], ['words', () => words ??= wordSet(rows, 20)]] as const) {
    test(`${name}: filters match exactly what they say, near one half, a tenth, a hundredth, a thousandth`, () => {
      const set = make();
      for (const kind of ['uncorrelated', 'correlated']) {
        const shares = set.filters.filter((filter) => filter.kind === kind);
        for (const filter of shares) assert.equal(matching(set, filter), Math.round(filter.share * set.rows), `${filter.field} < ${filter.below}`);
        assert.deepEqual(shares.map(({ share }) => share), [0.5, 0.1, 0.01, 0.001]);
      }
    });

    test(`${name}: made anew, it has the same bytes`, () => {
      assert.equal(hashOf(make()), hashOf(name === 'words' ? wordSet(rows, 20) : make()));
    });

    test(`${name}: what a correlated filter matches lies together, what an uncorrelated one matches does not`, () => {
      const set = make();
      const inside = (field: string): number => {
        const members = Array.from({ length: set.rows }, (_, row) => row).filter((row) => Number(set.metadata(row)[field]) < 10);
        const cosines = members.flatMap((one) => members.map((other) => cosine(vectorAt(set, one), vectorAt(set, other))));
        return cosines.reduce((sum, each) => sum + each, 0) / cosines.length;
      };
      assert.ok(inside('near') > inside('slice') + 0.05, `${inside('near')} and ${inside('slice')}`);
    });
  }

  test('clustered: no query is a row, and lengths differ', () => {
    const set = small();
    const known = new Set(Array.from({ length: set.rows }, (_, row) => vectorAt(set, row).join()));
    assert.ok(set.queries.every((query) => !known.has(query.join())));
    const lengths = Array.from({ length: set.rows }, (_, row) => Math.hypot(...vectorAt(set, row)));
    assert.ok(Math.max(...lengths) > 2 * Math.min(...lengths));
  });

  test('read back from its files, it is what was written', () => {
    const set = words ??= wordSet(rows, 20);
    storeSet(set, folder);
    using stored = new StoredSet(folder);
    const { vectors, metadata, rows: numbers } = stored.batch(990, 2_010);
    assert.deepEqual(numbers.slice(0, 2), [990, 991]);
    assert.deepEqual(vectors, set.vectors.slice(990 * set.dimension, 2_010 * set.dimension));
    assert.deepEqual(metadata, numbers.map((row) => set.metadata(row)));
    assert.deepEqual(stored.queries, set.queries);
    assert.deepEqual(stored.filters, set.filters);
    assert.deepEqual([...stored.column('slice').subarray(0, 50)], Array.from({ length: 50 }, (_, row) => set.metadata(row)['slice']));
  });
});

describe('the truth', () => {
  for (const metric of ['cosine', 'euclidean'] as const) {
    test(`is what sorting all rows by ${metric} distance gives, with and without a filter`, () => {
      const set: DataSet = { ...small(), metric };
      const truth = exactTruth(set, 10);
      const [query] = set.queries;
      assert.ok(query !== undefined);
      const euclidean = (row: number): number => Math.hypot(...vectorAt(set, row).map((value, i) => value - (query[i] ?? 0)));
      const distance = (row: number): number => (metric === 'cosine' ? -cosine(query, vectorAt(set, row)) : euclidean(row));
      const order = Array.from({ length: set.rows }, (_, row) => row).sort((one, other) => distance(one) - distance(other));
      assert.deepEqual([...truth.of('all')[0] ?? []], order.slice(0, 10));
      assert.deepEqual([...truth.of('kept')[0] ?? []], order.filter((row) => row % 2 === 0).slice(0, 10));
      for (const filter of set.filters) {
        const matches = order.filter((row) => Number(set.metadata(row)[filter.field]) < filter.below);
        assert.deepEqual([...truth.of(filter)[0] ?? []], matches.slice(0, 10), `${filter.field} < ${filter.below}`);
      }
    });
  }
});

describe('.npy files', () => {
  test('of 4 and of 8 bytes are read, wherever the numbers begin', () => {
    for (const type of ['<f4', '<f8'] as const) {
      for (const padding of [0, 1, 2, 3]) {
        const { rows: read, dimension, values } = parseNpy(npy(type, [[1, -2.5, 3], [0.25, 5, 6]], { padding }), 'a.npy');
        assert.deepEqual([read, dimension, ...values], [2, 3, 1, -2.5, 3, 0.25, 5, 6]);
      }
    }
  });

  test('that hold something else are refused by name, with what to save', () => {
    const good = npy('<f4', [[1, 2]]);
    const bad: readonly (readonly [Uint8Array, RegExp])[] = [
      [Buffer.from('not at all'), /is not an \.npy file/], [npy('<i8', [[1, 2]]), /holds <i8/],
      [npy('<f4', [[1, 2]], { fortran: true }), /columns one after the other/], [npy('<f4', [[1, NaN]]), /no finite numbers/],
      [good.subarray(0, good.length - 1), /ends early/], [npy('<f4', [[1, 2]], { shape: '(2,)' }), /not a matrix/],
    ];
    for (const [bytes, why] of bad) {
      assert.throws(() => parseNpy(bytes, 'a.npy'), (error: Error) => /^a\.npy: .*numpy\.save/.test(error.message) && why.test(error.message), String(why));
    }
  });
});

describe('own data', () => {
  const files = (metadata: readonly object[], queries?: number[][]): { data: string; metadata: string; queries: string | undefined } => {
    const paths = { data: join(folder, 'my.npy'), metadata: join(folder, 'my.jsonl'), queries: queries === undefined ? undefined : join(folder, 'q.npy') };
    writeFileSync(paths.data, npy('<f4', metadata.map((_, row) => [Math.cos(row), Math.sin(row), row / 100])));
    writeFileSync(paths.metadata, metadata.map((fields) => `${JSON.stringify(fields)}\n`).join(''));
    if (paths.queries !== undefined && queries !== undefined) writeFileSync(paths.queries, npy('<f4', queries));
    return paths;
  };
  const settings = { metric: 'euclidean', rowsMax: Infinity, queriesMax: 10 } as const;
  const lines = Array.from({ length: 200 }, (_, row) => ({ year: 1900 + row % 100, kind: `k${row % 3}`, deep: { a: 1 } }));

  test('keeps its metadata beside its vectors, and numeric fields become filters that match what they say', () => {
    const set = ownSet({ ...files(lines, [[1, 0, 0]]), ...settings });
    assert.deepEqual([set.name, set.rows, set.dimension, set.queries.length], ['my', 200, 3, 1]);
    for (let row = 0; row < set.rows; row += 1) {
      const given = Math.round((vectorAt(set, row)[2] ?? 0) * 100);
      assert.deepEqual([set.metadata(row)['year'], set.metadata(row)['kind'], set.metadata(row)['deep']], [lines[given]?.year, lines[given]?.kind, undefined]);
    }
    const own = set.filters.filter(({ kind }) => kind === 'own');
    assert.ok(own.length >= 2 && own.every(({ field }) => field === 'year'));
    for (const filter of own) assert.equal(matching(set, filter) / set.rows, filter.share);
  });

  test('without queries some rows are held back to ask with', () => {
    const set = ownSet({ ...files(lines), ...settings });
    assert.deepEqual([set.rows, set.queries.length], [190, 10]);
    const known = new Set(Array.from({ length: set.rows }, (_, row) => vectorAt(set, row).join()));
    assert.ok(set.queries.every((query) => !known.has(query.join())));
  });

  test('what does not fit together is refused by the file to correct', () => {
    const paths = files(lines, [[1, 0]]);
    assert.throws(() => ownSet({ ...paths, ...settings }), /q\.npy: has 2 columns/);
    writeFileSync(paths.metadata, '{}\n');
    assert.throws(() => ownSet({ ...paths, queries: undefined, ...settings }), /my\.jsonl: has 1 lines for 200 vectors/);
    writeFileSync(paths.metadata, '{}\n'.repeat(199) + '{\n');
    assert.throws(() => ownSet({ ...paths, queries: undefined, ...settings }), /my\.jsonl:200: is not JSON/);
  });
});

function cosine(one: Float32Array, other: Float32Array): number {
  const dot = one.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
  return dot / Math.hypot(...one) / Math.hypot(...other);
}
