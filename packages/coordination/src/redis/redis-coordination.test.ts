import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { freePort, missing, redisCommand, sharedRedis, startRedis } from '@proximadb/test-cluster';
import { Redis } from 'ioredis';
import { coordinationContract, eventually, holding, seenBy, selfOf } from '../contract.ts';
import { openCoordination } from './index.ts';
import { Crew } from './testing/crew.ts';

const skip = missing('redis');
/** Redis as it is, behind the members' backs. */
const raw = async (): Promise<Redis & AsyncDisposable> => {
  const redis = new Redis((await sharedRedis()).url);
  return Object.assign(redis, { [Symbol.asyncDispose]: async () => { redis.disconnect(); } });
};
const installation = randomUUID();

coordinationContract('Redis', {
  open: async (self) => openCoordination((await sharedRedis()).url, { self, installation }), several: true, skip,
});

describe('members through Redis', { skip }, () => {
  const crewOf = async (): Promise<Crew> => new Crew((await sharedRedis()).url);

  test('a member is seen by those that were there before, and what it announces, too', async () => {
    await using crew = await crewOf();
    const one = await crew.join('one');
    const other = await crew.join('other');
    assert.notEqual(seenBy(other, 'one'), undefined, 'with the first answer');
    await eventually(() => seenBy(one, 'other') !== undefined, 'the newcomer');
    one.announce([holding(3)]);
    await eventually(() => seenBy(other, 'one')?.length === 1, 'the announcement');
  });

  test('a member that is killed is dropped after the time to live, not before; the others stay', async () => {
    await using crew = await crewOf();
    const kill = await crew.fork('victim', [holding(1)]);
    await crew.join('one');
    await crew.join('two');
    await crew.agree(['one', 'two', 'victim']);
    crew.watch(['one', 'two']);
    // Two beats, so that its last one was heard.
    await delay(2_200);
    await kill();
    const killedMs = performance.now();
    await delay(1_800);
    for (const member of crew.members.values()) assert.notEqual(seenBy(member, 'victim'), undefined, 'its last beat is at most 1.1 s before the kill');
    await crew.agree(['one', 'two']);
    const ms = performance.now() - killedMs;
    assert.ok(ms > 1_800 && ms < 20_000, `${ms} ms`);
    crew.assertNobodyMissed();
    await crew.fork('victim', []);
    await crew.agree(['one', 'two', 'victim']);
    assert.deepEqual(crew.log, []);
  });

  test('installations do not know each other', async () => {
    await using one = await crewOf();
    await using other = await crewOf();
    await one.join('a');
    await other.join('b');
    await delay(1_000);
    await Promise.all([one.agree(['a']), other.agree(['b'])]);
  });

  test('a goodbye of an earlier life does not end the later one', async () => {
    await using crew = await crewOf();
    const observer = await crew.join('observer');
    const earlier = await crew.join('same');
    await crew.join('same');
    await earlier[Symbol.asyncDispose]();
    await delay(1_000);
    assert.notEqual(seenBy(observer, 'same'), undefined);
  });

  test('two processes with one id: both say so, once', async () => {
    await using crew = await crewOf();
    const earlier = await crew.join('same');
    await crew.join('same');
    await eventually(() => crew.log.length === 2, 'both complain');
    await delay(1_500);
    assert.deepEqual(crew.log.map(({ level, event, id }) => [level, event, id]), Array(2).fill(['error', 'coordination-id-taken', 'same']));
    await earlier[Symbol.asyncDispose]();
  });

  test('a message that is none, or a field that is none, harms nobody', async () => {
    await using crew = await crewOf();
    await using redis = await raw();
    const key = `{proximadb:${crew.installation}}:`;
    await redis.hset(`${key}members`, { 'later': `${Date.now()} later:1 later:1`, 'junk': 'no header', '': 'no numbers' });
    await redis.hset(`${key}messages`, { later: 'a message of a later release', junk: 'junk' });
    await crew.join('one');
    await crew.join('two');
    await crew.agree(['one', 'two']);
    assert.equal(await redis.hexists(`${key}members`, 'junk'), 0);
    assert.deepEqual(crew.log.map(({ event, ids }) => [event, ids]), Array(2).fill(['coordination-members-unreadable', ['later']]));
  });

  test('what is left in Redis of who is gone goes, and in the end all of it', async () => {
    await using crew = await crewOf();
    await using redis = await raw();
    const [members, messages] = [`{proximadb:${crew.installation}}:members`, `{proximadb:${crew.installation}}:messages`];
    await redis.hset(members, { old: `${Date.now() - 61_000} old:1 old:1`, new: `${Date.now()} new:1 new:1` });
    await redis.hset(messages, { old: 'x', new: 'y' });
    await crew.join('one');
    assert.deepEqual((await redis.hkeys(members)).sort(), ['', 'new', 'one']);
    assert.deepEqual((await redis.hkeys(messages)).sort(), ['new', 'one']);
    for (const hash of [members, messages]) {
      const ms = await redis.pttl(hash);
      assert.ok(ms > 60_000 && ms <= 120_000, `${ms} ms`);
    }
  });

  test('a message that was lost is sent again', async () => {
    await using crew = await crewOf();
    await using redis = await raw();
    const one = await crew.join('one');
    one.announce([holding(1)]);
    const other = await crew.join('other');
    await eventually(() => seenBy(other, 'one')?.length === 1, 'the announcement');
    await redis.del(`{proximadb:${crew.installation}}:messages`);
    const third = await crew.join('third');
    await eventually(() => seenBy(third, 'one')?.length === 1, 'the announcement, although it was made before');
    assert.deepEqual(crew.log, []);
  });
});

describe('what a member costs', { skip }, () => {
  test('a message that did not change is not sent again, neither to Redis nor from it', async () => {
    await using server = await startRedis();
    await using crew = new Crew(server.url);
    const many = Array.from({ length: 600 }, (_, at) => holding(at, 'ready', at));
    for (const id of ['one', 'two']) (await crew.join(id)).announce(many);
    for (const member of crew.members.values()) await eventually(() => member.members.every(({ holdings }) => holdings.length === 600), 'all is known');
    await delay(1_500);
    const bytes = async (): Promise<number> => {
      const info = await redisCommand(server.port, 'INFO', 'stats');
      return [...info.matchAll(/total_net_(?:input|output)_bytes:(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const before = await bytes();
    await delay(3_000);
    const moved = await bytes() - before;
    // A message is 5 KB, and each of the two beats three times.
    assert.ok(moved > 1_000 && moved < 12_000, `${moved} bytes`);
  });
});

describe('opening', { skip }, () => {
  test('a name or URL that cannot be is refused', async () => {
    const self = selfOf('a');
    const isInvalid = (error: unknown): boolean => error instanceof AppError && error.code === 'INVALID_ARGUMENT';
    await assert.rejects(openCoordination('redis://', { self }), isInvalid);
    await assert.rejects(openCoordination('redis://localhost', { self, installation: 'a}b' }), isInvalid);
    await assert.rejects(openCoordination('redis://localhost', { self: selfOf('') }), isInvalid);
  });

  test('a wrong password is said once, without the password; with the right one, a database and a user it works', async () => {
    await using redis = await startRedis();
    await redisCommand(redis.port, 'ACL', 'SETUSER', 'proximadb', 'on', '>s3cret!', '~{proximadb:*', '+@all');
    await redisCommand(redis.port, 'ACL', 'SETUSER', 'default', 'off');
    await using wrong = new Crew(`redis://proximadb:wr0ng@127.0.0.1:${redis.port}/2`);
    const refused = await wrong.join('a', { startMs: 1_000 });
    assert.equal(refused.connected, false);
    await delay(2_000);
    assert.deepEqual(wrong.log.map(({ level, event }) => [level, event]), [['warn', 'coordination-store-away']]);
    const error = wrong.log[0]?.['error'];
    assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE' && error.message.includes('WRONGPASS') && error.cause === undefined, String(error));
    await using right = new Crew(`redis://proximadb:s3cret%21@127.0.0.1:${redis.port}/2`);
    const accepted = await right.join('a');
    assert.equal(accepted.connected, true);
    assert.equal(await accepted.take('b', 1, { perSecond: 1, burst: 1 }), 0);
  });

  test('who starts while Redis is away knows those that it knew before, and works with Redis when it comes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proximadb-members-'));
    const lastKnownFile = join(folder, 'members.json');
    await using redis = await startRedis();
    await using crew = new Crew(redis.url);
    await crew.join('one', { lastKnownFile });
    const two = await crew.join('two');
    two.announce([holding(4, 'ready', 77)]);
    await eventually(() => seenBy(crew.members.get('one') ?? two, 'two')?.length === 1, 'the announcement');
    await crew.leave('one');
    await redis.kill();
    const again = await crew.join('one', { lastKnownFile, startMs: 300 });
    assert.deepEqual([again.connected, again.members.map(({ id }) => id)], [false, ['one', 'two']]);
    assert.deepEqual(seenBy(again, 'two'), [holding(4, 'ready', 77)]);
    // Not of "one": whether "two" heard the goodbye of its earlier life depends on when it beat last.
    crew.watch(['two']);
    await redis.start();
    await redis.flushAll();
    await eventually(() => again.connected && two.connected, 'both are back');
    await crew.leave('two');
    crew.watch(['one']);
    await eventually(() => seenBy(again, 'two') === undefined, 'the goodbye, or the time to live');
    crew.assertNobodyMissed();
    await rm(folder, { recursive: true });
  });

  test('a list of members that is none is reported and done without; one of who went meanwhile is believed no longer than Redis is asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proximadb-members-'));
    const lastKnownFile = join(folder, 'members.json');
    await using crew = new Crew((await sharedRedis()).url);
    await crew.join('old');
    await delay(6_500);
    await writeFile(lastKnownFile, '[{"id": 5}');
    await crew.join('one', { lastKnownFile });
    assert.deepEqual(crew.log.map(({ event }) => event), ['last-known-members-unreadable']);
    await crew.leave('one');
    assert.match(await readFile(lastKnownFile, 'utf8'), /"old"/);
    await writeFile(lastKnownFile, JSON.stringify([{ ...selfOf('gone'), holdings: [] }, { ...selfOf('old'), holdings: [] }]));
    const one = await crew.join('one', { lastKnownFile });
    assert.deepEqual(one.members.map(({ id }) => id), ['old', 'one']);
    await rm(folder, { recursive: true });
  });

  test('a folder that is not there is reported once', async () => {
    await using crew = new Crew((await sharedRedis()).url);
    await crew.join('one', { lastKnownFile: join(tmpdir(), randomUUID(), 'members.json') });
    await crew.join('two');
    await crew.agree(['one', 'two']);
    await crew.leave('one');
    assert.deepEqual(crew.log.map(({ level, event }) => [level, event]), [['warn', 'last-known-members-not-written']]);
  });

  test('nothing is left of a member that ends before Redis ever answered', async () => {
    await using crew = new Crew(`redis://127.0.0.1:${await freePort()}`);
    const alone = await crew.join('one', { startMs: 200 });
    assert.deepEqual([alone.connected, alone.members.map(({ id }) => id)], [false, ['one']]);
    const began = performance.now();
    await crew.leave('one');
    assert.ok(performance.now() - began < 5_000);
  });
});
