/** How fast the answers come, and how many of the right ones are among them. */
import type { Collection } from 'proximadb';
import type { WordMetadata } from './words.ts';

export interface Measured {
  readonly queries: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly exactP50Ms: number;
  /** Of the k nearest, the share that was found; mean over the queries. */
  readonly recall: number;
}

export const k = 10;
const warmUps = 20;

/** Asks for the neighbours of words spread over the list, one at a time: by default settings, then exactly. */
export async function measure(
  collection: Collection<WordMetadata>, words: number, queries: number, onQuery: (done: number) => void,
): Promise<Measured> {
  const vectors = await sample(collection, words, queries);
  for (const vector of vectors.slice(0, warmUps)) await collection.search(vector, { k });
  const tookMs: number[] = [];
  const exactMs: number[] = [];
  let found = 0;
  let wanted = 0;
  for (const vector of vectors) {
    const answer = await timed(tookMs, () => collection.search(vector, { k }));
    const exact = await timed(exactMs, () => collection.search(vector, { k, exact: true }));
    const right = new Set(exact.hits.map(({ id }) => id));
    found += answer.hits.filter(({ id }) => right.has(id)).length;
    wanted += right.size;
    onQuery(tookMs.length);
  }
  return { queries: vectors.length, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99), exactP50Ms: quantile(exactMs, 0.5), recall: found / wanted };
}

/** Vectors of words at equal distances in the list, by their rank. */
async function sample(collection: Collection<WordMetadata>, words: number, queries: number): Promise<Float32Array[]> {
  const wanted = Math.min(queries, words);
  const ranks = Array.from({ length: wanted }, (_, at) => Math.floor(((at + 0.5) * words) / wanted) + 1);
  const vectors: Float32Array[] = [];
  for await (const { vector } of collection.scroll({ filter: { rank: { $in: ranks } }, include: ['vector'] })) vectors.push(vector);
  return vectors;
}

async function timed<Result>(into: number[], work: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await work();
  into.push(performance.now() - startedMs);
  return result;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
}
