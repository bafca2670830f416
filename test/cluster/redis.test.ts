import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { missing } from './missing.ts';
import { startRedis, startRedisCluster, startRedisSentinel } from './redis.ts';
import { redisCommand } from './redis-protocol.ts';

describe('Redis', { skip: missing('redis') }, () => {
  test('remembers over a restart, forgets by FLUSHALL, is silent while paused', async () => {
    await using redis = await startRedis();
    assert.equal(await redisCommand(redis.port, 'PING'), 'PONG');
    await redisCommand(redis.port, 'SET', 'key', 'value');
    await redis.restart('SIGKILL');
    assert.equal(await redisCommand(redis.port, 'GET', 'key'), 'value');
    await redis.pause();
    await assert.rejects(redisCommand(redis.port, 'PING'), /no answer/);
    await redis.resume();
    await redis.flushAll();
    assert.equal(await redisCommand(redis.port, 'DBSIZE'), '0');
    await assert.rejects(redisCommand(redis.port, 'NONSENSE'), /unknown command/);
  });

  test('sentinels put the replica in the place of a dead master', async () => {
    await using watched = await startRedisSentinel();
    const [{ port = 0 } = {}] = watched.addresses;
    const master = (): Promise<string> => redisCommand(port, 'INFO', 'sentinel').then((text) => /address=127\.0\.0\.1:(\d+)/.exec(text)?.[1] ?? '');
    assert.equal(await master(), String(watched.master.port));
    await watched.master.kill();
    for (let i = 0; await master() !== String(watched.replica.port); i++) {
      assert.ok(i < 300, 'within 30 s');
      await delay(100);
    }
    assert.match(await redisCommand(watched.replica.port, 'INFO', 'replication'), /role:master/);
  });

  test('the nodes of a cluster send a client to the one that has its key', async () => {
    await using cluster = await startRedisCluster();
    const answers = await Promise.all(cluster.nodes.map(({ port }) => redisCommand(port, 'SET', 'key', 'value').catch(String)));
    assert.deepEqual(answers.map((answer) => answer.replace(/ \d+ 127.*/, '')).sort(), ['Error: MOVED', 'Error: MOVED', 'OK']);
  });
});
