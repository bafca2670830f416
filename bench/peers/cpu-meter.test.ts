import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { CpuMeter } from './cpu-meter.ts';

const skip = existsSync('/proc/self/schedstat') ? false : 'CPU time of threads is read from /proc: run it on Linux';

/** Counts for so many ms of its CPU time whenever it is told to, on its main thread or on one that ends, and then says what its process took. */
const counting = `
  const { Worker } = require('node:worker_threads');
  const count = (ms) => { const start = process.cpuUsage(); while (process.cpuUsage(start).user < ms * 1000); };
  process.on('message', async ({ ms, thread }) => {
    const before = process.cpuUsage();
    if (thread) {
      const worker = new Worker('const start = process.cpuUsage(); while (process.cpuUsage(start).user < ' + ms * 1000 + ');', { eval: true });
      await new Promise((resolve) => worker.on('exit', resolve));
    } else count(ms);
    const { user, system } = process.cpuUsage(before);
    process.send((user + system) / 1000);
  });
  process.send('ready');
`;

/** What it says of itself, and what is measured. */
async function counted(ms: number, thread: boolean): Promise<{ saidMs: number; measuredMs: number }> {
  const child = spawn(process.execPath, ['-e', counting], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    await once(child, 'message');
    const meter = new CpuMeter(() => [child.pid ?? NaN]);
    child.send({ ms, thread });
    const [saidMs] = await once(child, 'message') as [number];
    return { saidMs, measuredMs: meter.seconds() * 1_000 };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

test('less than a tick of another process\'s time is measured', { skip }, async () => {
  const { saidMs, measuredMs } = await counted(4, false);
  // It is on a core before and after it looks at its own clock, and the scheduler notes what runs once in four ms at least.
  assert.ok(measuredMs >= saidMs - 4 && measuredMs <= saidMs + 100 && measuredMs % 10 !== 0, `${measuredMs} of ${saidMs} ms`);
});

test('what a thread took that is over is measured', { skip }, async () => {
  const { saidMs, measuredMs } = await counted(200, true);
  assert.ok(measuredMs >= saidMs - 30 && measuredMs <= saidMs + 150, `${measuredMs} of ${saidMs} ms`);
});

test('what the process itself took is measured', { skip }, () => {
  const inAll = process.cpuUsage();
  const meter = new CpuMeter(() => [process.pid]);
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < 3_000);
  const counted = process.cpuUsage(before);
  const ms = meter.seconds() * 1_000;
  const { user, system } = process.cpuUsage(inAll);
  assert.ok(ms >= (counted.user + counted.system) / 1_000 && ms < (user + system) / 1_000, `${ms} of ${(user + system) / 1_000} ms`);
});
