import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { clusterProcess, Fatal, type ClusterProcess } from './lifecycle.ts';

function open(leave?: () => Promise<void>): { readonly process: ClusterProcess; readonly fatal: Fatal; readonly closed: () => boolean } {
  const everything = new AsyncDisposableStack();
  let isClosed = false;
  everything.defer(() => { isClosed = true; });
  const fatal = new Fatal();
  const parts = { everything, ports: { grpcPort: 1, restPort: 2 }, fatal, readiness: () => ({ ready: true }) };
  return { process: clusterProcess({ ...parts, ...(leave && { leave }) }), fatal, closed: () => isClosed };
}

test('told to stop, it leaves first, with everything still open, and closes then', async () => {
  const left = Promise.withResolvers<void>();
  const { process, closed } = open(() => left.promise);
  const stop = new AbortController();
  const running = process.run(stop.signal);
  assert.deepEqual(process.ready(), { ready: true });
  stop.abort();
  await turn();
  assert.deepEqual([process.ready(), closed()], [{ ready: false, progress: { state: 'stopping' } }, false]);
  left.resolve();
  await running;
  assert.ok(closed());
});

test('what makes going on impossible ends the leaving, too', async () => {
  const { process, fatal, closed } = open(() => new Promise(() => { /* Nobody takes over. */ }));
  const running = process.run(AbortSignal.abort());
  await turn();
  assert.equal(closed(), false);
  fatal.die(new Error('a thread died'));
  await assert.rejects(running, /a thread died/);
  assert.ok(closed());
});

test('one that has nothing to leave closes at once', async () => {
  const { process, closed } = open();
  await process.run(AbortSignal.abort());
  assert.ok(closed());
});
