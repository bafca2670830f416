/**
 * One case of the comparison in a process of its own, started with --expose-gc and a young generation that takes all of it.
 * Argument: JSON of {@link SerialisationCase}. Prints JSON of {@link SerialisationResult}.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GCProfiler } from 'node:v8';
import { EmbeddedLog } from '@proximadb/log/embedded';
import type { AppendEntry } from '@proximadb/log';
import { open } from 'lmdb';
import { entriesFor, makePaths, type Path, type Value } from '../serialisation/paths.ts';
import { makeInputs, type Inputs } from '../serialisation/records.ts';
import type { PathResult, SerialisationCase, SerialisationResult } from '../serialisation/case.ts';
import { median } from '../statistics.ts';

const partitions = 12;
const given = JSON.parse(process.argv[2] ?? '{}') as SerialisationCase;
const inputs = makeInputs(given.dimension, given.fields, given.batch, given.records);
const paths = makePaths({ dimension: given.dimension, metric: 'cosine', recordBytesMax: 1 << 20 });

class Figures {
  readonly convert: number[] = [];
  readonly entries: number[] = [];
  readonly durable: number[] = [];
  readonly unsynced: number[] = [];
}

mkdirSync(given.directory, { recursive: true });
const log = await EmbeddedLog.open({ directory: join(given.directory, 'log') });
const unsynced = open<Uint8Array, number>({ path: join(given.directory, 'unsynced'), noSync: true, encoding: 'binary', mapSize: 2 ** 36 });
let unsyncedKey = 0;

const results: SerialisationResult = Object.fromEntries(await measure());
await log[Symbol.asyncDispose]();
await unsynced.close();
process.stdout.write(JSON.stringify(results));

async function measure(): Promise<[string, PathResult][]> {
  const figures = new Map(paths.map((path) => [path, new Figures()]));
  for (const path of paths) await log.createTopic(topicOf(path), partitions);
  const prepared = new Map<Path, AppendEntry[][]>();
  for (const path of paths) {
    const requests: AppendEntry[][] = [];
    for (const message of messages(path)) requests.push(entriesFor(await path.convert(message), partitions));
    prepared.set(path, requests);
  }
  // A round of each path after the other, so that what disturbs the machine disturbs all of them; in another order each time.
  for (let round = 0; round < given.warmups + given.rounds; round += 1) {
    const order = paths.map((path) => ({ path, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ path }) => path);
    const into = (path: Path): Figures => (round < given.warmups ? undefined : figures.get(path)) ?? new Figures();
    for (const path of order) await timeConversion(path, into(path));
    for (const path of order) await timeAppends(path, prepared.get(path) ?? [], into(path));
  }
  const measured: [string, PathResult][] = [];
  for (const path of paths) {
    const { convert, entries, durable, unsynced: plain } = figures.get(path) ?? new Figures();
    const values = (prepared.get(path) ?? []).flat();
    measured.push([path.name, {
      bytes: values.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) / given.records,
      convertMicros: median(convert), entriesMicros: median(entries), durableMicros: median(durable), unsyncedMicros: median(plain),
      ...await allocated(path),
    }]);
  }
  return measured;
}

function messages(path: Path): Inputs['typed'] {
  return inputs[path.input];
}

async function timeConversion(path: Path, into: Figures): Promise<void> {
  let convertMs = 0;
  let entriesMs = 0;
  for (let repeat = 0; repeat < given.repeats; repeat += 1) {
    for (const message of messages(path)) {
      const started = performance.now();
      const values: readonly Value[] = await path.convert(message);
      const converted = performance.now();
      entriesFor(values, partitions);
      convertMs += converted - started;
      entriesMs += performance.now() - converted;
    }
  }
  into.convert.push(convertMs * 1000 / (given.records * given.repeats));
  into.entries.push(entriesMs * 1000 / (given.records * given.repeats));
}

/** One request after the other, as one client that waits for each ack. */
async function timeAppends(path: Path, requests: readonly AppendEntry[][], into: Figures): Promise<void> {
  const some = requests.slice(0, given.appends);
  const count = some.reduce((sum, entries) => sum + entries.length, 0);
  const started = performance.now();
  for (const entries of some) await log.append(topicOf(path), entries);
  const appended = performance.now();
  for (const entries of some) {
    unsynced.transactionSync(() => {
      for (const { value } of entries) if (value !== null) unsynced.putSync(unsyncedKey++, value);
    });
  }
  into.durable.push((appended - started) * 1000 / count);
  into.unsynced.push((performance.now() - appended) * 1000 / count);
}

/**
 * Bytes allocated between two looks at the heap with no collection between them: nothing that became garbage is missed. Of the heap the
 * least of the looks, since code that is not optimised yet allocates for itself.
 */
async function allocated(path: Path): Promise<{ heapBytes: number; bufferBytes: number }> {
  const heap: number[] = [];
  const buffers: number[] = [];
  for (let attempt = 0; attempt < given.looks; attempt += 1) {
    globalThis.gc?.();
    const profiler = new GCProfiler();
    profiler.start();
    const before = process.memoryUsage();
    let done = 0;
    for (const message of messages(path).slice(0, Math.ceil(500 / given.batch))) done += (await path.convert(message)).length;
    const after = process.memoryUsage();
    // A sample with a collection in it says nothing.
    if ((profiler.stop()?.statistics.length ?? 0) > 0) continue;
    heap.push((after.heapUsed - before.heapUsed) / done);
    buffers.push((after.arrayBuffers - before.arrayBuffers) / done);
  }
  if (heap.length === 0) throw new Error('a collection came in the way of every look at the heap');
  return { heapBytes: Math.min(...heap), bufferBytes: median(buffers) };
}

function topicOf(path: Path): string {
  return `bench-${paths.indexOf(path)}`;
}
