import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import type { SearchSpec } from '../shards.ts';
import { openCluster, until, type Cluster } from '../testing/indexers.ts';

const ids = Array.from({ length: 60 }, (_, i) => `w${i}`);
const spec: SearchSpec = { vector: Float32Array.of(3, 1), k: 60, filter: null, exact: false, ef: null, records: false, explain: false };

async function write(cluster: Cluster): Promise<void> {
  await cluster.fixture.write(cluster.collection, ids.map((id, i) => ({ id, vector: [i, 1] })));
}

/** Two replica groups of two indexers each, with 60 records. */
async function fourIndexers(config: Parameters<typeof openCluster>[0] = {}) {
  const cluster = await openCluster(config);
  await write(cluster);
  const held = [[0, [0, 1, 2]], [0, [3, 4, 5]], [1, [0, 2, 4]], [1, [1, 3, 5]]] as const;
  const indexers = await Promise.all(held.map(([group, partitions]) => cluster.indexer(group, partitions)));
  const hits = async (): Promise<number> => (await cluster.remote.search(await cluster.request(), [spec])).answers[0]!.hits.length;
  return { cluster, indexers, hits, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

describe('an indexer that dies', () => {
  test('in the middle of a call: another replica answers, and nobody calls it again soon', async () => {
    await using parts = await fourIndexers();
    const { cluster, indexers, hits } = parts;
    for (let i = 0; i < 4; i += 1) assert.equal(await hits(), 60);
    for (const { shards } of indexers) shards.delayMs = 40;
    const calls = Array.from({ length: 20 }, hits);
    await until('both indexers of group 0 are called', () => indexers.slice(0, 2).every(({ shards }) => shards.seen.some(({ signal }) => !signal.aborted)));
    await delay(10);
    indexers[0]!.kill();
    assert.deepEqual(await Promise.all(calls), new Array<number>(20).fill(60));
    assert.ok(cluster.counted.retries > 0);
    for (const { shards } of indexers) {
      shards.delayMs = 0;
      shards.seen.length = 0;
    }
    for (let i = 0; i < 20; i += 1) assert.equal(await hits(), 60);
    assert.equal(indexers[0]!.shards.seen.length, 0);
    assert.equal(cluster.remote.load.calls, 0);
  });

  test('one after the other until no replica is left: UNAVAILABLE, or the rest with what is missing', async () => {
    await using parts = await fourIndexers({ roundBackoffMs: 10 });
    const { cluster, indexers, hits } = parts;
    indexers[0]!.kill();
    indexers[2]!.kill();
    await assert.rejects(hits(), { code: 'UNAVAILABLE', message: /indexer 127\.0\.0\.1:\d+/, retryAfterMs: 10 });
    const answer = await cluster.remote.search(await cluster.request({ allowPartial: true }), [spec]);
    // Held by the first of each group only.
    assert.deepEqual(answer.missing.map(({ partition, code }) => [partition, code]), [[0, 'UNAVAILABLE'], [2, 'UNAVAILABLE']]);
    assert.deepEqual(answer.watermarks.map(({ partition }) => partition).sort(), [1, 3, 4, 5]);
    const rest = answer.answers[0]!.hits;
    assert.ok(rest.length > 0 && rest.length < 60 && rest.every(({ partition }) => partition !== 0 && partition !== 2));
    assert.equal(cluster.counted.partials, 1);
    const { count, missing } = await cluster.remote.count(await cluster.request({ allowPartial: true }), null);
    assert.deepEqual([count, missing.length], [rest.length, 2]);
  });

  test('is called again when it is back', async () => {
    await using parts = await fourIndexers({ backoffMs: 20, backoffMsMax: 40 });
    const { cluster, indexers, hits } = parts;
    for (let i = 0; i < 4; i += 1) await hits();
    indexers[1]!.kill();
    for (let i = 0; i < 10; i += 1) assert.equal(await hits(), 60);
    const port = indexers[1]!.server.port;
    const back = await cluster.indexer(0, [3, 4, 5], { port });
    cluster.forget('indexer-1');
    const endMs = performance.now() + 60_000;
    while (back.shards.seen.length === 0 && performance.now() < endMs) assert.equal(await hits(), 60);
    assert.ok(back.shards.seen.length > 0);
  });
});

describe('an indexer that is the only one', () => {
  test('is called as soon as it is back, however long it would be left alone otherwise', async () => {
    await using cluster = await openCluster({ backoffMs: 60_000, backoffMsMax: 60_000, roundBackoffMs: 10 }, 1);
    const gone = await cluster.indexer(0, [0]);
    const request = await cluster.request();
    await cluster.remote.count(request, null);
    gone.kill();
    await assert.rejects(cluster.remote.count(request, null), { code: 'UNAVAILABLE' });
    cluster.forget(gone.id);
    await cluster.indexer(0, [0], { port: gone.server.port });
    await delay(40);
    assert.deepEqual((await cluster.remote.count(request, null)).missing, []);
  });

  test('is called as soon as another process is at its address, though a try to reach the one before is still under way', async () => {
    await using cluster = await openCluster({ backoffMs: 1, connectMsMax: 60_000, roundBackoffMs: 10 }, 1);
    const [gone, other] = [await cluster.indexer(0, [0]), await cluster.indexer(1, [0])];
    const request = await cluster.request();
    const count = async (): Promise<number> => (await cluster.remote.count(request, null)).missing.length;
    for (let i = 0; i < 4; i += 1) await count();
    gone.kill();
    // Takes connections, and says nothing: as an address does whose host has just gone.
    let tried = 0;
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      tried += 1;
      sockets.push(socket);
    });
    await once(silent.listen(gone.server.port, '127.0.0.1'), 'listening');
    try {
      for (const endMs = performance.now() + 60_000; tried === 0 && performance.now() < endMs;) assert.equal(await count(), 0);
      assert.ok(tried > 0, 'it is tried again');
      silent.close();
      const back = await cluster.indexer(0, [0], { port: gone.server.port });
      cluster.forget(gone.id);
      assert.equal(await count(), 0);
      await delay(200);
      other.kill();
      const startMs = performance.now();
      assert.equal(await count(), 0);
      assert.ok(performance.now() - startMs < 20_000);
      assert.ok(back.shards.seen.length > 0);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('an indexer that takes its partitions up one after the other', () => {
  test('is one process, although it is remembered for the others, which the one before it held', async () => {
    await using cluster = await openCluster({ backoffMs: 60_000, backoffMsMax: 60_000 }, 60);
    await write(cluster);
    const gone = await cluster.indexer(0, cluster.all);
    const request = await cluster.request();
    await cluster.remote.count(request, null);
    gone.kill();
    cluster.forget(gone.id);
    const back = await cluster.indexer(0, cluster.all, { port: gone.server.port });
    back.announce([7, 31]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => cluster.remote.count(request, null)));
    for (const { count, missing } of answers) assert.deepEqual([count, missing], [60, []]);
  });
});

describe('an indexer that stops in good order', () => {
  test('answers what is under way, and costs nobody an error', async () => {
    await using parts = await fourIndexers();
    const { cluster, indexers, hits } = parts;
    for (const { shards } of indexers) shards.delayMs = 5;
    let stopped = false;
    let calls = 0;
    const load = Promise.all(Array.from({ length: 8 }, async () => {
      while (!stopped) {
        assert.equal(await hits(), 60);
        calls += 1;
      }
    }));
    await delay(100);
    await indexers[0]!.server.close(2_000);
    indexers[0]!.shards.seen.length = 0;
    await delay(100);
    stopped = true;
    await load;
    assert.ok(calls > 10, `${calls}`);
    assert.equal(indexers[0]!.shards.seen.length, 0);
    const failed = [...cluster.counted.calls].filter(([name]) => !name.endsWith(' OK') && !name.endsWith(' CANCELLED'));
    assert.ok(failed.reduce((sum, [, count]) => sum + count, 0) <= 16, 'only what was sent before the notice came');
  });
});

describe('routing that is behind', () => {
  test('a partition that is not served there any more is asked of the other replica, the rest is kept', async () => {
    await using parts = await fourIndexers({ hedgePercent: 0, quietMs: 60_000 });
    const { cluster, indexers, hits } = parts;
    indexers[0]!.shards.served.delete(1);
    indexers[3]!.shards.served.delete(3);
    for (let i = 0; i < 6; i += 1) assert.equal(await hits(), 60);
    const retried = indexers.flatMap(({ shards }) => shards.seen).filter(({ partitions }) => partitions.length === 1).map(({ partitions }) => partitions[0]);
    assert.deepEqual([...new Set(retried)].sort(), [1, 3]);
    const wanted = cluster.all.map((partition) => ({ partition, through: 1, count: 1 }));
    assert.equal((await cluster.remote.outcomes(cluster.collection.log, 'r', wanted, 1_000)).length, 6);
  });

  test('a partition in between two indexers is answered as soon as the routing tells where it went', async () => {
    await using cluster = await openCluster({ roundBackoffMs: 5_000 }, 2);
    await write(cluster);
    const [from, to] = [await cluster.indexer(0, [0, 1]), await cluster.indexer(0, [])];
    from.shards.served.delete(1);
    const started = performance.now();
    const counted = cluster.remote.count(await cluster.request(), null);
    setTimeout(() => {
      to.shards.served.add(1);
      to.announce([1]);
      from.announce([0]);
    }, 30);
    assert.equal((await counted).count, 60);
    assert.ok(performance.now() - started < 2_500, 'it did not wait for the second round');
  });

  test('nobody is known: it is waited for a little, then said', async () => {
    await using cluster = await openCluster({ roundBackoffMs: 20, unservedMsMax: 1_000 }, 2);
    await cluster.indexer(0, [0]);
    const nobody = cluster.remote.count(await cluster.request(), null);
    await assert.rejects(nobody, { code: 'UNAVAILABLE', message: /nobody is known to serve partition 1 of log \d+/ });
    const counted = cluster.remote.count(await cluster.request(), null);
    await delay(400);
    await cluster.indexer(0, [1]);
    assert.deepEqual((await counted).missing, []);
  });
});

describe('a partition that is being taken up', () => {
  test('is waited for, though who takes it up cannot answer yet: a collection that was just made is searched at once', async () => {
    await using cluster = await openCluster({ roundBackoffMs: 5, unservedMsMax: 5_000 }, 1);
    const indexer = await cluster.indexer(0, [0]);
    indexer.announce([0], 'building');
    indexer.shards.served.delete(0);
    const counted = cluster.remote.count(await cluster.request(), null);
    await delay(300);
    assert.ok(indexer.shards.seen.length > 3, 'it is asked again and again');
    indexer.shards.served.add(0);
    assert.deepEqual((await counted).missing, []);
  });

  test('for a while only, and not by who takes a part of the answer', async () => {
    await using cluster = await openCluster({ roundBackoffMs: 5, unservedMsMax: 200 }, 1);
    const indexer = await cluster.indexer(0, [0]);
    indexer.announce([0], 'building');
    indexer.shards.served.delete(0);
    await assert.rejects(cluster.remote.count(await cluster.request(), null), { code: 'UNAVAILABLE', message: /partition 0 of log \d+ is not served here/ });
    indexer.shards.seen.length = 0;
    const { missing } = await cluster.remote.count(await cluster.request({ allowPartial: true }), null);
    assert.deepEqual([missing.length, indexer.shards.seen.length], [1, 1]);
  });
});

describe('errors of the shards', () => {
  test('pass through at once, asked of nobody else', async () => {
    await using parts = await fourIndexers();
    const { cluster, indexers, hits } = parts;
    for (const { shards } of indexers) {
      shards.onAnswer = async () => { throw new AppError('RESOURCE_EXHAUSTED', 'too many calls wait for this shard', { retryAfterMs: 77 }); };
    }
    await assert.rejects(hits(), { code: 'RESOURCE_EXHAUSTED', message: 'too many calls wait for this shard', retryAfterMs: 77 });
    assert.equal(cluster.counted.retries, 0);
  });

  test('the others are told that their answers are not needed any more', async () => {
    await using parts = await fourIndexers();
    const { indexers, hits } = parts;
    for (const [i, { shards }] of indexers.entries()) {
      if (i % 2 === 0) shards.delayMs = 5_000;
      else shards.onAnswer = async () => { throw new AppError('DATA_LOSS', 'a checksum fails'); };
    }
    await assert.rejects(hits(), { code: 'DATA_LOSS' });
    await until('the other is cancelled', () => indexers.some(({ shards }) => shards.cancelled > 0));
  });

  test('an answer that leaves a partition out without a word is refused', async () => {
    await using cluster = await openCluster({}, 2);
    const indexer = await cluster.indexer(0, [0, 1]);
    const { memory } = indexer.shards;
    const count = memory.count.bind(memory);
    memory.count = (request, filter) => count({ ...request, at: request.at.slice(1) }, filter);
    await assert.rejects(cluster.remote.count(await cluster.request(), null), { code: 'INTERNAL', message: /partitions 0,1 were asked, and 1 answered/ });
  });

  test('more records than an answer may have are refused before all of them are held', async () => {
    await using parts = await fourIndexers({ answerBytesMax: 800 });
    const { cluster } = parts;
    await assert.rejects(cluster.remote.get(await cluster.request(), ids), { code: 'RESOURCE_EXHAUSTED', message: /more than 800 bytes of records/ });
  });
});

describe('time', () => {
  test('what is left of it goes to the shards; when it is up the caller hears so, and the shards are told', async () => {
    await using parts = await fourIndexers();
    const { cluster, indexers } = parts;
    for (const { shards } of indexers) shards.delayMs = 5_000;
    const started = performance.now();
    const late = cluster.remote.count(await cluster.request({ timeoutMs: 150 }), null);
    await assert.rejects(late, { code: 'DEADLINE_EXCEEDED', message: /indexer 127\.0\.0\.1:\d+ gave no answer within 150 ms/ });
    const took = performance.now() - started;
    assert.ok(took >= 150 && took < 4_000, `${took} ms`);
    const seen = indexers.flatMap(({ shards }) => shards.seen);
    assert.ok(seen.length >= 2 && seen.every(({ timeoutMs }) => timeoutMs > 0 && timeoutMs <= 150));
    await until('all calls are cancelled', () => seen.every(({ signal }) => signal.aborted));
    assert.equal(cluster.remote.load.calls, 0);
  });

  test('a part that is late is left out of a partial answer, which comes in time', async () => {
    await using cluster = await openCluster({}, 2);
    await write(cluster);
    await cluster.indexer(0, [0]);
    const late = await cluster.indexer(0, [1]);
    late.shards.delayMs = 5_000;
    const { missing, watermarks } = await cluster.remote.count(await cluster.request({ timeoutMs: 100, allowPartial: true }), null);
    assert.deepEqual([missing.map(({ partition, code }) => [partition, code]), watermarks.length], [[[1, 'DEADLINE_EXCEEDED']], 1]);
  });

  test('a caller that goes away is answered at once, and the shards are told', async () => {
    await using parts = await fourIndexers();
    const { cluster, indexers } = parts;
    for (const { shards } of indexers) shards.delayMs = 5_000;
    const controller = new AbortController();
    const counted = cluster.remote.count(await cluster.request(), null, controller.signal);
    await until('two indexers are asked', () => indexers.filter(({ shards }) => shards.seen.length > 0).length >= 2);
    const gone = new AppError('CANCELLED', 'the client went away');
    controller.abort(gone);
    await assert.rejects(counted, gone);
    await until('all calls are cancelled', () => indexers.every(({ shards }) => shards.cancelled === shards.seen.length));
    await assert.rejects(cluster.remote.count(await cluster.request(), null, controller.signal), gone);
  });

  test('a caller whose time is up still hears what the shard has to say about it', async () => {
    await using cluster = await openCluster({ lateMsMax: 2_000 }, 1);
    const { shards } = await cluster.indexer(0, [0]);
    shards.onAnswer = async () => {
      await delay(60);
      throw new AppError('DEADLINE_EXCEEDED', 'the shard is 7 records behind');
    };
    const controller = new AbortController();
    setTimeout(() => { controller.abort(new AppError('DEADLINE_EXCEEDED', 'the read ran out of time')); }, 40);
    await assert.rejects(cluster.remote.count(await cluster.request({ timeoutMs: 40 }), null, controller.signal), { message: 'the shard is 7 records behind' });
  });
});

describe('connections', () => {
  test('there is one to each indexer, made when it is needed, and closed when it is not', async () => {
    await using parts = await fourIndexers({ idleMsMax: 100 });
    const { cluster, indexers, hits } = parts;
    assert.equal(cluster.remote.load.connections, 0);
    await Promise.all(Array.from({ length: 50 }, hits));
    const asked = indexers.filter(({ shards }) => shards.seen.length > 0).length;
    assert.equal(cluster.remote.load.connections, asked);
    await until('they are closed', () => cluster.remote.load.connections === 0);
    assert.equal(await hits(), 60);
  });

  test('a thousand calls are under way on one, and one more is refused', async () => {
    await using cluster = await openCluster({ callsMax: 1_000, hedgePercent: 0, quietMs: 60_000 }, 1);
    await write(cluster);
    const { shards } = await cluster.indexer(0, [0]);
    const release = Promise.withResolvers<void>();
    shards.onAnswer = () => release.promise;
    const request = await cluster.request();
    const calls = Array.from({ length: 1_000 }, () => cluster.remote.count(request, null));
    await until('all have arrived', () => shards.seen.length === 1_000);
    assert.deepEqual(cluster.remote.load, { connections: 1, calls: 1_000 });
    await assert.rejects(cluster.remote.count(request, null), { code: 'RESOURCE_EXHAUSTED' });
    release.resolve();
    assert.ok((await Promise.all(calls)).every(({ count }) => count === 60));
  });

  test('after the end, calls fail, and those under way, too', async () => {
    await using cluster = await openCluster({}, 1);
    const { shards } = await cluster.indexer(0, [0]);
    shards.delayMs = 5_000;
    const counted = cluster.remote.count(await cluster.request(), null);
    counted.catch(() => undefined);
    await until('it arrived', () => shards.seen.length === 1);
    await cluster.remote[Symbol.asyncDispose]();
    await assert.rejects(counted, { code: 'UNAVAILABLE' });
    await assert.rejects(cluster.remote.count(await cluster.request(), null), { code: 'UNAVAILABLE', message: 'the calls to indexers are closed' });
    await until('the call is cancelled', () => shards.cancelled === 1);
  });
});
