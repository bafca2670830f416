import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AppError } from '@proximadb/errors';
import { entryOf } from '../contract.ts';
import { offset, partition } from '../index.ts';
import { EmbeddedLog, openEmbeddedReader } from './index.ts';
import type { ReaderData, Seen } from './reader.fixture.ts';

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const title = 'a reader in another thread has the right ends from its start, and sees each record promptly';
test(title, () => withDirectory(async (directory) => {
  await using log = await EmbeddedLog.open({ directory });
  await log.createTopic('t', 1);
  await log.append('t', [entryOf(0, '0'), entryOf(0, '1')]);
  const count = 30;
  const worker = new Worker(new URL('reader.fixture.ts', import.meta.url), { workerData: { directory, topic: 't', count } satisfies ReaderData });
  const seenAtMs = new Map<string, number>();
  const exited = once(worker, 'exit');
  worker.on('message', (seen: Seen) => { for (const text of seen.texts) seenAtMs.set(text, seen.atMs); });
  const [first] = await once(worker, 'message') as [Seen];
  assert.deepEqual(first.extent, { start: 0, end: 2 });
  const waits: number[] = [];
  for (let at = 2; at < count; at += 1) {
    await sleep(3);
    await log.append('t', [entryOf(0, `${at}`)]);
    waits.push(performance.timeOrigin + performance.now());
  }
  await exited;
  assert.deepEqual([...seenAtMs.keys()], Array.from({ length: count }, (_, at) => `${at}`));
  const delays = waits.map((ackedAtMs, at) => (seenAtMs.get(`${at + 2}`) ?? Infinity) - ackedAtMs).toSorted((a, b) => a - b);
  // A tail that only looked by itself, once a second, would need half a second.
  const median = delays[delays.length >> 1] ?? Infinity;
  assert.ok(median < 50, `median of ${median} ms`);
}));

test('a reader that is opened while appends run sees whole requests, records up to its end, and no end that goes back', () =>
  withDirectory(async (directory) => {
    await using log = await EmbeddedLog.open({ directory });
    await log.createTopic('t', 2);
    const writing = (async () => {
      for (let at = 0; at < 100; at += 1) await log.append('t', [entryOf(0, `${at}`), entryOf(1, `${at}`), entryOf(0, `${at}`)]);
    })();
    let last = 0;
    for (let round = 0; round < 20; round += 1) {
      await using reader = await openEmbeddedReader(directory);
      const [first, second] = await reader.extents('t');
      assert.ok(first !== undefined && second !== undefined);
      assert.equal(first.end, 2 * second.end, 'a request is visible as a whole');
      assert.ok(first.end >= last);
      last = first.end;
      if (last > 0) assert.equal((await reader.read('t', partition(0), offset(last - 1), 1)).records.length, 1);
      await sleep(1);
    }
    await writing;
  }));

test('there is no reader without a log', () => withDirectory(async (directory) => {
  await assert.rejects(openEmbeddedReader(join(directory, 'none')), (error) => error instanceof AppError && error.code === 'FAILED_PRECONDITION');
}));
