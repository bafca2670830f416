/** The image: what is in it, as whom it runs, how it starts and ends. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { environmentFile } from '../compose-file.ts';
import { buildImage } from '../our-image.ts';
import { inspect, podman, podmanLogs } from '../podman.ts';
import { nodeImageName } from '../stand-ins.ts';
import { missingForContainers } from '../tools.ts';

interface Image {
  readonly Size: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
  readonly Config: {
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
  let name = '';
  before(async () => {
    name = (await environmentFile())['IMAGE_PROXIMADB'] ?? '';
    await buildImage(name);
  });
  const imageOf = async (image: string): Promise<Image> => (JSON.parse(await podman(['image', 'inspect', image])) as Image[])[0]!;

  /** A container that runs on; it is gone when the test is. */
  async function run(...args: readonly string[]): Promise<AsyncDisposable & { readonly id: string; exec(...command: readonly string[]): Promise<string> }> {
    const id = `proximadb-image-test-${randomUUID().slice(0, 8)}`;
    await podman(['run', '--detach', '--name', id, ...locked, name, ...args]);
    return {
      id, exec: (...command) => podman(['exec', id, ...command]),
      async [Symbol.asyncDispose]() { await podman(['rm', '--force', '--time', '0', '--volumes', id]); },
    };
  }

  async function untilHealthy(id: string): Promise<void> {
    for (let tries = 120; tries > 0; tries -= 1) {
      if (await podman(['healthcheck', 'run', id]).then(() => true, () => false)) return;
      await delay(500);
    }
    throw new Error(`not healthy: ${await podmanLogs(id)}`);
  }

  test('says what it is, runs as nobody, and ends on SIGTERM', async () => {
    const { Config: config, Labels: labels, Healthcheck: health } = await imageOf(name);
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
    const found = await podman(['run', '--rm', '--entrypoint', 'sh', name, '-c',
      `find / -xdev \\( ${names} \\) 2>/dev/null; find /app -writable ! -type l 2>/dev/null | head -3`]);
    assert.equal(found, '');
  });

  test('a standalone server runs read-only without capabilities, says that it is healthy, and ends in order', async () => {
    await using server = await run('start');
    assert.equal(await podman(['healthcheck', 'run', server.id]).then(() => 'healthy', () => 'not yet'), 'not yet');
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
    await podman(['stop', '--time', '40', server.id]);
    const state = (await inspect(server.id))?.State;
    assert.equal(state?.ExitCode, 0, await podmanLogs(server.id));
    assert.ok(performance.now() - begin < 30_000);
    assert.match(await podmanLogs(server.id), /Stopped\./);
    // The volume is still there: so is what was acknowledged.
    await podman(['start', server.id]);
    await untilHealthy(server.id);
    assert.match(await server.exec('proximadb', 'collections', 'list'), /words/);
  });

  for (const command of ['gateway', 'indexer', 'query']) {
    test(`${command} has its parts: it starts, and says what it cannot reach`, async () => {
      await using started = await run(command, '--kafka-brokers', '127.0.0.1:1', '--kafka-append-timeout-ms', '1000');
      const code = await podman(['wait', started.id]);
      assert.equal(code, '1');
      assert.match(await podmanLogs(started.id), /UNAVAILABLE.*(kafka|broker|127\.0\.0\.1:1)/is);
    });
  }

  test('a mistake in the configuration ends it with the name of the option', async () => {
    await assert.rejects(podman(['run', '--rm', ...locked, '--env', 'PROXIMADB_GRACE_MS=soon', name, 'gateway']), /graceMs.*PROXIMADB_GRACE_MS/s);
  });
});
