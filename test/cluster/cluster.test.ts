import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { parseArguments } from './cluster-arguments.ts';
import { missingForCluster, startCluster } from './cluster.ts';
import type { ClusterProcess } from './cluster-processes.ts';

async function isReady({ restPort }: ClusterProcess): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${restPort}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined))?.status === 200;
}

describe('the arguments of npm run cluster', () => {
  test('say what to start', () => {
    assert.deepEqual(parseArguments([]), { brokers: 1, gateways: 1, groups: 2, indexersPerGroup: 2, queries: 2 });
    assert.deepEqual(parseArguments(['--brokers', '3', '--groups', '1', '--directory', 'kept']),
      { brokers: 3, gateways: 1, groups: 1, indexersPerGroup: 2, queries: 2, directory: 'kept' });
    assert.equal(parseArguments(['--help']), undefined);
  });

  test('that are wrong are named', () => {
    assert.throws(() => parseArguments(['--brokers', '2']), /--brokers is 1 or 3, not 2/);
    assert.throws(() => parseArguments(['--queries', 'many']), /--queries is a number, not many/);
    assert.throws(() => parseArguments(['--broker', '1']), /broker/);
  });
});

describe('a cluster', { skip: missingForCluster() }, () => {
  test('has handles on every process; indexers and groups are added; nothing is left of it', async () => {
    const cluster = await startCluster({ indexersPerGroup: 1, queries: 1 });
    const [gateway] = cluster.gateways;
    const [query] = cluster.queries;
    assert.ok(gateway !== undefined && query !== undefined);
    assert.deepEqual(cluster.indexers.map(({ name, group }) => [name, group]), [['indexer-0-0', 0], ['indexer-1-0', 1]]);
    await query.kill();
    assert.equal(await isReady(query), false);
    await query.start();
    assert.equal(await isReady(query), true);
    await gateway.pause();
    assert.equal(await isReady(gateway), false);
    await gateway.resume();
    assert.equal(await isReady(gateway), true);
    const added = [await cluster.addIndexer(0), ...await cluster.addGroup()];
    assert.deepEqual(added.map(({ name }) => name), ['indexer-0-1', 'indexer-2-0']);
    assert.equal(cluster.indexers.length, 4);
    await cluster[Symbol.asyncDispose]();
    const all = [...cluster.kafka.brokers, cluster.registry, cluster.redis, cluster.minio, gateway, query, ...cluster.indexers];
    assert.deepEqual(all.filter(({ state }) => state !== 'ended'), []);
    assert.ok(!existsSync(cluster.directory));
  });

  test('npm run cluster says where everything is, and ends it at a signal', async () => {
    const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'main.ts'), '--indexers', '1', '--queries', '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (bytes: Buffer) => {
      const before = said;
      said += bytes.toString();
      if (said.includes('Ctrl-C stops all') && !before.includes('Ctrl-C stops all')) child.kill('SIGINT');
    });
    const [code] = await once(child, 'exit') as [number];
    assert.equal(code, 0, said);
    for (const name of ['Kafka 1', 'registry', 'Redis', 'MinIO', 'gateway-0', 'indexer-0-0', 'indexer-1-0', 'query-0']) {
      assert.match(said, new RegExp(`^ *${name} .* \\d+ +\\S+\\.log$`, 'm'));
    }
    assert.match(said, /import - .*--server 127/);
    assert.match(said, /Stopped\.\s*$/);
    for (const [, pid] of said.matchAll(/ (\d+) +\S+\.log$/gm)) assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
  });
});
