/** The image: what is in it, as whom it runs, how it starts and ends. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentFile } from '../compose-file.ts';
import { startDocker, type Docker } from '../docker.ts';
import { buildImage } from '../our-image.ts';
import { dockerPlugins } from '../plugins.ts';
import { nodeImageName } from '../stand-ins.ts';
import { missingForContainers } from '../tools.ts';

interface Image {
  readonly Size: number;
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test: readonly string[] };
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly StopSignal: string;
    readonly Env: readonly string[];
    readonly Volumes: Readonly<Record<string, unknown>>;
  };
}

/** As in the compose file and in the chart. */
const locked = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/tmp:size=64m,mode=1777',
  '--memory', '1g', '--pids-limit', '256'];

describe('the image', { skip: missingForContainers() }, () => {
  let docker: Docker;
  let name = '';
  before(async () => {
    docker = await startDocker();
    await dockerPlugins(docker);
    name = (await environmentFile())['IMAGE_PROXIMADB'] ?? '';
    await buildImage(docker, name);
  });
  after(async () => { await docker[Symbol.asyncDispose](); });
  const imageOf = async (image: string): Promise<Image> => (JSON.parse(await docker.run(['image', 'inspect', image])) as Image[])[0]!;

  /** A container that runs on; it is gone when the test is. */
  async function run(...args: readonly string[]): Promise<AsyncDisposable & { readonly id: string; exec(...command: readonly string[]): Promise<string> }> {
    const id = `proximadb-image-test-${randomUUID().slice(0, 8)}`;
    await docker.run(['run', '--detach', '--name', id, ...locked, name, ...args]);
    return {
      id, exec: (...command) => docker.run(['exec', id, ...command]),
      async [Symbol.asyncDispose]() { await docker.run(['rm', '--force', '--volumes', id]); },
    };
  }

  async function untilHealthy(id: string): Promise<void> {
    for (let tries = 120; tries > 0; tries -= 1) {
      if ((await docker.inspect(id))?.State.Health?.Status === 'healthy') return;
      await delay(500);
    }
    throw new Error(`not healthy: ${await docker.logs(id)}`);
  }

  test('says what it is, runs as nobody, and ends on SIGTERM', async () => {
    const { Config: config } = await imageOf(name);
    const { Labels: labels, Healthcheck: health } = config;
    assert.equal(config.User, '65532:65532');
    assert.deepEqual([config.Entrypoint, config.Cmd, config.StopSignal], [['proximadb'], ['start'], 'SIGTERM']);
    assert.deepEqual(Object.keys(config.Volumes), ['/data']);
    assert.equal(health?.Test[0], 'CMD');
    for (const label of ['title', 'description', 'licenses', 'version', 'revision', 'created']) {
      assert.ok((labels[`org.opencontainers.image.${label}`] ?? '').length > 0, label);
    }
  });

  test('adds less than 100 MB to its base', async () => {
    const [ours, base] = [await imageOf(name), await imageOf(nodeImageName)];
    assert.ok(ours.Size - base.Size < 100e6, `${((ours.Size - base.Size) / 1e6).toFixed(0)} MB`);
  });

  test('holds no secret of who built it, no tests, and no tools to build', async () => {
    const { Config: config } = await imageOf(name);
    assert.ok(config.Env.every((variable) => !/token|secret|password/i.test(variable)));
    const names = ['.npmrc', '.git', '.env', '*.test.ts', 'pnpm', '.pnpm-store'].map((one) => `-name "${one}"`).join(' -o ');
    const found = await docker.run(['run', '--rm', '--entrypoint', 'sh', name, '-c',
      `find / -xdev \\( ${names} \\) 2>/dev/null; find /app -writable ! -type l 2>/dev/null | head -3`]);
    assert.equal(found, '');
  });

  test('a standalone server runs read-only without capabilities, says that it is healthy, and ends in order', async () => {
    await using server = await run('start');
    assert.equal((await docker.inspect(server.id))?.State.Health?.Status, 'starting');
    await untilHealthy(server.id);
    await server.exec('node', '-e', `
      const call = async (method, path, body) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch('http://127.0.0.1:5678/v1/collections' + path, { method, headers, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(await answer.text());
        return answer.json();
      };
      await call('POST', '', { name: 'words', dimension: 3 });
      await call('PUT', '/words/records', { records: [{ id: 'a', vector: [1, 0, 0] }] });`);
    const begin = performance.now();
    await docker.run(['stop', '--time', '40', server.id]);
    const state = (await docker.inspect(server.id))?.State;
    assert.equal(state?.ExitCode, 0, await docker.logs(server.id));
    assert.ok(performance.now() - begin < 30_000);
    assert.match(await docker.logs(server.id), /Stopped\./);
    // The volume is still there: so is what was acknowledged.
    await docker.run(['start', server.id]);
    await untilHealthy(server.id);
    assert.match(await server.exec('proximadb', 'collections', 'list'), /words/);
  });

  // Each tries for half a minute.
  describe('each service has its parts: it starts, and says what it cannot reach', { concurrency: true }, () => {
    for (const command of ['gateway', 'indexer', 'query']) {
      test(command, async () => {
        await using started = await run(command, '--kafka-brokers', '127.0.0.1:1', '--kafka-append-timeout-ms', '1000');
        const code = await docker.run(['wait', started.id]);
        assert.equal(code, '1');
        assert.match(await docker.logs(started.id), /UNAVAILABLE.*(kafka|broker|127\.0\.0\.1:1)/is);
      });
    }
  });

  test('a mistake in the configuration ends it with the name of the option', async () => {
    await assert.rejects(docker.run(['run', '--rm', ...locked, '--env', 'PROXIMADB_GRACE_MS=soon', name, 'gateway']), /graceMs.*PROXIMADB_GRACE_MS/s);
  });
});
