import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ways } from '../../peers/proxima-calls.ts';
import { behind, behindTables } from './behind.ts';
import type { PeerFigures } from './figures.ts';

type Built = PeerFigures['built'][number];
type Point = PeerFigures['points'][number];

const isOurs = (who: string): boolean => who.startsWith('ours');
const built = (who: string, figures: Partial<Built> = {}): Built => ({
  who, isOurs: isOurs(who), ackedSeconds: 1, indexedSeconds: 1, cpuSeconds: 1, memoryBytes: 2 ** 20, memoryAtRestBytes: 2 ** 20, diskBytes: 2 ** 20, ...figures,
});
const point = (who: string, figures: Partial<Point> = {}): Point => ({
  who, isOurs: isOurs(who), way: '', k: 10, clients: 1, effort: 16, recall: 0.97, qps: 100, p50Ms: 1, p95Ms: 1, p99Ms: 1, cpuSecondsPer1000: 1, ...figures,
});
const figures = (some: Partial<PeerFigures>): PeerFigures =>
  ({ set: 'mine', rows: 1_000, built: [], points: [], filtered: [], deleted: [], loaded: [], restarts: [], ...some });
const found = (some: Partial<PeerFigures>): [string, string[], string | undefined, number][] =>
  behind(figures(some)).map(({ what, ahead, ours, ratio }) => [what, ahead.map(({ who }) => who), ours?.who, ratio]);

test('a measure is named where somebody is ahead of the best of ours, the largest ratio first, and no other', () => {
  assert.deepEqual(found({
    built: [
      // Ahead on the disk of both of ours, in memory of one of them only, behind in the time.
      built('other', { diskBytes: 2 ** 20, memoryBytes: 2 * 2 ** 20, indexedSeconds: 9 }), built('third', { diskBytes: 3 * 2 ** 20, memoryBytes: 2 ** 30 }),
      built('ours', { diskBytes: 4 * 2 ** 20, memoryBytes: 3 * 2 ** 20 }), built('ours too', { diskBytes: 6 * 2 ** 20, memoryBytes: 2 * 2 ** 20 }),
    ],
    restarts: [{ who: 'third', isOurs: false, way: '', ms: 100 }, { who: 'ours', isOurs: true, way: '', ms: 500 }],
  }), [
    ['seconds from kill -9 to the first right answer', ['third'], 'ours', 5],
    ['disk after writing, MiB', ['other', 'third'], 'ours', 4],
  ]);
});

test('as good as ours is not ahead, in what is better when it is higher and in what is better when it is lower', () => {
  assert.deepEqual(found({ built: [built('other'), built('ours')], points: [point('other'), point('ours')] }), []);
});

test('searches are compared at the same recall, for each number of clients; who never reaches it has no figure', () => {
  const some = [
    // Of more rows, or several in a call, is another measure.
    point('other', { k: 100, qps: 7_000 }), point('ours, together', { way: ways.ten, qps: 8_000 }),
    point('other', { qps: 300 }), point('ours', { qps: 200, p50Ms: 0.5 }), point('poor', { recall: 0.6, qps: 9_000, p50Ms: 0.01, cpuSecondsPer1000: 0.01 }),
    point('other', { clients: 4, qps: 300 }), point('ours', { clients: 4, qps: 400 }),
  ];
  assert.deepEqual(found({ points: some }), [['searches/s at recall 0.95, 1 client', ['other'], 'ours', 1.5]]);
  assert.deepEqual(found({ points: [point('other', { recall: 0.99 }), point('ours', { qps: 900, p50Ms: 0.1, cpuSecondsPer1000: 0.1 })] }), [
    ['searches/s at recall 0.99, 1 client', ['other'], undefined, Infinity],
  ]);
});

test('filters are compared one by one, and so are the stages of writing; whoever got no answer meanwhile is not the fastest', () => {
  const filtered = (who: string, filter: string, recall: number, p50Ms: number): PeerFigures['filtered'][number] =>
    ({ who, isOurs: isOurs(who), way: '', effort: 16, filter, recall, short: 0, wrong: 0, p50Ms, p99Ms: p50Ms, besideP50Ms: 1, freshP50Ms: null });
  const loaded = (who: string, share: number, p99Ms: number, qps = 1): PeerFigures['loaded'][number] =>
    ({ who, isOurs: isOurs(who), way: '', clients: 1, share, rowsASecond: 500, qps, p50Ms: 1, p95Ms: 1, p99Ms });
  assert.deepEqual(found({
    filtered: [filtered('other', '1 % u', 1, 4), filtered('ours', '1 % u', 0.5, 4), filtered('other', '1 % c', 0.4, 1), filtered('ours', '1 % c', 0.4, 3)],
    loaded: [loaded('other', 0.75, 2), loaded('ours', 0.75, 8), loaded('other', 1, 9), loaded('ours', 1, 8), loaded('stuck', 1, 0, 0)],
  }), [
    ['p99 ms while 75 % of the most is written, 1 client', ['other'], 'ours', 4],
    ['p50 ms under the filter 1 % c', ['other'], 'ours', 3],
    ['recall@10 under the filter 1 % u', ['other'], 'ours', 2],
  ]);
});

test('the table names both figures, or says that there is nothing to name; without ours there is none', () => {
  const rowsOf = (some: Partial<PeerFigures>): unknown => behindTables(figures(some)).map(({ rows }) => rows);
  const ours = built('ours', { indexedSeconds: 4 });
  assert.deepEqual(rowsOf({ built: [built('other'), built('third', { indexedSeconds: 2 }), ours] }), [
    [['rows/s until indexed', 'other: 1,000; third: 500', 'ours: 250', '4.00 ×']],
  ]);
  assert.deepEqual(rowsOf({ built: [built('ours')], points: [point('other', { clients: 16 })] }), [[
    'searches/s at recall 0.95, 16 clients', 'p50 ms at recall 0.95, 16 clients', 'CPU s of the server per 1,000 searches at recall 0.95, 16 clients',
  ].map((what) => [what, what.startsWith('searches') ? 'other: 100' : 'other: 1', 'never reached', '–'])]);
  assert.deepEqual(rowsOf({ built: [built('other', { indexedSeconds: 9 }), built('ours')] }), [[['none', '', '', '']]]);
  assert.deepEqual(rowsOf({ built: [built('other')] }), []);
});
