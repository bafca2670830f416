import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { missing, startMinio } from '@proximadb/test-cluster';
import { S3Blobs } from './index.ts';

test('while the server is down or frozen calls are UNAVAILABLE; afterwards the same handle goes on', { skip: missing('minio') }, async () => {
  await using minio = await startMinio();
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = minio;
  await using store = new S3Blobs({ endpoint, region, bucket, credentials: { accessKeyId, secretAccessKey }, timeoutMs: 1_000, attempts: 3 });
  let revision = await store.putIf('a', Buffer.from('0'), null) ?? assert.fail('nobody else is there');
  for (const [round, [stop, go]] of [
    [() => minio.kill('SIGKILL'), () => minio.start()], [() => minio.pause(), () => minio.resume()],
  ].entries()) {
    await stop?.();
    const startMs = performance.now();
    for (const call of [() => store.get('a'), () => store.putIf('a', Buffer.from('while it is down'), revision), () => Array.fromAsync(store.list(''))]) {
      await assert.rejects(call, (error) => error instanceof AppError && error.code === 'UNAVAILABLE');
    }
    assert.ok(performance.now() - startMs < 60_000, 'within bounds');
    await go?.();
    revision = await whenBack(async () => {
      const found = await store.get('a') ?? assert.fail('it is still there');
      // What a frozen server had received may be put after all, even between these two calls.
      assert.ok([String(round), 'while it is down'].includes(Buffer.from(found.content).toString()));
      return store.putIf('a', Buffer.from(String(round + 1)), found.revision);
    });
  }
});

/** A server that listens may need a moment more. */
async function whenBack<T>(call: () => Promise<T | undefined>): Promise<T> {
  for (const untilMs = performance.now() + 120_000; performance.now() < untilMs;) {
    const answer = await call().catch((error: unknown) => { assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error)); });
    if (answer !== undefined) return answer;
  }
  return assert.fail('it did not come back');
}
