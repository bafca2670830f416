/** Writing many records, and what happens to writes when something goes wrong; over both transports. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProximaError} from './index.ts';
import { type Collection, type Database, type RecordInput } from './index.ts';
import { connect as connectGrpc } from './index.ts';
import { connect as connectRest } from './rest.ts';
import { ServerProcess } from './testing/server.ts';

/** Less than a full batch of the tests' records takes. */
const messageBytesMax = 1 << 17;

let server: ServerProcess;
before(async () => { server = await ServerProcess.start('--message-bytes-max', String(messageBytesMax)); });
after(() => server[Symbol.asyncDispose]());

const dimension = 64;
const record = (at: number, id = `r${at}`): RecordInput<{ at: number }> =>
  ({ id, vector: Float32Array.from({ length: dimension }, (_, i) => Math.sin(at * dimension + i)), metadata: { at } });

function* records(count: number): Generator<RecordInput<{ at: number }>> {
  for (let at = 0; at < count; at++) yield record(at);
}

for (const transport of ['grpc', 'rest'] as const) {
  describe(`over ${transport}`, () => {
    let db: Database;
    let all: Collection<{ at: number }>;
    const name = `written-${transport}`;
    before(async () => {
      db = transport === 'grpc' ? connectGrpc(server.addresses.grpc, { attemptsMax: 100 }) : connectRest(server.addresses.rest, { attemptsMax: 100 });
      all = await db.createCollection({ name, dimension });
    });
    after(() => db[Symbol.asyncDispose]());

    test('an iterable is written in batches, in halves where a request is too large', async () => {
      let told = 0;
      const report = await all.write(records(3_000), { batchRecords: 700, onProgress: ({ written }) => { told = written; } });
      assert.deepEqual(report, { written: 3_000, refused: [], batches: 5 });
      assert.equal(told, 3_000);
      assert.equal(await all.count(), 3_000);
      assert.deepEqual((await all.get('r2999'))?.metadata, { at: 2999n });
    });

    test('of an id that comes again the later record wins, whatever is under way', async () => {
      async function* repeated(): AsyncGenerator<RecordInput<{ at: number }>> {
        for (let at = 0; at < 600; at++) {
          if (at % 50 === 0) await sleep(1);
          yield record(at, `again${at % 7}`);
        }
      }
      const report = await all.write(repeated(), { batchRecords: 3, concurrency: 8 });
      assert.equal(report.written, 600);
      const found = await all.get(Array.from({ length: 7 }, (_, id) => `again${id}`));
      assert.deepEqual(found.map(({ metadata }) => Number(metadata.at)).sort((a, b) => a - b), [593, 594, 595, 596, 597, 598, 599]);
    });

    test('a bad record costs none of its neighbours, and is named', async () => {
      const bad = [
        record(0, 'good1'), { id: 'short', vector: [1, 2] }, record(1, 'good2'), { ...record(2), id: '' },
        { ...record(3, 'odd'), metadata: { at: Symbol('x') } as unknown as { at: number } }, { ...record(4, 'r0'), ifAbsent: true as const },
        record(5, 'good3'),
      ];
      const { written, refused } = await all.write(bad);
      assert.equal(written, 3);
      assert.deepEqual(refused.map(({ index, id, field }) => [index, id, field]),
        [[1, 'short', 'vector'], [3, '', 'id'], [4, 'odd', 'metadata.at'], [5, 'r0', undefined]]);
      assert.equal(refused.at(-1)?.reason, 'exists');
      assert.equal((await all.get(['good1', 'good2', 'good3', 'short'])).length, 3);
      const { refused: both } = await all.write([{ ...record(0), ifAbsent: true }, { ...record(1), ifAbsent: true }]);
      assert.deepEqual(both.map(({ id, reason }) => [id, reason]), [['r0', 'exists'], ['r1', 'exists']]);
    });

    test('a batch that is not full is sent after a while', async () => {
      await using writer = all.writer({ lingerMs: 5 });
      await writer.add(record(1, 'alone'));
      const reader = db.session().collection(name);
      while (await reader.get('alone') === undefined) await sleep(5);
      assert.equal(writer.report.written, 1);
    });

    test('a writer takes no more than it can send; flush and end wait for what is under way', async () => {
      const writer = all.writer({ batchRecords: 10, concurrency: 2 });
      let added = 0;
      const adding = (async () => {
        for (let at = 0; at < 200; at++) {
          await writer.add(record(at, `w${at}`));
          added++;
          assert.ok(added <= writer.report.written + 10 * (2 + 1) + 1, `${added} were taken, ${writer.report.written} are written`);
        }
      })();
      await adding;
      await writer.flush();
      assert.equal(writer.report.written, 200);
      await writer.add(record(1, 'last'));
      assert.equal((await writer.end()).written, 201);
      await assert.rejects(writer.add(record(1)), (thrown: ProximaError) => thrown.code === 'FAILED_PRECONDITION');
    });

    test('a request that fails for good ends the writer, and is told to whoever adds or ends', async () => {
      const none = db.collection<{ at: number }>('none');
      await assert.rejects(none.write(records(100), { batchRecords: 10 }), (thrown: ProximaError) => thrown.code === 'NOT_FOUND');
      const stop = new AbortController();
      async function* endless(): AsyncGenerator<RecordInput<{ at: number }>> {
        for (let at = 0; ; at++) {
          if (at === 500) stop.abort();
          yield record(at);
        }
      }
      await assert.rejects(all.write(endless(), { signal: stop.signal, batchRecords: 20 }), (thrown: ProximaError) => thrown.code === 'CANCELLED');
    });

    test('a server that is killed and comes back gets every record, once', async () => {
      const crashed = await db.createCollection<{ at: number }>({ name: `crashed-${transport}`, dimension });
      const killed = Promise.withResolvers<undefined>();
      async function* interrupted(): AsyncGenerator<RecordInput<{ at: number }>> {
        for (let at = 0; at < 2_000; at++) {
          if (at === 700) void server.stop('SIGKILL').then(() => server.start()).then(() => { killed.resolve(undefined); }, killed.reject);
          // Conditions fail if a write is applied twice.
          yield { ...record(at), ifAbsent: true };
        }
      }
      const report = await crashed.write(interrupted(), { batchRecords: 20, concurrency: 4 });
      await killed.promise;
      assert.deepEqual([report.written, report.refused], [2_000, []]);
      assert.equal(await crashed.count(), 2_000);
    });

    test('scroll gives each record once, page by page, in the order of the ids', async () => {
      const ids: string[] = [];
      for await (const { id, metadata } of all.scroll({ filter: { at: { $lt: 1_000 } }, include: ['metadata'], pageRecords: 64 })) {
        if (id.startsWith('r')) ids.push(id);
        assert.ok(metadata.at < 1_000n);
      }
      assert.deepEqual(ids, Array.from({ length: 1_000 }, (_, at) => `r${at}`).sort());
      let seen = 0;
      for await (const { vector } of all.scroll({ pageRecords: 10 })) {
        assert.equal(vector.length, dimension);
        if (++seen === 25) break;
      }
      assert.equal(seen, 25);
    });
  });
}
