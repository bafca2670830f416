/** Work that goes on for long, and what has to stay as it is meanwhile. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { partitions, searching, segmentsOf, until, writing, type Calling, type CallTimes, type Subject } from './subject.ts';
import { assertFlat, deletedFiles, diskBytesOf, kernelMemories, mappedGraphs, quarters, Watch, type Figure } from './watch.ts';

export interface SoakOptions {
  /** How long it goes on, at least. */
  readonly ms: number;
  /** How much is done, at least: 1 in a run that tells anything. */
  readonly share: number;
  readonly say: (line: string) => void;
}

const mebibyte = 1 << 20;
/** Rounds of a run: between them it rests until it has nothing left to do. */
const rounds = 4;
/**
 * What a run may hold more in its fourth round than in its second. The collectors of six threads let garbage stand, some 10 MiB each, and it takes
 * them a minute or two to get there: so memory is judged in runs of three minutes or more.
 */
const memory = { share: 0.1, slack: 32 * mebibyte };
const memoryJudgedMs = 180_000;
/** And what it may hold more at rest, when garbage is collected: merges that left their vectors behind, 130 KB each, would leave three times as much. */
const memoryAtRest = 16 * mebibyte;
/** The log's file grows by steps and is filled again; shards come and go by a segment. */
const disk = { share: 0.1, slack: 8 * mebibyte };
/** Each segment's graph is mapped once, and one is looked at where it is built. */
const graphs = { share: 0.25, slack: 4 };
/** Of a segment with a graph, as of a memtable: vectors, codes of one bit; of one with lists codes of these, too. */
const memoriesOfPart = { hnsw: 2, ivf: 3 } as const;

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
  const samples = await inRounds(subject, collection, { ms, say }, (id) => Number(id.slice(1)) < last, async () => {
    await turn();
    const stats = await subject.stats(collection);
    for (const { id, indexed } of segmentsOf(stats)) if (indexed) seen.add(id);
    if (stats.lag > behindMax) await until('the shards caught up', async () => (await subject.stats(collection)).lag <= behindMax);
    return seen.size;
  }, 200 * share);
  say(`${seen.size} segments with a graph made of ${last} rows; ${shown(samples)}`);
  if (ms >= memoryJudgedMs) for (const figure of ['anonymous', 'mapped'] as const) assertFlat(samples, figure, memory);
  assertFlat(samples, 'disk', disk);
  assertFlat(samples, 'graphs', graphs);

  const indexed = segmentsOf(await subject.settled(collection)).filter((segment) => segment.indexed).length;
  assert.equal(mappedGraphs(subject.pid), indexed, 'graphs that are mapped, and segments that have one');
  await memoriesAreGivenBack(subject, collection, 'hnsw');
  await subject.client.deleteCollection({ collection });
  await until('the files of a deleted collection are gone', async () => diskBytesOf(subject.shards) < mebibyte);
  assert.equal(mappedGraphs(subject.pid), 0, 'graphs of a deleted collection that are mapped');
  await until('the memories of a deleted collection are given back', async () => kernelMemories(subject.pid) <= subject.memoriesAtFirst);
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
  let done = 0;
  // A fast machine is through with its turns before there is anything to compare.
  const samples = await inRounds(subject, collection, { ms: Math.max(ms, 5_000), say }, () => true, async () => {
    await turn();
    while ((await subject.stats(collection)).lag > BigInt(ids.length)) await setTimeout(20);
    done += 1;
    return done;
  }, 20 * share);
  say(`${ids.length} ids written ${done} times; ${shown(samples)}`);
  if (ms >= memoryJudgedMs) for (const figure of ['anonymous', 'mapped'] as const) assertFlat(samples, figure, memory);
  assertFlat(samples, 'disk', disk);
  assert.equal((await subject.settled(collection)).records, BigInt(ids.length));
  await memoriesAreGivenBack(subject, collection, 'hnsw');
  await subject.client.deleteCollection({ collection });
}

/** Of all that merges replaced: a server that rests has those of what is there, each of which has its rows' size. */
async function memoriesAreGivenBack(subject: Subject, collection: string, index: keyof typeof memoriesOfPart): Promise<void> {
  const segments = segmentsOf(await subject.settled(collection)).length;
  const most = subject.memoriesAtFirst + (segments + partitions) * memoriesOfPart[index];
  await until(`${segments} segments and ${partitions} memtables have at most ${most} memories`, async () => kernelMemories(subject.pid) <= most);
  await until('no file is held that is deleted', async () => deletedFiles(subject.pid, subject.shards).length === 0);
}

/** Generous: the machine may have other things to do. */
const gapMsMax = 2_000;
/** While space is given back. What has to wait for that is answered once or twice. */
const answersMin = 5;

/** Half of the records are deleted under searches and upserts: their space comes back, none of these fails, and none is kept waiting. */
export async function halfDeleted(
  subject: Subject, { say, share, index, storage }: SoakOptions & { readonly index: 'hnsw' | 'ivf'; readonly storage: 'memory' | 'disk' },
): Promise<void> {
  const collection = `half-deleted-${index}-${storage}`;
  await subject.createCollection(collection, index, storage);
  const ids = Array.from({ length: 12_000 * share }, (_, i) => `w${i}`);
  const batch = 200;
  for (let at = 0; at < ids.length; at += batch) await subject.write(collection, ids.slice(at, at + batch));
  const before = await subject.settled(collection);
  const onDisk = diskBytesOf(subject.shards);

  const deleted = new Set<string>();
  await using searches = searching(subject, collection, () => true);
  await setTimeout(500);
  const calm = searches.takeTimes();
  // Few beside those that are deleted: it is not they that give space back.
  await using upserts = writing(subject, collection, ids.filter((_, i) => i % 2 === 0), 10, 5);
  for (let at = 0; at < ids.length && !searches.failed && !upserts.failed; at += batch) {
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
    return searches.failed || upserts.failed || after.diskBytes < before.diskBytes * 3n / 4n;
  });
  const [busy, written] = [searches.takeTimes(), upserts.takeTimes()];
  await Promise.all([searches.stop(), upserts.stop()]);
  say(`${index}, ${storage}: ${before.diskBytes} bytes of segments became ${after.diskBytes}; searches p50 ${calm.p50.toFixed(1)} and `
    + `${busy.p50.toFixed(1)} ms, p99 ${calm.p99.toFixed(1)} and ${busy.p99.toFixed(1)} ms, before and while half was deleted`);
  assertNotStopped('searches', busy, say);
  assertNotStopped('upserts', written, say);
  assert.equal((await subject.settled(collection)).records, BigInt(ids.length - deleted.size));
  assert.ok(diskBytesOf(subject.shards) < onDisk * 0.85, 'what is deleted is gone from the disk, too');
  await memoriesAreGivenBack(subject, collection, index);
  await subject.client.deleteCollection({ collection });
}

function assertNotStopped(what: string, { count, longestGap }: CallTimes, say: SoakOptions['say']): void {
  say(`${count} ${what} were answered meanwhile; the longest that there was no answer: ${longestGap.toFixed(0)} ms`);
  assert.ok(count >= answersMin && longestGap < gapMsMax, `${count} ${what}, and none for ${longestGap.toFixed(0)} ms while space was given back`);
}

/**
 * Takes turns until all rounds have had their share of the time and of what is to be done, under searches.
 * @param turn says how much is done so far.
 * @returns what was seen while it worked. @throws AssertionError if it keeps more memory at rest, round by round.
 */
async function inRounds(
  subject: Subject, collection: string, { ms, say }: Pick<SoakOptions, 'ms' | 'say'>, mayFind: (id: string) => boolean, turn: () => Promise<number>,
  amount: number,
): Promise<Watch['samples']> {
  const samples: Watch['samples'] = [];
  const rests: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await using work = working(subject, collection, mayFind);
    const untilMs = performance.now() + ms / rounds;
    let done = 0;
    while ((performance.now() < untilMs || done < amount * round / rounds) && !work.searches.failed) done = await turn();
    samples.push(...(await work.ended()).samples);
    await subject.settled(collection);
    if (ms >= memoryJudgedMs) rests.push(await leastMemory(subject));
  }
  if (ms < memoryJudgedMs) {
    say(`the sizes of memory are judged in runs of ${memoryJudgedMs / 1_000} s and more, not in this one`);
    return samples;
  }
  const shownRests = rests.map((each) => Math.round(each / mebibyte)).join(' ');
  say(`at rest, round by round, MiB: ${shownRests}`);
  const [, second = NaN, , fourth = NaN] = rests;
  assert.ok(fourth <= second + memoryAtRest, `what is kept at rest grows: ${shownRests} MiB`);
  return samples;
}

/** What it holds at least in the seconds in which garbage is collected. */
async function leastMemory(subject: Subject): Promise<number> {
  const watch = new Watch(subject.pid, subject.data, 500);
  await setTimeout(15_000);
  await watch.stop();
  return Math.min(...watch.samples.map(({ anonymous }) => anonymous));
}

interface Working extends AsyncDisposable {
  readonly searches: Calling;
  /** Ends it. @throws what a search failed with. */
  ended(): Promise<Watch>;
}

/** Searches under way, and a watch over the process. */
function working(subject: Subject, collection: string, mayFind: (id: string) => boolean): Working {
  const watch = new Watch(subject.pid, subject.data, 100);
  const searches = searching(subject, collection, mayFind);
  const ended = async (): Promise<Watch> => {
    await watch.stop();
    await searches.stop();
    return watch;
  };
  return { searches, ended, async [Symbol.asyncDispose]() { await ended().catch(() => {}); } };
}

function shown(samples: Watch['samples']): string {
  const mebibytes = (figure: Figure): string => quarters(samples, figure).map((each) => Math.round(each / mebibyte)).join(' ');
  return `medians of the quarters in MiB: anonymous ${mebibytes('anonymous')}, mapped ${mebibytes('mapped')}, disk ${mebibytes('disk')}; `
    + `graphs mapped ${quarters(samples, 'graphs').join(' ')}`;
}
