/** What `npm run cluster` says. */
import { relative } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { ClusterProcess } from './cluster-processes.ts';
import type { Stoppable } from './child.ts';

type Shown = Pick<Stoppable, 'pid' | 'logFile'>;

/** Every process of it, with what it is called here. */
function processesOf(cluster: Cluster): [name: string, process: Stoppable][] {
  const { kafka, registry, redis, minio, gateways, indexers, queries } = cluster;
  return [
    ...kafka.brokers.map((broker): [string, Stoppable] => [`Kafka ${broker.id}`, broker]), ['registry', registry], ['Redis', redis], ['MinIO', minio],
    ...[...gateways, ...indexers, ...queries].map((one): [string, Stoppable] => [one.name, one]),
  ];
}

const toldOf = new WeakMap<Stoppable, number>();

/** What has ended since the last call, a line each. */
export function endedIn(cluster: Cluster): string[] {
  return processesOf(cluster).flatMap(([name, one]) => {
    if (one.state !== 'ended' || toldOf.get(one) === one.pid) return [];
    toldOf.set(one, one.pid);
    return [`${name} (pid ${one.pid}) has ended; its log is ${one.logFile}`];
  });
}

/** Those who ask before those who answer, those who store last. */
export async function stopInOrder({ gateways, indexers, queries }: Cluster, say: (text: string) => void): Promise<void> {
  for (const [what, processes] of [['query services', queries], ['gateways', gateways], ['indexers', indexers]] as const) {
    say(`Stopping ${what} ...`);
    await Promise.all(processes.map((one) => one.kill('SIGTERM')));
  }
  say('Stopping MinIO, Redis, the schema registry and Kafka ...');
}

/** Endpoints, pids and log files, in columns. */
export function clusterTable(cluster: Cluster): string {
  const { directory, kafka, registry, redis, minio, gateways, indexers, queries } = cluster;
  const row = (name: string, address: string, { pid, logFile }: Shown): string[] => [name, address, String(pid), relative(directory, logFile)];
  const ours = (one: ClusterProcess): string[] => row(one.name, `gRPC ${one.address}  HTTP http://127.0.0.1:${one.restPort}`, one);
  return columns([
    ['', 'address', 'pid', 'log'],
    ...kafka.brokers.map((broker) => row(`Kafka ${broker.id}`, broker.address, broker)),
    row('registry', registry.url, registry),
    row('Redis', redis.url, redis),
    row('MinIO', `${minio.endpoint}/${minio.bucket}  (${minio.accessKeyId}, ${minio.secretAccessKey})`, minio),
    ...gateways.map(ours), ...indexers.map(ours), ...queries.map(ours),
  ]);
}

/** Commands that work as they stand, in another terminal. */
export function whatNext({ gateways: [gateway], queries: [query] }: Pick<Cluster, 'gateways' | 'queries'>): string {
  if (gateway === undefined || query === undefined) return '';
  const proximadb = 'npm run --silent proximadb --';
  return [
    'Write through a gateway, then ask a query service:',
    `  printf '%s\\n' '{"id":"king","vector":[0.9,0.1]}' '{"id":"queen","vector":[0.8,0.3]}' |`,
    `    ${proximadb} import - --format jsonl --dimension 2 --collection words --create --server ${gateway.address}`,
    `  ${proximadb} search --collection words --id king --server ${query.address}`,
    `  curl http://127.0.0.1:${query.restPort}/metrics`,
  ].join('\n');
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()).join('\n');
}
