/** docker-compose.yml with all that it names, run for real: filled, searched, broken part by part, taken down and brought up again. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentFile } from '../compose-file.ts';
import { openStack, type Stack } from '../compose-stack.ts';
import { startDocker, type Docker } from '../docker.ts';
import { exprsOf } from '../prometheus-queries.ts';
import { nodeImage, thirdPartyImages } from '../stand-ins.ts';
import { missingForContainers } from '../tools.ts';

const dimension = 16;
const records = 2_000;
const nameOf = (i: number): string => `record-${i}`;
/** Different in every component, so that the nearest of each is itself. */
const vectorOf = (i: number): number[] => Array.from({ length: dimension }, (_, at) => Math.sin(i * (at + 1) * 0.7 + at));

interface Hit { readonly id: string }

describe('the compose file', { skip: missingForContainers() }, () => {
  let docker: Docker;
  let stack: Stack;

  before(async () => {
    docker = await startDocker();
    await nodeImage(docker);
    await thirdPartyImages(docker, await environmentFile());
    stack = await openStack(docker, 'proximadb-compose-test');
    await stack.down().catch(() => undefined);
    await stack.up();
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    await docker[Symbol.asyncDispose]();
  });

  async function call<T>(base: string, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(base + path, {
      method, signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Repeats what may be refused while a part comes back. @throws what it ended with. */
  async function soon<T>(work: () => Promise<T>, withinMs = 180_000): Promise<T> {
    const until = performance.now() + withinMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (performance.now() > until) throw error;
        await delay(300);
      }
    }
  }

  const search = async (base: string, i: number): Promise<string | undefined> => {
    const { hits } = await call<{ hits: Hit[] }>(base, 'POST', '/v1/collections/words/search', { vector: vectorOf(i), k: 3, consistency: 'strong' });
    return hits[0]?.id;
  };
  const count = async (base: string): Promise<number> =>
    Number((await call<{ count: number }>(base, 'POST', '/v1/collections/words/records/count', { consistency: 'strong' })).count);

  async function assertComplete(): Promise<void> {
    for (const base of [stack.gateway, stack.query]) {
      assert.equal(await soon(async () => {
        const found = await count(base);
        if (found < records) throw new Error(`${found} of ${records}`);
        return found;
      }), records);
      for (const i of [0, 777, records - 1]) assert.equal(await soon(() => search(base, i)), nameOf(i));
    }
  }

  test('records are imported through the gateway, and found through gateway and query service', async () => {
    const lines = Array.from({ length: records }, (_, i) => JSON.stringify({ id: nameOf(i), vector: vectorOf(i), metadata: { number: i } })).join('\n');
    // As somebody would who has nothing but the image.
    const summary = await docker.run(['exec', '--interactive', stack.containerOf('gateway'),
      'proximadb', 'import', '-', '--format', 'jsonl', '--collection', 'words', '--create', '--dimension', String(dimension), '--json'], { input: lines });
    assert.match(summary, new RegExp(`\\b${records}\\b`));
    await assertComplete();
  });

  test('every container has its limits, comes back by itself, and is reached from this machine only', async () => {
    for (const service of stack.services) {
      const container = await docker.inspect(stack.containerOf(service));
      assert.ok(container !== undefined, service);
      const { HostConfig: host } = container;
      assert.ok(host.Memory > 0 && host.NanoCpus > 0 && host.PidsLimit > 0, `${service} has limits of memory, CPU and processes`);
      assert.equal(host.RestartPolicy.Name, 'unless-stopped', service);
      for (const bindings of Object.values(host.PortBindings)) {
        for (const { HostIp: address } of bindings ?? []) assert.equal(address, '127.0.0.1', service);
      }
    }
  });

  test('our processes are not root, may write nothing but their volume, and have no capability', async () => {
    for (const service of ['gateway', 'query', 'indexer-0', 'indexer-1']) {
      const container = await docker.inspect(stack.containerOf(service));
      assert.equal(container?.Config.User, '65532:65532', service);
      assert.equal(container.HostConfig.ReadonlyRootfs, true, service);
      assert.ok(container.HostConfig.SecurityOpt.some((option) => option.startsWith('no-new-privileges')), service);
      const status = await docker.run(['exec', stack.containerOf(service), 'grep', '-E', '^(Uid|CapEff|NoNewPrivs)', '/proc/1/status']);
      assert.match(status, /Uid:\s+65532\b/);
      assert.match(status, /CapEff:\s+0{16}/);
      assert.match(status, /NoNewPrivs:\s+1/);
      await assert.rejects(docker.run(['exec', stack.containerOf(service), 'sh', '-c', 'echo x >/app/x']), /Read-only file system/);
      await docker.run(['exec', stack.containerOf(service), 'sh', '-c', 'echo x >/data/written && rm /data/written']);
    }
  });

  test('Prometheus reaches every process, and answers every query of the dashboard and of the alerts', async () => {
    interface Result { readonly status: string; readonly data: { readonly result: readonly { readonly value?: readonly [number, string] }[] } }
    const ask = (query: string): Promise<Result> => call(stack.prometheus, 'GET', `/api/v1/query?query=${encodeURIComponent(query)}`);
    const value = async (query: string): Promise<number> => Number((await ask(query)).data.result[0]?.value?.[1] ?? 0);
    await soon(async () => { assert.equal(await value('count(up{job="proximadb"} == 1)'), 4); });
    for (const { place, expr } of await exprsOf()) {
      const { status } = await ask(expr).catch((error: unknown) => { throw new Error(`${place}: ${String(error)}`); });
      assert.equal(status, 'success', place);
    }
    await soon(async () => { assert.ok(await value('sum(proximadb_partitions{state="serving"})') >= 24, 'each group serves every partition'); });
    await soon(async () => { assert.equal(await value('min(proximadb_redis_connected)'), 1); });
  });

  for (const service of ['gateway', 'query', 'indexer-0', 'indexer-1', 'redis', 'registry', 'minio', 'kafka']) {
    test(`nothing is lost when ${service} is restarted`, async () => {
      const marker = `after-${service}`;
      await docker.run(['restart', '--time', '30', stack.containerOf(service)]);
      await stack.untilHealthy(service);
      await soon(() => call(stack.gateway, 'PUT', '/v1/collections/words/records', { records: [{ id: marker, vector: vectorOf(0) }] }));
      await soon(() => call(stack.gateway, 'POST', '/v1/collections/words/records/delete', { ids: [marker] }));
      await assertComplete();
    });
  }

  test('a process that was killed comes back by itself', async () => {
    const { State: { Pid: before = 0 } = {} } = await docker.inspect(stack.containerOf('query')) ?? {};
    execFileSync('kill', ['-9', String(before)]);
    await soon(async () => { assert.notEqual((await docker.inspect(stack.containerOf('query')))?.State.Pid ?? before, before); });
    await stack.untilHealthy('query');
    await assertComplete();
  });

  test('it is all there after down and up', async () => {
    await stack.down();
    await stack.up();
    await assertComplete();
  });
});
