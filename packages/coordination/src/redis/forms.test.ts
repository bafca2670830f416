/** The forms of Redis that its URL can name, each for real. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@proximadb/errors';
import { missing, redisCommand, sharedRedis, startRedisCluster, startRedisSentinel } from '@proximadb/test-cluster';
import { eventually, holding, seenBy } from '../contract.ts';
import { Crew } from './testing/crew.ts';

const skip = missing('redis');
const nodes = (addresses: readonly { readonly host: string; readonly port: number }[]): string => addresses.map(({ host, port }) => `${host}:${port}`).join();

async function assertWorks(crew: Crew): Promise<void> {
  const one = await crew.join('one', { startMs: 5_000 });
  const two = await crew.join('two', { startMs: 5_000 });
  await crew.agree(['one', 'two']);
  two.announce([holding(1, 'ready', 5)]);
  await eventually(() => seenBy(one, 'two')?.length === 1, 'the announcement');
  const bucket = randomUUID();
  const limit = { perSecond: 0.01, burst: 10 };
  const answers = await Promise.all([one, two].flatMap((member) => Array.from({ length: 10 }, () => member.take(bucket, 1, limit))));
  assert.equal(answers.filter((waitMs) => waitMs === 0).length, 10, 'one bucket for both');
}

/** Sentinels that do not agree at first, on a busy machine, try again after ten seconds. */
const comeback = (crew: Crew): Promise<void> =>
  eventually(() => [...crew.members.values()].every(({ connected }) => connected), 'all are back');

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}

describe('Redis behind TLS', { skip: skip === false && !hasOpenssl() ? 'needs openssl: apt-get install openssl' : skip }, () => {
  test('a certificate of an authority that is not known is refused, and said once; with the authority it works', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proximadb-tls-'));
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
    const cert = await readFile(certFile);
    const { port } = await sharedRedis();
    // Ends TLS before Redis, as a managed one does.
    const server = createServer({ key: await readFile(keyFile), cert }, (secure) => {
      const plain = connect(port, '127.0.0.1');
      secure.pipe(plain).pipe(secure);
      for (const socket of [secure, plain]) socket.on('error', () => { secure.destroy(); plain.destroy(); });
    });
    await new Promise<void>((resolve) => { server.listen(0, 'localhost', resolve); });
    const url = `rediss://localhost:${(server.address() as AddressInfo).port}`;
    try {
      await using stranger = new Crew(url);
      const refused = await stranger.join('one', { startMs: 2_500 });
      assert.equal(refused.connected, false);
      assert.deepEqual(stranger.log.map(({ event }) => event), ['coordination-store-away']);
      const error = stranger.log[0]?.['error'];
      assert.ok(error instanceof AppError && /self-signed certificate/.test(error.message), String(error));
      await using crew = new Crew(url);
      const accepted = await crew.join('one', { startMs: 5_000, client: { redis: { tls: { ca: cert } } } });
      assert.equal(accepted.connected, true);
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('Redis behind sentinels', { skip }, () => {
  test('works, and goes on with the new master when the old one is killed; nobody is dropped', async () => {
    await using redis = await startRedisSentinel();
    await using crew = new Crew(`redis+sentinel://${nodes(redis.addresses)}/${redis.name}`);
    await assertWorks(crew);
    crew.watch(['one', 'two']);
    await redis.master.kill();
    await eventually(() => [...crew.members.values()].every(({ connected }) => !connected), 'they notice');
    await comeback(crew);
    assert.match(await redisCommand(redis.replica.port, 'INFO', 'replication'), /role:master/);
    await delay(7_000);
    crew.assertNobodyMissed();
    await crew.leave('two');
    await crew.agree(['one']);
  });

  test('a master that was made a replica is left', async () => {
    await using redis = await startRedisSentinel();
    await using crew = new Crew(`redis+sentinel://${nodes(redis.addresses)}/${redis.name}`);
    await assertWorks(crew);
    crew.watch(['one', 'two']);
    await redisCommand(redis.addresses[0]?.port ?? 0, 'SENTINEL', 'FAILOVER', redis.name);
    await delay(8_000);
    await comeback(crew);
    assert.match(await redisCommand(redis.replica.port, 'INFO', 'replication'), /role:master/);
    crew.assertNobodyMissed();
  });
});

describe('a Redis Cluster', { skip }, () => {
  test('works by any of its nodes, and again after the node of the keys was killed, stood still, and was emptied', async () => {
    await using redis = await startRedisCluster();
    await using crew = new Crew(`redis+cluster://${nodes(redis.addresses.slice(0, 2))}`);
    await assertWorks(crew);
    crew.watch(['one', 'two']);
    const slot = Number(await redisCommand(redis.nodes[0]?.port ?? 0, 'CLUSTER', 'KEYSLOT', `{proximadb:${crew.installation}}:members`));
    const node = redis.nodes[Math.min(2, Math.floor(slot / 5_461))];
    assert.ok(node);
    assert.equal(Number(await redisCommand(node.port, 'DBSIZE')) >= 3, true, 'all keys lie there');
    await node.kill();
    await eventually(() => [...crew.members.values()].every(({ connected }) => !connected), 'they notice the kill');
    await delay(1_000);
    await node.start();
    await comeback(crew);
    await node.pause();
    await delay(4_000);
    assert.ok([...crew.members.values()].every(({ connected }) => !connected));
    await node.resume();
    await comeback(crew);
    await node.flushAll();
    await delay(7_000);
    crew.assertNobodyMissed();
    await crew.leave('two');
    await crew.agree(['one']);
  });
});
