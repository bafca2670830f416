import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { npy } from './data/npy.fixture.ts';
import { lacking } from './peers/software.ts';
import type { Taken } from './run-folder.ts';
import { runBench } from './run.fixture.ts';
import { tinySizes, wholeSizes } from './scenarios/peers.ts';
import type { PeerFigures } from './scenarios/peers/figures.ts';

let folder = '';
before(() => { folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-run-')); });
after(() => { rmSync(folder, { recursive: true, force: true }); });

function reportOf(scenario: string, from = folder): Taken {
  return JSON.parse(readFileSync(join(from, `${scenario}.json`), 'utf8')) as Taken;
}

/** Of the one data set that was measured. */
function figuresOf(from = folder): PeerFigures {
  const [figures] = reportOf('peers', from).figures as readonly PeerFigures[];
  assert.ok(figures !== undefined);
  return figures;
}

/** Titles and plots of the page that a run leaves. */
function pageOf(from: string): { readonly titles: readonly string[]; readonly plots: readonly string[] } {
  const page = readFileSync(join(from, 'report.md'), 'utf8');
  const all = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, found = '']) => found);
  return { titles: all(/^###? (.+)$/gm), plots: all(/^!\[.*\]\(<(.+)>\)$/gm) };
}

test('the short form of the peers measures ours beside libraries, end to end, and draws what it measured', () => {
  const withCompiler = lacking({ 'g++': 'g++' }) === false;
  const only = ['usearch i8', ...(withCompiler ? ['hnswlib-node'] : []), 'proximadb hnsw of 2'];
  const { status, stderr } = runBench(folder, 'peers', '--short', '--only', only.join(','));
  assert.equal(status, 0, stderr);
  const { tables } = reportOf('peers');
  const named = (part: string): readonly (readonly unknown[])[] => tables.find(({ title }) => title.includes(part))?.rows ?? [];
  assert.deepEqual(named('Who takes part').map(([name]) => name), only);
  const parts = [
    'writing 2,000 rows', 'same recall@10', 'k = 10 of', 'p50 ms under filters', 'deleted', 'while rows are written', 'kill -9', 'where ours is behind',
  ];
  for (const part of parts) {
    assert.ok(named(part).length > 0, `a table about ${part}`);
  }
  const { points, filtered } = figuresOf();
  const cases = points.map(({ who, k, clients, effort }) => `${who}: ${k} rows, ${clients} clients, ef ${effort}`);
  // The short form asks for the first and the fourth of six.
  const expected = only.flatMap((name) => tinySizes.clients.flatMap((clients) => [16, 128].map((effort) =>
    `${name === 'proximadb hnsw of 2' ? `${name}, gRPC` : name}: 10 rows, ${clients} clients, ef ${effort}`)));
  assert.deepEqual(cases.sort(), expected.sort());
  for (const { recall, qps, p50Ms, p95Ms, p99Ms, cpuSecondsPer1000 } of points) {
    assert.ok(recall > 0 && qps > 0 && cpuSecondsPer1000 >= 0 && p50Ms > 0 && p95Ms >= p50Ms && p99Ms >= p95Ms);
  }
  assert.ok(filtered.length > 0 && filtered.every(({ p50Ms, p99Ms }) => p50Ms > 0 && p99Ms >= p50Ms));
  // Ours is exact at this size, with every filter.
  const [[, , ...recalls] = []] = named('recall under filters').filter(([name]) => String(name).startsWith('proximadb'));
  assert.equal(recalls.length, 10);
  assert.equal(recalls.pop(), 0, 'no answer is too short');
  assert.ok(recalls.every((recall) => Number(recall) > 0.99), JSON.stringify(recalls));
  const plots = readdirSync(folder).filter((name) => name.endsWith('.svg'));
  assert.deepEqual(plots.sort(), ['peers-words-k10-clients1.svg', 'peers-words-k10-clients4.svg']);
  for (const plot of plots) assert.match(readFileSync(join(folder, plot), 'utf8'), /usearch i8: recall [01]\.\d+/);
  assert.deepEqual(pageOf(folder), { titles: ['Ourselves and others', ...tables.map(({ title }) => title)], plots });
});

test('the whole form asks for 10 and for 100 rows, by 1, 4 and 16 clients, at every effort', () => {
  assert.deepEqual([wholeSizes.ks, wholeSizes.clients, wholeSizes.effortStep], [[10, 100], [1, 4, 16], 1]);
});

test('what nobody named a folder for goes into one of its own, with one page for all that was measured', () => {
  const { status, stderr } = runBench(null, 'segments', 'peers', '--short', '--only', 'usearch i8');
  const page = /written to (.*)\n$/.exec(stderr)?.[1] ?? '';
  const made = dirname(page);
  try {
    assert.equal(status, 0, stderr);
    assert.equal(dirname(made), join(import.meta.dirname, 'results'));
    const titlesOf = (scenario: string): string[] => reportOf(scenario, made).tables.map(({ title }) => title);
    const { titles, plots } = pageOf(made);
    assert.deepEqual(titles, ['One segment: graph, codes, and lists', ...titlesOf('segments'), 'Ourselves and others', ...titlesOf('peers')]);
    assert.ok(plots.length > 0);
    assert.deepEqual(readdirSync(made).sort(), ['peers.json', 'report.md', 'segments.json', ...plots].sort());
  } finally {
    if (page !== '') rmSync(made, { recursive: true });
  }
});

test('scans of each dimension and metric stand beside a plain read of as many bytes', () => {
  const { status, stderr } = runBench(folder, 'scan', '--short');
  assert.equal(status, 0, stderr);
  const { tables, aims } = reportOf('scan');
  const [[read, ...bandwidths] = [], ...scans] = tables.find(({ title }) => title.includes('bandwidth'))?.rows ?? [];
  assert.equal(read, 'as many bytes, only read');
  // Of each of three dimensions: GB/s, those of the best round, and the share.
  assert.equal(bandwidths.length, 9);
  assert.deepEqual(scans.map(([name, ...figures]) => [name, figures.filter((figure) => Number.parseFloat(String(figure)) > 0).length]), [
    ['inner product', 9], ['squared L2', 9], ['L1', 9],
  ]);
  const shares = aims.filter(({ what }) => what.endsWith('of the bandwidth of a plain read'));
  assert.equal(shares.length, 9);
  assert.ok(shares.every(({ aimed, measured }) => aimed === '≥ 85 %' && /^\d+ %$/.test(measured)), JSON.stringify(shares));
});

test('own vectors with own metadata and own queries are measured beside others, with filters on their fields', () => {
  const rows = Array.from({ length: 400 }, (_, row) => [Math.cos(row), Math.sin(row), Math.cos(row * 7), row / 400]);
  writeFileSync(join(folder, 'mine.npy'), npy('<f4', rows));
  writeFileSync(join(folder, 'mine.jsonl'), rows.map((_, row) => `${JSON.stringify({ year: 1900 + row % 100 })}\n`).join(''));
  writeFileSync(join(folder, 'asked.npy'), npy('<f4', rows.slice(0, 20).map((row) => row.map((value) => value + 0.01))));
  const files = ['--data', 'mine.npy', '--metadata', 'mine.jsonl', '--queries', 'asked.npy'].map((word) => (word.startsWith('--') ? word : join(folder, word)));
  const into = join(folder, 'own');
  const { status, stderr } = runBench(into, ...files, '--short', '--only', 'usearch f32,proximadb ivf of 2', '--metric', 'euclidean');
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(into).filter((name) => name.endsWith('.json')), ['peers.json']);
  const { tables, command } = reportOf('peers', into);
  assert.match(command, /^npm run bench -- peers --short .* --data \S*mine\.npy .* --metric euclidean$/);
  const filters = tables.find(({ title }) => title.startsWith('mine: recall under filters'));
  assert.ok(filters?.columns.some((column) => column.startsWith('year < ')), filters?.columns.join());
  assert.match(JSON.stringify(tables), /400 rows, 4-d, euclidean/);
});

test('a peer, a data set or a metric that is not there is refused by its name', () => {
  assert.match(runBench(folder, 'peers', '--short', '--only', 'nobody').stderr, /no peer nobody; there are usearch i8/);
  assert.match(runBench(folder, 'peers', '--set', 'none').stderr, /no data set none; there are words, clustered/);
  assert.match(runBench(folder, '--data', 'mine.npy', '--metric', 'l1').stderr, /no metric l1; there are cosine and euclidean/);
});

test('who asks for what there is not is told where to look, before anything is measured; who asks for help gets it', () => {
  for (const [wrong, message] of [
    ['--nope', /Unknown option '--nope'/], ['nope', /no scenario nope; there are serialisation, /], ['--rows=many', /--rows takes a number of rows, not many/],
  ] as const) {
    const { status, stderr } = runBench(folder, wrong);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /--help/);
  }
  const { status, stdout } = runBench(null, '--help');
  assert.equal(status, 0);
  for (const said of [/^ {2}peers +Ourselves and others$/m, /^ {2}guard +\S/m, /^ {2}--set NAME /m]) assert.match(stdout, said);
});
