import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { offset, partition } from '@proximadb/log';
import { missing, startRedis, type Redis } from '@proximadb/test-cluster';
import type { Restorer } from './holder.ts';
import { Group, ttlMs, type Indexer } from './testing/group.ts';

const skip = missing('redis');
let redis: Redis;
before(async () => { if (skip === false) redis = await startRedis(); });
after(async () => { if (skip === false) await redis[Symbol.asyncDispose](); });

async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!await holds()) {
    assert.ok(performance.now() < endMs, `in time: ${what}`);
    await delay(20);
  }
}

/** Every partition once, and each member about its share. */
const isSpread = (group: Group, partitions: number) => (): boolean => {
  const all = group.indexers.map((indexer) => indexer.serving());
  const most = Math.ceil(partitions / all.length);
  return new Set(all.flat()).size === partitions && all.flat().length === partitions && all.every(({ length }) => length <= most);
};

/** Looks all the time whether somebody answers for every partition. */
function watch(group: Group, partitions: number): { stop(): Promise<number> } {
  let looks = 0;
  let worst = partitions;
  const stop = new AbortController();
  const looking = (async () => {
    while (!stop.signal.aborted) {
      worst = Math.min(worst, new Set(group.indexers.flatMap((indexer) => indexer.serving())).size);
      looks += 1;
      await delay(5);
    }
  })();
  return {
    async stop() {
      stop.abort();
      await looking;
      assert.ok(looks > 10);
      return worst;
    },
  };
}

/** Restores that write into their folders, and end once they are let go on. */
class HeldRestores implements Restorer, Disposable {
  begun = 0;
  ended = 0;
  /** Those whose folder was taken away meanwhile. */
  disturbed = 0;
  readonly #released = Promise.withResolvers<void>();

  async restore(_log: number, _partition: number, directory: string): Promise<{ readonly watermark: number }> {
    mkdirSync(directory, { recursive: true });
    this.begun += 1;
    await this.#released.promise;
    if (!existsSync(directory)) this.disturbed += 1;
    mkdirSync(join(directory, 'segments'), { recursive: true });
    this.ended += 1;
    return { watermark: 0 };
  }

  async erase(): Promise<void> {}

  goOn(): void {
    this.#released.resolve();
  }

  /** A group that closes waits for them. */
  [Symbol.dispose](): void {
    this.goOn();
  }
}

const owners = (group: Group): Map<string, string> => new Map(group.indexers.flatMap((indexer) => indexer.serving().map((key) => [key, indexer.id] as const)));
const moved = (before: Map<string, string>, now: Map<string, string>): string[] => [...before].filter(([key, id]) => now.get(key) !== id).map(([key]) => key);

describe('the indexers of a group', { skip, concurrency: false }, () => {
  test('share the partitions; one that joins takes its share and no more, one that goes leaves only its own; somebody always answers', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 12);
    await group.write(words, Array.from({ length: 300 }, (_, i) => `w${i}`));
    const first = await group.join('a', { settleMs: 250 });
    while (!first.holder.ready) await delay(1);
    assert.equal(first.serving().length, 12, 'ready is who serves all that is placed there');
    await until('a has all', isSpread(group, 12));
    const watched = watch(group, 12);
    for (const [id, share] of [['b', 6], ['c', 4]] as const) {
      const before = owners(group);
      await group.join(id);
      await until(`${id} has its share`, isSpread(group, 12));
      assert.equal(moved(before, owners(group)).length, share);
    }
    const before = owners(group);
    const b = group.indexers[1] as Indexer;
    await b.stop();
    await until('the others have what it had', isSpread(group, 12));
    assert.deepEqual(moved(before, owners(group)).map((key) => before.get(key)), Array.from({ length: 4 }, () => 'b'));
    const rest = await watched.stop();
    assert.equal(rest, 8, 'nobody was missed but those of the one that went, between its end and the others’ start');
    const at = Array.from({ length: 12 }, (_, partition) => ({ partition, atLeast: 0 }));
    let count = 0;
    for (const indexer of group.indexers) {
      const own = new Set(indexer.serving());
      const request = { log: words.log, at: at.filter(({ partition }) => own.has(`${words.log}-${partition}`)), timeoutMs: 5_000 };
      count += (await indexer.host.count(request, null)).count;
    }
    assert.equal(count, 300);
  });

  test('take over from one that vanished, once its time to live is over and not before', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 6);
    const a = await group.join('a');
    const b = await group.join('b');
    await until('both have their share', isSpread(group, 6));
    const before = owners(group);
    assert.deepEqual(a.serving().length, 3);
    const aliveMs = performance.now();
    const vanished = b.vanish();
    await until('a has all', () => a.serving().length === 6);
    assert.ok(performance.now() - aliveMs >= ttlMs / 2, 'it may only be slow: what it said last holds for its time to live');
    await vanished;
    await until('and nobody else has any', isSpread(group, 6));
    assert.deepEqual(moved(before, owners(group)).map((key) => before.get(key)), ['b', 'b', 'b']);
  });

  test('let nobody go and move nothing while Redis is emptied, frozen, or gone and empty again', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 6);
    await group.join('a');
    await group.join('b');
    await until('both have their share', isSpread(group, 6));
    const before = owners(group);
    const watched = watch(group, 6);
    const unmoved = async (): Promise<void> => {
      await delay(ttlMs + 1_500);
      assert.deepEqual(owners(group), before);
    };
    await redis.flushAll();
    await unmoved();
    redis.pause();
    await unmoved();
    redis.resume();
    await unmoved();
    await redis.kill();
    await unmoved();
    await redis.restart();
    await unmoved();
    await until('both are heard of again', () => group.indexers.every(({ coordination }) => coordination.connected && coordination.members.length === 2));
    assert.equal(await watched.stop(), 6);
  });

  test('told to stop at once, in two groups: the second goes on answering until the first is back', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 4);
    await group.write(words, Array.from({ length: 40 }, (_, i) => `w${i}`));
    await using reader = await group.reader();
    const [a, b] = [await group.join('a'), await group.join('b', { group: 1 })];
    await until('both serve and are known', () => reader.members.filter(({ holdings }) =>
      holdings.length === 4 && holdings.every(({ state }) => state === 'ready')).length === 2);
    const watched = watch(group, 4);
    const gone: string[] = [];
    const stop = async (indexer: Indexer): Promise<void> => {
      await indexer.holder.depart(30_000);
      gone.push(indexer.id);
      await indexer.stop();
    };
    const stopped = [stop(b), stop(a)] as const;
    await stopped[1];
    await delay(3 * ttlMs);
    assert.deepEqual(gone, ['a'], 'the other one would leave nobody');
    assert.equal(b.serving().length, 4);
    await group.join('a');
    await stopped[0];
    assert.equal(await watched.stop(), 4, 'somebody always answered');
  });

  test('told to stop, and relieved: nobody counts on them any more, however long they take to close', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 4);
    await using reader = await group.reader();
    const [a, b] = [await group.join('a'), await group.join('b', { group: 1 })];
    await until('both serve and are known', () => reader.members.filter(({ holdings }) =>
      holdings.length === 4 && holdings.every(({ state }) => state === 'ready')).length === 2);
    await b.holder.depart(30_000);
    assert.equal(b.serving().length, 4, 'it is not closed yet');
    const startMs = performance.now();
    await a.holder.depart(3_000);
    assert.ok(performance.now() - startMs >= 2_900, 'nobody else goes on');
  });

  test('told to stop while Redis does not answer, or others die meanwhile: they wait', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 2);
    await using reader = await group.reader();
    const [a, b] = [await group.join('a'), await group.join('b', { group: 1 })];
    await until('both serve and are known', () => reader.members.filter(({ holdings }) =>
      holdings.length === 2 && holdings.every(({ state }) => state === 'ready')).length === 2);
    redis.pause();
    let isGone = false;
    const departing = a.holder.depart(30_000).then(() => { isGone = true; });
    await delay(4_000);
    assert.equal(isGone, false, 'nobody has heard of it');
    redis.resume();
    await b.vanish();
    await delay(ttlMs + 2_000);
    assert.equal(isGone, false, 'the other one is not there any more');
    await group.join('b', { group: 1 });
    await departing;
  });

  test('told to stop, go at once where nobody would ask, and in the end where nobody takes their place', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 2);
    const alone = await group.join('a');
    await until('it serves', () => alone.serving().length === 2);
    const departed = async ({ holder }: Indexer, timeoutMs: number): Promise<number> => {
      const startMs = performance.now();
      await holder.depart(timeoutMs);
      return performance.now() - startMs;
    };
    assert.ok(await departed(alone, 30_000) < 3_000);
    await alone.stop();
    const again = await group.join('a');
    await using reader = await group.reader();
    await until('it serves, and knows of the reader', () => again.serving().length === 2 && again.coordination.members.length === 2 && reader.connected);
    assert.ok(await departed(again, 2_000) >= 1_900);
    assert.equal(again.serving().length, 2, 'until it is closed it answers');
  });

  test('take what lies on their disk at once after a restart, before they know of anybody', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 4);
    const a = await group.join('a');
    await until('a has all', isSpread(group, 4));
    await group.write(words, Array.from({ length: 40 }, (_, i) => `w${i}`));
    await until('all is applied', async () => (await a.host.report(words.log)).reduce((sum, { live }) => sum + live, 0) === 40);
    await a.stop();
    const again = await group.join('a', { settleMs: 3_600_000 });
    await until('it serves again', () => again.serving().length === 4);
  });

  test('are ready although a shard is stopped, but not while all are: an upgrade must not go on past them', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 2);
    await group.write(words, ['one', 'two', 'three']);
    const a = await group.join('a');
    await until('it is ready', () => a.holder.ready && a.serving().length === 2);
    await a.stop();
    await group.log.deleteTopic(words.topic);
    await group.log.createTopic(words.topic, 2);
    const again = await group.join('a');
    await until('both are stopped', () => again.holder.positions.filter(({ state }) => state === 'stopped').length === 2);
    assert.equal(again.holder.ready, false);
    await group.collection('more', 1);
    await until('it is ready', () => again.holder.ready);
    assert.equal(again.holder.positions.filter(({ state }) => state === 'stopped').length, 2);
  });

  test('erase a deleted collection: its files, its topic, and the catalog forgets it', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 4);
    const a = await group.join('a');
    const b = await group.join('b');
    await until('both have their share', isSpread(group, 4));
    await group.write(words, Array.from({ length: 40 }, (_, i) => `w${i}`));
    await group.catalog.delete('words');
    await until('the catalog forgot it', () => group.catalog.byLog(words.log) === undefined);
    assert.equal(await group.log.describeTopic(words.topic), undefined);
    for (const { directory, host } of [a, b]) {
      assert.equal(existsSync(join(directory, String(words.log))), false);
      assert.deepEqual(host.positions(), []);
    }
  });

  test('leave nothing of a collection that is deleted while it is restored, and erase nothing under a restore', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 2);
    using restores = new HeldRestores();
    const a = await group.join('a', { restorer: restores });
    await until('both are being restored', () => restores.begun === 2);
    await group.catalog.delete('words');
    // As another indexer does, which has nothing to wait for.
    await group.catalog.erased(words.log);
    assert.equal(group.catalog.byLog(words.log), undefined);
    await delay(200);
    restores.goOn();
    await until('both restores are over', () => restores.ended === 2);
    const isAnnounced = (): boolean => a.coordination.members.some(({ id, holdings }) => id === 'a' && holdings.length > 0);
    await until('no folder and no partition is left', () => !existsSync(join(a.directory, String(words.log))) && a.host.positions().length === 0
      && a.holder.positions.length === 0 && !isAnnounced() && a.holder.ready, 10_000);
    assert.equal(restores.disturbed, 0);
  });

  test('let go of a partition that another one serves by the time that it is restored', async () => {
    await using group = await Group.open(redis.url);
    await group.collection('words', 2);
    using restores = new HeldRestores();
    const a = await group.join('a', { restorer: restores });
    await until('both are being restored', () => restores.begun === 2);
    const b = await group.join('b');
    await until('b serves', () => b.serving().length > 0);
    restores.goOn();
    const isOnce = isSpread(group, 2);
    await until('each has one, and no other', () => isOnce() && [a, b].every(({ host }) => host.positions().length === 1));
  });

  test('hold a new collection although the blob store is away, and an old one whose log was trimmed once it is back', async () => {
    await using group = await Group.open(redis.url);
    const old = await group.collection('old', 1);
    await group.write(old, ['a', 'b', 'c']);
    await group.log.trim(old.topic, partition(0), offset(1));
    const words = await group.collection('words', 1);
    await group.write(words, ['one', 'two']);
    let isAway = true;
    let asked = 0;
    const restorer: Restorer = {
      restore: async () => {
        asked += 1;
        await delay(20);
        if (isAway) throw new AppError('UNAVAILABLE', 'the blob store is away');
        return undefined;
      },
      erase: async () => {},
    };
    const a = await group.join('a', { restorer });
    await until('the new one is served', () => a.serving().includes(`${words.log}-0`));
    await until('it is tried again', () => asked > 4);
    assert.deepEqual(a.host.positions().map(({ log }) => log), [words.log]);
    assert.equal(a.holder.ready, false);
    isAway = false;
    await until('both are held', () => a.host.positions().length === 2);
  });

  test('erase it later if the blob store is away', async () => {
    await using group = await Group.open(redis.url);
    const words = await group.collection('words', 2);
    let away = 2;
    const restorer: Restorer = {
      restore: async () => undefined,
      erase: async () => {
        away -= 1;
        if (away >= 0) throw new AppError('UNAVAILABLE', 'the blob store is away');
      },
    };
    await group.join('a', { restorer });
    await until('it has all', isSpread(group, 2));
    await group.catalog.delete('words');
    await until('the catalog forgot it', () => group.catalog.byLog(words.log) === undefined);
    assert.equal(away, -1);
  });
});
