import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { encodeVectorRecord, compileWalker } from '@proximadb/record';
import { schemaText } from '@proximadb/schemas';
import { encodeRows, hashId, SegmentWriter, strideOf, type BuildJob } from '@proximadb/segment';
import { Builder, Builders } from './builder.ts';

const skip = process.platform === 'linux' ? false : 'threads are counted by /proc, which Linux has';

/** Threads of this process that have a name. */
const idsOf = (name: string): string[] => readdirSync('/proc/self/task').filter((id) => nameOf(id) === name);
const threadsOf = (name: string): number => idsOf(name).length;

function nameOf(id: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** Of a thread of this process, as proc(5) says: field 19 of its `stat`, of which the second is its name, in brackets. */
function nicenessOf(id: string): number {
  const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
  const fromThird = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fromThird[19 - 3]);
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const endMs = performance.now() + 120_000; !holds(); await delay(5)) assert.ok(performance.now() < endMs, what);
}

/** Makes a segment of one row. */
function job(context: TestContext): BuildJob {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-builder-'));
  context.after(() => { rmSync(directory, { recursive: true }); });
  const text = schemaText('VectorRecord');
  const writer = new SegmentWriter(join(directory, 'tmp'), 1, () => text);
  const bytes = encodeVectorRecord(1, { id: 'a', vector: [1, 0] });
  const padded = new Float32Array(strideOf(2));
  padded[0] = 1;
  writer.add(1, bytes, 0, Infinity, hashId(compileWalker(JSON.parse(text)).view(bytes).idBytes), padded);
  return { kind: 'complete', directory: join(directory, 'tmp'), schemaIds: writer.close(), schemas: { 1: text }, dimension: 2, codes: 'cosine' };
}

test('a builder has a thread only while there is something to build, and a little longer', { skip }, async (context) => {
  const name = 'built-by-test';
  const builder = new Builder({ name, sharers: 0, idleMs: 1_000, onFatal: (error) => { throw error; } });
  assert.equal(threadsOf(name), 0);
  for (const round of [1, 2]) {
    const built = await Promise.all([builder.run(job(context)), builder.run(job(context))]);
    assert.deepEqual(built.map(({ segment }) => segment?.rows), [1, 1], `round ${round}`);
    assert.equal(threadsOf(name), 1, 'one thread for both, and it waits for another job');
    await until(() => threadsOf(name) === 0, 'it ends');
  }
  await builder.end(new AppError('UNAVAILABLE', 'over'));
});

test('a job that takes longer than an idle thread lives is finished; one that fails says why; an end is told to who waits', { skip }, async (context) => {
  const builder = new Builder({ name: 'hasty-builder', sharers: 1, idleMs: 0, onFatal: (error) => { throw error; } });
  assert.equal((await builder.run(job(context))).segment?.rows, 1);
  await assert.rejects(builder.run({ ...job(context), directory: '/not/there' }), /ENOENT|not\/there/);
  const cut = builder.run(job(context));
  const told = assert.rejects(cut, { code: 'UNAVAILABLE', message: 'over' });
  await builder.end(new AppError('UNAVAILABLE', 'over'));
  await told;
  assert.equal(threadsOf('hasty-builder'), 0);
});

test('of several builders one works alone, others take what it cannot; what waits when they end is told so, too', { skip }, async (context) => {
  const names = ['one-of-two', 'other-of-two'] as const;
  const onFatal = (error: Error): void => { throw error; };
  const builders = new Builders(names.map((name) => new Builder({ name, sharers: 0, onFatal })));
  for (const _ of [1, 2]) await builders.run(job(context));
  assert.deepEqual(names.map(threadsOf), [1, 0]);
  const built = await Promise.all([1, 2, 3].map(() => builders.run(job(context))));
  assert.deepEqual([built.map(({ segment }) => segment?.rows), names.map(threadsOf)], [[1, 1, 1], [1, 1]]);
  // What was begun may be done before its thread ends.
  const begun = Promise.allSettled([1, 2].map(() => builders.run(job(context))));
  const told = assert.rejects(builders.run(job(context)), { code: 'UNAVAILABLE', message: 'over' });
  await builders.end(new AppError('UNAVAILABLE', 'over'));
  await Promise.all([told, begun]);
  assert.deepEqual(names.map(threadsOf), [0, 0]);
});

/** Of the main thread before any was built; 0, unless the tests were told to give way. */
const usual = getPriority();

/** ms on a core. */
function cpuMsOf(id: string): number {
  return Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

test('a builder that yields does so before it loads what it works with, which takes most of the time of a small job', { skip }, async (context) => {
  const name = 'early';
  const shares: number[] = [];
  // Whoever looks may come late.
  while (shares.length < 5 && !shares.some((share) => share < 0.5)) {
    const builder = new Builder({ name, sharers: 1, onFatal: (error) => { throw error; } });
    const built = builder.run(job(context));
    await until(() => idsOf(name).some((id) => nicenessOf(id) > usual), 'it gives way');
    const [id = ''] = idsOf(name);
    const before = cpuMsOf(id);
    await built;
    shares.push(before / cpuMsOf(id));
    await builder.end(new AppError('UNAVAILABLE', 'over'));
  }
  assert.ok(Math.min(...shares) < 0.5, `of its time until the job was done it gave way after ${shares.join()}`);
});

for (const [which, name, kind, niceness] of [
  ['that yields gives way', 'yielding', { sharers: 1 }, usual + 8],
  ['that shares what it takes gives way the more', 'several', { sharers: 4 }, usual + 14],
  ['that shares it with more threads than levels are left is as nice as there is', 'many', { sharers: 64 }, 19],
  ['that does not yield competes like any other', 'unyielding', { sharers: 0 }, usual],
] as const) {
  test(`the thread of a builder ${which}, and the main thread stays as it is`, { skip }, async (context) => {
    const builder = new Builder({ name, ...kind, onFatal: (error) => { throw error; } });
    await builder.run(job(context));
    assert.deepEqual(idsOf(name).map(nicenessOf), [niceness]);
    assert.equal(nicenessOf(String(process.pid)), usual, 'the main thread');
    await builder.end(new AppError('UNAVAILABLE', 'over'));
  });
}

/** A segment on the disk, and the job that makes its graph. */
async function graphJob(context: TestContext): Promise<BuildJob> {
  const [rows, dimension] = [6_000, 64];
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-builder-'));
  context.after(() => { rmSync(directory, { recursive: true }); });
  const text = schemaText('VectorRecord');
  const writer = new SegmentWriter(join(directory, 'tmp'), rows, () => text);
  for (let row = 0; row < rows; row += 1) {
    const vector = Float32Array.from({ length: dimension }, (_, i) => Math.sin(row * 7 + i * row));
    const bytes = encodeVectorRecord(1, { id: `r${row}`, vector });
    writer.add(1, bytes, row, Infinity, hashId(Buffer.from(`r${row}`)), vector);
  }
  const first = new Builder({ name: 'first', sharers: 0, onFatal: (error) => { throw error; } });
  const { segment } = await first.run({
    kind: 'complete', directory: join(directory, 'tmp'), schemaIds: writer.close(), schemas: { 1: text }, dimension, codes: undefined,
  });
  assert.ok(segment !== undefined);
  await first.end(new AppError('UNAVAILABLE', 'done'));
  return {
    kind: 'graph', directory: join(directory, segment.id), sources: [{ directory: join(directory, segment.id), keep: encodeRows(Array(rows).keys()) }],
    graph: { dimension, metric: 'euclidean', m: 16, efConstruction: 64, quantization: 'bf16', recallTarget: 0.95 },
  };
}

test('as many threads build a graph as were asked for, all of them nice', { skip }, async (context) => {
  const [name, graphThreads] = ['together', 3];
  const builder = new Builder({ name, sharers: graphThreads, graphThreads, onFatal: (error) => { throw error; } });
  const built = builder.run(await graphJob(context));
  let seen: number[] = [];
  await until(() => {
    seen = idsOf(name).map(nicenessOf);
    return seen.length === graphThreads;
  }, 'they work together');
  assert.deepEqual(seen, [13, 13, 13]);
  assert.ok((await built).graph !== undefined);
  await builder.end(new AppError('UNAVAILABLE', 'over'));
});

test('a thread that is ended in the middle of a graph takes nobody with it', async (context) => {
  const job = await graphJob(context);
  const start = (): Builder => new Builder({ name: 'ended-by-test', sharers: 0, graphThreads: 2, onFatal: (error) => { throw error; } });
  const whole = start();
  const startedMs = performance.now();
  await whole.run(job);
  const tookMs = performance.now() - startedMs;
  await whole.end(new AppError('UNAVAILABLE', 'done'));
  for (let share = 0.05; share < 1; share += 0.035) {
    const builder = start();
    const built = builder.run(job).catch((error: unknown) => { assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE'); });
    await delay(tookMs * share);
    await builder.end(new AppError('UNAVAILABLE', 'no more'));
    await built;
  }
});
