import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { entryOf } from '../contract.ts';
import { offset, partition } from '../index.ts';
import { EmbeddedLog, type EmbeddedLogOptions } from './index.ts';

async function withLog(options: Omit<EmbeddedLogOptions, 'directory'>, run: (log: EmbeddedLog, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    await using log = await EmbeddedLog.open({ ...options, directory });
    await run(log, directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const kilobyte = 'x'.repeat(1_000);
const fill = async (log: EmbeddedLog, topic: string, records: number): Promise<void> => {
  for (let at = 0; at < records; at += 500) await log.append(topic, Array.from({ length: 500 }, (_, index) => entryOf(index % 2, kilobyte)));
};
const erased = async (log: EmbeddedLog): Promise<void> => {
  while ((await log.usage()).erasing) await sleep(1);
};

test('the space of deleted topics and trimmed records is used again before the file grows', () => withLog({}, async (log) => {
  const sizes: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    await log.createTopic('t', 2);
    await fill(log, 't', 4_000);
    if (round % 2 === 0) await log.deleteTopic('t');
    else for (const at of [0, 1]) await log.trim('t', partition(at), offset((await log.extents('t'))[at]?.end ?? 0));
    await erased(log);
    sizes.push((await log.usage()).fileBytes);
  }
  assert.ok((await log.usage()).usedBytes < 200_000, JSON.stringify(await log.usage()));
  assert.ok((sizes.at(-1) ?? Infinity) < 1.3 * (sizes[0] ?? 0), String(sizes));
}));

test('while a large topic is erased appends go on, and what a close leaves of it is erased after the next open', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const log = await EmbeddedLog.open({ directory });
    await log.createTopic('large', 2);
    await fill(log, 'large', 20_000);
    await log.createTopic('t', 2);
    await log.deleteTopic('large');
    await log.append('t', [entryOf(0, 'meanwhile')]);
    assert.equal((await log.usage()).erasing, true, 'erasing 20,000 records takes longer than an append');
    await log[Symbol.asyncDispose]();
    await using again = await EmbeddedLog.open({ directory });
    await erased(again);
    const usage = await again.usage();
    assert.ok(usage.usedBytes < 200_000, JSON.stringify(usage));
    assert.deepEqual(await again.extents('t'), [{ start: 0, end: 1 }, { start: 0, end: 0 }]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('append times never go back, whatever the clock does, over a restart, too', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const times: number[] = [];
    for (const clocks of [[1_000, 5_000, 3_000, 6_000], [2_000, 7_000]]) {
      let now = 0;
      await using log = await EmbeddedLog.open({ directory, clock: () => now });
      await log.createTopic('t', 1);
      for (const clock of clocks) {
        now = clock;
        const [at] = (await log.append('t', [entryOf(0, 'a')])).offsets;
        const { records } = await log.read('t', partition(0), at ?? offset(0), 1);
        times.push(records[0]?.appendTimeMicros ?? NaN);
      }
    }
    assert.deepEqual(times, [1_000, 5_000, 5_000, 6_000, 6_000, 7_000]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('more than may wait is refused with a time to come back; what was admitted is written', () => withLog({ queueEntriesMax: 100 }, async (log) => {
  await log.createTopic('t', 1);
  const request = Array.from({ length: 40 }, () => entryOf(0, 'a'));
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => log.append('t', request)));
  assert.deepEqual(outcomes.map(({ status }) => status), ['fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected']);
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    const error: unknown = outcome.reason;
    assert.ok(error instanceof AppError && error.code === 'RESOURCE_EXHAUSTED' && error.retryable, String(error));
  }
  assert.deepEqual(await log.extents('t'), [{ start: 0, end: 80 }]);
  assert.equal((await log.append('t', request)).offsets.length, 40);
}));

test('a record that is too large refuses its request by its place, and writes nothing', () => withLog({}, async (log) => {
  await log.createTopic('t', 1);
  const large = { ...entryOf(0, 'a'), value: new Uint8Array(8 * 1024 * 1024) };
  const namesIt = (error: unknown): boolean => error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.details[0]?.record === 1;
  await assert.rejects(log.append('t', [entryOf(0, 'a'), large]), namesIt);
  assert.deepEqual(await log.extents('t'), [{ start: 0, end: 0 }]);
  const fits = { ...large, value: new Uint8Array(8 * 1024 * 1024 - 200) };
  await log.append('t', [fits]);
  assert.equal((await log.read('t', partition(0), offset(0), 1)).records[0]?.value?.length, fits.value.length);
}));

test('a close writes what was taken, refuses what comes later, and ends the tails', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proximadb-log-'));
  try {
    const log = await EmbeddedLog.open({ directory });
    await log.createTopic('t', 1);
    const taken = Array.from({ length: 20 }, () => log.append('t', [entryOf(0, kilobyte)]));
    const tail = (async () => {
      for await (const batch of log.tail('t', partition(0), offset(0), new AbortController().signal)) assert.ok(batch.records.length > 0);
    })();
    const unavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'UNAVAILABLE';
    const ended = assert.rejects(tail, unavailable);
    const closed = log[Symbol.asyncDispose]();
    await assert.rejects(log.append('t', [entryOf(0, 'late')]), unavailable);
    await assert.rejects(log.createTopic('late', 1), unavailable);
    await Promise.all([...taken, closed, log[Symbol.asyncDispose](), ended]);
    await using again = await EmbeddedLog.open({ directory });
    assert.deepEqual(await again.extents('t'), [{ start: 0, end: 20 }]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
