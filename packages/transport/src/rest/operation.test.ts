import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { createMetrics } from '@proximadb/process';
import { startOperation } from './operation.ts';

let ready = false;
const metrics = createMetrics({ processMetrics: false });
metrics.counter('things_total', 'Things.').inc(3);
const server = await startOperation({ host: '127.0.0.1', port: 0, metrics, readiness: () => ({ ready, progress: { partitions: 2n } }) });
after(() => server.close(0));
const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.port}${path}`);

test('health follows the process, metrics are Prometheus’ text, and nothing else is there', async () => {
  assert.equal((await get('/health/live')).status, 200);
  const notYet = await get('/health/ready');
  assert.deepEqual([notYet.status, await notYet.json()], [503, { ready: false, partitions: '2' }]);
  ready = true;
  assert.equal((await get('/health/ready')).status, 200);
  assert.match(await (await get('/metrics')).text(), /^proximadb_things_total 3$/m);
  const other = await get('/v1/collections');
  assert.equal(other.status, 404);
});

test('a port that is taken is UNAVAILABLE', async () => {
  const again = startOperation({ host: '127.0.0.1', port: server.port, metrics, readiness: () => ({ ready }) });
  await assert.rejects(again, (error) => error instanceof AppError && error.code === 'UNAVAILABLE');
});
