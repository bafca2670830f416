import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { freePorts, host, portsLike } from './ports.ts';

async function listening(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}

test('the ports that are wanted are given once; where one of them is taken, others are given for all', async () => {
  const [free, taken] = [await listening(), await listening()];
  free.server.close();
  await once(free.server, 'close');
  const others = await portsLike([free.port, taken.port]);
  assert.equal(new Set([free.port, taken.port, ...others]).size, 4);
  assert.deepEqual(await portsLike([free.port]), [free.port]);
  assert.notDeepEqual(await portsLike([free.port]), [free.port]);
  taken.server.close();
});

test('a port that another process was given is its own before it listens, until it is over, however it ends', async (t) => {
  const [port = 0] = await freePorts(1);
  const wanted = port + 1;
  const code = `const { portsLike } = await import(${JSON.stringify(new URL('./ports.ts', import.meta.url).href)});
    process.stdout.write(String(await portsLike([${wanted}])));
    setInterval(() => {}, 1_000);`;
  const other = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => other.kill('SIGKILL'));
  const [got] = await once(other.stdout, 'data') as [Buffer];
  assert.equal(Number(got.toString()), wanted);
  assert.notDeepEqual(await portsLike([wanted]), [wanted]);
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.deepEqual(await portsLike([wanted]), [wanted]);
});

test('the lowest port that is given is above those that fetch refuses to talk to', async (t) => {
  await assert.rejects(fetch(`http://${host}:10080`), ({ cause }: Error) => cause instanceof Error && cause.message === 'bad port');
  let share = 0;
  t.mock.method(Math, 'random', () => (share += 1 / 22_000));
  const ports = await freePorts(10);
  assert.ok(Math.min(...ports) > 10_080, ports.join(' '));
});
