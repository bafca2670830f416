/** Work that goes on for long, and what has to stay as it is meanwhile. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Searching, segmentsOf, until, type Subject } from './subject.ts';
import { assertFlat, diskBytesOf, mappedGraphs, quarters, Watch, type Figure } from './watch.ts';

export interface SoakOptions {
  /** How long it goes on, at least. */
  readonly ms: number;
  /** How much is done, at least: 1 in a run that tells anything. */
  readonly share: number;
  readonly say: (line: string) => void;
}

const mebibyte = 1 << 20;
/**
 * What a run may hold more in its fourth quarter than in its second. The collectors of six threads let garbage stand, some 10 MiB each, and it takes
 * them a minute or two to get there: so memory is judged in runs of three minutes or more. Merges that left their vectors behind, 130 KB each, would leave
 * several times as much from one median to the other.
 */
const memory = { share: 0.1, slack: 32 * mebibyte };
const memoryJudgedMs = 180_000;
/** The log's file grows by steps and is filled again; shards come and go by a segment. */
const disk = { share: 0.1, slack: 8 * mebibyte };
/** Each segment's graph is mapped once, and one is looked at where it is built. */
const graphs = { share: 0.25, slack: 4 };

/** Rows come, and the oldest go, under searches: segments are made, merged and emptied without end. */
export async function manyMerges(subject: Subject, { ms, say, share }: SoakOptions): Promise<void> {
  const collection = 'many-merges';
  await subject.createCollection(collection, 'hnsw');
  const [batch, kept] = [100, 3_000];
  const behindMax = 1_000n;
  let [first, last] = [0, 0];
  const idsFrom = (from: number): string[] => Array.from({ length: batch }, (_, i) => `w${from + i}`);
  const turn = async (): Promise<void> => {
    last += batch;
    await subject.write(collection, idsFrom(last - batch));
    if (last - first <= kept) return;
    await subject.client.delete({ collection, ids: idsFrom(first) });
    first += batch;
  };
  while (last < kept) await turn();

  const seen = new Set<string>();
  await using work = working(subject, collection, (id) => Number(id.slice(1)) < last);
  const untilMs = performance.now() + ms;
  while ((performance.now() < untilMs || seen.size < 200 * share) && !work.searching.failed) {
    await turn();
    const stats = await subject.stats(collection);
    for (const { id, indexed } of segmentsOf(stats)) if (indexed) seen.add(id);
    if (stats.lag > behindMax) await until('the shards caught up', async () => (await subject.stats(collection)).lag <= behindMax);
  }
  const { samples } = await work.ended();
  say(`${seen.size} segments with a graph made of ${last} rows; ${shown(samples)}`);
  assertMemoryFlat(samples, ms);
  assertFlat(samples, 'disk', disk);
  assertFlat(samples, 'graphs', graphs);

  const indexed = segmentsOf(await subject.settled(collection)).filter((segment) => segment.indexed).length;
  assert.equal(mappedGraphs(subject.pid), indexed, 'graphs that are mapped, and segments that have one');
  await subject.client.deleteCollection({ collection });
  await until('the files of a deleted collection are gone', async () => diskBytesOf(subject.shards) < mebibyte);
  assert.equal(mappedGraphs(subject.pid), 0, 'graphs of a deleted collection that are mapped');
}

/** The same ids are written again and again, under searches. */
export async function sameIds(subject: Subject, { ms, say, share }: SoakOptions): Promise<void> {
  const collection = 'same-ids';
  await subject.createCollection(collection, 'hnsw');
  const ids = Array.from({ length: 2_000 }, (_, i) => `w${i}`);
  const batch = 200;
  const turn = async (): Promise<void> => {
    for (let at = 0; at < ids.length; at += batch) await subject.write(collection, ids.slice(at, at + batch));
  };
  await turn();
  await using work = working(subject, collection, () => true);
  // A fast machine is through with its turns before there is anything to compare.
  const untilMs = performance.now() + Math.max(ms, 5_000);
  let done = 0;
  for (; (performance.now() < untilMs || done < 20 * share) && !work.searching.failed; done += 1) {
    await turn();
    while ((await subject.stats(collection)).lag > BigInt(ids.length)) await setTimeout(20);
  }
  const { samples } = await work.ended();
  say(`${ids.length} ids written ${done} times; ${shown(samples)}`);
  assertMemoryFlat(samples, ms);
  assertFlat(samples, 'disk', disk);
  assert.equal((await subject.settled(collection)).records, BigInt(ids.length));
  await subject.client.deleteCollection({ collection });
}

/** Half of the records are deleted under searches: their space comes back, and no search fails. */
export async function halfDeleted(subject: Subject, { say, share, index }: SoakOptions & { readonly index: 'hnsw' | 'ivf' }): Promise<void> {
  const collection = `half-deleted-${index}`;
  await subject.createCollection(collection, index);
  const ids = Array.from({ length: 6_000 * share }, (_, i) => `w${i}`);
  const batch = 200;
  for (let at = 0; at < ids.length; at += batch) await subject.write(collection, ids.slice(at, at + batch));
  const before = await subject.settled(collection);
  const onDisk = diskBytesOf(subject.shards);

  const deleted = new Set<string>();
  await using searching = new Searching(subject, collection, () => true);
  await setTimeout(500);
  const calm = searching.takeTimes();
  for (let at = 0; at < ids.length && !searching.failed; at += batch) {
    const odd = ids.slice(at, at + batch).filter((_, i) => i % 2 === 1);
    await subject.client.delete({ collection, ids: odd });
    for (const id of odd) deleted.add(id);
  }
  // Deletes of nothing: what came before them is in a manifest, and only then its rows are dropped.
  await subject.client.delete({ collection, ids: Array.from({ length: 1_500 }, (_, i) => `nobody-${i}`) });
  let after = before;
  // A segment may keep a third of dead rows (indexer.deadShareMax), so of half of them at least a quarter goes.
  await until('the space of what was deleted has come back', async () => {
    after = await subject.stats(collection);
    return searching.failed || after.diskBytes < before.diskBytes * 3n / 4n;
  });
  const busy = searching.takeTimes();
  await searching.stop();
  say(`${index}: ${before.diskBytes} bytes of segments became ${after.diskBytes}; searches p50 ${calm.p50.toFixed(1)} and ${busy.p50.toFixed(1)} ms, `
    + `p99 ${calm.p99.toFixed(1)} and ${busy.p99.toFixed(1)} ms, before and while half was deleted`);
  assert.equal((await subject.settled(collection)).records, BigInt(ids.length - deleted.size));
  assert.ok(diskBytesOf(subject.shards) < onDisk * 0.85, 'what is deleted is gone from the disk, too');
  await subject.client.deleteCollection({ collection });
}

function assertMemoryFlat(samples: Watch['samples'], ms: number): void {
  if (ms < memoryJudgedMs) return;
  for (const figure of ['anonymous', 'mapped'] as const) assertFlat(samples, figure, memory);
}

interface Working extends AsyncDisposable {
  readonly searching: Searching;
  /** Ends it. @throws what a search failed with. */
  ended(): Promise<Watch>;
}

/** Searches under way, and a watch over the process. */
function working(subject: Subject, collection: string, mayFind: (id: string) => boolean): Working {
  const watch = new Watch(subject.pid, subject.data, 100);
  const searching = new Searching(subject, collection, mayFind);
  const ended = async (): Promise<Watch> => {
    await watch.stop();
    await searching.stop();
    return watch;
  };
  return { searching, ended, async [Symbol.asyncDispose]() { await ended().catch(() => {}); } };
}

function shown(samples: Watch['samples']): string {
  const mebibytes = (figure: Figure): string => quarters(samples, figure).map((each) => Math.round(each / mebibyte)).join(' ');
  return `medians of the quarters in MiB: anonymous ${mebibytes('anonymous')}, mapped ${mebibytes('mapped')}, disk ${mebibytes('disk')}; `
    + `graphs mapped ${quarters(samples, 'graphs').join(' ')}`;
}
