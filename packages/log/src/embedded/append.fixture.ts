/**
 * A process of its own for the tests of crashes, of the disk and of the lock: opens the log of a directory and does what it is told.
 * Writes a line to its standard output for each thing that is done, before it does the next. Ends by itself, or is killed.
 */
 
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { offset, partition, type AppendEntry } from '../port.ts';
import { AppendError } from '../append-error.ts';
import { EmbeddedLog } from './index.ts';

export const topic = 'crash';
export const partitions = 3;
const say = (line: string): void => { writeSync(1, `${line}\n`); };

/** Entries of a request over all partitions; each says of which request it is, which of how many, and is large enough to fill pages. */
export function requestEntries(request: number): AppendEntry[] {
  const count = 1 + request * 7 % 11;
  return Array.from({ length: count }, (_, at) => {
    const text = `${request} ${at} ${count} ${'x'.repeat(request * 131 % 3_000)}`;
    return { partition: partition((request + at) % partitions), key: Buffer.from(`${request}`), value: Buffer.from(text), headers: {} };
  });
}

async function appendForEver(log: EmbeddedLog, first: number, callers: number): Promise<void> {
  let next = first;
  await Promise.all(Array.from({ length: callers }, async () => {
    for (;;) {
      const request = next++;
      await log.append(topic, requestEntries(request));
      say(`acked ${request}`);
    }
  }));
}

/** One request after the other, each acknowledged before the next begins. */
async function appendSome(log: EmbeddedLog, count: number): Promise<void> {
  for (let request = 0; request < count; request += 1) {
    await log.append(topic, requestEntries(request));
    say(`acked ${request}`);
  }
}

/** As `appendSome`, on a disk that fails: says what became of each request, and goes on. */
async function appendOnBadDisk(log: EmbeddedLog, count: number): Promise<void> {
  const expected = new Array<number>(partitions).fill(0);
  for (let request = 0; request < count; request += 1) {
    const entries = requestEntries(request);
    try {
      await log.append(topic, entries);
      for (const entry of entries) expected[entry.partition] = (expected[entry.partition] ?? 0) + 1;
      say(`acked ${request}`);
    } catch (error) {
      if (!(error instanceof AppendError)) throw error;
      say(`${error.fates[0]?.kind ?? 'no fate'} ${request}`);
    }
  }
  say(`expected ${JSON.stringify(expected)}`);
}

/** Appends until the log has no more room, gives everything up, and appends again. */
async function fill(log: EmbeddedLog): Promise<void> {
  const entry = { partition: partition(0), key: Buffer.from('key'), value: Buffer.alloc(100_000, 'v'), headers: {} };
  let written = 0;
  let refusal: AppendError | undefined;
  while (refusal === undefined) {
    try {
      await log.append(topic, [entry, entry]);
      written += 2;
    } catch (error) {
      if (!(error instanceof AppendError)) throw error;
      refusal = error;
    }
  }
  const [extent] = await log.extents(topic);
  say(JSON.stringify({ written, end: extent?.end, refusal: { code: refusal.code, fates: refusal.fates } }));
  await log.trim(topic, partition(0), offset(written));
  while ((await log.usage()).erasing) await sleep(1);
  const { offsets } = await log.append(topic, [entry, entry]);
  say(JSON.stringify({ offsets, extent: (await log.extents(topic))[0] }));
}

if (import.meta.main) {
  const [directory = '', mode = '', number = '0'] = process.argv.slice(2);
  await using log = await EmbeddedLog.open({ directory });
  say(`opened ${process.pid}`);
  await log.createTopic(topic, partitions);
  switch (mode) {
    case 'for-ever': await appendForEver(log, Number(number), 4); break;
    case 'some': await appendSome(log, Number(number)); break;
    case 'bad-disk': await appendOnBadDisk(log, Number(number)); break;
    case 'fill': await fill(log); break;
    case 'hold': await sleep(60_000); break;
  }
}
