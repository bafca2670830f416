/** A thread of its own for the tests: follows a partition and reports each record that it sees, and when. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { offset, partition } from '../port.ts';
import { openEmbeddedReader } from './index.ts';

export interface ReaderData {
  readonly directory: string;
  readonly topic: string;
  readonly count: number;
}

export interface Seen {
  readonly extent: unknown;
  readonly texts: readonly string[];
  readonly atMs: number;
}

if (parentPort !== null) {
  const { directory, topic, count } = workerData as ReaderData;
  const port = parentPort;
  await using reader = await openEmbeddedReader(directory);
  const [extent] = await reader.extents(topic);
  port.postMessage({ extent, texts: [], atMs: now() } satisfies Seen);
  let seen = 0;
  for await (const batch of reader.tail(topic, partition(0), offset(0), new AbortController().signal)) {
    const texts = batch.records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
    seen += texts.length;
    assert(batch.end >= batch.next, 'the end is not before what was read');
    port.postMessage({ extent, texts, atMs: now() } satisfies Seen);
    if (seen >= count) break;
  }
}

/** The same clock in all threads. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
