/**
 * What a member costs, itself and Redis: `node packages/coordination/src/redis/beat.bench.ts [seconds a case]`. The other members live in a
 * process of their own. "Busy" announces other watermarks all the time, "idle" nothing.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startRedis } from '@proximadb/test-cluster';
import { Redis } from 'ioredis';
import type { Coordination, Holding } from '../port.ts';
import { openCoordination } from './index.ts';

const holdingsOf = (count: number, watermark: number): Holding[] =>
  Array.from({ length: count }, (_, at) => ({ log: 1 + Math.floor(at / 12), partition: at % 12, state: 'ready', watermark: watermark + at }));
const quantile = (values: readonly number[], at: number): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * at)] ?? NaN;

function open(url: string, installation: string, at: number): Promise<Coordination> {
  const self = { id: `indexer-${at}`, kind: 'indexer', group: 1, address: `10.0.0.${at}:7000`, incarnation: randomUUID() } as const;
  return openCoordination(url, { installation, self });
}

async function announce(members: readonly Coordination[], holdings: number, isBusy: boolean): Promise<void> {
  for (let watermark = 0; ; watermark += 1_000) {
    for (const member of members) member.announce(holdingsOf(holdings, watermark));
    if (!isBusy) return;
    await delay(200);
  }
}

/** The other members. */
async function others(url: string, installation: string, count: number, holdings: number, isBusy: boolean): Promise<void> {
  const members = await Promise.all(Array.from({ length: count }, (_, at) => open(url, installation, at + 1)));
  process.send?.('joined');
  process.on('disconnect', () => { process.exit(0); });
  await announce(members, holdings, isBusy);
}

async function measure(url: string, count: number, holdings: number, isBusy: boolean, seconds: number): Promise<void> {
  const installation = randomUUID();
  const told = ['others', url, installation, String(count - 1), String(holdings), String(isBusy)];
  const child = fork(fileURLToPath(import.meta.url), told, { execArgv: ['--no-warnings'] });
  await once(child, 'message');
  await using member = await open(url, installation, 0);
  member.announce(holdingsOf(holdings, 0));
  const redis = new Redis(url);
  const server = async (): Promise<{ cpu: number; bytes: number }> => {
    const info = await redis.info();
    const number = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
    return { cpu: number('used_cpu_user') + number('used_cpu_sys'), bytes: number('total_net_output_bytes') };
  };
  await delay(2_000);
  let changes = 0;
  member.onChange(() => { changes += 1; });
  const [cpu, before] = [process.cpuUsage(), await server()];
  await delay(seconds * 1_000);
  const [used, after] = [process.cpuUsage(cpu), await server()];
  const percent = (seconds_: number): string => `${(100 * seconds_ / seconds).toFixed(2)} %`;
  const bytes = (after.bytes - before.bytes) / count / seconds;
  console.log(`${count} members × ${holdings} holdings, ${isBusy ? 'busy' : 'idle'}: this process ${percent((used.user + used.system) / 1e6)} of a core, `
    + `Redis ${percent((after.cpu - before.cpu) / count)} a member and ${(bytes / 1024).toFixed(1)} KiB/s to each, ${changes} changes seen`);
  redis.disconnect();
  child.disconnect();
  await once(child, 'exit');
}

async function tokens(url: string): Promise<void> {
  await using member = await open(url, randomUUID(), 0);
  const limit = { perSecond: 1e6, burst: 1e6 };
  const single: number[] = [];
  for (let at = 0; at < 500; at += 1) {
    const began = performance.now();
    await member.take(`bucket ${at}`, 1, limit);
    single.push(performance.now() - began);
  }
  const began = performance.now();
  let taken = 0;
  for (; performance.now() - began < 2_000; taken += 100) await Promise.all(Array.from({ length: 100 }, () => member.take('busy', 1, limit)));
  console.log(`tokens: with a round trip p50 ${quantile(single, 0.5).toFixed(2)} ms, p99 ${quantile(single, 0.99).toFixed(2)} ms; `
    + `100 callers on one bucket ${Math.round(taken / 2)}/s`);
}

const [what = '5', url = '', installation = '', ...numbers] = process.argv.slice(2);
if (what === 'others') await others(url, installation, Number(numbers[0]), Number(numbers[1]), numbers[2] === 'true');
else {
  await using redis = await startRedis();
  await tokens(redis.url);
  for (const [count, holdings] of [[3, 12], [10, 600], [50, 600]] as const) {
    for (const isBusy of [false, true]) await measure(redis.url, count, holdings, isBusy, Number(what));
  }
}
