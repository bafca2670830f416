import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { openFolder } from './folder.ts';
import { startMinio } from './minio.ts';
import { missing } from './missing.ts';
import { s3Request, type S3Request } from './s3-request.ts';

describe('MinIO', { skip: missing('minio') }, () => {
  test('keeps blobs over kill -9 and from one start to the next, makes none twice if told so, and refuses strangers', async () => {
    await using folder = openFolder('minio-test');
    {
      await using minio = await startMinio({ directory: folder.path });
      const put = (request: Partial<S3Request>): Promise<Response> => s3Request(minio, { method: 'PUT', path: `/${minio.bucket}/a%20b/c`, ...request });
      assert.equal((await put({ body: 'first', headers: { 'If-None-Match': '*' } })).status, 200);
      assert.equal((await put({ body: 'second', headers: { 'If-None-Match': '*' } })).status, 412);
      assert.equal((await fetch(`${minio.endpoint}/${minio.bucket}/a%20b/c`)).status, 403);
      assert.equal((await s3Request({ ...minio, secretAccessKey: 'guessed' }, { method: 'GET', path: `/${minio.bucket}/a%20b/c` })).status, 403);
      await minio.restart('SIGKILL');
      const list = await s3Request(minio, { method: 'GET', path: `/${minio.bucket}`, query: { 'list-type': '2', 'prefix': 'a b/' } });
      assert.match(await list.text(), /<Key>a b\/c<\/Key>/);
    }
    await using again = await startMinio({ directory: folder.path });
    assert.equal(await (await s3Request(again, { method: 'GET', path: `/${again.bucket}/a%20b/c` })).text(), 'first');
  });
});
