import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { startShardServer } from '@proximadb/indexer/transport';
import { createLogger, createMetrics } from '@proximadb/process';
import { RemoteShards, type Replica } from './index.ts';

const mebibyte = 1024 * 1024;
const logger = createLogger({ level: 'silent' });
const unused = async (): Promise<never> => { throw new AppError('UNIMPLEMENTED', 'not in this test'); };

test('an answer of 60 MiB arrives whole, and small ones are not held up by it', async (context) => {
  const record = new Uint8Array(mebibyte).map((_, i) => i);
  const covered = { watermarks: [{ partition: 0, watermark: 1, logAway: null }], missing: [] };
  const rows = Array.from({ length: 60 }, (_, i) => ({ id: `r${i}`, partition: 0, offset: i, record }));
  const server = await startShardServer({
    port: 0, logger, metrics: createMetrics({ processMetrics: false }),
    shards: {
      search: unused, scroll: unused, outcomes: unused, report: unused, digest: unused,
      get: async () => ({ rows, ...covered }), count: async () => ({ count: 1, ...covered }),
    },
  });
  const replica: Replica = { memberId: 'a', address: `127.0.0.1:${server.port}`, incarnation: 'x', group: 0, ready: true, building: false };
  const routes = { replicas: () => [replica], holders: () => [replica], onChange: () => () => {} };
  await using remote = new RemoteShards({ routes, logger, config: { hedgePercent: 0 } });
  const request = { log: 1, at: [{ partition: 0, atLeast: 0 }], timeoutMs: 60_000 };
  try {
    await remote.count(request, null);
    const started = performance.now();
    let tookMs = 0;
    const large = remote.get(request, ['all']).then((answer) => {
      tookMs = performance.now() - started;
      return answer;
    });
    const small: number[] = [];
    while (tookMs === 0) {
      const at = performance.now();
      await remote.count(request, null);
      if (tookMs === 0) small.push(performance.now() - at);
    }
    const got = await large;
    assert.deepEqual([got.rows.length, got.rows.every((row) => Buffer.compare(row.record, record) === 0)], [60, true]);
    small.sort((left, right) => left - right);
    context.diagnostic(`60 MiB in ${tookMs.toFixed(0)} ms; meanwhile ${small.length} small answers, the slowest in ${small.at(-1)?.toFixed(1)} ms, `
      + `the median in ${small[small.length >> 1]?.toFixed(1)} ms`);
    assert.ok(small.length >= 5, `${small.length} small answers came meanwhile`);
    assert.ok((small[small.length >> 1] ?? Infinity) < tookMs / 4);
  } finally {
    server.destroy();
  }
});
