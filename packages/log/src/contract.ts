/**
 * What every adapter of the log port promises, as tests on the real thing. Call {@link logContract} from a test file of the adapter.
 * Topics are named at random and deleted at the end, so that the suite may run on a server that others use.
 */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test as nodeTest } from 'node:test';
import { AppError, type Code } from '@proximadb/errors';
import fc from 'fast-check';
import { crc32c, crcHeaderName, encodeCrc, traceHeaderName, writeHeaderName } from './headers.ts';
import { offset, partition, type AppendEntry, type Appended, type Batch, type Log, type LogRecord, type Offset } from './port.ts';

export interface OpenedLog {
  readonly log: Log;
  close(): Promise<void>;
}

/** How long the suite waits for what has to come "promptly" before it calls it lost. */
const PATIENCE_MS = 5_000;
/** The runner awaits its tests itself. */
const test = (title: string, body: () => Promise<void>): void => void nodeTest(title, body);
const utf8 = new TextEncoder();
const bytes = (text: string): Uint8Array => utf8.encode(text);

/** An entry for a partition; its key begins like its value. */
export function entryOf(at: number, value: string | null, headers: AppendEntry['headers'] = {}): AppendEntry {
  return { partition: partition(at), key: bytes(`key of ${(value ?? 'nothing').slice(0, 40)}`), value: value === null ? null : bytes(value), headers };
}

/** Offsets of an append. */
const appended = async (append: Promise<Appended>): Promise<readonly Offset[]> => (await append).offsets;
const isCode = (code: Code) => (error: unknown): boolean => error instanceof AppError && error.code === code;
const texts = (records: readonly LogRecord[]): (string | null)[] => records.map(({ value }) => value === null ? null : new TextDecoder().decode(value));

/** Reads a partition from an offset to its end of that moment. */
export async function readAll(log: Log, topic: string, at: number, from = 0, maxBytes = 64 * 1024): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let next = offset(from); ;) {
    const batch = await log.read(topic, partition(at), next, maxBytes);
    records.push(...batch.records);
    next = batch.next;
    if (next === batch.end) return records;
  }
}

/** Follows a tail until it has given as many records. */
async function follow(log: Log, topic: string, at: number, from: number, count: number): Promise<LogRecord[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => { stop.abort(); }, PATIENCE_MS);
  const records: LogRecord[] = [];
  for await (const batch of log.tail(topic, partition(at), offset(from), stop.signal)) {
    records.push(...batch.records);
    if (records.length >= count) break;
  }
  clearTimeout(timer);
  return records;
}

/**
 * The contract suite.
 * @param name the adapter's.
 * @param open a new handle on the log; the suite opens several, one after the other, and closes each.
 */
export function logContract(name: string, open: () => Promise<OpenedLog>): void {
  void describe(`log contract: ${name}`, () => {
    let opened: OpenedLog;
    let log: Log;
    const made: string[] = [];
    before(async () => {
      opened = await open();
      log = opened.log;
    });
    after(async () => {
      for (const topic of made) await log.deleteTopic(topic);
      await opened.close();
    });
    const newTopic = async (partitions: number): Promise<string> => {
      const topic = `contract-${randomUUID()}`;
      made.push(topic);
      await log.createTopic(topic, partitions);
      return topic;
    };
    const reopen = async (): Promise<void> => {
      await opened.close();
      opened = await open();
      log = opened.log;
    };
    topics(() => log, newTopic);
    appends(() => log, newTopic);
    closing(() => log, newTopic, reopen);
    reads(() => log, newTopic);
    tails(() => log, newTopic);
    trims(() => log, newTopic);
    restarts(() => log, newTopic, reopen);
  });
}

type NewTopic = (partitions: number) => Promise<string>;

function topics(log: () => Log, newTopic: NewTopic): void {
  test('a topic is made once, found as it is, and refused with another number of partitions', async () => {
    const topic = await newTopic(3);
    const identity = await log().createTopic(topic, 3);
    assert.deepEqual(await log().describeTopic(topic), identity);
    assert.deepEqual([identity.clusterId, identity.topic, identity.partitions], [log().clusterId, topic, 3]);
    await assert.rejects(log().createTopic(topic, 4), isCode('FAILED_PRECONDITION'));
    assert.deepEqual(await log().describeTopic(topic), identity);
    assert.deepEqual(await log().settingsAmiss(topic), []);
    await log().closeTopic(topic);
    assert.deepEqual(await log().settingsAmiss(topic), [], 'that it is closed is as it should be');
    await assert.rejects(log().settingsAmiss('never-made'), isCode('NOT_FOUND'));
  });

  test('of two that make a topic at once both get the same one', async () => {
    const topic = `contract-${randomUUID()}`;
    const [first, second] = await Promise.all([log().createTopic(topic, 2), log().createTopic(topic, 2)]);
    assert.deepEqual(first, second);
    await log().deleteTopic(topic);
  });

  test('a topic that is not there is described as undefined, deleted without an error, and NOT_FOUND to everything else', async () => {
    const topic = `contract-${randomUUID()}`;
    assert.equal(await log().describeTopic(topic), undefined);
    await log().deleteTopic(topic);
    await assert.rejects(log().append(topic, [entryOf(0, 'a')]), isCode('NOT_FOUND'));
    await assert.rejects(log().extents(topic), isCode('NOT_FOUND'));
    await assert.rejects(log().read(topic, partition(0), offset(0), 1), isCode('NOT_FOUND'));
    await assert.rejects(log().trim(topic, partition(0), offset(0)), isCode('NOT_FOUND'));
    await assert.rejects(follow(log(), topic, 0, 0, 1), isCode('NOT_FOUND'));
  });

  test('a topic made again has another id, begins at 0 and shows nothing of the old one', async () => {
    const topic = await newTopic(2);
    const old = await log().describeTopic(topic);
    await log().append(topic, [entryOf(0, 'old'), entryOf(1, 'old')]);
    await log().deleteTopic(topic);
    assert.equal(await log().describeTopic(topic), undefined);
    const made = await log().createTopic(topic, 2);
    assert.notEqual(made.topicId, old?.topicId);
    assert.deepEqual(await log().extents(topic), [{ start: 0, end: 0 }, { start: 0, end: 0 }]);
    assert.deepEqual(await appended(log().append(topic, [entryOf(0, 'new')])), [0]);
    assert.deepEqual(texts(await readAll(log(), topic, 0)), ['new']);
  });
}

function appends(log: () => Log, newTopic: NewTopic): void {
  test('an append answers the offset of each entry in the order given, counted in each partition', async () => {
    const topic = await newTopic(3);
    assert.deepEqual(await appended(log().append(topic, [entryOf(2, 'a'), entryOf(0, 'b'), entryOf(2, 'c'), entryOf(2, 'd')])), [0, 0, 1, 2]);
    assert.deepEqual(await appended(log().append(topic, [entryOf(0, 'e'), entryOf(1, 'f')])), [1, 0]);
    assert.deepEqual(await log().extents(topic), [{ start: 0, end: 2 }, { start: 0, end: 1 }, { start: 0, end: 3 }]);
    assert.deepEqual(texts(await readAll(log(), topic, 2)), ['a', 'c', 'd']);
  });

  test('an append of nothing changes nothing', async () => {
    const topic = await newTopic(1);
    assert.deepEqual(await appended(log().append(topic, [])), []);
    assert.deepEqual(await log().extents(topic), [{ start: 0, end: 0 }]);
  });

  test('key, value and headers come back byte for byte: empty ones, null values and ticks, too', async () => {
    const topic = await newTopic(1);
    const value = Uint8Array.from({ length: 300 }, (_, at) => at & 0xff);
    const entries: AppendEntry[] = [
      { partition: partition(0), key: bytes('all'), value, headers: {
        [crcHeaderName]: encodeCrc(crc32c(value)), [writeHeaderName]: bytes('write'), [traceHeaderName]: bytes('trace'),
        another: Uint8Array.of(0, 255), empty: new Uint8Array(0),
      } },
      { partition: partition(0), key: bytes('deleted'), value: null, headers: { [writeHeaderName]: new Uint8Array(0) } },
      { partition: partition(0), key: bytes('empty'), value: new Uint8Array(0), headers: {} },
      { partition: partition(0), key: new Uint8Array(0), value: null, headers: {} },
    ];
    await log().append(topic, entries);
    const records = await readAll(log(), topic, 0);
    assert.deepEqual(records.map((record) => plain(record)), entries.map((entry) => plain(entry)));
  });

  test('any records come back as they were, from any place in a larger buffer', async () => {
    const topic = await newTopic(1);
    const data = fc.uint8Array({ maxLength: 64 });
    const headers = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), data, { maxKeys: 4, noNullPrototype: true });
    const shifted = data.map((original) => {
      const larger = new Uint8Array(original.length + 9).fill(0xee);
      larger.set(original, 5);
      return larger.subarray(5, 5 + original.length);
    });
    const entry = fc.record({ partition: fc.constant(partition(0)), key: shifted, value: fc.option(shifted, { nil: null }), headers });
    await fc.assert(fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), async (entries) => {
      const [first] = await appended(log().append(topic, entries));
      const { records } = await log().read(topic, partition(0), first ?? offset(0), 1024 * 1024);
      assert.deepEqual(records.map((record) => plain(record)), entries.map((written) => plain(written)));
    }), { numRuns: 30, interruptAfterTimeLimit: 3_000 });
  });

  test('appends that run at once are all there, each in one piece, in the order of the calls', async () => {
    const topic = await newTopic(2);
    const calls = Array.from({ length: 60 }, (_, call) => Array.from({ length: 1 + call % 5 }, (_, at) => entryOf(at % 2, `${call}.${at}`)));
    const answers = await Promise.all(calls.map((entries) => appended(log().append(topic, entries))));
    for (const at of [0, 1]) {
      const written = calls.flatMap((entries) => entries.filter((entry) => entry.partition === partition(at)));
      assert.deepEqual(texts(await readAll(log(), topic, at)), written.map(({ value }) => new TextDecoder().decode(value ?? undefined)));
      const offsets = calls.flatMap((entries, call) => (answers[call] ?? []).filter((_, index) => entries[index]?.partition === partition(at)));
      assert.deepEqual(offsets, written.map((_, index) => index));
    }
  });

  test('append times are the time of the append, and do not go back on one log', async () => {
    const topic = await newTopic(1);
    const earliest = (Date.now() - 60_000) * 1_000;
    for (let at = 0; at < 5; at += 1) await log().append(topic, [entryOf(0, `${at}`)]);
    const times = (await readAll(log(), topic, 0)).map((record) => record.appendTimeMicros);
    assert.ok((times[0] ?? 0) > earliest && (times.at(-1) ?? Infinity) < (Date.now() + 60_000) * 1_000, String(times));
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
  });

  test('an entry for a partition that is not there refuses the whole request', async () => {
    const topic = await newTopic(2);
    for (const at of [2, -1, 0.5]) await assert.rejects(log().append(topic, [entryOf(0, 'a'), entryOf(at, 'b')]), isCode('INVALID_ARGUMENT'));
    assert.deepEqual(await log().extents(topic), [{ start: 0, end: 0 }, { start: 0, end: 0 }]);
  });

  test('an append whose signal was aborted before is cancelled and leaves nothing', async () => {
    const topic = await newTopic(1);
    await assert.rejects(log().append(topic, [entryOf(0, 'a')], AbortSignal.abort()), isCode('CANCELLED'));
    await log().append(topic, [entryOf(0, 'b')]);
    assert.deepEqual(texts(await readAll(log(), topic, 0)), ['b']);
  });
}

function closing(log: () => Log, newTopic: NewTopic, reopen: () => Promise<void>): void {
  const isClosedError = (error: unknown): boolean => error instanceof AppError && error.code === 'UNAVAILABLE' && (error.retryAfterMs ?? 0) > 0
    && error.details.some(({ field, reason }) => field === 'topic' && reason === 'closed');

  test('a closed topic refuses every append and can be read; opened again it goes on; its neighbours never notice', async () => {
    const [topic, other] = [await newTopic(2), await newTopic(1)];
    await log().append(topic, [entryOf(0, 'before'), entryOf(1, 'before')]);
    assert.equal(await log().isClosed(topic), false);
    await log().closeTopic(topic);
    assert.equal(await log().isClosed(topic), true);
    const ends = await log().extents(topic);
    for (const entries of [[entryOf(0, 'after')], [entryOf(1, null)], [entryOf(0, 'after'), entryOf(1, 'after')]]) {
      await assert.rejects(log().append(topic, entries), isClosedError);
    }
    assert.deepEqual(await log().extents(topic), ends);
    assert.equal(texts(await readAll(log(), topic, 0))[0], 'before');
    assert.deepEqual(await appended(log().append(other, [entryOf(0, 'a')])), [0]);
    await log().reopenTopic(topic);
    assert.equal(await log().isClosed(topic), false);
    assert.deepEqual(await appended(log().append(topic, [entryOf(0, 'again')])), [ends[0]?.end]);
  });

  test('once a topic is closed nothing lands any more: the ends of then are final', async () => {
    const topic = await newTopic(2);
    const acknowledged: number[] = [0, 0];
    let closed = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let at = 0; !closed || at < 5; at += 1) {
        const error = await log().append(topic, [entryOf(writer % 2, `${writer}.${at}`)]).then(({ offsets }) => {
          acknowledged[writer % 2] = Math.max(acknowledged[writer % 2] ?? 0, (offsets[0] ?? 0) + 1);
          assert.ok(!closed, 'nothing is acknowledged after the topic was closed');
        }, (refusal: unknown) => refusal);
        if (error === undefined) continue;
        assert.ok(isClosedError(error), error instanceof Error ? error.message : 'no error');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await log().closeTopic(topic);
    closed = true;
    const ends = (await log().extents(topic)).map(({ end }) => end);
    await Promise.all(writers);
    assert.ok(Math.min(...acknowledged) > 0, 'something was written before');
    assert.deepEqual((await log().extents(topic)).map(({ end }) => end), ends);
    for (const at of [0, 1]) {
      const records = await readAll(log(), topic, at);
      assert.ok(records.length >= (acknowledged[at] ?? 0) && records.length === ends[at]);
    }
  });

  test('a topic stays closed over a restart, is found closed by who makes it, and closing it twice changes nothing', async () => {
    const topic = await newTopic(1);
    await log().closeTopic(topic);
    await log().closeTopic(topic);
    await reopen();
    assert.equal(await log().isClosed(topic), true);
    await log().createTopic(topic, 1);
    await assert.rejects(log().append(topic, [entryOf(0, 'a')]), isClosedError);
    await log().reopenTopic(topic);
    await log().reopenTopic(topic);
    await log().append(topic, [entryOf(0, 'a')]);
  });

  test('a topic that is not there cannot be closed or opened', async () => {
    const topic = `contract-${randomUUID()}`;
    await assert.rejects(log().closeTopic(topic), isCode('NOT_FOUND'));
    await assert.rejects(log().reopenTopic(topic), isCode('NOT_FOUND'));
    await assert.rejects(log().isClosed(topic), isCode('NOT_FOUND'));
  });
}

function reads(log: () => Log, newTopic: NewTopic): void {
  test('a read ends near its limit of bytes, gives at least one record, and says where it goes on', async () => {
    const topic = await newTopic(1);
    const value = 'x'.repeat(1_000);
    await log().append(topic, Array.from({ length: 50 }, () => entryOf(0, value)));
    const one = await log().read(topic, partition(0), offset(7), 1);
    assert.ok(one.records.length >= 1);
    assert.deepEqual({ first: one.records[0]?.offset, next: one.next, end: one.end }, { first: 7, next: 7 + one.records.length, end: 50 });
    const some = await log().read(topic, partition(0), offset(0), 10_000);
    assert.ok(some.records.length >= 4 && some.records.length <= 20, `${some.records.length} records`);
    const none = await log().read(topic, partition(0), offset(50), 10_000);
    assert.deepEqual(none, { records: [], next: 50, end: 50 });
    assert.deepEqual((await readAll(log(), topic, 0, 3, 5_000)).map((record) => record.offset), Array.from({ length: 47 }, (_, at) => at + 3));
  });

  test('offsets outside of the partition are OUT_OF_RANGE, partitions outside of the topic INVALID_ARGUMENT', async () => {
    const topic = await newTopic(1);
    await log().append(topic, [entryOf(0, 'a')]);
    for (const from of [-1, 2]) {
      await assert.rejects(log().read(topic, partition(0), offset(from), 1), isCode('OUT_OF_RANGE'));
      await assert.rejects(follow(log(), topic, 0, from, 1), isCode('OUT_OF_RANGE'));
    }
    await assert.rejects(log().read(topic, partition(1), offset(0), 1), isCode('INVALID_ARGUMENT'));
    await assert.rejects(follow(log(), topic, 1, 0, 1), isCode('INVALID_ARGUMENT'));
    await assert.rejects(log().trim(topic, partition(1), offset(0)), isCode('INVALID_ARGUMENT'));
  });

  test('a record that was read stays as it is while the log goes on, and after its space was given back', async () => {
    const topic = await newTopic(1);
    await log().append(topic, Array.from({ length: 200 }, (_, at) => entryOf(0, `kept ${at}`)));
    const records = await readAll(log(), topic, 0);
    const [same] = (await log().read(topic, partition(0), offset(0), 1)).records;
    await log().trim(topic, partition(0), offset(200));
    for (let round = 0; round < 10; round += 1) {
      await log().append(topic, Array.from({ length: 200 }, () => entryOf(0, 'other'.repeat(10))));
      await readAll(log(), topic, 0, 200);
    }
    assert.deepEqual(texts(records), Array.from({ length: 200 }, (_, at) => `kept ${at}`));
    assert.deepEqual(same?.value, records[0]?.value);
  });
}

function tails(log: () => Log, newTopic: NewTopic): void {
  test('a tail gives what is there and then what comes, without a gap, and ends quietly when its signal aborts', async () => {
    const topic = await newTopic(1);
    await log().append(topic, [entryOf(0, '0'), entryOf(0, '1'), entryOf(0, '2')]);
    const stop = new AbortController();
    const seen: LogRecord[] = [];
    let wake = (): void => undefined;
    const ended = (async () => {
      for await (const batch of log().tail(topic, partition(0), offset(1), stop.signal)) {
        checkBatch(batch);
        seen.push(...batch.records);
        wake();
      }
    })();
    const until = async (count: number): Promise<void> => {
      while (seen.length < count) await new Promise<void>((resolve) => { wake = resolve; });
    };
    await until(2);
    for (let at = 3; at < 20; at += 1) await log().append(topic, [entryOf(0, `${at}`)]);
    await until(19);
    stop.abort();
    await ended;
    assert.deepEqual(seen.map((record) => [record.offset, Number(texts([record])[0])]), Array.from({ length: 19 }, (_, at) => [at + 1, at + 1]));
  });

  test('a tail that waits at the end is woken by an append to its partition', async () => {
    const topic = await newTopic(2);
    const waiting = follow(log(), topic, 1, 0, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await log().append(topic, [entryOf(0, 'other')]);
    await log().append(topic, [entryOf(1, 'mine')]);
    assert.deepEqual(texts(await waiting), ['mine']);
  });

  test('a tail with an aborted signal gives nothing', async () => {
    const topic = await newTopic(1);
    await log().append(topic, [entryOf(0, 'a')]);
    for await (const batch of log().tail(topic, partition(0), offset(0), AbortSignal.abort())) assert.fail(`${batch.records.length} records`);
  });

  test('two tails of a partition see the same', async () => {
    const topic = await newTopic(1);
    const both = [follow(log(), topic, 0, 0, 30), follow(log(), topic, 0, 0, 30)];
    for (let at = 0; at < 30; at += 1) await log().append(topic, [entryOf(0, `${at}`)]);
    const [first, second] = await Promise.all(both);
    assert.deepEqual(first?.map((record) => plain(record)), second?.map((record) => plain(record)));
    assert.equal(first?.length, 30);
  });

  test('the tails of a deleted topic end with NOT_FOUND, even if one of its name is made at once', async () => {
    const topic = await newTopic(1);
    const waiting = follow(log(), topic, 0, 0, 1);
    const rejected = assert.rejects(waiting, isCode('NOT_FOUND'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await log().deleteTopic(topic);
    await log().createTopic(topic, 1);
    await log().append(topic, [entryOf(0, 'of the new one')]);
    await rejected;
  });
}

function trims(log: () => Log, newTopic: NewTopic): void {
  test('a trim takes what is below its offset, and nothing else', async () => {
    const topic = await newTopic(2);
    await log().append(topic, Array.from({ length: 20 }, (_, at) => entryOf(at % 2, `${at}`)));
    await log().trim(topic, partition(0), offset(4));
    assert.deepEqual(await log().extents(topic), [{ start: 4, end: 10 }, { start: 0, end: 10 }]);
    assert.deepEqual(texts(await readAll(log(), topic, 0, 4)), ['8', '10', '12', '14', '16', '18']);
    assert.equal((await readAll(log(), topic, 1)).length, 10);
    await assert.rejects(log().read(topic, partition(0), offset(3), 1), isCode('OUT_OF_RANGE'));
    await log().trim(topic, partition(0), offset(2));
    assert.deepEqual((await log().extents(topic))[0], { start: 4, end: 10 });
  });

  test('a trim of everything leaves an empty partition that goes on where it was', async () => {
    const topic = await newTopic(1);
    await log().append(topic, [entryOf(0, 'a'), entryOf(0, 'b')]);
    await log().trim(topic, partition(0), offset(2));
    assert.deepEqual(await log().extents(topic), [{ start: 2, end: 2 }]);
    assert.deepEqual(await appended(log().append(topic, [entryOf(0, 'c')])), [2]);
    assert.deepEqual(texts(await readAll(log(), topic, 0, 2)), ['c']);
  });

  test('a tail that a trim overtakes fails with OUT_OF_RANGE instead of leaving something out', async () => {
    const topic = await newTopic(1);
    await log().append(topic, Array.from({ length: 100 }, () => entryOf(0, 'x'.repeat(100_000))));
    const stop = new AbortController();
    const tail = log().tail(topic, partition(0), offset(0), stop.signal)[Symbol.asyncIterator]();
    const first = await tail.next();
    assert.ok(first.done !== true && first.value.next < 100, 'the first batch is not everything');
    await log().trim(topic, partition(0), offset(100));
    await assert.rejects((async () => { while (!(await tail.next()).done) { /* One batch may have been read before. */ } })(), isCode('OUT_OF_RANGE'));
  });
}

function restarts(log: () => Log, newTopic: NewTopic, reopen: () => Promise<void>): void {
  test('after a restart everything is there: identity, records, ends, the start after a trim', async () => {
    const topic = await newTopic(3);
    await log().append(topic, Array.from({ length: 30 }, (_, at) => entryOf(at % 3, `${at}`)));
    await log().trim(topic, partition(1), offset(10));
    await log().trim(topic, partition(2), offset(3));
    const [identity, before, clusterId] = [await log().describeTopic(topic), await readAll(log(), topic, 0), log().clusterId];
    await reopen();
    assert.equal(log().clusterId, clusterId);
    assert.deepEqual(await log().describeTopic(topic), identity);
    assert.deepEqual(await log().extents(topic), [{ start: 0, end: 10 }, { start: 10, end: 10 }, { start: 3, end: 10 }]);
    assert.deepEqual((await readAll(log(), topic, 0)).map((record) => plain(record)), before.map((record) => plain(record)));
    const next = await appended(log().append(topic, [entryOf(0, 'a'), entryOf(1, 'b'), entryOf(2, 'c')]));
    assert.deepEqual(next, [10, 10, 10]);
  });
}

function checkBatch(batch: Batch): void {
  assert.ok(batch.records.length > 0, 'a tail gives no empty batch');
  batch.records.forEach((record, at) => { assert.equal(record.offset, (batch.records[0]?.offset ?? 0) + at); });
  assert.equal(batch.next, (batch.records.at(-1)?.offset ?? 0) + 1);
  assert.ok(batch.end >= batch.next);
}

/** Content of an entry or a record, without the classes of its buffers. */
function plain(record: AppendEntry | LogRecord): unknown {
  const hex = (data: Uint8Array | null): string | null => data === null ? null : Buffer.from(data).toString('hex');
  return {
    key: hex(record.key), value: hex(record.value),
    headers: Object.fromEntries(Object.entries(record.headers).sort(([a], [b]) => a < b ? -1 : 1).map(([header, data]) => [header, hex(data)])),
  };
}
