/** Redis: one server, one watched by sentinels, or a cluster of three. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAlone, type PartOptions } from './alone.ts';
import type { Stoppable } from './child.ts';
import { freePort, freePorts, host } from './ports.ts';
import { redisCommand } from './redis-protocol.ts';

export interface Redis extends Stoppable {
  readonly url: string;
  readonly port: number;
  /** Forgets everything, as an operator's mistake would. */
  flushAll(): Promise<void>;
}

export interface RedisSentinel extends AsyncDisposable {
  /** Of the sentinels. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** What the sentinels call the master. */
  readonly name: string;
  readonly master: Redis;
  readonly replica: Redis;
  readonly sentinels: readonly Stoppable[];
}

export interface RedisCluster extends AsyncDisposable {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly nodes: readonly Redis[];
}

/** What it holds survives a `restart`, and mostly a `kill`: it appends to a file that it does not flush. */
export async function startRedis(options: PartOptions = {}): Promise<Redis> {
  return startServer(await freePort(), options, []);
}

function startServer(port: number, options: PartOptions, settings: readonly string[]): Promise<Redis> {
  return startAlone('redis', options, (folder) => ({
    command: 'redis-server',
    args: ['--bind', host, '--port', String(port), '--dir', folder.path, '--save', '', '--appendonly', 'yes', '--appendfsync', 'no', ...settings],
    isReady: async () => await redisCommand(port, 'PING') === 'PONG',
  }), {
    port, url: `redis://${host}:${port}`,
    flushAll: async () => { await redisCommand(port, 'FLUSHALL'); },
  });
}

/** A master, a replica, and three sentinels that agree on a new master about two seconds after the old one fell silent. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const name = 'proximadb';
  await using stack = new AsyncDisposableStack();
  const [masterPort = 0, replicaPort = 0, ...sentinelPorts] = await freePorts(5);
  const master = stack.use(await startServer(masterPort, {}, []));
  const replica = stack.use(await startServer(replicaPort, {}, ['--replicaof', host, String(masterPort), '--repl-diskless-sync-delay', '0']));
  await until(async () => (await redisCommand(replicaPort, 'INFO', 'replication')).includes('master_link_status:up'), 'the replica follows its master');
  const sentinels: Stoppable[] = [];
  for (const port of sentinelPorts) sentinels.push(stack.use(await startSentinel(port, name, masterPort)));
  // Until each knows the two others and the replica, none of them can be outvoted or replaced.
  await until(async () => {
    const views = await Promise.all(sentinelPorts.map((port) => redisCommand(port, 'INFO', 'sentinel')));
    return views.every((view) => view.includes('slaves=1,sentinels=3'));
  }, 'the sentinels know each other');
  const owned = stack.move();
  return {
    addresses: sentinelPorts.map((port) => ({ host, port })), name, master, replica, sentinels,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function startSentinel(port: number, name: string, masterPort: number): Promise<Stoppable> {
  return startAlone('sentinel', {}, (folder) => {
    const file = join(folder.path, 'sentinel.conf');
    writeFileSync(file, [
      `port ${port}`, `bind ${host}`, `dir ${folder.path}`, `sentinel monitor ${name} ${host} ${masterPort} 2`,
      `sentinel down-after-milliseconds ${name} 1500`, `sentinel failover-timeout ${name} 5000`, '',
    ].join('\n'));
    return { command: 'redis-server', args: [file, '--sentinel'], isReady: async () => await redisCommand(port, 'PING') === 'PONG' };
  }, {});
}

/** Three masters with a third of the slots each, and no replicas: a client must follow its redirects. */
export async function startRedisCluster(): Promise<RedisCluster> {
  await using stack = new AsyncDisposableStack();
  const nodes: Redis[] = [];
  // The bus of a node listens 10,000 above its port unless told otherwise.
  const ports = await freePorts(6);
  for (const port of ports.slice(0, 3)) {
    const bus = String(ports[3 + nodes.length]);
    nodes.push(stack.use(await startServer(port, {}, ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-port', bus])));
  }
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('no nodes');
  const slots = [[0, 5_460], [5_461, 10_922], [10_923, 16_383]] as const;
  for (const [i, [from, to]] of slots.entries()) await redisCommand(ports[i] ?? 0, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
  for (const [i, { port }] of others.entries()) await redisCommand(first.port, 'CLUSTER', 'MEET', host, port, ports[4 + i] ?? 0);
  await until(async () => {
    const views = await Promise.all(nodes.map(({ port }) => redisCommand(port, 'CLUSTER', 'INFO')));
    return views.every((view) => view.includes('cluster_state:ok') && view.includes('cluster_known_nodes:3'));
  }, 'the nodes of the cluster agree');
  const owned = stack.move();
  return { addresses: nodes.map(({ port }) => ({ host, port })), nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const late = AbortSignal.timeout(180_000);
  while (!await condition().catch(() => false)) {
    if (late.aborted) throw new Error(`after three minutes it is not so that ${what}`);
    await delay(50);
  }
}
